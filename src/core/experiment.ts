import type { Method, OptionValue } from './optimizer.ts';
import type { MetaStyle } from './rendering.ts';
import type { RunConfig } from './run.ts';
import type { Comparison } from './stats/compare.ts';

/** An experiment as data: a grid of settings, the runs that follow from it, and how they share one budget. */

/** What one level changes; what is absent stays as the design has it. */
export interface Change {
  /** Another method begins with its own defaults: options set before it are dropped. */
  method?: string;
  options?: Readonly<Record<string, OptionValue>>;
  /** The options are this method's: settings of another one stay as they are. Absent: of whatever method there is. */
  of?: string;
  initialPrompt?: string;
  target?: string;
  optimizer?: string;
}

export interface Level {
  name: string;
  change: Change;
}

/** One thing that is varied. */
export interface Factor {
  name: string;
  levels: readonly Level[];
}

/** One budget for the searches of all cells. Final tests are not charged, as in a single run. */
export interface Pool {
  unit: 'tokens' | 'minutes';
  total: number;
  /** What a cell leaves over is shared among the cells left, or left unused so that every cell has the same. */
  spare: 'share' | 'leave';
}

export interface Design {
  name: string;
  /** One sentence; may be empty. */
  question: string;
  /** Id of the preset that it came from, null for an own grid. */
  preset: string | null;
  method: string;
  options: Readonly<Record<string, OptionValue>>;
  factors: readonly Factor[];
  tasks: readonly string[];
  target: string;
  optimizer: string;
  seeds: readonly number[];
  pool: Pool;
  /** How every optimizer model is asked; absent: each as suits it, so that two models may be asked in two ways. */
  metaStyle?: MetaStyle;
  /** Examples used of each split; what is absent is as suits the model, null for all of it. */
  limits: RunConfig['limits'] | null;
  /** The best prompts are tried on these tasks and targets too; null for no such trial. */
  carry: { tasks: readonly string[]; targets: readonly string[] } | null;
}

/** One combination of levels, with everything filled in that the design knows. */
export interface Setting {
  name: string;
  method: string;
  options: Readonly<Record<string, OptionValue>>;
  /** Null: the task's own. */
  initialPrompt: string | null;
  target: string;
  optimizer: string;
}

/**
 * - `search`  a whole run
 * - `own`     the final test alone, of the task's own prompt
 * - `carried` the final test alone, of the best prompt of the cell `from`
 */
export type CellKind = 'search' | 'own' | 'carried';

/** One run of an experiment. */
export interface Cell {
  /** Unique within the experiment; the same whenever the design is expanded. */
  id: string;
  kind: CellKind;
  /** Index of its setting; null for `own`, which belongs to none. */
  setting: number | null;
  task: string;
  target: string;
  seed: number;
  from: string | null;
}

/** What came of a cell. Scores are 0..1. */
export interface CellOutcome {
  /** Mean test score of the best prompt and of the initial one. */
  score: number;
  initial: number;
  /** The same for each test example, in the task's order. */
  scores: readonly number[];
  initialScores: readonly number[];
  /** Hash of the test examples: cells of one hash were tested on the same. */
  on: string;
  /** Every score is 0 or 1. */
  binary: boolean;
  /** The best prompt, and its score in the search; null when it was not scored in full. */
  prompt: string;
  found: number | null;
  verdict: Comparison['verdict'] | null;
  steps: number;
  targetCalls: number;
  optimizerCalls: number;
  /** Computed by both roles in the search. */
  tokens: number;
  ms: number;
}

/** `running` in a record that no open tab works on means that the experiment was interrupted there. */
export type CellState = 'waiting' | 'running' | 'stopped' | 'failed' | 'done';

export interface CellRecord extends Cell {
  state: CellState;
  /** Id of its stored run; null before it began. */
  run: string | null;
  /** Its part of the budget, in the pool's unit; fixed when it begins. Null before, and for a mere test. */
  share: number | null;
  /** Used of the budget, in the pool's unit. */
  spent: number;
  /** Why it failed; empty otherwise. */
  reason: string;
  outcome: CellOutcome | null;
}

/** An experiment as it is stored. Cells stand in the order in which they run. */
export interface ExperimentRecord {
  id: string;
  design: Design;
  /** Milliseconds since the epoch. */
  started: number;
  status: 'running' | 'stopped' | 'finished';
  cells: readonly CellRecord[];
}

/** More would not end in a lifetime; a slip in a form makes them easily. */
export const MOST_CELLS = 2000;

/** All combinations of levels, the last factor fastest. Combinations that come to the same thing are there once. */
export function settingsOf(
  design: Pick<Design, 'method' | 'options' | 'factors' | 'target' | 'optimizer'>,
): Setting[] {
  const { method, options, target, optimizer } = design;
  let settings: Setting[] = [{ name: '', method, options, initialPrompt: null, target, optimizer }];
  for (const { levels } of design.factors)
    settings = settings.flatMap((setting) => levels.map((level) => changed(setting, level)));
  const known = new Set<string>();
  return settings.filter((setting) => {
    const key = JSON.stringify([
      { ...setting, name: '', options: {} },
      Object.entries(setting.options).sort(),
    ]);
    const fresh = !known.has(key);
    known.add(key);
    return fresh;
  });
}

