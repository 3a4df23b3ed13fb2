import { expect, test } from 'vitest';
import heads from 'virtual:method-heads';
import described from 'virtual:methods';
import { loadMethod, methodIds } from '../../src/app/methods.ts';
import { optimizers } from '../../src/optimizers/index.ts';

test('every method of the registry can be fetched, and is described as it is', async () => {
  expect([...methodIds].sort()).toEqual(optimizers.map(({ id }) => id).sort());
  for (const id of methodIds) expect((await loadMethod(id))?.id).toBe(id);
  expect(described.map(({ id }) => id)).toEqual(optimizers.map(({ id }) => id));
  for (const [i, method] of described.entries()) {
    // Only the code may be missing: what JSON cannot hold would be lost without a word.
    const {
      selectsOn: _,
      embeds: __,
      cost: ___,
      stepSizes: ____,
      search: _____,
      ...rest
    } = optimizers[i] ?? {};
    expect(method).toEqual(rest);
  }
});

test('the page begins with all that is said of the methods but their options and templates', () => {
  expect(heads).toEqual(described.map((method) => ({ ...method, options: {}, prompts: {} })));
});

test('there is no method of an unknown name', async () => {
  expect(await loadMethod('toString')).toBeNull();
});
