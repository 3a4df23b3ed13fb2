import * as v from 'valibot';
import { EngineError, type Report } from '../core/model.ts';
import type { TuneAsk, Tuner, TuneResult } from '../core/tuner.ts';
import { type Device, type Request, Response } from './protocol.ts';

export type { Device } from './protocol.ts';

export interface TunerOptions {
  /** Model and quantization as they stand in the tuner's id: `smollm2-135m-instruct:q8_0`. */
  name: string;
  /** Of the file; absent where it is not known before. */
  sha256?: string;
  /** The model's GGUF file. Asked for again after a loss. */
  file(report: Report, signal: AbortSignal): Promise<Blob>;
  /** Default `auto`. */
  device?: Device;
}

type Order = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
type Answer = Extract<Response, { kind: 'loaded' | 'done' }>;

interface Waiting {
  done(answer: Answer): void;
  failed(error: EngineError): void;
  report: Report;
}

/**
 * A Llama that gradients can be taken through, in a worker. Asks are answered one after the other. An ask that is
 * cancelled ends between two packs of examples; after a lost device the next ask loads the model anew.
 */
export function gradientTuner(options: TunerOptions): Tuner {
  const { name } = options;
  let worker: Worker | null = null;
  let loading: Promise<void> | null = null;
  let details: readonly string[] = [];
  let stepMilliseconds: number | null = null;
  let next = 0;
  const waiting = new Map<number, Waiting>();
  /** The end of the ask before. */
  let turn: Promise<unknown> = Promise.resolve();

  function end(error: EngineError): void {
    worker?.terminate();
    worker = null;
    loading = null;
    const all = [...waiting.values()];
    waiting.clear();
    for (const ask of all) ask.failed(error);
  }

  function lost(why: string): EngineError {
    return new EngineError(
      'lost',
      `The differentiable model's device is gone: ${why}`,
      'Resume the run: it goes on from its last gradient step. Choose a smaller model if this repeats.',
    );
  }

  function open(): Worker {
    const opened = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    opened.addEventListener('message', ({ data }) => {
      if (opened !== worker) return;
      const response = v.parse(Response, data);
      if (response.kind === 'gone') {
        end(lost(response.message));
        return;
      }
      const ask = waiting.get(response.id);
      if (response.kind === 'progress') {
        ask?.report({ loaded: response.share, total: 1, doing: `Unpacking the weights of ${name}` });
        return;
      }
      waiting.delete(response.id);
      if (response.kind !== 'failed') ask?.done(response);
      else {
        const error = new EngineError(response.fault, response.message, response.advice);
        ask?.failed(error);
        // What it holds is in an unknown state.
        if (error.fault === 'lost' || error.fault === 'memory') end(error);
      }
    });
    opened.addEventListener('error', (event) => {
      if (opened === worker) end(lost(event.message || 'its worker stopped without a reason'));
    });
    return opened;
  }

  function send(order: Order, report: Report, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled(order));
        return;
      }
      const id = next++;
      const abort = () => {
        // Loading cannot be cut short otherwise.
        if (order.kind === 'load') end(cancelled(order));
        else worker?.postMessage({ id, kind: 'stop' } satisfies Request);
      };
      const settle = () => signal.removeEventListener('abort', abort);
      signal.addEventListener('abort', abort, { once: true });
      waiting.set(id, {
        done: (answer) => (settle(), resolve(answer)),
        failed: (error) => (settle(), reject(error)),
        report,
      });
      worker ??= open();
      worker.postMessage({ ...order, id });
    });
  }

  const cancelled = (order: Order) =>
    new EngineError(
      'aborted',
      order.kind === 'load' ? `Loading ${name} was cancelled.` : 'The gradient steps were cancelled.',
    );

  async function start(report: Report, signal: AbortSignal): Promise<void> {
    const file = await options.file(report, signal);
    report({ loaded: 0, total: 1, doing: `Unpacking the weights of ${name}` });
    const answer = await send({ kind: 'load', file, device: options.device ?? 'auto' }, report, signal);
    if (answer.kind === 'loaded') details = answer.details;
  }

  async function load(report: Report, signal: AbortSignal): Promise<void> {
    const mine = (loading ??= start(report, signal));
    try {
      await mine;
    } catch (error) {
      if (loading === mine) loading = null;
      throw error;
    }
  }

  async function tune(ask: TuneAsk, signal: AbortSignal): Promise<TuneResult> {
    await load(() => undefined, signal);
    const began = performance.now();
    const answer = await send({ kind: 'tune', ask }, () => undefined, signal);
    if (answer.kind !== 'done') throw lost('its worker answered something else');
    if (ask.do === 'steps' && ask.batches.length > 0) {
      stepMilliseconds = (performance.now() - began) / ask.batches.length;
    }
    return answer.result;
  }

  return {
    id: `gradient:${name}`,
    get build() {
      const [place] = details;
      return options.sha256 === undefined || place === undefined ? null : `${options.sha256} ${place}`;
    },
    get details() {
      return stepMilliseconds === null
        ? details
        : [...details, `${Math.round(stepMilliseconds)} ms a gradient step`];
    },
    load,
    tune(ask, signal) {
      const mine = turn.then(() => tune(ask, signal));
      turn = mine.catch(() => undefined);
      return mine;
    },
    dispose() {
      end(new EngineError('aborted', `${name} was closed.`));
      return Promise.resolve();
    },
  };
}
