import { describe, expect, test } from 'vitest';
import { makeRng } from '../../../src/core/rng.ts';
import { compare } from '../../../src/core/stats/compare.ts';
import { examplesForChanges, examplesForMean, examplesNeeded } from '../../../src/core/stats/power.ts';
import values from './values.json';

describe('examples needed', () => {
  test("for changes: near the exact power of McNemar's exact test", () => {
    for (const { gained, lost, n } of values.changes) {
      const own = examplesForChanges(gained, lost);
      // The exact power climbs in a saw's teeth, so that a few examples are neither here nor there.
      const far = lost === 0 ? 0.2 * n : Math.max(6, 0.04 * n);
      expect(Math.abs(own - n), `${gained}, ${lost}: ${own} for ${n}`).toBeLessThan(far);
      expect(examplesForChanges(lost, gained)).toBe(own);
    }
  });

  test("for means: statsmodels' solution for the t test, rounded up", () => {
    for (const { d, sd, n } of values.mean)
      expect(Math.abs(examplesForMean(d, sd) - n)).toBeLessThanOrEqual(1.3);
  });

  test('so many examples show the difference four times in five', () => {
    const rng = makeRng(3);
    const n = examplesForChanges(0.2, 0.08);
    let shown = 0;
    for (let round = 0; round < 2000; round++) {
      const differences = Array.from({ length: n }, () => {
        const u = rng.next();
        return u < 0.2 ? 1 : u < 0.28 ? -1 : 0;
      });
      const old = differences.map((each) => (each > 0 ? 0 : 1));
      const now = differences.map((each) => (each < 0 ? 0 : 1));
      if (compare(old, now, true, rng).verdict === 'better') shown += 1;
    }
    // Three standard errors of 2000 rounds are 0.027; a cautious formula may give somewhat more.
    expect(shown / 2000).toBeGreaterThan(0.77);
    expect(shown / 2000).toBeLessThan(0.85);
  });

  test('no number can show a difference of nothing', () => {
    expect(examplesForChanges(0.1, 0.1)).toBe(Infinity);
    expect(examplesForMean(0, 0.3)).toBe(Infinity);
    expect(examplesNeeded([], true)).toBeNull();
    expect(examplesNeeded([1, -1, 0, 0], true)).toBeNull();
    expect(examplesNeeded([0.1, 0.2, -0.3], false)).toBeNull();
    expect(examplesNeeded([1, 0, 0, 0, 0], true)).toBe(examplesForChanges(0.2, 0));
  });
});
