import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRng } from '../../../src/core/rng.ts';
import { pairedPermutation } from '../../../src/core/stats/permutation.ts';
import { mcnemarExact } from '../../../src/core/stats/proportion.ts';
import values from './values.json';

const rng = () => makeRng(1);

describe('pairedPermutation', () => {
  test("equals SciPy's where all flips can be counted", () => {
    for (const { differences, p } of values.permutation) {
      const own = pairedPermutation(differences, rng());
      expect(own.exact).toBe(true);
      expect(own.p).toBeCloseTo(p, 12);
    }
  });

  test('is near that of a million flips otherwise', () => {
    const { differences, p } = values.permutationLong;
    const own = pairedPermutation(differences, rng());
    expect(own.exact).toBe(false);
    // Four standard errors of 20,000 flips.
    expect(Math.abs(own.p - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-4);
  });

  test("is McNemar's exact test on 0/1 scores", () => {
    const count = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(count, count, count, (gained, lost, same) => {
        const differences = [gained, lost, same].flatMap((n, i) =>
          Array.from({ length: n }, () => [1, -1, 0][i] ?? 0),
        );
        expect(pairedPermutation(differences, rng()).p).toBeCloseTo(mcnemarExact(gained, lost), 10);
      }),
    );
  });

  test('counting on a lattice and one by one agree', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 10 }), (sixths) => {
        const exact = pairedPermutation(
          sixths.map((n) => n / 6),
          rng(),
        );
        // The same, an irrational factor away from every lattice.
        const scaled = pairedPermutation(
          sixths.map((n) => (n / 6) * Math.SQRT1_2),
          rng(),
        );
        expect(scaled.exact).toBe(true);
        expect(scaled.p).toBeCloseTo(exact.p, 12);
      }),
    );
  });

  test('nothing changed: nothing shown', () => {
    expect(pairedPermutation([], rng())).toEqual({ p: 1, exact: true });
    expect(pairedPermutation([0, 0, 0], rng())).toEqual({ p: 1, exact: true });
  });
});
