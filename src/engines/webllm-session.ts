import { type Ask, type Choice, EngineError, type Heard, type Reply, type Report } from '../core/model.ts';
import { Lost } from './webllm-faults.ts';
import type { Facts, FromWorker, LoadOrder, ToWorker } from './webllm-protocol.ts';

/** What a session needs of a worker. */
export interface Port {
  postMessage(message: ToWorker): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<FromWorker>) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: Event) => void): void;
  terminate(): void;
}

export function startWorker(): Port {
  return new Worker(new URL('./webllm.worker.ts', import.meta.url), { type: 'module', name: 'webllm' });
}

type Outcome = Exclude<FromWorker, { kind: 'progress' | 'alive' | 'text' | 'failed' | 'lost' }>;

interface Pending {
  settle(outcome: Outcome | Error): void;
  report: Report;
  heard: Heard;
  /** Seconds awake since the worker last showed progress. */
  quiet: number;
  patience: number;
}

/**
 * One worker from its start to its end. Takes one order at a time (the caller queues) and rejects with EngineError, or
 * with Lost when the worker or its device is gone or silent: then `end` it and start another.
 */
export class Session {
  readonly #port: Port;
  #pending: Pending | null = null;
  #lost: Lost | null = null;
  #ended = false;
  #watch: ReturnType<typeof setInterval> | null = null;

  constructor(port: Port) {
    this.#port = port;
    port.addEventListener('message', (event) => this.#receive(event.data));
    for (const type of ['error', 'messageerror'] as const) {
      port.addEventListener(type, (event) => {
        const told = 'message' in event && typeof event.message === 'string' ? event.message : '';
        this.#lose(told || 'the worker stopped');
      });
    }
  }

  get lost(): boolean {
    return this.#lost !== null;
  }

  /** A load that is no longer wanted ends the session: finished files stay in the browser's cache. */
  async load(order: LoadOrder, report: Report, patience: number, signal: AbortSignal): Promise<Facts> {
    const end = () => this.end();
    signal.addEventListener('abort', end, { once: true });
    try {
      const outcome = await this.#call({ kind: 'load', order }, patience, report);
      if (outcome.kind === 'loaded') return outcome.facts;
      throw unexpected(outcome);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async generate(ask: Ask, patience: number, signal: AbortSignal, heard?: Heard): Promise<Reply> {
    const order: ToWorker = { kind: 'generate', ask, listened: heard !== undefined };
    const outcome = await this.#cancellable(order, patience, signal, heard);
    if (outcome.kind === 'reply') return outcome.reply;
    throw unexpected(outcome);
  }

  async choose(ask: Ask, options: readonly string[], patience: number, signal: AbortSignal): Promise<Choice> {
    const outcome = await this.#cancellable({ kind: 'choose', ask, options }, patience, signal);
    if (outcome.kind === 'choice') return outcome.choice;
    throw unexpected(outcome);
  }

  /** Destroys the device, as a driver reset does. */
  lose(): void {
    this.#port.postMessage({ kind: 'lose' });
  }

  /** Idempotent; a pending order rejects as aborted. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle(new EngineError('aborted', 'The engine was stopped before the reply came.'));
    this.#lost ??= new Lost('the engine was stopped');
    this.#port.terminate();
  }

  async #cancellable(
    order: ToWorker,
    patience: number,
    signal: AbortSignal,
    heard?: Heard,
  ): Promise<Outcome> {
    const cancel = () => this.#port.postMessage({ kind: 'cancel' });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await this.#call(order, patience, undefined, heard);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  #call(
    order: ToWorker,
    patience: number,
    report: Report = () => undefined,
    heard: Heard = () => undefined,
  ): Promise<Outcome> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (this.#pending) return Promise.reject(new Error('One order at a time.'));
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome | Error) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      this.#pending = { settle, report, heard, quiet: 0, patience };
      // Ticks, not a clock: the time that a laptop slept is nobody's fault.
      this.#watch = setInterval(() => this.#tick(), 1000);
      this.#port.postMessage(order);
    });
  }

  #tick(): void {
    const pending = this.#pending;
    if (!pending || ++pending.quiet < pending.patience) return;
    this.#lose(`no sign of life for ${pending.patience} seconds`);
  }

  #receive(message: FromWorker): void {
    const pending = this.#pending;
    if (pending) pending.quiet = 0;
    switch (message.kind) {
      case 'alive':
        return;
      case 'progress':
        pending?.report(message.progress);
        return;
      case 'text':
        pending?.heard(message.text);
        return;
      case 'lost':
        this.#lose(message.why);
        return;
      case 'failed': {
        const { fault, message: text, advice } = message.error;
        this.#settle(new EngineError(fault, text, advice));
        return;
      }
      default:
        this.#settle(message);
    }
  }

  #lose(why: string): void {
    this.#lost ??= new Lost(why);
    this.#settle(this.#lost);
  }

  #settle(outcome: Outcome | Error): void {
    const pending = this.#pending;
    this.#pending = null;
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    pending?.settle(outcome);
  }
}

const unexpected = (outcome: Outcome) => new Error(`The worker answered ${outcome.kind} to something else.`);
