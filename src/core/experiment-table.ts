import { makeRng } from './rng.ts';
import type { CellKind, CellOutcome, CellRecord, Setting } from './experiment.ts';
import { compareWithP, type Comparison } from './stats/compare.ts';
import { crossedDifference, meanOverSeeds } from './stats/crossed.ts';
import { holm } from './stats/holm.ts';
import { friedman, meanRanks, nemenyi } from './stats/ranks.ts';

/** What an experiment has found so far, from its cells alone. */

/** A setting on a task with a target: all its seeds. */
export interface Row {
  /** Null for the task's own prompt. */
  setting: number | null;
  kind: CellKind;
  task: string;
  target: string;
  /** Where a carried prompt comes from; null otherwise. */
  from: { task: string; target: string } | null;
  cells: readonly CellRecord[];
  done: number;
  failed: number;
  /** Of those done, tested on other examples than the first: the task was edited meanwhile. They are in no mean. */
  leftOut: number;
  /** Mean test score of the prompt that the searches began with; null before the first is done, and for mere tests. */
  initial: number | null;
  /** Mean test score over the seeds that are done; null before the first. */
  score: number | null;
  low: number;
  high: number;
  /** Test examples of each run. */
  n: number;
  /** Of the searches, a run: means over those that are done. */
  tokens: number | null;
  targetCalls: number | null;
  ms: number | null;
  /** Against the reference on the same task and target; null for that one and before both are tested alike. */
  against: Against | null;
}

export interface Against {
  /** Setting of the row that it is compared with; null for the task's own prompt. */
  base: number | null;
  difference: number;
  low: number;
  high: number;
  /** Adjusted by Holm for all comparisons of the experiment. */
  p: number;
  verdict: Comparison['verdict'];
  /** Seeds that both have. */
  seeds: number;
  n: number;
}

/**
 * Rows in the order of the cells; the seeds of a setting are one row. Searches are compared with those of the setting
 * `reference`, mere tests with the task's own prompt.
 */
