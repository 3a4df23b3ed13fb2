import type { PlannedCell } from '../app/experiments.ts';
import type { Against, Row } from '../core/experiment-table.ts';
import {
  settingsOf,
  type CellRecord,
  type CellState,
  type Design,
  type ExperimentRecord,
  type Setting,
} from '../core/experiment.ts';
import type { RunConfig } from '../core/run-config.ts';
import { counted, duration, grouped, percent, percentWithInterval, points, pValue } from './format.ts';
import type { RunView } from './run-view.ts';

/** What experiments are said in. */

export const cellStates: Record<CellState, string> = {
  waiting: 'waiting',
  running: 'running',
  stopped: 'stopped',
  failed: 'failed',
  done: 'done',
};

/** `3 of 12 done`, `finished, 1 failed`. */
export function experimentState({ status, cells }: ExperimentRecord): string {
  const count = (state: CellState) => cells.filter((cell) => cell.state === state).length;
  const failed = count('failed') > 0 ? `, ${count('failed')} failed` : '';
  if (status === 'finished') return `finished${failed}`;
  return `${status}, ${count('done')} of ${cells.length} done${failed}`;
}

/** `62 % [54, 69] n = 48`, with its interval over seeds and examples. */
export function rowScore({ score, low, high, n }: Pick<Row, 'score' | 'low' | 'high' | 'n'>): string {
  if (score === null) return '–';
  const whole = (share: number) => Math.round(share * 100);
  return `${percent(score)} [${whole(low)}, ${whole(high)}] n = ${n}`;
}

/** Examples that the best score of a search so far rests on; null before there is one. */
export function bestSize(view: RunView): number | null {
  const best = view.bests.at(-1);
  const { train, validation } = (best && view.candidates.get(best.candidate)?.scores) ?? {};
  const same = [validation, train].find((one) => one !== undefined && one.score === best?.score);
  return same?.n ?? null;
}

/** `62 % [54, 69] n = 48`: the best score of a search so far; null before there is one. */
export function bestWords(view: RunView): string | null {
  const best = view.bests.at(-1);
  const n = bestSize(view);
  return best === undefined || n === null ? null : percentWithInterval(best.score, n);
}

/** `+4 points [−2, 9], p = 0.12`. */
export function againstWords(against: Against): string {
  return `${points(against.difference, against)}, ${pValue(against.p)}`;
}

/** The setting's name; of an experiment that varies nothing, the method's. */
export function settingName(
  settings: readonly Setting[],
  setting: number | null,
  methods: readonly { id: string; name: string }[],
) {
  if (setting === null) return 'the task’s own prompt';
  const { name, method } = settings[setting] ?? { name: '', method: '' };
  return name === '' ? (methods.find(({ id }) => id === method)?.name ?? method) : name;
}

/** Milliseconds of a model's call in a run of this configuration; null where nothing tells. */
export type SpeedOf = (role: 'target' | 'optimizer', config: RunConfig) => number | null;

/** Tokens that a model's call is charged with, roughly. */
export type SizeOf = (role: 'target' | 'optimizer', config: RunConfig) => number;

/** What a plan may come to. */
export interface Effort {
  targetCalls: number;
  optimizerCalls: number;
  /** Null where a speed is not known. */
  ms: number | null;
  /** Tokens end some search before its calls do: where, is reckoned with calls of usual length. */
  reckoned: boolean;
}

/** The most that a plan can take, searches and final tests, at the speeds known here. Minutes and tokens cap the searches. */
export function effortOf(cells: readonly PlannedCell[], speed: SpeedOf, size: SizeOf): Effort {
  const sum: Effort = { targetCalls: 0, optimizerCalls: 0, ms: 0, reckoned: false };
  for (const { config, cost, tests } of cells) {
    const { tokens = Infinity, minutes = Infinity } = config.budget;
    const { targetCalls, optimizerCalls } = cost;
    const limit = minutes * 60_000;
    const charged =
      (targetCalls === 0 ? 0 : targetCalls * size('target', config)) +
      (optimizerCalls === 0 ? 0 : optimizerCalls * size('optimizer', config));
    const target = speed('target', config);
    const write = optimizerCalls === 0 ? 0 : speed('optimizer', config);
    const whole = target === null || write === null ? null : targetCalls * target + optimizerCalls * write;
    const byTokens = charged > tokens ? tokens / charged : 1;
    const part = Math.min(byTokens, whole !== null && whole > limit ? limit / whole : 1);
    sum.reckoned ||= byTokens < 1;
    sum.targetCalls += Math.ceil(targetCalls * part) + tests;
    sum.optimizerCalls += Math.ceil(optimizerCalls * part);
    // Gradients take what time there is; their speed is not known before.
    const search = whole === null || (cost.tuned && limit < Infinity) ? limit : whole * part;
    sum.ms =
      sum.ms === null || target === null || search === Infinity ? null : sum.ms + search + tests * target;
  }
  return sum;
}

/** `200,000 tokens`, `20 minutes`: what each search gets. */
export function shareWords({ pool }: Pick<Design, 'pool'>, searches: number): string {
  const share = pool.total / Math.max(1, searches);
  const rounded = pool.unit === 'tokens' ? grouped(Math.floor(share)) : String(Number(share.toPrecision(2)));
  return `${rounded} ${pool.unit}`;
}

/** `12 runs: 4 settings × 1 task × 3 seeds`. */
export function sizeWords(design: Design, cells: number): string {
  const settings = settingsOf(design).length;
  const carried = cells - settings * design.tasks.length * design.seeds.length;
  const grid = `${counted(settings, 'setting')} × ${counted(design.tasks.length, 'task')} × ${counted(design.seeds.length, 'seed')}`;
  return `${counted(cells, 'run')}: ${grid}${carried > 0 ? ` and ${counted(carried, 'mere test')}` : ''}`;
}

/** What the whole may take, in words. */
export function timeWords(
  design: Design,
  cells: readonly PlannedCell[],
  { ms, reckoned }: Pick<Effort, 'ms' | 'reckoned'>,
): string {
  const tests = cells.reduce((sum, cell) => sum + cell.tests, 0);
  if (ms !== null)
    return `${reckoned ? 'About' : 'At most about'} ${duration(ms)} at the speeds measured here.`;
  const measured =
    'How long that takes was not measured here yet: any run with these models measures it, or “Test speed” under Models.';
  return design.pool.unit === 'minutes'
    ? `At most ${duration(design.pool.total * 60_000)} of searching, and ${counted(tests, 'call')} for the final tests.`
    : measured;
}

/** What is left of an experiment, from what its ended cells took; null before one has ended. */
export function leftOf(cells: readonly CellRecord[], presentLeft: number | null): number | null {
  const took = cells.flatMap(({ kind, outcome }) => (kind === 'search' && outcome ? [outcome.ms] : []));
  const waiting = cells.filter(
    ({ kind, state }) => kind === 'search' && (state === 'waiting' || state === 'stopped'),
  );
  if (waiting.length === 0) return presentLeft;
  if (took.length === 0) return null;
  const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
  return waiting.length * mean + (presentLeft ?? 0);
}
