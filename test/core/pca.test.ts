import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distance, farthestPoints, firstMaximum, principalCoordinates } from '../../src/core/pca.ts';
import fixture from './gaussian.fixture.json' with { type: 'json' };

const points = (rows: readonly (readonly number[])[]) => rows.map((row) => Float64Array.from(row));

describe('principal coordinates', () => {
  test.each(fixture.components)("equal NumPy's singular value decomposition (at most $most)", (each) => {
    const got = principalCoordinates(points(each.points), each.most);
    expect(got.map((row) => row.length)).toEqual(each.coordinates.map((row) => row.length));
    for (const [i, row] of each.coordinates.entries())
      for (const [k, value] of row.entries())
        expect(Math.abs((got[i]?.[k] ?? NaN) - value)).toBeLessThan(1e-9);
  });

  test('distances are kept when nothing is left out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }), {
          minLength: 1,
          maxLength: 8,
        }),
        (rows) => {
          const from = points(rows);
          const to = principalCoordinates(from, 16);
          for (const [i, a] of from.entries())
            for (const [j, b] of from.entries())
              expect(distance(to[i] ?? a, to[j] ?? b)).toBeCloseTo(distance(a, b), 5);
        },
      ),
    );
  });

  test('n vectors have at most n - 1 coordinates, equal ones none, missing numbers are zeros', () => {
    expect(principalCoordinates(points([[1, 2, 3]]), 16)).toEqual([new Float64Array()]);
    const equal = principalCoordinates(
      points([
        [1, 2],
        [1, 2],
        [1, 2],
      ]),
      16,
    );
    expect(equal.map((row) => row.length)).toEqual([0, 0, 0]);
    const two = principalCoordinates([new Float32Array([3, 4]), new Float32Array()], 16);
    expect(two.map((row) => row[0])).toEqual([expect.closeTo(2.5, 12), expect.closeTo(-2.5, 12)]);
    expect(principalCoordinates([], 16)).toEqual([]);
  });
});

describe('farthest points', () => {
  test('equal a brute-force choice', () => {
    const { points: rows, chosen } = fixture.farthest;
    expect(farthestPoints(points(rows), chosen.length)).toEqual(chosen);
  });

  test('ties go to the earlier; all when there are fewer; equal points are taken too', () => {
    expect(farthestPoints(points([[0], [1], [-1], [0.5]]), 3)).toEqual([0, 1, 2]);
    expect(farthestPoints(points([[0], [1]]), 9)).toEqual([0, 1]);
    expect(farthestPoints(points([[1], [1], [1]]), 3)).toEqual([0, 1, 2]);
    expect(farthestPoints([], 3)).toEqual([]);
    expect(farthestPoints(points([[0], [1]]), 0)).toEqual([]);
  });
});

test('the first of values that are equal but for rounding', () => {
  expect(firstMaximum([1, 0.1 + 0.2, 2, 2 + 1e-13])).toBe(2);
  expect(firstMaximum([0, 1e-17])).toBe(0);
  expect(firstMaximum([])).toBe(-1);
  expect(firstMaximum([-Infinity, -5])).toBe(1);
});
