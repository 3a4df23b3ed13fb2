import {
  type Ask,
  type Choice,
  type Engine,
  EngineError,
  type Heard,
  type Reply,
  type Report,
} from '../core/model.ts';
import { makeQueue } from './queue.ts';
import { describe, Lost, lostForGood } from './webllm-faults.ts';
import type { Facts, LoadOrder, Source } from './webllm-protocol.ts';
import type { Reuse } from './webllm-plan.ts';
import { type Port, Session, startWorker } from './webllm-session.ts';

/** A model of web-llm's own list by its id, or any other by the addresses of its weights and its library. */
export type WebllmSpec =
  | { kind: 'prebuilt'; modelId: string; contextTokens?: number }
  | {
      kind: 'custom';
      name: string;
      /** e.g. `q4f32`; a name with `f16` in it needs a GPU with half-precision floats. */
      quantization: string;
      /** The folder of mlc-chat-config.json, or the one that `resolve/main/` is in. May be relative to the page. */
      weightsUrl: string;
      /** The model library (WebAssembly). May be relative to the page. */
      libraryUrl: string;
      /** Hexadecimal SHA-256 by file name below the weights; `model.wasm` is the library. Others are not checked. */
      sha256?: Record<string, string>;
      contextTokens?: number;
    };

export interface WebllmOptions {
  /** Told each time that the model was brought back after its device was lost. */
  onRecovered?: (text: string) => void;
  /** `public` asks as any web-llm program does, for comparison. */
  path?: 'own' | 'public';
  /** Use of the KV cache in place of what the self-test finds, for comparison. */
  reuse?: Reuse;
  /** Seconds without a step after which an ask, or a load, is taken for stuck. */
  patience?: { ask: number; load: number };
  /** Milliseconds to wait before the model is loaded again after the first, second… loss in a row. */
  pauses?: readonly number[];
  startWorker?: () => Port;
}

export interface WebllmEngine extends Engine {
  choose(ask: Ask, options: readonly string[], signal: AbortSignal): Promise<Choice>;
  /** Destroys the device, as a driver reset does; the next ask brings the model back. Nothing when none is loaded. */
  loseDevice(): void;
}

const MOST_LOSSES = 3;

export function webllmEngine(spec: WebllmSpec, options: WebllmOptions = {}): WebllmEngine {
  return new WebllmHolder(spec, options);
}

/** `model` and `quantization` of web-llm's ids: `Qwen3-0.6B-q4f16_1-MLC`, `TinyLlama-1.1B-Chat-v1.0-q4f32_1-MLC-1k`. */
export function splitModelId(modelId: string): { model: string; quantization: string } {
  const match = /^(.+?)-(q\df(?:16|32)(?:_\d)?)(?:-MLC)?(-\d+k)?$/.exec(modelId);
  const [, model, quantization, variant] = match ?? [];
  if (model === undefined || quantization === undefined) return { model: modelId, quantization: 'unknown' };
  return { model: model + (variant ?? ''), quantization };
}

class WebllmHolder implements WebllmEngine {
  readonly id: string;
  readonly parallel = 1;
  readonly #order: LoadOrder;
  readonly #options: WebllmOptions;
  readonly #patience: { ask: number; load: number };
  readonly #queue = makeQueue();
  readonly #life = new AbortController();
  #session: Session | null = null;
  #facts: Facts | null = null;
  #losses = 0;
  #recoveries = 0;
  /** Set when the model could not be brought back; `load` clears it. */
  #given: EngineError | null = null;

