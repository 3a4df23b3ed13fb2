import { describe, expect, test } from 'vitest';
import { crossedDifference, meanOverSeeds } from '../../../src/core/stats/crossed.ts';
import { wilson } from '../../../src/core/stats/proportion.ts';

describe('the mean over seeds', () => {
  test('of one seed has Wilson’s interval', () => {
    expect(meanOverSeeds([0.75], 48)).toEqual({ mean: 0.75, ...wilson(36, 48) });
  });

  test('of seeds that agree has Wilson’s interval too: they are the same examples, not more', () => {
    const { mean, low, high } = meanOverSeeds([0.5, 0.5, 0.5], 40);
    expect(mean).toBe(0.5);
    expect({ low, high }).toEqual(wilson(20, 40));
  });

  test('adds the spread of the seeds', () => {
    // Means 0.5, 0.6, 0.7: variance 0.01, standard error 0.057735, t(0.975; 2) = 4.302653, reach 0.248414.
    // Wilson of 60 in 100: 0.502003 to 0.690599, that is 0.097997 below and 0.090599 above.
    const { mean, low, high } = meanOverSeeds([0.5, 0.6, 0.7], 100);
    expect(mean).toBeCloseTo(0.6, 12);
    expect(low).toBeCloseTo(0.6 - Math.hypot(0.248414, 0.097997), 4);
    expect(high).toBeCloseTo(0.6 + Math.hypot(0.248414, 0.090599), 4);
  });

  test('of nothing is anything', () => {
    expect(meanOverSeeds([], 0)).toEqual({ mean: 0, low: 0, high: 1 });
  });
});

describe('a difference over seeds and examples', () => {
  test('worked by hand', () => {
    // Rows' means 1/2, 1/2 and 1/4: variance 1/48, over three seeds 1/144.
    // Columns' means 1, 2/3, 0, 0: mean 5/12, squares 3/4, variance 1/4, over four examples 1/16.
    // Sum 10/144, standard error 0.263523, t = 1.581139.
    // df = (10/144)^2 / ((1/144)^2 / 2 + (1/16)^2 / 3) = 3.636364.
    const found = crossedDifference([
      [1, 1, 0, 0],
      [1, 1, 0, 0],
      [1, 0, 0, 0],
    ]);
    expect(found.difference).toBeCloseTo(5 / 12, 12);
    // Student's two-sided p of that t, by Simpson's rule over the density with two million steps.
    expect(found.p).toBeCloseTo(0.196014, 6);
    expect(found.low).toBeLessThan(0);
    expect(found).toMatchObject({ seeds: 3, n: 4 });
  });

  test('is judged by the seeds alone where most of the variance may be theirs', () => {
    // Rows' means 0.5 and 0.25: variance 0.03125, over two seeds 0.015625, four times that above the 0.057292 of the
    // examples. Standard error 0.270031, t = 1.388730; of one degree of freedom p = 1 - 2 atan(t) / pi.
    const found = crossedDifference([
      [1, 1, 0, 0],
      [1, 0, 0, 0],
    ]);
    expect(found.p).toBeCloseTo(1 - (2 * Math.atan(1.38873)) / Math.PI, 5);
  });

  test('that differs by seed alone is no surer than its seeds', () => {
    const found = crossedDifference([Array<number>(60).fill(1), Array<number>(60).fill(0)]);
    expect(found.difference).toBeCloseTo(0.5, 12);
    expect(found.p).toBeGreaterThan(0.3);
    expect(found.low).toBe(-1);
  });

  test('of no change at all leaves room for what was not seen', () => {
    const none = crossedDifference([Array<number>(30).fill(0), Array<number>(30).fill(0)]);
    expect(none).toEqual({ difference: 0, low: -0.1, high: 0.1, p: 1, seeds: 2, n: 30 });
  });

  test('grows less sure as seeds disagree', () => {
    const half = (from: number) => Array.from({ length: 40 }, (_, i) => (i % 2 === from ? 1 : 0));
    const agree = crossedDifference([half(0), half(0), half(0)]);
    const apart = crossedDifference([Array<number>(40).fill(1), half(0), Array<number>(40).fill(0)]);
    expect(agree.difference).toBeCloseTo(apart.difference, 12);
    expect(apart.p).toBeGreaterThan(agree.p);
    expect(apart.high - apart.low).toBeGreaterThan(agree.high - agree.low);
  });

  test('refuses rows that are not of the same examples', () => {
    expect(() => crossedDifference([[1]])).toThrow(RangeError);
    expect(() => crossedDifference([[1], [1, 0]])).toThrow(RangeError);
  });
});
