import * as v from 'valibot';
import { type Embedder, EngineError, type Report } from '../core/model.ts';
import { type Request, Response } from './protocol.ts';

export const EMBEDDER_ID = 'transformers:bge-small-en-v1.5:q8';

/** What the model's four files weigh together. */
export const EMBEDDER_BYTES = 34_757_037;

/** SHA-256 of its weights: no others are taken (bge-files.ts). */
export const EMBEDDER_BUILD = '6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4';

const ADVICE =
  'Run `npm run models` to get the small models, or choose a trajectory that needs no similarity.';

type Order = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** BGE-small-en-v1.5 in a worker; `modelsUrl` is the absolute address of the models folder, with a slash at its end. */
export function bgeEmbedder(modelsUrl: string): Embedder {
  let worker: Worker | null = null;
  let loading: Promise<void> | null = null;
  let next = 0;
  const waiting = new Map<
    number,
    { done(vectors: Float32Array[]): void; failed(error: EngineError): void; report: Report }
  >();

  function end(error: EngineError) {
    worker?.terminate();
    worker = null;
    loading = null;
    for (const ask of waiting.values()) ask.failed(error);
    waiting.clear();
  }

  function open(): Worker {
    const opened = new Worker(new URL('./bge.worker.ts', import.meta.url), { type: 'module' });
    opened.addEventListener('message', ({ data }) => {
      const response = v.parse(Response, data);
      const ask = waiting.get(response.id);
      if (ask === undefined) return;
      if (response.kind === 'progress') {
        ask.report({
          loaded: response.loaded,
          total: response.total,
          doing: `Loading the embedding model (${response.file})`,
        });
        return;
      }
      waiting.delete(response.id);
      if (response.kind === 'done') ask.done(response.vectors);
      else {
        const { message, refused } = response;
        const fault = refused ? 'integrity' : 'unavailable';
        ask.failed(
          new EngineError(fault, `The embedding model failed: ${message}`, refused?.advice ?? ADVICE),
        );
      }
    });
    opened.addEventListener('error', (event) => {
      end(
        new EngineError(
          'lost',
          `The embedding worker stopped: ${event.message || 'no reason given'}.`,
          'Resume the run: it goes on from its log.',
        ),
      );
    });
    return opened;
  }

  function send(order: Order, report: Report, signal: AbortSignal): Promise<Float32Array[]> {
    return new Promise((resolve, reject) => {
      const aborted = () => failed(new EngineError('aborted', 'Embedding was cancelled.'));
      const settle = () => signal.removeEventListener('abort', aborted);
      const id = next++;
      const done = (vectors: Float32Array[]) => {
        settle();
        resolve(vectors);
      };
      const failed = (error: EngineError) => {
        settle();
        waiting.delete(id);
        reject(error);
      };
      if (signal.aborted) {
        aborted();
        return;
      }
      signal.addEventListener('abort', aborted, { once: true });
      waiting.set(id, { done, failed, report });
      worker ??= open();
      worker.postMessage({ ...order, id });
    });
  }

  async function load(report: Report, signal: AbortSignal): Promise<void> {
    loading ??= send({ kind: 'load', base: modelsUrl }, report, signal).then(() => undefined);
    try {
      await loading;
    } catch (error) {
      loading = null;
      throw error;
    }
  }

  return {
    id: EMBEDDER_ID,
    build: EMBEDDER_BUILD,
    load,
    async embed(texts, signal) {
      await load(() => undefined, signal);
      return send({ kind: 'embed', texts: [...texts] }, () => undefined, signal);
    },
    dispose() {
      end(new EngineError('aborted', 'The embedding model was closed.'));
      return Promise.resolve();
    },
  };
}
