import { describe, expect, test } from 'vitest';
import { makeRng } from '../../../src/core/rng.ts';
import { bcaInterval, pairedBootstrap } from '../../../src/core/stats/bootstrap.ts';
import values from './values.json';

const rng = () => makeRng(1);

describe('BCa', () => {
  test("on SciPy's own resamples the interval is SciPy's", () => {
    for (const { differences, means, low, high } of values.bca) {
      const interval = bcaInterval(Float64Array.from(differences), Float64Array.from(means));
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    }
  });

  test('on resamples of its own it is near that of a million', () => {
    // Standard error of a 2.5 % quantile of 10,000 draws: sqrt(0.025 x 0.975 / 10,000) / density, about 0.027 standard
    // deviations of the mean, which is 0.08 here: four of them are 0.009.
    for (const { differences, manyLow, manyHigh } of values.bca) {
      const { low, high } = pairedBootstrap(differences, rng());
      expect(Math.abs(low - manyLow)).toBeLessThan(0.016);
      expect(Math.abs(high - manyHigh)).toBeLessThan(0.016);
    }
  });

  test('covers the mean of a skewed population better than 90 % of the time', () => {
    const draw = makeRng(9);
    let covered = 0;
    for (let round = 0; round < 400; round++) {
      // Squares of uniforms, mean 1/3.
      const sample = Array.from({ length: 40 }, () => draw.next() ** 2);
      const { low, high } = pairedBootstrap(sample, draw.fork(`${round}`), 1000);
      if (low <= 1 / 3 && 1 / 3 <= high) covered += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.9);
    expect(covered / 400).toBeLessThan(0.985);
  });

  test('is a function of its seed, and of no width where all are equal', () => {
    expect(pairedBootstrap([0.1, 0.4, -0.2], rng())).toEqual(pairedBootstrap([0.1, 0.4, -0.2], rng()));
    expect(pairedBootstrap([], rng())).toEqual({ low: -1, high: 1 });
    expect(pairedBootstrap([0.25, 0.25, 0.25], rng())).toEqual({ low: 0.25, high: 0.25 });
  });
});
