import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leadingEigen, symmetricEigen, tridiagonalEigen } from '../../src/core/eigen.ts';

test('eigenvalues of a matrix worked by hand', () => {
  const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
  expect(values[0]).toBeCloseTo(3, 14);
  expect(values[1]).toBeCloseTo(1, 14);
  expect(Math.abs((vectors[0]?.[0] ?? 0) - (vectors[0]?.[1] ?? 1))).toBeLessThan(1e-14);
});

test('the leading eigenvectors of a large matrix are those of the whole one', () => {
  // 90 points in 40 dimensions, from digits of multiples of irrational numbers.
  const rows = Array.from({ length: 90 }, (_, i) =>
    Float64Array.from({ length: 40 }, (_, k) => (((i + 1) * Math.SQRT2 * (k + 3)) % 1) / (1 + k / 4)),
  );
  const n = rows.length;
  const gram = Float64Array.from({ length: n * n }, (_, at) =>
    (rows[Math.floor(at / n)] ?? new Float64Array()).reduce(
      (sum, x, k) => sum + x * (rows[at % n]?.[k] ?? 0),
      0,
    ),
  );
  const all = symmetricEigen(gram.slice(), n);
  const some = leadingEigen(gram, n, 6);
  for (let c = 0; c < 6; c++) {
    expect(Math.abs((some.values[c] ?? 0) / (all.values[c] ?? 1) - 1)).toBeLessThan(1e-9);
    const overlap = (some.vectors[c] ?? new Float64Array()).reduce(
      (sum, x, k) => sum + x * (all.vectors[c]?.[k] ?? 0),
      0,
    );
    expect(Math.abs(overlap)).toBeCloseTo(1, 9);
  }
});

test('eigenvalues of a chain of springs: 2 - 2 cos(k pi / 6)', () => {
  const { values } = tridiagonalEigen(Float64Array.of(2, 2, 2, 2, 2), Float64Array.of(-1, -1, -1, -1, 0));
  for (const [i, k] of [5, 4, 3, 2, 1].entries())
    expect(values[i]).toBeCloseTo(2 - 2 * Math.cos((k * Math.PI) / 6), 14);
});

test('entries whose squares are below what a number can hold do not spoil the vectors', () => {
  const { vectors } = tridiagonalEigen(Float64Array.of(0, 0), Float64Array.of(1.5717277847026288e-162, 0));
  for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 12);
});

test('any tridiagonal matrix, also one in several parts: its vectors are orthonormal and make it again', () => {
  const entry = fc.oneof(
    fc.constantFrom(0, 1, -1, 1e-9, 1e-162),
    fc.double({ min: -3, max: 3, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(entry, entry), { maxLength: 9 }), (entries) => {
      const n = entries.length;
      const diagonal = Float64Array.from(entries, ([x]) => x);
      const beside = Float64Array.from(entries, ([, x]) => x);
      const { values, vectors } = tridiagonalEigen(diagonal.slice(), beside.slice());
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const wanted = i === j ? diagonal[i] : Math.abs(i - j) === 1 ? beside[Math.min(i, j)] : 0;
          const made = values.reduce(
            (sum, v, k) => sum + v * (vectors[k]?.[i] ?? 0) * (vectors[k]?.[j] ?? 0),
            0,
          );
          expect(Math.abs(made - (wanted ?? NaN))).toBeLessThan(1e-11);
          const turned = (vectors[i] ?? new Float64Array()).reduce(
            (sum, x, k) => sum + x * (vectors[j]?.[k] ?? 0),
            0,
          );
          expect(Math.abs(turned - (i === j ? 1 : 0))).toBeLessThan(1e-12);
        }
      }
    }),
  );
});
