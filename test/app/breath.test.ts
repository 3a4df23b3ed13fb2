import { expect, test } from 'vitest';
import { breather } from '../../src/app/breath.ts';

test('waits for another turn of the event loop only after enough work', async () => {
  let now = 0;
  const { due, breathe } = breather(() => now);
  let turned = false;
  setImmediate(() => (turned = true));
  now = 11;
  expect(due()).toBe(false);
  await breathe();
  expect(turned).toBe(false);
  now = 12;
  expect(due()).toBe(true);
  await breathe();
  await breathe();
  // What waits in the event loop comes to its turn in a breath or two; never without one.
  for (let i = 0; i < 5 && !turned; i++) {
    now += 12;
    await breathe();
  }
  expect(turned).toBe(true);
});
