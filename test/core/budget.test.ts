import { expect, test } from 'vitest';
import { testOnly } from '../../src/core/budget.ts';

test('a run is its final test alone when any of its limits is nothing', () => {
  expect(testOnly({})).toBe(false);
  expect(testOnly({ steps: 3, tokens: 1 })).toBe(false);
  expect(testOnly({ targetCalls: 0 })).toBe(true);
  expect(testOnly({ steps: 4, minutes: 0 })).toBe(true);
});