export function tableOf(cells: readonly CellRecord[], reference = 0): Row[] {
  const groups = new Map<string, CellRecord[]>();
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  for (const cell of cells) {
    const from = cell.from === null ? undefined : byId.get(cell.from);
    const key = JSON.stringify([cell.kind, cell.setting, cell.task, cell.target, from?.task, from?.target]);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  const rows = [...groups.values()].flatMap((group): Row[] => {
    const first = group[0];
    if (first === undefined) return [];
    const from = first.from === null ? undefined : byId.get(first.from);
    const every = group.flatMap(({ outcome }) => outcome ?? []);
    const outcomes = alike(every);
    const n = outcomes[0]?.scores.length ?? 0;
    const { mean, low, high } = meanOverSeeds(
      outcomes.map(({ score }) => score),
      n,
    );
    return [
      {
        setting: first.setting,
        kind: first.kind,
        task: first.task,
        target: first.target,
        from: from === undefined ? null : { task: from.task, target: from.target },
        cells: group,
        done: group.filter(({ state }) => state === 'done').length,
        failed: group.filter(({ state }) => state === 'failed').length,
        leftOut: every.length - outcomes.length,
        initial: first.kind === 'search' ? meanOf(outcomes.map(({ initial }) => initial)) : null,
        score: outcomes.length === 0 ? null : mean,
        low,
        high,
        n,
        tokens: meanOf(outcomes.map(({ tokens }) => tokens)),
        targetCalls: meanOf(outcomes.map(({ targetCalls }) => targetCalls)),
        ms: meanOf(outcomes.map(({ ms }) => ms)),
        against: null,
      },
    ];
  });
  return compared(rows, reference);
}

/** Only runs tested on the same examples have a common mean; a task edited half-way leaves the later ones out. */
function alike(outcomes: readonly CellOutcome[]): CellOutcome[] {
  return outcomes.filter(({ on }) => on === outcomes[0]?.on);
}

const meanOf = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The row that a row is compared with, itself for that one. Where each target is a setting of its own, the reference is
 * not at every place: then it is the first there.
 */
export function baseOf(row: Row, rows: readonly Row[], reference: number): Row | undefined {
  const place = rows.filter(({ task, target }) => task === row.task && target === row.target);
  if (row.kind !== 'search') return place.find(({ kind }) => kind === 'own');
  const searches = place.filter(({ kind }) => kind === 'search');
  return searches.find(({ setting }) => setting === reference) ?? searches[0];
}

function compared(rows: readonly Row[], reference: number): Row[] {
  const found = rows.map((row) => {
    const base = baseOf(row, rows, reference);
    return base === undefined || base === row ? null : difference(base, row);
  });
  const adjusted = holm(found.flatMap((one) => one?.p ?? []));
  let at = 0;
  return rows.map((row, i) => {
    const one = found[i] ?? null;
    if (one === null) return row;
    const p = adjusted[at++] ?? 1;
    const shown = p < 0.05;
    const verdict = !shown ? 'not shown' : one.difference > 0 ? 'better' : 'worse';
    const base = baseOf(row, rows, reference)?.setting ?? null;
    return { ...row, against: { ...one, base, p, verdict } };
  });
}

type Difference = Omit<Against, 'base' | 'verdict'>;

/** Of pairs of cells with the same seed, tested on the same examples as the first of them; null without one. */
function difference(base: Row, row: Row): Difference | null {
  const pairs = row.cells.flatMap(({ seed, outcome }) => {
    const other = base.kind === 'own' ? base.cells[0] : base.cells.find((cell) => cell.seed === seed);
    const before = other?.outcome;
    return outcome && before && outcome.on === before.on ? [{ outcome, before }] : [];
  });
  const [first] = pairs;
  if (first === undefined || first.outcome.scores.length === 0) return null;
  const alike = pairs.filter(({ outcome }) => outcome.on === first.outcome.on);
  if (alike.length === 1) return ofOneSeed(first.before, first.outcome);
  return crossedDifference(
    alike.map(({ outcome, before }) => outcome.scores.map((score, i) => score - (before.scores[i] ?? 0))),
  );
}

/** Outcomes do not change, and resampling takes long: a table that grew by one cell computes that one's alone. */
const known = new WeakMap<CellOutcome, WeakMap<CellOutcome, Difference>>();

function ofOneSeed(before: CellOutcome, outcome: CellOutcome): Difference {
  const mine = known.get(before) ?? new WeakMap<CellOutcome, Difference>();
  known.set(before, mine);
  const earlier = mine.get(outcome);
  if (earlier !== undefined) return earlier;
  const rng = makeRng(1, 'experiment');
  const { comparison, p } = compareWithP(before.scores, outcome.scores, outcome.binary, rng);
  const { difference, low, high, n } = comparison;
  const found = { difference, low, high, p, seeds: 1, n };
  mine.set(outcome, found);
  return found;
}

/** Mean ranks of settings over tasks (and targets). */
export interface Ranks {
  /** One for each setting that has a score on every task, best first. */
  items: readonly { setting: number; rank: number }[];
  tasks: number;
  /** Friedman's p that all settings are alike. */
  p: number;
  /** Nemenyi's critical difference at 0.05; null where it is not tabled. */
  critical: number | null;
}

/** Null for fewer than two tasks or two settings that were scored on all of them. */
export function ranksOver(rows: readonly Row[], settings: readonly Setting[]): Ranks | null {
  const searches = rows.filter(({ kind }) => kind === 'search');
  const tasks = [...new Set(searches.map(({ task }) => task))];
  const scoreOf = (setting: number, task: string) =>
    searches.find((row) => row.setting === setting && row.task === task)?.score ?? null;
  const whole = settings.map((_, i) => i).filter((i) => tasks.every((task) => scoreOf(i, task) !== null));
  if (tasks.length < 2 || whole.length < 2) return null;
  const scores = tasks.map((task) => whole.map((setting) => scoreOf(setting, task) ?? 0));
  const ranks = meanRanks(scores);
  return {
    items: whole.map((setting, i) => ({ setting, rank: ranks[i] ?? 0 })).sort((a, b) => a.rank - b.rank),
    tasks: tasks.length,
    p: friedman(scores).p,
    critical: whole.length <= 20 ? nemenyi(whole.length, tasks.length) : null,
  };
}
