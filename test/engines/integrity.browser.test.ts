import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { fetchModel } from '../../src/engines/fetch-model.ts';
import { fetchFiles, keptOf, type ModelFiles } from '../../src/engines/model-files.ts';

/** A file that is not the expected one is refused with both hashes, and nothing is kept of it. No model is needed. */

const sha256 = async (blob: Blob) =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

const good = new Blob([Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251)]);
const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

async function changed(): Promise<Blob> {
  const bytes = await bytesOf(good);
  bytes[150_000] = (bytes[150_000] ?? 0) ^ 1;
  return new Blob([bytes]);
}

describe('a model file by its SHA-256', () => {
  const load = (blob: Blob, expected: string) =>
    fetchModel(
      { url: URL.createObjectURL(blob), name: 'the model', sha256: expected },
      () => undefined,
      new AbortController().signal,
    );

  test('is taken when it is the one', async () => {
    const found = await load(good, await sha256(good));
    expect(await bytesOf(found)).toEqual(await bytesOf(good));
  });

  test.each([
    ['with one bit changed', changed],
    ['cut short', () => Promise.resolve(good.slice(0, 299_000))],
    ['empty', () => Promise.resolve(new Blob([]))],
    ['another one', () => Promise.resolve(new Blob(['GGUF and something else']))],
  ])('is refused %s, with both hashes', async (_, make) => {
    const wrong = await make();
    const expected = await sha256(good);
    const error: unknown = await load(wrong, expected).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    if (!(error instanceof EngineError)) return;
    expect(error.fault).toBe('integrity');
    expect(error.message).toContain(expected);
    expect(error.message).toContain(await sha256(wrong));
    expect(error.advice).toMatch(/Try again/);
  });
});

test('a library of a WebLLM model that is another one is refused with both hashes, and not kept', async () => {
  const real = globalThis.fetch;
  const folder = 'https://weights.invalid/model/resolve/main/';
  const library = 'https://weights.invalid/library.wasm';
  const served: Record<string, BlobPart> = {
    [`${folder}mlc-chat-config.json`]: '{"tokenizer_files": ["tokenizer.json"]}',
    [`${folder}tensor-cache.json`]: '{"records": []}',
    [`${folder}tokenizer.json`]: '{}',
    [library]: 'not the library',
  };
  globalThis.fetch = (input) => {
    const url = input instanceof Request ? input.url : String(input);
    const body = served[url];
    return Promise.resolve(
      body === undefined ? new Response(null, { status: 404 }) : new Response(new Blob([body])),
    );
  };
  const files: ModelFiles = {
    kind: 'webllm',
    addresses: { model: 'https://weights.invalid/model/', model_lib: library },
    sha256: { 'model.wasm': await sha256(good) },
  };
  try {
    const error: unknown = await fetchFiles(files, () => undefined, new AbortController().signal).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ fault: 'integrity' });
    expect(String(error)).toContain(await sha256(good));
    expect(String(error)).toContain(await sha256(new Blob(['not the library'])));
    expect((await keptOf([files]))[0]?.whole).toBe(false);
    expect(await (await caches.open('webllm/wasm')).match(library)).toBeUndefined();
  } finally {
    globalThis.fetch = real;
  }
});
