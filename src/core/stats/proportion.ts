import { signAbove } from './paired.ts';
import { wilson, type Interval } from './wilson.ts';

export * from './wilson.ts';

/** How two prompts did on the same 0/1 examples. */
export interface Pairs {
  both: number;
  /** Only the new one was right. */
  gained: number;
  /** Only the old one was right. */
  lost: number;
  neither: number;
}

/** Two-sided exact McNemar test: the binomial probability of a split of the changes as uneven as this; 1 for none. */
export function mcnemarExact(gained: number, lost: number): number {
  return Math.min(1, 2 * signAbove(Math.max(gained, lost), gained + lost));
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
