import type { Rng } from '../rng.ts';
import { pairedBootstrap } from './bootstrap.ts';
import { pairedPermutation } from './permutation.ts';
import { examplesNeeded } from './power.ts';
import { mcnemarExact, pairedInterval01, type Interval } from './proportion.ts';

/** Two prompts compared on the same examples. */
export interface Comparison {
  /** Mean score of the new prompt minus that of the old, -1..1. */
  difference: number;
  /** 95 % interval of the difference. */
  low: number;
  high: number;
  n: number;
  /** Examples that the new prompt gained and lost (score went up, down). */
  gained: number;
  lost: number;
  /** Two-sided; null where the method gives only an interval. */
  p: number | null;
  method: string;
  verdict: 'better' | 'worse' | 'not shown';
  /**
   * When not shown: about how many test examples would show a difference of the size seen (80 % of the time, were it
   * the true one). Null when shown, or when no difference was seen.
   */
  needed: number | null;
}

/**
 * Compares the scores of two prompts on the same examples, in the same order. 0/1 scores: exact McNemar test and
 * Newcombe's interval; other scores: bootstrap interval (BCa).
 *
 * The verdict is read off the interval alone: `better` or `worse` when it excludes 0. So that it never contradicts
 * the test, an interval that excludes 0 is widened to reach 0 when the p of McNemar's test, or for other scores of the
 * paired permutation test, is not below 0.05: both intervals are the less strict on small samples.
 * Throws RangeError when the lengths differ.
 */
export function compare(
  oldScores: readonly number[],
  newScores: readonly number[],
  binary: boolean,
  rng: Rng,
): Comparison {
  return compareWithP(oldScores, newScores, binary, rng).comparison;
}

/** The same with the p that decides whether it is shown, two-sided: of the permutation test where scores are graded. */
export function compareWithP(
  oldScores: readonly number[],
  newScores: readonly number[],
  binary: boolean,
  rng: Rng,
): { comparison: Comparison; p: number } {
  const n = oldScores.length;
  if (newScores.length !== n) throw new RangeError(`${n} old scores and ${newScores.length} new ones.`);
  const differences = newScores.map((score, i) => score - (oldScores[i] ?? 0));
  const gained = differences.filter((difference) => difference > 0).length;
  const lost = differences.filter((difference) => difference < 0).length;
  let interval: Interval;
  let p: number;
  if (binary) {
    const both = newScores.filter((score, i) => score > 0 && (oldScores[i] ?? 0) > 0).length;
    interval = pairedInterval01({ both, gained, lost, neither: n - both - gained - lost });
    p = mcnemarExact(gained, lost);
  } else {
    interval = pairedBootstrap(differences, rng);
    p = pairedPermutation(differences, rng.fork('permutation')).p;
  }
  const shown = p < 0.05;
  const low = shown ? interval.low : Math.min(0, interval.low);
  const high = shown ? interval.high : Math.max(0, interval.high);
  const verdict = low > 0 ? 'better' : high < 0 ? 'worse' : 'not shown';
  const needed = verdict === 'not shown' ? examplesNeeded(differences, binary) : null;
  const comparison: Comparison = {
    difference: n === 0 ? 0 : differences.reduce((sum, each) => sum + each, 0) / n,
    low,
    high,
    n,
    gained,
    lost,
    p: binary ? p : null,
    method: binary
      ? 'exact McNemar test, Newcombe interval'
      : 'bootstrap interval (BCa), paired permutation test',
    verdict,
    // Chance may have let a test miss what its own size should show; more than it had are needed all the same.
    needed: needed === null ? null : Math.max(needed, n + 1),
  };
  return { comparison, p };
}
