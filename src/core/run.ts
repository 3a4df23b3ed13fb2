import { noUsage, type Budget } from './budget.ts';
import type { Candidate } from './candidate.ts';
import { makeEvaluator, makeMeter, Stop } from './evaluator.ts';
import type { Op, StopReason, TestResult } from './events.ts';
import { findLeaks } from './leakage.ts';
import type { Effects, ModelIds } from './log.ts';
import { isBinary } from './metrics.ts';
import type { Optimizer, OptionValue } from './optimizer.ts';
import type { MetaStyle, ReadingCheck, Rendering } from './rendering.ts';
import type { Racing } from './race.ts';
import { makeRng } from './rng.ts';
import { robustness, type RobustnessConfig } from './robustness.ts';
import { compare } from './stats/compare.ts';
import { gapBetween } from './stats/gap.ts';
import type { SearchTask, SplitName, Task } from './task.ts';
import { makeTools } from './tools.ts';

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
}

/** The branches of a run that leaves `of` at a step: those that `of` had taken before it, and this one. */
export function branchesWith(of: Pick<RunConfig, 'branches'>, branch: Branch): readonly Branch[] {
  return [...(of.branches ?? []).filter(({ step }) => step < branch.step), branch];
}

/** The options in force from the beginning of `step` on; of the run's start without one. */
export function optionsAt(config: Pick<RunConfig, 'options' | 'branches'>, step = 0): RunConfig['options'] {
  return config.branches?.findLast((branch) => branch.step <= step)?.options ?? config.options;
}

/** What the user may still say to a run that has started. */
export interface Controls {
  /** True when the search is to end now and the final test to begin. */
  finishing(): boolean;
}

/** The examples that a run uses: the first of each split, up to its limits. */
export function limited(task: Task, limits: RunConfig['limits']): Task {
  const cut = (split: SplitName) => task.splits[split].slice(0, limits[split] ?? Infinity);
  return { ...task, splits: { train: cut('train'), validation: cut('validation'), test: cut('test') } };
}

/** Fills in the defaults of options that a configuration leaves out; unknown ones are dropped. */
export function optionsOf(optimizer: Optimizer, given: RunConfig['options']): Record<string, OptionValue> {
  return Object.fromEntries(
    Object.entries(optimizer.options).map(([name, option]) => {
      const value = given[name];
      return [name, typeof value === typeof option.default && value !== undefined ? value : option.default];
    }),
  );
}

/**
 * One run from start to final test: a pure function of its configuration, its task and what `effects` answer.
 * The optimizer sees train and validation; the test split is asked here alone, once, at the end, with the initial and
 * the best prompt. Rejects with EngineError only (aborted by the user, or an engine lost).
 */
export async function* run(
  config: RunConfig,
  fullTask: Task,
  optimizer: Optimizer,
  effects: Effects,
  controls: Controls = { finishing: () => false },
): Op<void> {
  const { test, ...searched } = limited(fullTask, config.limits).splits;
  const task: SearchTask = { ...fullTask, splits: searched };
  const options = optionsOf(optimizer, config.options);
  const usage = noUsage();
  const meter = makeMeter(config.budget, usage, controls.finishing);
  const evaluator = makeEvaluator(task, config.rendering, effects, usage, config.parallel);
  const selectsOn = optimizer.selectsOn(options);
  const prompts = { ...optimizer.prompts, ...config.prompts };
  const { tools, findings } = makeTools({
    task,
    config,
    prompts,
    effects,
    evaluator,
    meter,
    usage,
    selectsOn,
    // In place, so that what the method reads from now on is new.
    began(step) {
      const branch = config.branches?.find((one) => one.step === step);
      if (branch !== undefined) Object.assign(options, optionsOf(optimizer, branch.options));
    },
  });
  const { initial } = tools;
  yield { type: 'proposed', candidate: initial, edit: 0 };

  let reason: StopReason = 'done';
  try {
    yield* optimizer.search(tools, options);
  } catch (thrown) {
    if (!(thrown instanceof Stop)) throw thrown;
    reason = thrown.reason;
  }
  if (reason === 'asked') yield { type: 'budget', budget: { ...config.budget, endAt: meter.consulted() } };
  const best = findings.best?.candidate ?? initial;
  yield { type: 'searched', reason, best: best.id };

  yield {
    type: 'stage',
    step: findings.step,
    stage: 'test',
    detail: `${test.length} examples not seen before`,
  };
  const scoresOf = async function* (candidate: Candidate): Op<number[]> {
    const answers = yield* evaluator.answers(candidate, 'test', test, null);
    return answers.map((answer) => answer.score);
  };
  const mean = (scores: readonly number[]) =>
    scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const initialScores = yield* scoresOf(initial);
  const bestScores = best === initial ? initialScores : yield* scoresOf(best);
  const binary = isBinary(task.metric);
  const chosenOn = evaluator.known(best, selectsOn).map((answer) => answer.score);
  const result: TestResult = {
    initial: { candidate: initial.id, score: mean(initialScores) },
    best: { candidate: best.id, score: mean(bestScores) },
    comparison:
      best === initial ? null : compare(initialScores, bestScores, binary, makeRng(config.seed, 'test')),
    n: test.length,
    // A part of the split did not choose the prompt.
    gap:
      chosenOn.length === task.splits[selectsOn].length
        ? gapBetween(selectsOn, chosenOn, bestScores, binary)
        : null,
    leaks: findLeaks(best, fullTask),
  };
  yield { type: 'tested', result };
  if (config.robustness !== undefined) {
    yield* robustness({
      config,
      asked: config.robustness,
      task,
      test,
      best,
      prompts,
      effects,
      evaluator,
      step: findings.step,
    });
  }
}
