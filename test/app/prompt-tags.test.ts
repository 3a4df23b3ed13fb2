import { expect, test } from 'vitest';
import { promptTags, tagPrompt } from '../../src/app/prompt-tags.ts';
import { memoryStore } from '../../src/storage/memory.ts';

test('a tag is added beside those that others have given, also at the same time, and goes when it is taken away', async () => {
  const store = memoryStore();
  await Promise.all([tagPrompt(store, 'one', ['class']), tagPrompt(store, 'two', ['short', 'kind'])]);
  expect(await promptTags(store)).toEqual({ one: ['class'], two: ['short', 'kind'] });
  expect(await tagPrompt(store, 'one', [])).toEqual({ two: ['short', 'kind'] });
  expect(await promptTags(store)).toEqual({ two: ['short', 'kind'] });
});

test('a tag that could not be kept is not taken for kept, and the next one is tried', async () => {
  const store = memoryStore();
  const full = { ...store, saveSetting: () => Promise.reject(new Error('The disk is full.')) };
  await expect(tagPrompt(full, 'one', ['class'])).rejects.toThrow('The disk is full.');
  expect(await tagPrompt(store, 'two', ['short'])).toEqual({ two: ['short'] });
});
