import { describe, expect, it } from 'vitest';
import { gapBetween, unpairedInterval01, welchInterval } from '../../../src/core/stats/gap.ts';

describe('unpairedInterval01', () => {
  // Newcombe 1998, Statistics in Medicine 17:873, table II, contrasts (a) to (d), method 10: 0.0524 to 0.3339, 0.1705 to
  // 0.8090, 0.0582 to 0.8062, -0.0381 to 0.1926. More digits, and the other rows: the paper's formula in Python.
  it.each([
    [56, 70, 48, 80, 0.05243147240236498, 0.333872654036906],
    [9, 10, 3, 10, 0.17052272393450302, 0.8090179735354881],
    [6, 7, 2, 7, 0.0582279274823122, 0.8062496375242277],
    [5, 56, 0, 29, -0.03813714790353688, 0.19256001385511162],
    [0, 10, 0, 20, -0.16112515805281938, 0.2775327998628892],
    [10, 10, 0, 10, 0.6075093504305242, 1],
    [39, 50, 64, 100, -0.01859704555686373, 0.2744758101548025],
  ])('of %i in %i and %i in %i', (a, n, b, m, low, high) => {
    const interval = unpairedInterval01(a, n, b, m);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
    const back = unpairedInterval01(b, m, a, n);
    expect(back.low).toBeCloseTo(-high, 12);
    expect(back.high).toBeCloseTo(-low, 12);
  });
  it('knows nothing of nothing', () => {
    expect(unpairedInterval01(3, 5, 0, 0)).toEqual({ low: -1, high: 1 });
  });
});

describe('welchInterval', () => {
  const x = [0.9, 0.7, 1.0, 0.8, 0.85, 0.6, 0.95];
  const y = [0.5, 0.75, 0.4, 0.9, 0.3, 0.65, 0.55, 0.7, 0.2];
  // Python: variances by the statistics module, t by integrating its density with Simpson's rule: 13.52 degrees of
  // freedom, t = 2.1519243.
  it('equals a value worked by another way', () => {
    const { low, high } = welchInterval(x, y);
    expect(low).toBeCloseTo(0.08058110793381262, 8);
    expect(high).toBeCloseTo(0.4765617492090443, 8);
  });
  it('stays within the possible, and is never of no width', () => {
    expect(welchInterval([0.5], y)).toEqual({ low: -1, high: 1 });
    expect(welchInterval([0, 1], [0.2, 0.9])).toEqual({ low: -1, high: 1 });
    const same = welchInterval([1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5]);
    expect(same.low).toBeLessThan(0.5);
    expect(same.high).toBeGreaterThan(0.5);
  });
});

describe('gapBetween', () => {
  it('is the first mean minus the second', () => {
    const ones = (right: number, n: number) => Array.from({ length: n }, (_, i) => Number(i < right));
    const gap = gapBetween('validation', ones(56, 70), ones(48, 80), true);
    expect(gap).toMatchObject({ split: 'validation', score: 0.8, n: 70 });
    expect(gap?.difference).toBeCloseTo(0.2, 12);
    expect(gap?.low).toBeCloseTo(0.0524, 4);
  });
  it('is Welch’s for graded scores', () => {
    expect(gapBetween('train', [0.5, 0.7], [0.1, 0.2, 0.3], false)).toMatchObject(
      welchInterval([0.5, 0.7], [0.1, 0.2, 0.3]),
    );
  });
  it('is null where one side is empty', () => {
    expect(gapBetween('validation', [], [1], true)).toBeNull();
    expect(gapBetween('validation', [1], [], true)).toBeNull();
  });
});
