import { afterAll, describe, expect, test } from 'vitest';
import { promptVectors } from '../../src/app/prompt-vectors.ts';
import { bgeEmbedder, EMBEDDER_BYTES } from '../../src/embed/bge.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { planeOf, project } from '../../src/ui/prompt-map.ts';

const modelsUrl = new URL('/models/', location.href).href;
const folder = `${modelsUrl}Xenova/bge-small-en-v1.5/`;
const here = (await fetch(`${folder}config.json`, { method: 'HEAD' })).ok;
const { signal } = new AbortController();

const sentiment = [
  'Is this review positive or negative?',
  'Decide whether the writer liked the film.',
  'Judge the reviewer’s opinion of the movie.',
];
const sorting = [
  'Sort the words in alphabetical order.',
  'Write the list of words from A to Z.',
  'Put these words into dictionary order.',
];

test('a place without the model says what to do', async () => {
  const nowhere = bgeEmbedder(new URL('/no-models/', location.href).href);
  const vectors = promptVectors(() => nowhere, Promise.resolve(memoryStore()));
  await expect(vectors.embed(['a'], () => undefined, signal)).rejects.toMatchObject({
    fault: 'unavailable',
    advice: expect.stringContaining('npm run models'),
  });
  await nowhere.dispose();
});

describe.skipIf(!here)('prompts placed by BGE (skipped without the model files: npm run models)', () => {
  const embedder = bgeEmbedder(modelsUrl);
  afterAll(() => embedder.dispose());

  test('the size that is told is the size of the files', async () => {
    const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model_quantized.onnx'];
    const sizes = await Promise.all(
      files.map(async (file) => (await (await fetch(folder + file)).arrayBuffer()).byteLength),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(EMBEDDER_BYTES);
  });

  test('prompts that ask for the same lie nearer to each other than to the others', async () => {
    const vectors = promptVectors(() => embedder, Promise.resolve(memoryStore()));
    const all = await vectors.embed([...sentiment, ...sorting], () => undefined, signal);
    const plane = planeOf(all);
    if (plane === null) throw new Error('There is no plane.');
    const { points, held } = project(all, plane);
    expect(held).toBeGreaterThan(0.5);
    const across = (i: number) => points[i]?.x ?? NaN;
    for (const i of [0, 1, 2]) {
      expect(across(i)).toBeLessThan(0);
      expect(across(i + 3)).toBeGreaterThan(0);
    }
  });
});
