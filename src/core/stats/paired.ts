import { studentTail } from './distributions.ts';

/**
 * One-sided tests of paired differences: p values for "the differences are above 0". All give 1 when every difference
 * is 0 or there are none, so that prompts with identical scores are never told apart.
 */

export type PairedTest = 'sign' | 't' | 'bernstein';

/** Scores such as 1/3 come with rounding; a smaller difference is none. */
const ROUNDING = 1e-9;

/** p of the named test; the differences are of scores in 0..1. */
export function betterBy(test: PairedTest, differences: readonly number[]): number {
  switch (test) {
    case 'sign': {
      const up = differences.filter((each) => each > ROUNDING).length;
      return signAbove(up, up + differences.filter((each) => each < -ROUNDING).length);
    }
    case 't':
      return pairedTAbove(differences);
    case 'bernstein':
      return bernsteinAbove(differences);
  }
}

/**
 * Probability of `up` or more rises among `changes` when rises and falls are equally likely: the sign test, and on 0/1
 * scores McNemar's exact one-sided test.
 */
export function signAbove(up: number, changes: number): number {
  if (changes === 0) return 1;
  // Logarithms, because 2^-changes underflows beyond 1074 changes; from the smallest term up.
  let logTerm = -changes * Math.LN2;
  let tail = 0;
  const falls = changes - up;
  for (let k = 0; k <= falls; k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((changes - k) / (k + 1));
  }
  return Math.min(1, tail);
}

/** Mean and unbiased variance; the variance of fewer than two values is 0. */
export function moments(values: readonly number[]): { mean: number; variance: number } {
  const n = values.length;
  if (n === 0) return { mean: 0, variance: 0 };
  const mean = values.reduce((sum, each) => sum + each, 0) / n;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { mean, variance: n < 2 ? 0 : squares / (n - 1) };
}

/**
 * Paired t test. Differences all equal and above 0 give 0 (t is infinite); a single difference gives 1, for it says
 * nothing of the spread.
 */
export function pairedTAbove(differences: readonly number[]): number {
  const n = differences.length;
  const [first = 0] = differences;
  if (n < 2) return 1;
  if (differences.every((each) => Math.abs(each - first) < ROUNDING)) return first > ROUNDING ? 0 : 1;
  const { mean, variance } = moments(differences);
  return studentTail(mean / Math.sqrt(variance / n), n - 1);
}

/** Differences of scores in 0..1 lie in a range of this width. */
const RANGE = 2;

/**
 * Empirical Bernstein bound (Maurer and Pontil 2009, theorem 4) turned round: the smallest d at which
 * mean > sqrt(2 V ln(2/d) / n) + 7 R ln(2/d) / (3 (n - 1)). Holds for any distribution and any n, so it is far stricter
 * than the other two.
 */
export function bernsteinAbove(differences: readonly number[]): number {
  const n = differences.length;
  const { mean, variance } = moments(differences);
  if (n < 2 || mean <= 0) return 1;
  // A quadratic in the root of ln(2/d).
  const a = (7 * RANGE) / (3 * (n - 1));
  const b = Math.sqrt((2 * variance) / n);
  const root = (-b + Math.sqrt(b * b + 4 * a * mean)) / (2 * a);
  return Math.min(1, 2 * Math.exp(-root * root));
}
