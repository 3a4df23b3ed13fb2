import { expect, test } from 'vitest';
import { holm } from '../../../src/core/stats/holm.ts';
import values from './values.json';

test("Holm's adjustment equals statsmodels' multipletests", () => {
  for (const { ps, adjusted } of values.holm) {
    const own = holm(ps);
    expect(own).toHaveLength(ps.length);
    own.forEach((p, i) => expect(p).toBeCloseTo(adjusted[i] ?? NaN, 12));
  }
  expect(holm([])).toEqual([]);
});