function changed(setting: Setting, { name, change }: Level): Setting {
  const { method = setting.method, options = {}, of = setting.method, ...rest } = change;
  if (of !== setting.method) return setting;
  return {
    ...setting,
    ...rest,
    method,
    options: method === setting.method ? { ...setting.options, ...options } : options,
    name: setting.name === '' ? name : `${setting.name} · ${name}`,
  };
}

/**
 * The runs of a design, in the order in which they are made: a whole round of all settings and tasks with the first
 * seed, then the next seed, so that an experiment that is cut short has compared all settings.
 */
export function expand(design: Design): Cell[] {
  const settings = settingsOf(design);
  const cells: Cell[] = [];
  const own: Cell[] = [];
  for (const seed of new Set(design.seeds)) {
    const searches: Cell[] = [];
    for (const task of new Set(design.tasks))
      settings.forEach(({ target }, setting) => {
        const id = `search/${setting}/${task}/${seed}`;
        searches.push({ id, kind: 'search', setting, task, target, seed, from: null });
      });
    cells.push(...searches);
    if (design.carry === null) continue;
    for (const task of new Set(design.carry.tasks))
      for (const target of new Set(design.carry.targets)) {
        const carried = searches
          .filter((cell) => cell.task !== task || cell.target !== target)
          .map((cell): Cell => {
            const id = `carried/${task}/${target}/${cell.id}`;
            return { id, kind: 'carried', setting: cell.setting, task, target, seed, from: cell.id };
          });
        // Greedy answers to the same prompt are the same for every seed.
        if (carried.length > 0 && !own.some((cell) => cell.task === task && cell.target === target)) {
          const first: Cell = {
            id: `own/${task}/${target}`,
            kind: 'own',
            setting: null,
            task,
            target,
            seed,
            from: null,
          };
          own.push(first);
          cells.push(first);
        }
        cells.push(...carried);
      }
  }
  return cells;
}

/** How many searches a design has, where they are too many an upper bound. */
export function searchCount(
  design: Pick<Design, 'method' | 'options' | 'factors' | 'target' | 'optimizer' | 'tasks' | 'seeds'>,
): number {
  const each = design.tasks.length * design.seeds.length;
  const combinations = design.factors.reduce((product, { levels }) => product * levels.length, 1);
  return combinations * each > MOST_CELLS ? combinations * each : settingsOf(design).length * each;
}

/** How many cells `expand` would give, where they are too many an upper bound: a form asks at every letter typed. */
export function cellCount(design: Design): number {
  const searches = searchCount(design);
  const places = design.carry === null ? 0 : design.carry.tasks.length * design.carry.targets.length;
  return searches > MOST_CELLS || searches * (1 + places) > MOST_CELLS
    ? searches * (1 + places)
    : expand(design).length;
}

/** Cells at their beginning. */
export function freshCells(design: Design): CellRecord[] {
  return expand(design).map((cell) => ({
    ...cell,
    state: 'waiting',
    run: null,
    share: null,
    spent: 0,
    reason: '',
    outcome: null,
  }));
}

/**
 * The part of the budget that the next search gets: what the others have not used, shared equally among those left, or
 * an equal part of the whole where spare is left. A failed one keeps its part, for it may be tried again. Never less
 * than nothing.
 */
export function shareOf(
  pool: Pool,
  cells: readonly Pick<CellRecord, 'kind' | 'state' | 'spent' | 'share'>[],
): number {
  const searches = cells.filter(({ kind }) => kind === 'search');
  if (pool.spare === 'leave') return pool.total / Math.max(1, searches.length);
  const ended = searches.filter(({ state }) => state === 'done' || state === 'failed');
  const spent = ended.reduce(
    (sum, { state, spent, share }) => sum + (state === 'failed' ? Math.max(spent, share ?? 0) : spent),
    0,
  );
  return Math.max(0, pool.total - spent) / Math.max(1, searches.length - ended.length);
}

/** What is wrong with a design, a sentence each; empty when it can be run. */
export function designProblems(design: Design, methods: readonly Method[]): string[] {
  const problems: string[] = [];
  if (design.tasks.length === 0) problems.push('Choose at least one task.');
  if (design.seeds.length === 0) problems.push('Give at least one seed.');
  if (design.target === '') problems.push('Choose a target model.');
  if (!(design.pool.total > 0)) problems.push('Give a budget above 0.');
  for (const { name, levels } of design.factors)
    if (levels.length === 0) problems.push(`${name}: choose at least one value.`);
  if (problems.length > 0) return problems;
  const count = cellCount(design);
  if (count > MOST_CELLS)
    problems.push(`These are ${count} runs; at most ${MOST_CELLS} make one experiment.`);
  if (problems.length > 0) return problems;
  for (const setting of settingsOf(design)) {
    const method = methods.find(({ id }) => id === setting.method);
    if (method === undefined) problems.push(`There is no method called ${setting.method}.`);
    else problems.push(...optionProblems(method, setting.options));
  }
  return [...new Set(problems)];
}

/** Options that a method does not have, or values that it does not take. */
function optionProblems(method: Method, given: Setting['options']): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const option = method.options[name];
    if (option === undefined) return [`${method.name} has no option called ${name}.`];
    const fits =
      option.kind === 'switch'
        ? typeof value === 'boolean'
        : option.kind === 'number'
          ? typeof value === 'number' &&
            value >= option.min &&
            value <= option.max &&
            (!option.whole || Number.isInteger(value))
          : typeof value === 'string' && Object.hasOwn(option.choices, value);
    return fits ? [] : [`${method.name}: ${option.label} cannot be ${String(value)}.`];
  });
}
