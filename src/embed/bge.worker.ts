/**
 * BGE-small sentence embeddings by transformers.js, in a worker of its own. One thread: a step embeds a handful of
 * prompts at some 30 ms each, and more threads would spin against the language models.
 */
import { env, pipeline, type FeatureExtractionPipeline } from '@xenova/transformers';
import simdUrl from 'onnxruntime-web/dist/ort-wasm-simd.wasm?url';
import { EngineError } from '../core/model.ts';
import { checkedFiles, MODEL } from './bge-files.ts';
import type { Request, Response as Answer } from './protocol.ts';

let extractor: FeatureExtractionPipeline | null = null;

const answer = (response: Answer) => postMessage(response);

async function load(id: number, base: string): Promise<void> {
  if (extractor !== null) return;
  const files = await checkedFiles(base, (file, loaded, total) =>
    answer({ id, kind: 'progress', loaded, total, file }),
  );
  // Only these: by default the library would ask a model hub, and a CDN for its WASM files.
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = base;
  env.useBrowserCache = false;
  env.useCustomCache = true;
  env.customCache = {
    match: (url: string) => {
      const file = files.get(url);
      return Promise.resolve(
        file && new Response(file, { headers: { 'Content-Length': String(file.size) } }),
      );
    },
    put: () => Promise.resolve(),
  };
  env.backends.onnx.wasm.wasmPaths = { 'ort-wasm-simd.wasm': simdUrl };
  env.backends.onnx.wasm.numThreads = 1;
  extractor = await pipeline('feature-extraction', MODEL, { quantized: true });
  files.clear();
}

/** One text at a time: quantized activations depend on what stands in the same batch, and a vector must not. */
async function embed(texts: readonly string[]): Promise<Float32Array<ArrayBuffer>[]> {
  if (extractor === null) throw new Error('The model is not loaded.');
  const vectors: Float32Array<ArrayBuffer>[] = [];
  for (const text of texts) {
    // BGE is trained for the first token's vector, and for cosine similarity.
    const output = await extractor(text, { pooling: 'cls', normalize: true });
    vectors.push(Float32Array.from(output.data, Number));
  }
  return vectors;
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  const work = data.kind === 'load' ? load(data.id, data.base).then(() => []) : embed(data.texts);
  work.then(
    (vectors) => answer({ id: data.id, kind: 'done', vectors }),
    (error: unknown) =>
      answer({
        id: data.id,
        kind: 'failed',
        message: error instanceof Error ? error.message : String(error),
        ...(error instanceof EngineError &&
          error.fault === 'integrity' && { refused: { advice: error.advice } }),
      }),
  );
});
