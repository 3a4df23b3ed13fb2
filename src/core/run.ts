import { noUsage } from './budget.ts';
import type { Candidate } from './candidate.ts';
import { makeEvaluator, makeMeter, Stop } from './evaluator.ts';
import type { Op, StopReason, TestResult } from './events.ts';
import { findLeaks } from './leakage.ts';
import type { Effects } from './log.ts';
import { isBinary } from './metrics.ts';
import type { Optimizer } from './optimizer.ts';
import { makeRng } from './rng.ts';
import { robustness } from './robustness.ts';
import { limited, optionsOf, promptsAt, type RunConfig } from './run-config.ts';
import { compare } from './stats/compare.ts';
import { gapBetween } from './stats/gap.ts';
import type { SearchTask, Task } from './task.ts';
import { makeTools } from './tools.ts';

export * from './run-config.ts';

/** What the user may still say to a run that has started. */
export interface Controls {
  /** True when the search is to end now and the final test to begin. */
  finishing(): boolean;
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
      if (branch === undefined) return;
      Object.assign(options, optionsOf(optimizer, branch.options));
      Object.assign(prompts, optimizer.prompts, promptsAt(config, step));
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
