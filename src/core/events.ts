import type { Budget } from './budget.ts';
import type { Candidate } from './candidate.ts';
import type { Comparison } from './stats/compare.ts';
import type { Gap } from './stats/gap.ts';
import type { Leak } from './leakage.ts';
import type { Role } from './log.ts';
import type { Content, Reply, Tokens } from './model.ts';
import type { Robustness } from './robustness.ts';
import type { SplitName } from './task.ts';
import type { Nearest, TuneAsk } from './tuner.ts';

/** A stretch of a meta-prompt and where it came from; the page colours by origin. */
export interface Part {
  origin: 'rule' | 'trajectory' | 'current' | 'exemplars' | 'reflection' | 'step-size' | 'task';
  text: string;
}

/** What the loop is doing now. */
export type Stage =
  | 'evaluate'
  | 'retrieve'
  | 'reflect'
  | 'summarize'
  | 'step-size'
  | 'propose'
  | 'select'
  | 'tune'
  | 'test'
  | 'robustness';

/** One example answered by the target under one candidate. */
export interface Answer {
  candidate: string;
  example: string;
  split: SplitName;
  /** Text of the reply; for `choose` the winning option. */
  reply: string;
  /** What was read from the reply; null when it could not be read. */
  answer: string | null;
  /** 0..1; an unreadable reply scores 0. */
  score: number;
  tokens: Tokens;
  ms: number;
  /** Why the model refused the ask (too long for its context), absent otherwise. */
  refused?: string;
  /** Taken from an earlier run; absent otherwise. */
  reused?: true;
}

export type StopReason =
  'done' | 'patience' | 'budget-targetCalls' | 'budget-tokens' | 'budget-minutes' | 'budget-steps' | 'asked';

/** The final test: initial and best prompt on the same unseen examples. */
export interface TestResult {
  initial: { candidate: string; score: number };
  best: { candidate: string; score: number };
  /** Null when no candidate beat the initial prompt in search, so there is nothing to compare. */
  comparison: Comparison | null;
  n: number;
  /** The best prompt on the examples that chose it against the unseen ones; null when it was never scored on them. */
  gap?: Gap | null;
  /** Text of examples found in the best prompt, test examples included. */
  leaks?: readonly Leak[];
}

/** What chose the place from which gradient descent goes on. */
export type RestartSource =
  'initial' | 'language model' | 'random' | 'perturbation' | 'crossover' | 'bayesian';

/** How a soft prompt or a text does in the differentiable model, over the same validation examples all the time. */
export interface Measured {
  /** Mean cross-entropy in nat. */
  loss: number;
  /** Share of examples whose right answer is the likeliest; null where answers are free. */
  accuracy: number | null;
}

/** Everything that happens in a run, in order; a recorded run gives the same events again. */
export type RunEvent =
  | { type: 'step'; step: number; of: number | null }
  /** `part` names the loop's part that begins, where several of one round share the stage. */
  | { type: 'stage'; step: number; stage: Stage; detail: string; part?: string }
  | { type: 'retrieved'; step: number; how: string; items: { candidate: string; weight: number | null }[] }
  | { type: 'step-size'; step: number; words: number }
  | { type: 'asked'; ask: number; step: number; slot: string; parts: readonly Part[]; content: Content }
  | { type: 'replied'; ask: number; role: Role; reply: Reply; ms: number; reused?: true }
  | { type: 'refused'; ask: number; reason: string }
  | { type: 'proposed'; candidate: Candidate; edit: number }
  | { type: 'rejected'; step: number; text: string; reason: string; parents: readonly string[] }
  | { type: 'answered'; answer: Answer }
  | { type: 'scored'; step: number; candidate: string; split: SplitName; score: number; n: number }
  /** Left a race or an evaluation after `n` examples, beaten by candidate `by` with this p. */
  | { type: 'eliminated'; step: number; candidate: string; by: string; n: number; p: number }
  | { type: 'current'; step: number; candidate: string; score: number }
  | { type: 'best'; step: number; candidate: string; score: number }
  | { type: 'note'; step: number; text: string }
  /** One ask of the differentiable model is done. `steps` counts gradient steps kept, `examples` those read. */
  | {
      type: 'computed';
      step: number;
      what: TuneAsk['do'];
      steps: number;
      examples: number;
      ms: number;
      /** Why it was refused; absent otherwise. */
      refused?: string;
    }
  /**
   * A soft prompt was measured. `gradientStep` counts the steps of the whole run that were kept; `restart` is the id of
   * the restart that this descent began from.
   */
  | {
      type: 'tuned';
      step: number;
      gradientStep: number;
      restart: number;
      /** Mean training loss of the steps since the last measurement in nat; null before the first step of a descent. */
      loss: number | null;
      rate: number;
      /** The soft prompt itself. */
      validation: Measured;
      /** The nearest words as one text, the candidate made of it (null when it is none), and how that text does by itself (null when it cannot be read). */
      text: string;
      candidate: string | null;
      projected: Measured | null;
      /** The nearest five of each virtual token, nearest first. */
      words: readonly (readonly Nearest[])[];
    }
  /**
   * Descent begins here, at the initial prompt (id 0) or anew. `text` is '' and `candidate` null for a place without
   * words (a perturbed vector).
   */
  | ({
      type: 'restart';
      step: number;
      gradientStep: number;
      id: number;
      source: RestartSource;
      text: string;
      candidate: string | null;
    } & Measured)
  /** A stretch of steps went wrong and was undone; `rate` is the learning rate from here on, `inRow` counts from 1. */
  | { type: 'rolled-back'; step: number; gradientStep: number; reason: string; rate: number; inRow: number }
  /** The engine was lost and brought back by itself, before the event that follows. */
  | { type: 'recovered'; text: string }
  | { type: 'budget'; budget: Budget }
  | { type: 'searched'; reason: StopReason; best: string }
  | { type: 'tested'; result: TestResult }
  /** What the last stage of a run found; only of runs that ask for it. */
  | { type: 'robustness'; result: Robustness };

/** Straight-line asynchronous work: yields events as they happen, returns a value; joined by `yield*`. */
export type Op<T> = AsyncGenerator<RunEvent, T, undefined>;
