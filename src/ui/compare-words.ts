import type { PlannedCell } from '../app/experiments.ts';
import type { Against, Row } from '../core/experiment-table.ts';
import {
  settingsOf,
  type CellRecord,
  type CellState,
  type Design,
  type ExperimentRecord,
} from '../core/experiment.ts';
import type { RunConfig } from '../core/run-config.ts';
import { counted, duration, percent, points, pValue } from './format.ts';

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

/** `+4 points [−2, 9], p = 0.12`. */
export function againstWords(against: Against): string {
  return `${points(against.difference, against)}, ${pValue(against.p)}`;
}

/** The setting's name; of an experiment that varies nothing, the method's. */
export function settingName(
  design: Design,
  setting: number | null,
  methods: readonly { id: string; name: string }[],
) {
  if (setting === null) return 'the task’s own prompt';
  const { name, method } = settingsOf(design)[setting] ?? { name: '', method: design.method };
  return name === '' ? (methods.find(({ id }) => id === method)?.name ?? method) : name;
}

/** Milliseconds of a model's call in a run of this configuration; null where nothing tells. */
export type SpeedOf = (role: 'target' | 'optimizer', config: RunConfig) => number | null;

/**
 * The longest that a plan can take, searches and final tests, at the speeds known here; null where one of them is not.
 * Minutes cap the searches.
 */
export function longest(cells: readonly PlannedCell[], speed: SpeedOf): number | null {
  let sum = 0;
  for (const { config, cost, tests } of cells) {
    const { budget } = config;
    const target = speed('target', config);
    if (target === null) return null;
    const limit = (budget.minutes ?? Infinity) * 60_000;
    const write = cost.optimizerCalls === 0 ? 0 : speed('optimizer', config);
    if (write === null && limit === Infinity) return null;
    sum +=
      Math.min(cost.targetCalls * target + cost.optimizerCalls * (write ?? Infinity), limit) + tests * target;
  }
  return sum;
}

/** `12 runs: 4 settings × 1 task × 3 seeds`. */
export function sizeWords(design: Design, cells: number): string {
  const settings = settingsOf(design).length;
  const carried = cells - settings * design.tasks.length * design.seeds.length;
  const grid = `${counted(settings, 'setting')} × ${counted(design.tasks.length, 'task')} × ${counted(design.seeds.length, 'seed')}`;
  return `${counted(cells, 'run')}: ${grid}${carried > 0 ? ` and ${counted(carried, 'mere test')}` : ''}`;
}

/** What the whole may take, in words. */
export function timeWords(design: Design, cells: readonly PlannedCell[], ms: number | null): string {
  const tests = cells.reduce((sum, cell) => sum + cell.tests, 0);
  if (ms !== null) return `At most about ${duration(ms)} at the speeds measured here.`;
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
