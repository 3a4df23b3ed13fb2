import { normalQuantile, studentTail } from './distributions.ts';
import { moments } from './paired.ts';
import { wilson, type Interval } from './proportion.ts';

/** How far a prompt's score on the examples that chose it lies above its score on unseen ones: what it fitted of chance. */
export interface Gap {
  split: 'train' | 'validation';
  /** Mean score on the examples of `split`, 0..1, and how many they were. */
  score: number;
  n: number;
  /** That score minus the test score, -1..1, with its 95 % interval. */
  difference: number;
  low: number;
  high: number;
}

/** The gap between two sets of scores of one prompt; null when either is empty. `binary`: every score is 0 or 1. */
export function gapBetween(
  split: Gap['split'],
  chosenOn: readonly number[],
  unseen: readonly number[],
  binary: boolean,
): Gap | null {
  if (chosenOn.length === 0 || unseen.length === 0) return null;
  const [chosen, test] = [moments(chosenOn).mean, moments(unseen).mean];
  const right = (scores: readonly number[]) => scores.filter((score) => score > 0).length;
  const interval = binary
    ? unpairedInterval01(right(chosenOn), chosenOn.length, right(unseen), unseen.length)
    : welchInterval(chosenOn, unseen);
  return { split, score: chosen, n: chosenOn.length, difference: chosen - test, ...interval };
}

/**
 * 95 % interval of the difference of two independent proportions, a in n minus b in m: Newcombe 1998, Statistics in
 * Medicine 17:873, method 10, that is Wilson intervals squared and added. -1..1 when either saw nothing.
 */
export function unpairedInterval01(a: number, n: number, b: number, m: number): Interval {
  if (n === 0 || m === 0) return { low: -1, high: 1 };
  const [p, q] = [a / n, b / m];
  const [one, two] = [wilson(a, n), wilson(b, m)];
  return {
    low: Math.max(-1, p - q - Math.hypot(p - one.low, two.high - q)),
    high: Math.min(1, p - q + Math.hypot(one.high - p, q - two.low)),
  };
}

/**
 * 95 % interval of the difference of two means of scores in 0..1 (first minus second) whose spreads may differ: Welch's
 * t. -1..1 when either has fewer than two scores, and no wider than that; when neither set has any spread, which is
 * known too little of to say that there is none, the two proportions' interval.
 */
export function welchInterval(first: readonly number[], second: readonly number[]): Interval {
  const [a, b] = [moments(first), moments(second)];
  const [n, m] = [first.length, second.length];
  if (n < 2 || m < 2) return { low: -1, high: 1 };
  const [va, vb] = [a.variance / n, b.variance / m];
  if (va + vb === 0) return unpairedInterval01(a.mean * n, n, b.mean * m, m);
  const df = (va + vb) ** 2 / (va ** 2 / (n - 1) + vb ** 2 / (m - 1));
  const reach = studentPoint(df) * Math.sqrt(va + vb);
  const difference = a.mean - b.mean;
  return { low: Math.max(-1, difference - reach), high: Math.min(1, difference + reach) };
}

/** The 97.5 % point of Student's t with `df` >= 1 degrees of freedom, by bisection. */
export function studentPoint(df: number): number {
  let [low, high] = [normalQuantile(0.975), 13];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, df) > 0.025) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