  constructor(spec: WebllmSpec, options: WebllmOptions) {
    const { model, quantization } =
      spec.kind === 'prebuilt'
        ? splitModelId(spec.modelId)
        : { model: spec.name, quantization: spec.quantization };
    this.id = `webllm:${model.toLowerCase()}:${quantization}`;
    this.#options = options;
    this.#patience = options.patience ?? { ask: 180, load: 300 };
    this.#order = {
      source: sourceOf(spec),
      needsF16: quantization.includes('f16'),
      contextTokens: spec.contextTokens ?? null,
      emptyThinking: /^qwen3/i.test(model),
      path: options.path ?? 'own',
      reuse: options.reuse ?? null,
    };
  }

  get contextTokens(): number {
    return this.#facts?.contextTokens ?? 0;
  }

  get details(): readonly string[] {
    if (!this.#facts) return [];
    const { details } = this.#facts;
    return this.#recoveries === 0
      ? details
      : [...details, `Brought back after a lost device: ${this.#recoveries}×`];
  }

  get build(): string | null {
    return this.#facts?.build ?? null;
  }

  load(report: Report, signal: AbortSignal): Promise<void> {
    return this.#queue.run(async (stop) => {
      if (this.#session && !this.#session.lost) return;
      this.#given = null;
      this.#losses = 0;
      try {
        await this.#open(report, stop);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        throw new EngineError(
          'memory',
          `The graphics device was lost while the model was loading (${error.message}).`,
          'The model is probably too large for it: choose a smaller one, or close other tabs and programs.',
        );
      }
    }, signal);
  }

  generate(ask: Ask, signal: AbortSignal, heard?: Heard): Promise<Reply> {
    const job = (session: Session, stop: AbortSignal) =>
      session.generate(ask, this.#patience.ask, stop, heard);
    return this.#queue.run((stop) => this.#persist(job, stop), signal);
  }

  choose(ask: Ask, options: readonly string[], signal: AbortSignal): Promise<Choice> {
    const job = (session: Session, stop: AbortSignal) =>
      session.choose(ask, options, this.#patience.ask, stop);
    return this.#queue.run((stop) => this.#persist(job, stop), signal);
  }

  loseDevice(): void {
    this.#session?.lose();
  }

  dispose(): Promise<void> {
    this.#queue.close(new EngineError('aborted', 'The engine was stopped.'));
    this.#life.abort();
    this.#session?.end();
    this.#session = null;
    return Promise.resolve();
  }

  /** Does the job, on as many devices in turn as it takes. */
  async #persist<T>(job: (session: Session, stop: AbortSignal) => Promise<T>, stop: AbortSignal): Promise<T> {
    if (!this.#facts) throw new EngineError('unavailable', 'The model is not loaded.', 'Load it first.');
    for (;;) {
      if (this.#given) throw this.#given;
      try {
        const session = this.#session && !this.#session.lost ? this.#session : await this.#recover();
        const result = await job(session, stop);
        this.#losses = 0;
        return result;
      } catch (error) {
        if (stop.aborted) throw new EngineError('aborted', 'The ask was cancelled before its reply came.');
        if (!(error instanceof Lost)) throw error;
        this.#count(error.message);
      }
    }
  }

  /** A new worker with the model in place of the lost one. Rejects with Lost when that fails too. */
  async #recover(): Promise<Session> {
    const { signal } = this.#life;
    const pauses = this.#options.pauses ?? [0, 1000, 5000];
    if (this.#losses === 0) this.#count('it was gone when the next ask came');
    await new Promise((resolve) => setTimeout(resolve, pauses[this.#losses - 1] ?? 0));
    const started = performance.now();
    try {
      // Not the ask's own signal: the asks behind it need the model too.
      const session = await this.#open(() => undefined, signal);
      this.#recoveries++;
      const seconds = Math.round((performance.now() - started) / 1000);
      this.#options.onRecovered?.(
        `The graphics device was lost; the model was loaded again in ${seconds} s and the run goes on.`,
      );
      return session;
    } catch (error) {
      // Right after a crash the browser may have no device to give: that is one more loss, not an answer.
      throw signal.aborted || error instanceof Lost ? error : new Lost(describe(error));
    }
  }

  #count(why: string): void {
    this.#session?.end();
    this.#session = null;
    this.#losses++;
    if (this.#losses >= MOST_LOSSES) this.#given = lostForGood(this.#losses, why);
  }

  async #open(report: Report, signal: AbortSignal): Promise<Session> {
    this.#session?.end();
    const session = new Session((this.#options.startWorker ?? startWorker)());
    try {
      this.#facts = await session.load(this.#order, report, this.#patience.load, signal);
    } catch (error) {
      session.end();
      this.#session = null;
      throw error;
    }
    this.#session = session;
    return session;
  }
}

function sourceOf(spec: WebllmSpec): Source {
  if (spec.kind === 'prebuilt') return { kind: 'prebuilt', modelId: spec.modelId };
  // web-llm parses the address of the weights without a base.
  const absolute = (url: string) => new URL(url, globalThis.location?.href).href;
  return {
    kind: 'custom',
    modelId: `${spec.name}-${spec.quantization}`,
    weightsUrl: absolute(spec.weightsUrl),
    libraryUrl: absolute(spec.libraryUrl),
    sha256: spec.sha256 ?? {},
  };
}
