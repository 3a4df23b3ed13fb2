import type { Report } from './model.ts';

/**
 * A differentiable model: what a method that moves a prompt by gradients may ask of it. Every ask and its result is
 * plain data, so that each is an effect of the run log like a model's reply.
 */

/** Rows of input embeddings that stand where a prompt's tokens would: `tokens` rows of `width` numbers, row after row. */
export interface SoftPrompt {
  tokens: number;
  width: number;
  values: Float32Array;
}

/** One example as the model reads it: `before`, the prompt, `after`, then one of `options`. */
export interface TuneExample {
  id: string;
  /** Text in front of the prompt; often empty. */
  before: string;
  /** Text from the prompt's end to where the answer begins. */
  after: string;
  /** Exact texts that may follow. A single one is a free answer, whose loss is taken over the whole vocabulary. */
  options: readonly string[];
  /** Index into `options`. */
  gold: number;
}

/** Adam's memory; null stands for a fresh one. */
export interface Moments {
  first: Float32Array;
  second: Float32Array;
  /** Steps that it has seen. */
  count: number;
}

/** Vocabulary tokens near one virtual token, nearest first. */
export interface Nearest {
  text: string;
  /** Cosine, or minus the distance under L2: larger is nearer. */
  similarity: number;
}

/** `least-similar` is what the published code does by mistake (it sorts cosines the wrong way); for replication only. */
export type Projection = 'cosine' | 'l2' | 'least-similar';

export type TuneAsk =
  /** The input embeddings of a text, cut to `tokens` rows or filled up by repeating its own; refused where it has none. */
  | { do: 'embed'; text: string; tokens: number }
  /** As many allowed vocabulary tokens drawn by the seed alone. */
  | { do: 'draw'; tokens: number; seed: number }
  /** One AdamW step a batch, with the gradient's norm cut at `clip` (0: not cut). */
  | {
      do: 'steps';
      prompt: SoftPrompt;
      moments: Moments | null;
      batches: readonly (readonly TuneExample[])[];
      /** Learning rate of each step, as many as there are batches. */
      rates: readonly number[];
      weightDecay: number;
      clip: number;
    }
  /** Loss and answers under a soft prompt or under a text as it is. */
  | { do: 'measure'; prompt: SoftPrompt | string; examples: readonly TuneExample[] }
  /** The nearest allowed vocabulary tokens of each row. */
  | { do: 'project'; prompt: SoftPrompt; by: Projection; nearest: number };

export type TuneResult =
  | { did: 'embed' | 'draw'; prompt: SoftPrompt; text: string }
  /**
   * `losses`: mean loss of each batch before its step, in nat, for the steps that were kept. A step whose loss or
   * gradient is no number, or whose loss exploded, is not made: the chunk ends there with `failed` saying why.
   */
  | { did: 'steps'; prompt: SoftPrompt; moments: Moments; losses: number[]; failed: string | null }
  /** Of each example in order: its loss in nat and the index of its likeliest option. */
  | { did: 'measure'; losses: number[]; chosen: number[] }
  /** `text` joins the nearest token of each row; `nearest` has one list a row. */
  | { did: 'project'; text: string; nearest: Nearest[][] };

/** One differentiable model on this machine. Every method rejects with EngineError and nothing else. */
export interface Tuner {
  /** `gradient:model:quantization`, part of every effect's key. */
  readonly id: string;
  /** As an engine's. */
  readonly build?: string | null;
  /** Plain facts for the user, known after load: device, threads, memory, milliseconds of a step. */
  readonly details: readonly string[];
  /** Idempotent. */
  load(report: Report, signal: AbortSignal): Promise<void>;
  /** `context` where an example does not fit, `refused` where a text has no tokens; `lost` when the device is gone. */
  tune(ask: TuneAsk, signal: AbortSignal): Promise<TuneResult>;
  /** Idempotent. */
  dispose(): Promise<void>;
}
