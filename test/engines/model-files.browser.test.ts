import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError, type LoadProgress } from '../../src/core/model.ts';
import { fetchModel } from '../../src/engines/fetch-model.ts';
import { fetchFiles, keptOf, type ModelFiles, removeFiles } from '../../src/engines/model-files.ts';
import { DEFAULT_MODEL, LOCAL_TEST_MODEL } from '../../src/engines/models.ts';

/** Downloads into the browser's real caches, from the page's own server. */

const MODELS = new URL('/models/', location.href).href;
const url = MODELS + DEFAULT_MODEL.path;
const sha256 = DEFAULT_MODEL.sha256 ?? '';
const gguf: ModelFiles = { kind: 'gguf', file: { url, name: 'the model', sha256 } };
const folder = `${MODELS}smollm2-135m-instruct-q4f32-webllm/`;
const librarySha256 = LOCAL_TEST_MODEL.source.kind === 'local' ? LOCAL_TEST_MODEL.source.librarySha256 : '';
const webllm: ModelFiles = {
  kind: 'webllm',
  // web-llm keeps no library of localhost; this is the same server by its number.
  addresses: {
    model: folder,
    model_lib: `${folder.replace('localhost', '127.0.0.1')}resolve/main/model.wasm`,
  },
  sha256: { 'model.wasm': librarySha256 },
};

const isThere = async (address: string) => (await fetch(address, { method: 'HEAD' })).ok;
const hasGguf = await isThere(url);
const hasWebllm = await isThere(`${folder}resolve/main/mlc-chat-config.json`);
const missing = ' (skipped: its files are not on this machine)';

const kept = async (files: ModelFiles) => (await keptOf([files]))[0];

/** One try; stops as soon as `until` bytes are here. */
async function fetchOnce(files: ModelFiles, until = Infinity) {
  const stop = new AbortController();
  const seen: LoadProgress[] = [];
  let error: unknown = null;
  const report = (progress: LoadProgress) => {
    seen.push(progress);
    if (progress.loaded >= until) stop.abort();
  };
  await fetchFiles(files, report, stop.signal).catch((thrown: unknown) => {
    error = thrown;
  });
  return { seen, error };
}

/** Runs `work` with nothing to be had from the network. */
async function offline<T>(work: () => Promise<T>): Promise<T> {
  const real = globalThis.fetch;
  globalThis.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
  try {
    return await work();
  } finally {
    globalThis.fetch = real;
  }
}

describe.skipIf(!hasGguf)(`a GGUF file${hasGguf ? '' : missing}`, () => {
  beforeAll(() => removeFiles(gguf, []));
  afterAll(() => removeFiles(gguf, []));

  test('is paused, gone on with, read without a network, and removed', async () => {
    expect(await kept(gguf)).toEqual({ whole: false, bytes: 0, total: null });
    const first = await fetchOnce(gguf, 50e6);
    expect(first.error).toMatchObject({ fault: 'aborted' });
    const paused = await kept(gguf);
    expect(paused).toMatchObject({ whole: false, total: DEFAULT_MODEL.downloadBytes });
    expect(paused?.bytes).toBeGreaterThanOrEqual(50e6);

    const second = await fetchOnce(gguf);
    expect(second.error).toBeNull();
    expect(second.seen.find(({ loaded }) => loaded > 0)?.loaded).toBe(paused?.bytes);
    const size = DEFAULT_MODEL.downloadBytes;
    expect(await kept(gguf)).toEqual({ whole: true, bytes: size, total: size });
    // Another suite's download may stand half-way beside it.
    const pieces = await (await caches.open('whetstone/pieces')).keys();
    expect(pieces.filter((piece) => piece.url.includes(encodeURIComponent(url)))).toEqual([]);

    const blob = await offline(() =>
      fetchModel({ url, name: 'the model', sha256 }, () => undefined, new AbortController().signal),
    );
    expect([blob.size, await blob.slice(0, 4).text()]).toEqual([size, 'GGUF']);
    await removeFiles(gguf, []);
    expect(await kept(gguf)).toEqual({ whole: false, bytes: 0, total: null });
  });
});

describe.skipIf(!hasWebllm)(`a WebLLM model${hasWebllm ? '' : missing}`, () => {
  beforeAll(() => removeFiles(webllm, []));
  afterAll(() => removeFiles(webllm, []));

  test('keeps whole shards and parts of others when paused, and goes on from both', async () => {
    const first = await fetchOnce(webllm, 60e6);
    expect(first.error).toMatchObject({ fault: 'aborted' });
    const paused = await kept(webllm);
    expect(paused?.whole).toBe(false);
    expect(paused?.bytes).toBeGreaterThanOrEqual(60e6);
    const { seen, error } = await fetchOnce(webllm);
    expect(error).toBeNull();
    // Reports count the model's larger files; the two lists of files are some kilobytes more.
    expect(seen[0]?.loaded).toBeGreaterThan((paused?.bytes ?? 0) - 1e6);
    const whole = await kept(webllm);
    expect(whole).toMatchObject({ whole: true, total: whole?.bytes });
    expect(whole?.bytes).toBeGreaterThan(111e6);
    expect(seen.at(-1)?.loaded).toBe(seen.at(-1)?.total);
    // Offline, a whole model has nothing left to fetch.
    expect((await offline(() => fetchOnce(webllm))).error).toBeNull();
  });

  test('a shard that is not what the list says is thrown away, and told', async () => {
    const shard = `${folder}resolve/main/params_shard_2.bin`;
    const cache = await caches.open('webllm/model');
    const good = new Uint8Array(await ((await cache.match(shard)) ?? new Response()).arrayBuffer());
    const bad = good.slice();
    bad.set([(bad[1000] ?? 0) ^ 1], 1000);
    await cache.delete(shard);
    const key = `https://piece.invalid/${encodeURIComponent(shard)}/${'0'.repeat(15)}`;
    const headers = { 'x-bytes': String(bad.length), 'x-total': String(bad.length) };
    await (await caches.open('whetstone/pieces')).put(key, new Response(bad, { headers }));

    const { error } = await fetchOnce(webllm);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ fault: 'integrity', message: expect.stringContaining(shard) as string });
    expect(await cache.match(shard)).toBeUndefined();
    expect((await fetchOnce(webllm)).error).toBeNull();
    expect((await kept(webllm))?.whole).toBe(true);
  });

  test('is removed but for a library that another model needs', async () => {
    const other: ModelFiles = {
      ...webllm,
      addresses: { ...webllm.addresses, model: 'https://a.example/other/' },
    };
    await removeFiles(webllm, [other]);
    const left = [];
    for (const name of ['webllm/model', 'webllm/config', 'webllm/wasm']) {
      left.push(...(await (await caches.open(name)).keys()).map((request) => request.url));
    }
    expect(left.filter((address) => address.includes('smollm2-135m'))).toEqual([webllm.addresses.model_lib]);
  });
});
