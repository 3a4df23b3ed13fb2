/** The differentiable model, in a worker of its own: one step takes seconds, and a model that fails is thrown away whole. */
import { getWebGPUDevice } from '@jax-js/jax';
import { EngineError } from '../core/model.ts';
import { findPlace, type Place, requireMemory, tooLarge } from './device.ts';
import { readGguf } from './gguf.ts';
import { loadLlama } from './llama.ts';
import type { Device, Request, Response } from './protocol.ts';
import { readTokenizer } from './tokenizer.ts';
import { makeTune } from './tune.ts';

let tune: ReturnType<typeof makeTune> | null = null;
const stopped = new Set<number>();

const answer = (response: Response) => postMessage(response);

async function load(id: number, file: Blob, wanted: Device): Promise<string[]> {
  const model = await readGguf(file);
  const tokenizer = readTokenizer(model.metadata);
  const place = await findPlace(wanted);
  requireMemory(model.parameters, place);
  void place.lost.then((message) => answer({ id: -1, kind: 'gone', message }));
  const llama = await withinMemory(model.parameters, place, () =>
    loadLlama(model, place, (share) => answer({ id, kind: 'progress', share })),
  );
  tune = makeTune(llama, tokenizer);
  return [place.about, `${(llama.bytes / 1e6).toFixed(0)} MB of weights`];
}

/** A GPU says only afterwards that it had no room. */
async function withinMemory<T>(parameters: number, place: Place, work: () => Promise<T>): Promise<T> {
  const gpu = place.device === 'webgpu' ? getWebGPUDevice() : null;
  gpu?.pushErrorScope('out-of-memory');
  let done: T;
  try {
    done = await work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooLarge(parameters, place.half, `this machine gave no more (${error.message})`);
  }
  if (await gpu?.popErrorScope()) throw tooLarge(parameters, place.half, 'the GPU has less free');
  return done;
}

async function work(request: Exclude<Request, { kind: 'stop' }>): Promise<Response> {
  const { id } = request;
  if (request.kind === 'load') {
    return { id, kind: 'loaded', details: await load(id, request.file, request.device) };
  }
  if (!tune) throw new Error('The model is not loaded.');
  const result = await tune(request.ask, () => {
    if (stopped.has(id)) throw new EngineError('aborted', 'The gradient steps were cancelled.');
  });
  return { id, kind: 'done', result };
}

function failure(id: number, error: unknown): Response {
  if (error instanceof EngineError) {
    const { fault, message, advice } = error;
    return { id, kind: 'failed', fault, message, advice };
  }
  const why = error instanceof Error ? error.message : String(error);
  // WASM says so by a RangeError, from the memory itself or from jax-js.
  const memory = error instanceof RangeError && /memory|alloc/i.test(why);
  return {
    id,
    kind: 'failed',
    fault: memory ? 'memory' : 'lost',
    message: `The differentiable model failed: ${why}`,
    advice: memory
      ? 'Choose a smaller model or shorter examples, or close other programs and tabs.'
      : 'Resume the run: it goes on from its log.',
  };
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  if (data.kind === 'stop') {
    stopped.add(data.id);
    return;
  }
  work(data).then(answer, (error: unknown) => answer(failure(data.id, error)));
});
