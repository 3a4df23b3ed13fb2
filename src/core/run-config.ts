import type { Budget } from './budget.ts';
import type { ModelIds } from './log.ts';
import type { Method, OptionValue } from './optimizer.ts';
import type { Racing } from './race.ts';
import type { MetaStyle, ReadingCheck, Rendering } from './rendering.ts';
import type { RobustnessConfig } from './robustness.ts';
import type { SplitName, Task } from './task.ts';

/** All that determines a run, besides its task and what the models reply. */
export interface RunConfig {
  version: 1;
  task: string;
  optimizer: string;
  options: Readonly<Record<string, OptionValue>>;
  /** Templates that the user edited for this run, by name; empty for the method's own. */
  prompts: Readonly<Record<string, string>>;
  initialPrompt: string;
  models: ModelIds;
  rendering: Rendering;
  metaStyle: MetaStyle;
  budget: Budget;
  /** At most this many examples of each split are used, the first of each; absent for all. */
  limits: { train?: number; validation?: number; test?: number };
  /** Target asks kept in flight; 1 for the in-browser runtimes. */
  parallel: number;
  seed: number;
  /** Full scores end early for candidates that the best so far beats with confidence; absent: all are asked all. */
  racing?: Racing;
  /** Every ask is put to the models; absent: greedy asks that an earlier run made are answered from there. */
  freshReplies?: true;
  /**
   * `unchecked`: whether `choose` agrees with decoding is to be found out before the run begins. Then what was found,
   * from which `rendering.read` follows; the run itself does not look at it. Absent: the way to read was given.
   */
  reading?: 'unchecked' | ReadingCheck;
  /** After the final test, the best prompt in other words and with its options in another order; absent: left out. */
  robustness?: RobustnessConfig;
  /** Where the run left earlier ones, by rising step; absent: it left none. */
  branches?: readonly Branch[];
}

/**
 * A run that goes on from the middle of another: the same up to the beginning of `step`, and from there with other
 * options. The first part of its log is that of the other run. What a method fixed before its first step (a first
 * population, drawn exemplars, the split that chooses) stays as it was.
 */
export interface Branch {
  /** Id of the run that it left; for the reader, nothing is looked up by it. */
  run: string;
  /** The first step with the new options, from 1. */
  step: number;
  /** All options of the method from then on; those left out take their defaults. */
  options: Readonly<Record<string, OptionValue>>;
  /** Edited templates from then on, in place of the run's; absent where they stay as they were. */
  prompts?: RunConfig['prompts'];
}

/** The branches of a run that leaves `of` at a step: those that `of` had taken before it, and this one. */
export function branchesWith(of: Pick<RunConfig, 'branches'>, branch: Branch): readonly Branch[] {
  return [...(of.branches ?? []).filter(({ step }) => step < branch.step), branch];
}

/** The options in force from the beginning of `step` on; of the run's start without one. */
export function optionsAt(config: Pick<RunConfig, 'options' | 'branches'>, step = 0): RunConfig['options'] {
  return config.branches?.findLast((branch) => branch.step <= step)?.options ?? config.options;
}

/** The edited templates in force from the beginning of `step` on; of the run's start without one. */
export function promptsAt(config: Pick<RunConfig, 'prompts' | 'branches'>, step = 0): RunConfig['prompts'] {
  const changed = config.branches?.findLast((branch) => branch.step <= step && branch.prompts !== undefined);
  return changed?.prompts ?? config.prompts;
}

/** The examples that a run uses: the first of each split, up to its limits. */
export function limited(task: Task, limits: RunConfig['limits']): Task {
  const cut = (split: SplitName) => task.splits[split].slice(0, limits[split] ?? Infinity);
  return { ...task, splits: { train: cut('train'), validation: cut('validation'), test: cut('test') } };
}

/** Fills in the defaults of options that a configuration leaves out; unknown ones are dropped. */
export function optionsOf(
  optimizer: Pick<Method, 'options'>,
  given: RunConfig['options'],
): Record<string, OptionValue> {
  return Object.fromEntries(
    Object.entries(optimizer.options).map(([name, option]) => {
      const value = given[name];
      return [name, typeof value === typeof option.default && value !== undefined ? value : option.default];
    }),
  );
}
