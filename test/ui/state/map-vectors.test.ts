import { expect, test, vi } from 'vitest';
import type { PromptVectors } from '../../../src/app/types.ts';
import { MapVectors } from '../../../src/ui/state/map-vectors.svelte.ts';

test('a prompt that a run embeds later is placed then, and is not looked for at every turn', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const stored = new Map<string, Float32Array>();
  const looked: string[][] = [];
  const source: PromptVectors = {
    downloadBytes: 1,
    known(texts) {
      looked.push([...texts]);
      return Promise.resolve(texts.map((text) => stored.get(text) ?? null));
    },
    embed: () => Promise.reject(new Error('no model is asked')),
  };
  const vectors = new MapVectors(source);
  const want = async (...prompts: string[]) => {
    vectors.want(prompts);
    // A few turns of promises: nothing here waits for a clock.
    await new Promise((resolve) => setTimeout(resolve));
  };
  const vector = new Float32Array([1, 0]);
  await want('first', 'second');
  expect(vectors.looked).toBe(true);
  stored.set('first', vector);
  now = 1_000;
  await want('first', 'second', 'third');
  expect(vectors.known.get('first')).toBeNull();
  now = 9_000;
  await want('first', 'second', 'third', 'fourth');
  expect(vectors.known.get('first')).toBe(vector);
  now = 20_000;
  await want('first', 'second', 'third', 'fourth');
  expect(looked).toEqual([
    ['first', 'second'],
    ['third'],
    ['first', 'second', 'third', 'fourth'],
    ['second', 'third', 'fourth'],
  ]);
  vi.restoreAllMocks();
});
