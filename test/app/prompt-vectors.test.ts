import { expect, test } from 'vitest';
import { promptVectors } from '../../src/app/prompt-vectors.ts';
import { EngineError, type Embedder } from '../../src/core/model.ts';
import type { Effects } from '../../src/core/log.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const { signal } = new AbortController();
const quiet = () => undefined;

function counting(fault: EngineError | null = null): Embedder & { asked: string[]; loads: number } {
  const own = {
    asked: [] as string[],
    loads: 0,
    id: 'counting',
    async load() {
      own.loads += 1;
      if (fault) throw fault;
    },
    async embed(texts: readonly string[]) {
      own.asked.push(...texts);
      return texts.map((text) => new Float32Array([text.length, 1]));
    },
    async dispose() {},
  };
  return own;
}

test('nothing is known, nor loaded, until vectors are asked for; then they are kept', async () => {
  const embedder = counting();
  const store = memoryStore();
  const vectors = promptVectors(() => embedder, Promise.resolve(store));
  expect(await vectors.known(['a', 'bb'])).toEqual([null, null]);
  expect(embedder.loads).toBe(0);
  expect(await vectors.embed(['a', 'bb'], quiet, signal)).toEqual([
    new Float32Array([1, 1]),
    new Float32Array([2, 1]),
  ]);
  await vectors.embed(['bb', 'ccc'], quiet, signal);
  expect(embedder.asked).toEqual(['a', 'bb', 'ccc']);
  const later = promptVectors(() => embedder, Promise.resolve(store));
  expect(await later.known(['bb', 'x'])).toEqual([new Float32Array([2, 1]), null]);
});

test('vectors that a recording holds are known, but do not enter storage', async () => {
  const embedder = counting();
  const store = memoryStore();
  const vectors = promptVectors(() => embedder, Promise.resolve(store));
  const recording: Effects = {
    perform: async () => ({ kind: 'embed', vectors: [new Float32Array([3, 4])], ms: 0 }),
  };
  await vectors.hear('another model', recording).perform({ kind: 'embed', texts: ['a'] });
  expect(await vectors.known(['a'])).toEqual([null]);
  const outcome = await vectors.hear('counting', recording).perform({ kind: 'embed', texts: ['a'] });
  expect(outcome).toMatchObject({ kind: 'embed' });
  expect(await vectors.known(['a'])).toEqual([new Float32Array([3, 4])]);
  expect(await store.vectors('counting', ['a'])).toEqual([null]);
});

test('a model that is not there says what to do; other faults pass unchanged', async () => {
  const missing = new EngineError('unavailable', 'The embedding model failed: 404', 'For a run.');
  const vectors = promptVectors(() => counting(missing), Promise.resolve(memoryStore()));
  await expect(vectors.embed(['a'], quiet, signal)).rejects.toMatchObject({
    message: 'The embedding model failed: 404',
    advice: expect.stringContaining('npm run models'),
  });
  const aborted = new EngineError('aborted', 'Cancelled.');
  const other = promptVectors(() => counting(aborted), Promise.resolve(memoryStore()));
  await expect(other.embed(['a'], quiet, signal)).rejects.toBe(aborted);
});
