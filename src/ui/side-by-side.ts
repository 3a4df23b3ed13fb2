import type { Recording } from '../app/types.ts';
import { hash } from '../core/hash.ts';
import { isBinary } from '../core/binary.ts';
import { makeRng } from '../core/rng.ts';
import type { Option, OptionValue } from '../core/optimizer.ts';
import { limited, type RunConfig } from '../core/run-config.ts';
import type { Example } from '../core/task.ts';
import { compareWithP, type Comparison } from '../core/stats/compare.ts';
import { holm } from '../core/stats/holm.ts';
import { friedman, meanRanks, nemenyi } from '../core/stats/ranks.ts';
import { value, type Axis } from './chart.ts';
import { emptyView, reduce, spent, type RunView } from './run-view.ts';

/** Recorded runs set beside each other: scores against the same budget, and tests on the same examples. */

/** What can run along the bottom when runs are aligned; steps of different methods are not alike. */
export type Budgeted = Exclude<Axis, 'steps'>;

export interface Side {
  id: string;
  /** `A`, `B`… in the order in which runs were chosen. */
  letter: string;
  /** Method and what tells the run from others. */
  name: string;
  /** The same without the seed, all of it: runs of one setting differ by their seed alone. */
  setting: string;
  method: string;
  /** Models, by their ids. */
  target: string;
  optimizer: string;
  task: string;
  taskName: string;
  seed: number;
  options: RunConfig['options'];
  initialPrompt: string;
  /** The best prompt of the search, and the worked examples that it carries. */
  prompt: string;
  shots: readonly Example[];
  /** Final test of the best prompt; null before it ended. */
  test: { score: number; n: number; scores: readonly number[]; on: string; binary: boolean } | null;
  view: RunView;
}

/** A recording folded into what is compared of it. */
export function sideOf({ summary, config, task, events }: Recording, letter: string, method: string): Side {
  const view = emptyView();
  for (const event of events) reduce(view, event);
  const { result } = view;
  const best = view.candidates.get(
    result?.best.candidate ?? view.bests.at(-1)?.candidate ?? view.initial ?? '',
  );
  const tests = limited(task, config.limits).splits.test;
  const answers = new Map(
    (best?.answers ?? [])
      .filter(({ split }) => split === 'test')
      .map(({ example, score }) => [example, score]),
  );
  return {
    id: summary.id,
    letter,
    name: `${method}, seed ${config.seed}`,
    setting: method,
    method,
    target: config.models.target,
    optimizer: config.models.optimizer,
    task: summary.task,
    taskName: summary.taskName,
    seed: config.seed,
    options: config.options,
    initialPrompt: config.initialPrompt,
    prompt: best?.candidate.prompt ?? config.initialPrompt,
    shots: best?.candidate.shots ?? [],
    test:
      result === null || result.n === 0
        ? null
        : {
            score: result.best.score,
            n: result.n,
            scores: tests.map(({ id }) => answers.get(id) ?? 0),
            on: hash(JSON.stringify(tests.map(({ id, input, gold }) => [id, input, gold]))),
            binary: isBinary(task.metric),
          },
    view,
  };
}

/** Characters of each thing that a name tells. */
const MOST_CHARACTERS = 48;
/** More of what differs makes a name that nobody reads. */
const MOST_WORDS = 3;

/**
 * The same with letters in their order and names that tell them apart: beside method and seed, the models and the initial
 * prompt where they differ, and the options in which runs of one method differ. `optionsOf` gives a method's options by
 * the method's name, `modelName` a model's name by its id.
 */
export function named(
  sides: readonly Side[],
  optionsOf: (method: string) => Readonly<Record<string, Option<OptionValue>>>,
  modelName: (id: string) => string,
): Side[] {
  const differ = (part: (side: Side) => string, among = sides) => new Set(among.map(part)).size > 1;
  return sides.map((side, i) => {
    const alike = sides.filter(({ method }) => method === side.method);
    const sameTask = sides.filter(({ task }) => task === side.task);
    const words: string[] = [];
    if (differ(({ target }) => target)) words.push(`target ${modelName(side.target)}`);
    if (differ(({ optimizer, target }) => (optimizer === target ? '' : optimizer)))
      words.push(`optimizer ${modelName(side.optimizer)}`);
    if (differ(({ initialPrompt }) => initialPrompt, sameTask))
      words.push(side.initialPrompt === '' ? 'from the empty prompt' : `from “${side.initialPrompt}”`);
    for (const [name, option] of Object.entries(optionsOf(side.method))) {
      if (alike.every(({ options }) => options[name] === side.options[name])) continue;
      const value = side.options[name] ?? option.default;
      words.push(
        option.kind === 'choice'
          ? String(option.choices[String(value)] ?? value)
          : `${option.label}: ${value}`,
      );
    }
    return {
      ...side,
      letter: 'ABCDEFGH'[i] ?? '?',
      name: [side.method, ...words.slice(0, MOST_WORDS).map(cut), `seed ${side.seed}`].join(', '),
      setting: [side.method, ...words].join(', '),
    };
  });
}

const cut = (word: string) => (word.length > MOST_CHARACTERS ? `${word.slice(0, MOST_CHARACTERS)}…` : word);

