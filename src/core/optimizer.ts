import type { Candidate, Scored } from './candidate.ts';
import type { Answer, Op, Part, RunEvent, Stage } from './events.ts';
import type { Message } from './model.ts';
import type { MetaStyle, Rendering } from './rendering.ts';
import type { Raced, RaceOptions } from './race.ts';
import type { Rng } from './rng.ts';
import type { Example, SearchTask } from './task.ts';
import type { TuneAsk, TuneResult } from './tuner.ts';

/** One setting of a method, as data: the form, the ablation grid and the check of a configuration follow from it. */
export type Option<T> = {
  label: string;
  /** One sentence. */
  help: string;
  default: T;
  /** Most people never touch it; folded away. */
  advanced?: boolean;
} & (T extends boolean
  ? { kind: 'switch' }
  : T extends number
    ? { kind: 'number'; min: number; max: number; whole: boolean }
    : { kind: 'choice'; choices: Readonly<Record<string, string>> });

export type OptionValue = boolean | number | string;

/** How large a search is, for the estimate before it starts and while it runs. Upper bounds. */
export interface Cost {
  steps: number;
  targetCalls: number;
  optimizerCalls: number;
  /** Examples that a differentiable model reads for gradient steps and for measurements; absent where it has no part. */
  tuned?: { steps: number; measured: number };
}

/** What an optimizer may ask of one score call. */
export interface ScoreOptions {
  /** Default `validation`. */
  split?: 'train' | 'validation';
  /** Default: the whole split. Scores over a part of a split never count for `best`. */
  examples?: readonly Example[];
}

/** What a request to the optimizer model may set. Temperature defaults to 1. */
export interface AskOptions {
  temperature?: number;
  maxTokens?: number;
  /** Default: the run's own style. Requests that have no continuation form (a reflection) may insist on chat. */
  style?: MetaStyle;
  /** Turns that came before in the same dialogue; a continued text has none. */
  after?: readonly Message[];
}

/**
 * All that an optimizer may touch. No method throws for a bad reply: `ask` returns null when the model refuses the
 * ask (its reason is in the events), `propose` returns null when the text is unusable. When the budget ends or the
 * user stops, these methods leave through the optimizer's frames with an exception that only the run loop catches.
 */
export interface Tools {
  readonly task: SearchTask;
  /** Templates of the method, as edited for this run. */
  readonly prompts: Readonly<Record<string, string>>;
  readonly metaStyle: MetaStyle;
  /** How the target is asked and its answers are read. */
  readonly rendering: Rendering;
  /** A stream of the run's own; fork it for each purpose. */
  readonly rng: Rng;
  readonly initial: Candidate;
  /** Number of the step begun last, 0 before the first. */
  readonly begun: number;
  /** Part of the budget that is used, 0..1, by whichever limit is nearest; 0 without one. The same in a replay. */
  readonly budgetUsed: number;
  /** Begins a step: emits the event, checks the budget. `of` is null when the method has no fixed length. */
  step(of: number | null): Op<number>;
  /** The text of the optimizer model's reply, or null when it refused. */
  ask(slot: string, parts: readonly Part[], options?: AskOptions): Op<string | null>;
  /**
   * Makes a candidate of a proposed text after cleaning it; null (and a `rejected` event) when it is empty, a
   * repetition of an earlier candidate where `repeats` is not allowed, or too long.
   */
  propose(
    text: string | null,
    from: { parents: readonly Candidate[]; origin: string; shots?: readonly Example[]; repeats?: boolean },
  ): Op<Candidate | null>;
  /**
   * Mean score of each candidate, same order. What has been answered before is not asked again. In a run with racing,
   * a candidate that the best so far beats with confidence is not asked the rest: its `n` is below the split's size,
   * its score an estimate no higher than the best's, and it never becomes the best.
   */
  score(candidates: readonly Candidate[], options?: ScoreOptions): Op<Scored[]>;
  /**
   * Finds the best `keep` without answering everything (`core/race.ts`); options left out are those of `defaultRace`.
   * Score the survivor at the end of a search, or none may count as its best.
   */
  race(candidates: readonly Candidate[], keep: number, options?: Partial<RaceOptions>): Op<Raced>;
  /** The target's answers to `examples` of `split` under one candidate, same order. Cached like `score`. */
  answers(candidate: Candidate, split: 'train' | 'validation', examples: readonly Example[]): Op<Answer[]>;
  /** The answers to a split that a candidate has given so far; asks nothing. */
  known(candidate: Candidate, split: 'train' | 'validation'): Answer[];
  /** Unit vectors of texts. Each text is embedded once a run. */
  embed(texts: readonly string[]): Op<Float32Array[]>;
  /**
   * What the differentiable model makes of the ask, or null when it refuses it (its reason is in the events). Only
   * methods that say `tunes` have one.
   */
  tune<A extends TuneAsk>(ask: A): Op<TuneResultOf<A> | null>;
  /** Says that the search now stands at this candidate. */
  current(scored: Scored): Op<void>;
  emit(event: RunEvent): Op<void>;
}

/** The result that belongs to an ask. */
export type TuneResultOf<A extends TuneAsk> = A['do'] extends 'embed' | 'draw'
  ? Extract<TuneResult, { text: string; prompt: unknown }>
  : Extract<TuneResult, { did: A['do'] }>;

/** One part of a method's loop, for its diagram, in the order in which the work is done. */
export interface LoopPart {
  /** A word or two. */
  name: string;
  /** What it does, in a few plain words. */
  says: string;
  /** Events of this stage light it up; where parts share a stage, the one that the event names, else the next in order. */
  stage: Stage;
  /** Other stages that belong to it. */
  also?: readonly Stage[];
  /** The second half of the part before it, whose stage it shares: lit when replies come, not while they are waited for. */
  replies?: true;
  /** Done before the loop begins, not in each round. */
  once?: boolean;
}

export interface Optimizer<O extends Record<string, OptionValue> = Record<string, OptionValue>> {
  /** Lower-case, the registry's key. */
  id: string;
  name: string;
  paper: { title: string; url: string };
  /** The idea in one sentence. */
  summary: string;
  /** The loop as it is drawn; the last part leads back to the first that is not `once`. The final test is not named. */
  loop: readonly LoopPart[];
  /** Templates with `{slot}` placeholders, shown by the page and editable for a run. */
  prompts: Readonly<Record<string, string>>;
  options: { readonly [K in keyof O]: Option<O[K]> };
  /** The split whose full score decides which candidate is the best. */
  selectsOn(options: O): 'train' | 'validation';
  /** Tokens that the target's replies need under prompts of this method, where a task's own answers need fewer. */
  replyTokens?: number;
  /** Whether the search asks for embeddings, so that their model is loaded, or found missing, before it starts. */
  embeds(options: O): boolean;
  /**
   * Words that a new prompt may change, step by step; null where no limit is stated. For the drawing of the schedule;
   * absent in methods without one.
   */
  stepSizes?(options: O, sizes: { train: number; validation: number }): readonly (number | null)[];
  /** The search follows gradients, so that a differentiable model is loaded beside the others. */
  tunes?: true;
  cost(options: O, sizes: { train: number; validation: number }): Cost;
  /** `options` may change when a step begins, in a run that branched off another: read each where it is used. */
  search(tools: Tools, options: O): Op<void>;
}

/** What a method is, without its code: all that a form, a diagram or a list needs. */
export type Method = Omit<Optimizer, 'selectsOn' | 'embeds' | 'cost' | 'stepSizes' | 'search'>;
