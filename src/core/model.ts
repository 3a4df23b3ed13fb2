/** What is asked of a language model, what comes back, and what a runtime must offer to be an engine. */

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A conversation put through the model's chat template, or raw text that the model continues. */
export type Content = { kind: 'chat'; messages: readonly Message[] } | { kind: 'completion'; text: string };

export interface Ask {
  content: Content;
  /** Upper bound of generated tokens, at least 1. */
  maxTokens: number;
  /** 0 is greedy. */
  temperature: number;
  /** Any unsigned 32-bit integer; engines hash it before use. Ignored at temperature 0. */
  seed: number;
  /** Generation ends before the first of these; they are never part of the reply. */
  stop?: readonly string[];
  /**
   * `object`: generation may end with the first JSON object that is whole (core/json-object.ts), which is then the last
   * of the reply. An engine that cannot look at the text as it comes ignores it: what is read is the same.
   */
  until?: 'object';
  /** GBNF (the subset that llama.cpp and xgrammar share), start rule `root`. */
  grammar?: string;
}

/** Tokens that one ask cost. `in` counts the whole prompt; `cached` is the part of it that was not computed again. */
export interface Tokens {
  in: number;
  cached: number;
  out: number;
}

export interface Reply {
  text: string;
  tokens: Tokens;
  finish: 'stop' | 'length' | 'abort';
}

/** Answer to `choose`: natural log-probability of each option, in the order asked. */
export interface Choice {
  logProbs: number[];
  tokens: Tokens;
}

/** Progress of a load: bytes where known (total null while unknown), and what is being done in words. */
export interface LoadProgress {
  loaded: number;
  total: number | null;
  doing: string;
}
export type Report = (progress: LoadProgress) => void;

/** Told the text of a reply as it grows. */
export type Heard = (text: string) => void;

/**
 * One runtime holding one model. Asks may be made concurrently; the engine queues what it cannot run at once.
 * Every method rejects with EngineError and with nothing else.
 */
export interface Engine {
  /** `runtime:model:quantization`, part of every effect's key, e.g. `wllama:smollm2-135m-instruct:q8_0`. */
  readonly id: string;
  /**
   * What the weights, the runtime and whatever else shapes a reply are, to the byte; known after load. Equal builds give
   * equal replies to a greedy ask. Null or absent where that cannot be known (a server): then no reply is used again.
   */
  readonly build?: string | null;
  /** Asks worth having in flight at once; 1 for the in-browser runtimes. */
  readonly parallel: number;
  /** Tokens of prompt and reply together; known after load. */
  readonly contextTokens: number;
  /** Plain facts for the user, known after load: threads, adapter, self-test outcome. */
  readonly details: readonly string[];
  /** Idempotent. */
  load(report: Report, signal: AbortSignal): Promise<void>;
  /**
   * `heard` is told the text so far, each time that it has grown; a runtime that gets its replies whole never calls it.
   * What it heard may end with a part of a stop string, which is not part of the reply.
   */
  generate(ask: Ask, signal: AbortSignal, heard?: Heard): Promise<Reply>;
  /** Absent where the runtime cannot. Each option is the exact text that would follow the content. */
  choose?(ask: Ask, options: readonly string[], signal: AbortSignal): Promise<Choice>;
  /** Idempotent; pending asks reject as aborted. */
  dispose(): Promise<void>;
}

/** Turns texts into unit vectors. */
export interface Embedder {
  readonly id: string;
  /** As an engine's. */
  readonly build?: string | null;
  load(report: Report, signal: AbortSignal): Promise<void>;
  /** One L2-normalized vector a text, same order. Over-long texts are truncated by the model's tokenizer. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

/**
 * - `aborted`     the caller's signal fired
 * - `context`     prompt and reply do not fit the model's context: this ask can never succeed, others can
 * - `refused`     the runtime rejects this ask for another reason (a grammar it cannot parse): others can succeed
 * - `lost`        device or worker gone; the engine could not bring it back
 * - `memory`      the model does not fit this machine
 * - `unavailable` the runtime cannot work here (no WebGPU, no model file, server not answering)
 * - `integrity`   a file is not what it should be
 */
export type EngineFault = 'aborted' | 'context' | 'refused' | 'lost' | 'memory' | 'unavailable' | 'integrity';

/** `message` says what happened and where; `advice` what to do next (may be empty). */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  constructor(
    readonly fault: EngineFault,
    message: string,
    readonly advice = '',
  ) {
    super(message);
  }
}
