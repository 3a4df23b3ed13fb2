import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRng } from '../../../src/core/rng.ts';
import { compare } from '../../../src/core/stats/compare.ts';
import { examplesForChanges, examplesForMean } from '../../../src/core/stats/power.ts';
import { pairedInterval01 } from '../../../src/core/stats/proportion.ts';

const rng = () => makeRng(1);

describe('compare', () => {
  const scores = (both: number, gained: number, lost: number, neither: number): [number[], number[]] => {
    const repeat = (n: number, score: number) => Array.from({ length: n }, () => score);
    return [
      [...repeat(both, 1), ...repeat(gained, 0), ...repeat(lost, 1), ...repeat(neither, 0)],
      [...repeat(both, 1), ...repeat(gained, 1), ...repeat(lost, 0), ...repeat(neither, 0)],
    ];
  };

  it('shows a clear gain and a clear loss', () => {
    const better = compare(...scores(20, 12, 2, 16), true, rng());
    expect(better).toMatchObject({ n: 50, gained: 12, lost: 2, verdict: 'better', difference: 0.2 });
    expect(better.p).toBeCloseTo(0.012939453125, 12);
    expect(better.low).toBeCloseTo(0.05615642484174821, 12);
    expect(compare(...scores(20, 2, 12, 16), true, rng()).verdict).toBe('worse');
  });

  it('widens an interval to 0 where the exact test does not reject', () => {
    // Newcombe's low end is 0.0118 here, McNemar's p 0.125.
    const narrow = pairedInterval01({ both: 4, gained: 4, lost: 0, neither: 2 });
    expect(narrow.low).toBeGreaterThan(0);
    const result = compare(...scores(4, 4, 0, 2), true, rng());
    expect(result).toMatchObject({ low: 0, high: narrow.high, p: 0.125, verdict: 'not shown' });
  });

  it('compares graded scores by bootstrap, and not on fewer than six changes', () => {
    // Five changes all one way have a permutation p of 2 / 2^5 = 0.0625, six of 0.03125.
    const old = [0.2, 0.3, 0.1, 0.5, 0.4, 0.6];
    const up = old.map((score) => score + 0.1);
    expect(compare(old, up, false, rng())).toMatchObject({ verdict: 'better', p: null, gained: 6, lost: 0 });
    expect(compare(up, old, false, rng()).verdict).toBe('worse');
    expect(compare(old.slice(1), up.slice(1), false, rng())).toMatchObject({ verdict: 'not shown', low: 0 });
  });

  it('has nothing to say about nothing, and refuses lists of different lengths', () => {
    expect(compare([], [], true, rng())).toMatchObject({
      difference: 0,
      low: -1,
      high: 1,
      verdict: 'not shown',
    });
    expect(compare([], [], false, rng())).toMatchObject({
      difference: 0,
      low: -1,
      high: 1,
      verdict: 'not shown',
    });
    expect(() => compare([1], [], true, rng())).toThrow(RangeError);
  });

  it('says how many examples would show the difference seen, when it was not shown', () => {
    const close = compare(...scores(40, 12, 8, 40), true, rng());
    expect(close).toMatchObject({ verdict: 'not shown', needed: examplesForChanges(0.12, 0.08) });
    expect(compare(...scores(20, 12, 2, 16), true, rng()).needed).toBeNull();
    expect(compare(...scores(20, 5, 5, 16), true, rng()).needed).toBeNull();
    expect(compare([], [], true, rng()).needed).toBeNull();
    // Differences 0.1, 0.1, 0, -0.1: mean 0.025, standard deviation 0.0957.
    const graded = compare([0.2, 0.3, 0.1, 0.5], [0.3, 0.4, 0.1, 0.4], false, rng());
    expect(graded.needed).toBe(examplesForMean(0.025, Math.sqrt(0.0275 / 3)));
    // What was seen may be enough on paper; more than were asked are needed all the same.
    const short = compare(...scores(0, 5, 0, 0), true, rng());
    expect(short).toMatchObject({ verdict: 'not shown', p: 0.0625 });
    expect(short.needed).toBeGreaterThan(5);
  });

  it('never lets verdict, interval and p contradict one another', () => {
    const count = fc.integer({ min: 0, max: 120 });
    fc.assert(
      fc.property(count, count, count, count, (both, gained, lost, neither) => {
        const result = compare(...scores(both, gained, lost, neither), true, rng());
        const { low, high, p, difference, verdict } = result;
        expect(low).toBeLessThanOrEqual(difference);
        expect(high).toBeGreaterThanOrEqual(difference);
        expect(verdict === 'better').toBe(low > 0);
        expect(verdict === 'worse').toBe(high < 0);
        expect(verdict === 'not shown').toBe((p ?? 1) >= 0.05);
        expect(result.needed !== null).toBe(verdict === 'not shown' && gained !== lost);
        if (result.needed !== null) expect(result.needed).toBeGreaterThan(result.n);
      }),
      { numRuns: 3000 },
    );
  });
});
