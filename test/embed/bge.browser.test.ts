import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dot } from '../../src/core/vector.ts';
import { bgeEmbedder } from '../../src/embed/bge.ts';

const modelsUrl = new URL('/models/', location.href).href;
const here = (await fetch(`${modelsUrl}Xenova/bge-small-en-v1.5/config.json`, { method: 'HEAD' })).ok;
const { signal } = new AbortController();

describe.skipIf(!here)('BGE in its worker (skipped without the model files: npm run models)', () => {
  const embedder = bgeEmbedder(modelsUrl);
  beforeAll(() => embedder.load(() => undefined, signal), 60_000);
  afterAll(() => embedder.dispose());
  const cosine = (a: Float32Array | undefined, b: Float32Array | undefined) => (a && b ? dot(a, b) : NaN);

  test('vectors have length 384 and norm 1, and a text has one vector', async () => {
    const [a, b, c] = await embedder.embed(
      ['Think step by step.', 'Sort the words.', 'Think step by step.'],
      signal,
    );
    expect(a?.length).toBe(384);
    expect(cosine(a, a)).toBeCloseTo(1, 5);
    expect(cosine(b, b)).toBeCloseTo(1, 5);
    expect(cosine(a, c)).toBeCloseTo(1, 5);
  });

  test('paraphrases rank above unrelated texts', async () => {
    const [prompt, near, far, further] = await embedder.embed(
      [
        'Decide whether the review is positive or negative.',
        'Say if the reviewer liked the film or not.',
        'List the capital cities of Europe in alphabetical order.',
        'Preheat the oven and grease a baking tin.',
      ],
      signal,
    );
    expect(cosine(prompt, near)).toBeGreaterThan(cosine(prompt, far) + 0.05);
    expect(cosine(prompt, near)).toBeGreaterThan(cosine(prompt, further) + 0.05);
  });

  test('the vector of a text does not depend on its company; an over-long text is cut, not refused', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `Prompt number ${i}.`);
    const [together, alone] = [
      await embedder.embed(texts, signal),
      await embedder.embed([texts[17] ?? ''], signal),
    ];
    expect(together).toHaveLength(20);
    expect(together[17]).toEqual(alone[0]);
    expect(await embedder.embed(['word '.repeat(3000)], signal)).toHaveLength(1);
  });

  test('a cancelled ask rejects as aborted', async () => {
    const aborter = new AbortController();
    const asked = embedder.embed(['one'], aborter.signal);
    aborter.abort();
    await expect(asked).rejects.toMatchObject({ fault: 'aborted' });
  });
});

test('missing files are an error that says how to get them', async () => {
  const lost = bgeEmbedder(new URL('/models/nowhere/', location.href).href);
  await expect(lost.load(() => undefined, signal)).rejects.toMatchObject({
    fault: 'unavailable',
    advice: expect.stringContaining('npm run models'),
  });
  await lost.dispose();
});
