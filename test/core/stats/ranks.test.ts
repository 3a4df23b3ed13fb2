import { describe, expect, test } from 'vitest';
import { friedman, meanRanks, nemenyi, ranksOf } from '../../../src/core/stats/ranks.ts';
import values from './values.json';

describe('ranks of methods over tasks', () => {
  test('equal scores share the mean of their ranks', () => {
    expect(ranksOf([0.9, 0.5, 0.9, 0.1, 0.5, 0.5])).toEqual([1.5, 4, 1.5, 6, 4, 4]);
    expect(ranksOf([])).toEqual([]);
    // Two means of 0.45 on paper.
    expect(ranksOf([(0.3 + 0.6) / 2, (0.45 + 0.45) / 2])).toEqual([1.5, 1.5]);
    expect(friedman(Array(3).fill([(0.3 + 0.6) / 2, 0.45, 0.45]))).toEqual({ statistic: 0, p: 1 });
  });

  test("mean ranks and Friedman's test equal SciPy's, ties and all", () => {
    for (const { rows, meanRanks: ranks, statistic, p } of values.friedman) {
      meanRanks(rows).forEach((rank, i) => expect(rank).toBeCloseTo(ranks[i] ?? NaN, 12));
      const own = friedman(rows);
      expect(own.statistic).toBeCloseTo(statistic, 9);
      expect(own.p).toBeCloseTo(p, 9);
    }
  });

  test("Nemenyi's critical difference equals the table of Demšar 2006 and SciPy's points", () => {
    // Table 5(a) of the paper, q at 0.05 and 0.10 for 2 to 10 methods, and its example: 4 methods, 14 tasks, 1.25.
    const paper = [1.96, 2.343, 2.569, 2.728, 2.85, 2.949, 3.031, 3.102, 3.164];
    const paper10 = [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.78, 2.855, 2.92];
    const scale = (k: number) => Math.sqrt((k * (k + 1)) / 6);
    paper.forEach((q, i) => expect(Math.abs(nemenyi(i + 2, 1) / scale(i + 2) - q)).toBeLessThan(0.0011));
    paper10.forEach((q, i) =>
      expect(Math.abs(nemenyi(i + 2, 1, '0.1') / scale(i + 2) - q)).toBeLessThan(0.0011),
    );
    expect(nemenyi(4, 14)).toBeCloseTo(1.25, 2);
    for (const alpha of ['0.05', '0.1'] as const) {
      values.studentizedRange[alpha].forEach((q, i) => {
        expect(nemenyi(i + 2, 1, alpha)).toBeCloseTo((q / Math.SQRT2) * scale(i + 2), 5);
      });
    }
  });

  test('too few methods or tasks show nothing; odd tables are refused', () => {
    expect(friedman([])).toEqual({ statistic: 0, p: 1 });
    expect(friedman([[1, 2, 3]])).toEqual({ statistic: 0, p: 1 });
    expect(
      friedman([
        [1, 2],
        [2, 3],
      ]),
    ).toEqual({ statistic: 0, p: 1 });
    expect(
      friedman([
        [1, 1, 1],
        [2, 2, 2],
      ]),
    ).toEqual({ statistic: 0, p: 1 });
    expect(() =>
      friedman([
        [1, 2, 3],
        [1, 2],
      ]),
    ).toThrow(RangeError);
    expect(() => nemenyi(21, 10)).toThrow(RangeError);
    expect(() => nemenyi(1, 10)).toThrow(RangeError);
  });
});