/** A moment at which the best score of the search rose. */
export interface Rise {
  at: number;
  score: number;
}

/** The best score so far against what was used, from the first to the end of the search. */
export function curveOf(view: RunView, axis: Budgeted): { rises: Rise[]; end: number } {
  const rises = view.bests.map(({ at, score }) => ({ at: value(at, axis), score }));
  return { rises, end: Math.max(value(spent(view), axis), rises.at(-1)?.at ?? 0) };
}

/** The best score when so much was used; null before the first score and beyond the end of the run. */
export function scoreAt({ rises, end }: ReturnType<typeof curveOf>, used: number): number | null {
  if (used > end) return null;
  return rises.findLast(({ at }) => at <= used)?.score ?? null;
}

/** Budgets at which curves are read for the table: `count` equal parts of the longest run. */
export function budgetsFor(curves: readonly { end: number }[], count = 6): number[] {
  const most = Math.max(0, ...curves.map(({ end }) => end));
  return most === 0 ? [] : Array.from({ length: count }, (_, i) => (most * (i + 1)) / count);
}

export interface Pair {
  old: Side;
  other: Side;
  /** Why there is no test; null when there is one. */
  why: string | null;
  comparison: Comparison | null;
  /** Two-sided, adjusted by Holm for all pairs that were tested. */
  p: number;
  verdict: Comparison['verdict'];
}

/** Every pair of runs, the earlier chosen one as the old. Only runs tested on the same examples are tested. */
export function pairsOf(sides: readonly Side[]): Pair[] {
  const pairs = sides.flatMap((old, i) => sides.slice(i + 1).map((other) => pairOf(old, other)));
  const adjusted = holm(pairs.flatMap(({ comparison, p }) => (comparison === null ? [] : [p])));
  let at = 0;
  return pairs.map((pair) => {
    if (pair.comparison === null) return pair;
    const p = adjusted[at++] ?? 1;
    // The interval alone may exclude 0 where several pairs together show nothing.
    return { ...pair, p, verdict: p < 0.05 ? pair.comparison.verdict : 'not shown' };
  });
}

function pairOf(old: Side, other: Side): Pair {
  const none = (why: string): Pair => ({ old, other, why, comparison: null, p: 1, verdict: 'not shown' });
  const untested = [old, other].filter(({ test }) => test === null).map(({ letter }) => letter);
  if (old.test === null || other.test === null)
    return none(`${untested.join(' and ')} ${untested.length === 1 ? 'has' : 'have'} no final test.`);
  if (old.test.on !== other.test.on)
    return none(
      old.task === other.task
        ? 'They were tested on different examples of the task, so there is no paired test.'
        : 'They are of different tasks, tested on different examples, so there is no paired test.',
    );
  const rng = makeRng(1, 'side by side');
  const { comparison, p } = compareWithP(old.test.scores, other.test.scores, old.test.binary, rng);
  return { old, other, why: null, comparison, p, verdict: comparison.verdict };
}

export interface SettingRanks {
  items: readonly { name: string; rank: number }[];
  tasks: readonly string[];
  p: number;
  /** Null for more settings than are tabled. */
  critical: number | null;
  /** Runs tested on other examples of their task than most: they are not ranked. */
  leftOut: readonly Side[];
}

/**
 * Mean ranks of settings over tasks, by the mean test score of their runs. Of each task, those runs are ranked that were
 * tested on the same examples, the most if they differ; only settings with one on every task take part. Null for fewer
 * than two of them or fewer than two tasks.
 */
export function ranksOfSettings(sides: readonly Side[]): SettingRanks | null {
  const tested = sides.flatMap((side) => (side.test === null ? [] : [{ ...side, test: side.test }]));
  const tasks = [...new Set(tested.map(({ task }) => task))];
  const usual = new Map(tasks.map((task) => [task, usualTest(tested.filter((side) => side.task === task))]));
  const ranked = tested.filter(({ task, test }) => test.on === usual.get(task));
  const scoreOf = (setting: string, task: string) => {
    const scores = ranked.flatMap((side) =>
      side.setting === setting && side.task === task ? [side.test.score] : [],
    );
    return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
  };
  const settings = [...new Set(ranked.map(({ setting }) => setting))].filter((setting) =>
    tasks.every((task) => scoreOf(setting, task) !== null),
  );
  if (tasks.length < 2 || settings.length < 2) return null;
  const rows = tasks.map((task) => settings.map((setting) => scoreOf(setting, task) ?? 0));
  const ranks = meanRanks(rows);
  return {
    items: settings.map((name, i) => ({ name, rank: ranks[i] ?? 0 })).sort((a, b) => a.rank - b.rank),
    tasks,
    p: friedman(rows).p,
    critical: settings.length <= 20 ? nemenyi(settings.length, tasks.length) : null,
    leftOut: tested.filter((side) => !ranked.includes(side)),
  };
}

/** The test examples that most of the runs were tested on, of the earlier run where two are as many. */
function usualTest(sides: readonly { test: { on: string } }[]): string | null {
  const count = (on: string) => sides.filter(({ test }) => test.on === on).length;
  return sides.reduce<string | null>(
    (most, { test: { on } }) => (most === null || count(on) > count(most) ? on : most),
    null,
  );
}
