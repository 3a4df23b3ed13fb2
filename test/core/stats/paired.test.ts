import { describe, expect, test } from 'vitest';
import { makeRng } from '../../../src/core/rng.ts';
import { bernsteinAbove, betterBy, pairedTAbove, signAbove } from '../../../src/core/stats/paired.ts';
import values from './values.json';

describe('one-sided paired tests', () => {
  test('equal SciPy: binomtest, ttest_rel, and the bound solved for its error', () => {
    for (const { differences, sign, t, bernstein } of values.better) {
      expect(betterBy('sign', differences) / sign).toBeCloseTo(1, 9);
      expect(betterBy('t', differences) / t).toBeCloseTo(1, 9);
      expect(betterBy('bernstein', differences) / bernstein).toBeCloseTo(1, 9);
    }
    for (const { up, changes, p } of values.sign) expect(signAbove(up, changes) / p).toBeCloseTo(1, 9);
  });

  test('identical scores are never told apart', () => {
    for (const kind of ['sign', 't', 'bernstein'] as const) {
      expect(betterBy(kind, [])).toBe(1);
      expect(betterBy(kind, [0, 0, 0, 0, 0, 0])).toBe(1);
      // 0.1 + 0.2 - 0.3: rounding is no difference.
      expect(
        betterBy(
          kind,
          Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 5.6e-17 : -5.6e-17)),
        ),
      ).toBeGreaterThan(0.4);
    }
  });

  test('one difference tells the t test and the bound nothing', () => {
    expect(pairedTAbove([0.7])).toBe(1);
    expect(bernsteinAbove([0.7])).toBe(1);
    expect(pairedTAbove([0.2, 0.2, 0.2])).toBe(0);
    expect(pairedTAbove([-0.2, -0.2, -0.2])).toBe(1);
  });

  test('two prompts that are alike are called different at most alpha of the time', () => {
    const rng = makeRng(5);
    const rounds = 4000;
    const hits = { sign: 0, t: 0, bernstein: 0 };
    for (let round = 0; round < rounds; round++) {
      const differences = Array.from({ length: 40 }, () =>
        rng.next() < 0.3 ? (rng.next() < 0.5 ? 1 : -1) : 0,
      );
      for (const kind of ['sign', 't', 'bernstein'] as const)
        if (betterBy(kind, differences) < 0.05) hits[kind] += 1;
    }
    // Three standard errors above 0.05 for 4000 rounds: 0.0603.
    expect(hits.sign / rounds).toBeLessThan(0.0603);
    expect(hits.t / rounds).toBeLessThan(0.0603);
    expect(hits.t / rounds).toBeGreaterThan(0.035);
    expect(hits.bernstein).toBe(0);
  });
});
