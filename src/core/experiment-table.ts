import { makeRng } from './rng.ts';
import type { CellKind, CellOutcome, CellRecord, Setting } from './experiment.ts';
import { compare, type Comparison } from './stats/compare.ts';
import { crossedDifference, meanOverSeeds } from './stats/crossed.ts';
import { holm } from './stats/holm.ts';
import { pairedPermutation } from './stats/permutation.ts';
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
  /** Against the first setting on the same task and target; null for that one and before both are tested alike. */
  against: Against | null;
}

export interface Against {
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

/** Rows in the order of the cells; the seeds of a setting are one row. */
export function tableOf(cells: readonly CellRecord[]): Row[] {
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
    const outcomes = alike(group.flatMap(({ outcome }) => outcome ?? []));
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
  return compared(rows);
}

/** Only runs tested on the same examples have a common mean; a task edited half-way leaves the later ones out. */
function alike(outcomes: readonly CellOutcome[]): CellOutcome[] {
  return outcomes.filter(({ on }) => on === outcomes[0]?.on);
}

const meanOf = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The row that others of its place are compared with: the task's own prompt where it was tried, else the first. */
function baseOf(row: Row, rows: readonly Row[]): Row | undefined {
  const place = rows.filter(({ task, target }) => task === row.task && target === row.target);
  if (row.kind === 'search') return place.find(({ kind }) => kind === 'search');
  return place.find(({ kind }) => kind === 'own');
}

function compared(rows: readonly Row[]): Row[] {
  const found = rows.map((row) => {
    const base = baseOf(row, rows);
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
    return { ...row, against: { ...one, p, verdict } };
  });
}

/** Of pairs of cells with the same seed, tested on the same examples; null without one. */
function difference(base: Row, row: Row): Omit<Against, 'verdict'> | null {
  const pairs = row.cells.flatMap(({ seed, outcome }) => {
    const other = base.kind === 'own' ? base.cells[0] : base.cells.find((cell) => cell.seed === seed);
    const before = other?.outcome;
    return outcome && before && outcome.on === before.on ? [{ outcome, before }] : [];
  });
  const [first] = pairs;
  if (first === undefined || first.outcome.scores.length === 0) return null;
  const differences = pairs.map(({ outcome, before }) =>
    outcome.scores.map((score, i) => score - (before.scores[i] ?? 0)),
  );
  if (pairs.length > 1) return crossedDifference(differences);
  const { outcome, before } = first;
  const rng = makeRng(1, 'experiment');
  const one = compare(before.scores, outcome.scores, outcome.binary, rng);
  const p = one.p ?? pairedPermutation(differences[0] ?? [], rng.fork('permutation')).p;
  return { difference: one.difference, low: one.low, high: one.high, p, seeds: 1, n: one.n };
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
