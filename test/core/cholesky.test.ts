import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backward, factorize, forward, forwardPair, triangle } from '../../src/core/cholesky.ts';

test('a factor worked by hand', () => {
  // [4 2 -2; 2 10 2; -2 2 6] = L L' with rows 2 | 1 3 | -1 1 2.
  const a = [Float64Array.of(4), Float64Array.of(2, 10), Float64Array.of(-2, 2, 6)];
  expect(factorize(a)).toBe(true);
  expect(a.map((row) => [...row])).toEqual([[2], [1, 3], [-1, 1, 2]]);
  // L z = (2, 7, 4) and L' z = (2, 4, 2).
  expect([...forward(a, Float64Array.of(2, 7, 4))]).toEqual([1, 2, 1.5]);
  expect([...backward(a, Float64Array.of(2, 4, 2))]).toEqual([1, 1, 1]);
});

test('a matrix that is not positive has none', () => {
  for (const bad of [0, -1, NaN]) {
    expect(factorize([Float64Array.of(bad)])).toBe(false);
    expect(factorize([Float64Array.of(1), Float64Array.of(0, bad)])).toBe(false);
    expect(factorize([Float64Array.of(1), Float64Array.of(0, 1), Float64Array.of(0, 0, bad)])).toBe(false);
  }
  expect(factorize([Float64Array.of(1), Float64Array.of(2, 1)])).toBe(false);
  expect(factorize([])).toBe(true);
});

test('any factor comes back from its product, and solves for it', () => {
  const entry = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.array(entry, { minLength: 9, maxLength: 9 }), { maxLength: 9 }), (rows) => {
      const l = rows.map((row, i) =>
        Float64Array.from(row.slice(0, i + 1), (x, k) => (k === i ? 1 + Math.abs(x) : x)),
      );
      const n = l.length;
      const a = triangle(n);
      for (const [i, row] of a.entries())
        for (let j = 0; j <= i; j++)
          for (let k = 0; k <= j; k++) row[j] = (row[j] ?? 0) + (l[i]?.[k] ?? 0) * (l[j]?.[k] ?? 0);
      expect(factorize(a)).toBe(true);
      for (const [i, row] of a.entries())
        for (const [j, x] of row.entries()) expect(Math.abs(x - (l[i]?.[j] ?? NaN))).toBeLessThan(1e-9);
      const b = Float64Array.from({ length: n }, (_, i) => i - 1.5);
      const c = b.map((x) => x * x);
      const alone = [forward(l, b.slice()), forward(l, c.slice())];
      forwardPair(l, n, b, c);
      for (const [i, side] of [b, c].entries())
        for (const [k, x] of side.entries())
          expect(Math.abs(x - (alone[i]?.[k] ?? NaN))).toBeLessThan(1e-9 * (1 + Math.abs(x)));
    }),
  );
});
