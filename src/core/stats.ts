import type { Rng } from './rng.ts';

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
}

export interface Interval {
  low: number;
  high: number;
}

/** How two prompts did on the same 0/1 examples. */
export interface Pairs {
  both: number;
  /** Only the new one was right. */
  gained: number;
  /** Only the old one was right. */
  lost: number;
  neither: number;
}

/** The 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/** Wilson's 95 % score interval of a proportion, without continuity correction; 0..1 when nothing was observed. */
export function wilson(successes: number, n: number): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const p = successes / n;
  const z2 = Z * Z;
  const middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  // Exact at the ends, where rounding would leave a trace.
  return { low: successes === 0 ? 0 : middle - half, high: successes === n ? 1 : middle + half };
}

/** Two-sided exact McNemar test: the binomial probability of a split of the changes as uneven as this; 1 for none. */
export function mcnemarExact(gained: number, lost: number): number {
  const changes = gained + lost;
  // Logarithms, because 2^-changes underflows beyond 1074 changes.
  let logTerm = -changes * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(gained, lost); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((changes - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}

/**
 * 95 % interval of the difference (new minus old) of two proportions on the same examples: Newcombe 1998, Statistics
 * in Medicine 17:2635, method 10, that is Wilson intervals squared and added, with the correction of phi.
 * -1..1 when nothing was observed.
 */
export function pairedInterval01({ both, gained, lost, neither }: Pairs): Interval {
  const n = both + gained + lost + neither;
  if (n === 0) return { low: -1, high: 1 };
  const right = both + gained;
  const before = both + lost;
  const p1 = right / n;
  const p2 = before / n;
  const one = wilson(right, n);
  const two = wilson(before, n);
  const phi = correctedPhi({ both, gained, lost, neither }, n);
  const reach = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * phi * a * b + b * b));
  const difference = (gained - lost) / n;
  return {
    low: Math.max(-1, difference - reach(p1 - one.low, two.high - p2)),
    high: Math.min(1, difference + reach(one.high - p1, p2 - two.low)),
  };
}

function correctedPhi({ both, gained, lost, neither }: Pairs, n: number): number {
  const margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither);
  if (margins === 0) return 0;
  const product = both * neither - gained * lost;
  const corrected = product > 0 ? Math.max(0, product - n / 2) : product;
  return corrected / Math.sqrt(margins);
}

/**
 * 95 % percentile interval of the mean of paired differences, by drawing as many with replacement `resamples` times;
 * quantiles are interpolated linearly. -1..1 for no differences.
 */
export function pairedBootstrap(differences: readonly number[], rng: Rng, resamples = 10_000): Interval {
  const n = differences.length;
  if (n === 0) return { low: -1, high: 1 };
  const values = Float64Array.from(differences);
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[rng.below(n)] ?? 0;
    means[r] = sum / n;
  }
  means.sort();
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? 0;
  return below + (above - below) * (at - Math.floor(at));
}

/** Fewer changed examples cannot reach p < 0.05 in any two-sided test that flips signs: 2 / 2^5 = 0.0625. */
const LEAST_CHANGES = 6;

/**
 * Compares the scores of two prompts on the same examples, in the same order. 0/1 scores: exact McNemar test and
 * Newcombe's interval; other scores: paired bootstrap interval.
 *
 * The verdict is read off the interval alone: `better` or `worse` when it excludes 0. So that it never contradicts
 * the test, an interval that excludes 0 is widened to reach 0 when McNemar's p is not below 0.05 (Newcombe's is the
 * less strict of the two on small samples), or, for the bootstrap, when fewer than 6 examples changed.
 * Throws RangeError when the lengths differ.
 */
export function compare(
  oldScores: readonly number[],
  newScores: readonly number[],
  binary: boolean,
  rng: Rng,
): Comparison {
  const n = oldScores.length;
  if (newScores.length !== n) throw new RangeError(`${n} old scores and ${newScores.length} new ones.`);
  const differences = newScores.map((score, i) => score - (oldScores[i] ?? 0));
  const gained = differences.filter((difference) => difference > 0).length;
  const lost = differences.filter((difference) => difference < 0).length;
  let interval: Interval;
  let p: number | null = null;
  let shown: boolean;
  if (binary) {
    const both = newScores.filter((score, i) => score > 0 && (oldScores[i] ?? 0) > 0).length;
    interval = pairedInterval01({ both, gained, lost, neither: n - both - gained - lost });
    p = mcnemarExact(gained, lost);
    shown = p < 0.05;
  } else {
    interval = pairedBootstrap(differences, rng);
    shown = gained + lost >= LEAST_CHANGES;
  }
  const low = shown ? interval.low : Math.min(0, interval.low);
  const high = shown ? interval.high : Math.max(0, interval.high);
  return {
    difference: n === 0 ? 0 : differences.reduce((sum, each) => sum + each, 0) / n,
    low,
    high,
    n,
    gained,
    lost,
    p,
    method: binary ? 'exact McNemar test, Newcombe interval' : 'paired bootstrap interval',
    verdict: low > 0 ? 'better' : high < 0 ? 'worse' : 'not shown',
  };
}
