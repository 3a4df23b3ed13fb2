import { makeRng } from '../../core/rng.ts';
import type { SplitName } from '../../core/task.ts';
import { splitNames } from '../task-checks.ts';
import type { SplitPlan } from './plan.ts';

/** What is drawn: `stratum` is the answer, so that each is equally frequent in all splits. */
export interface Drawable {
  /** Items with the same key come into the same split. */
  key: string;
  stratum: string;
}

export interface Drawn {
  split: SplitName;
  /** The item's place in the order that was drawn. */
  place: number;
}

/**
 * A split and a place for each item. The items of a stratum are spread evenly over the whole order, which is then cut:
 * each split, and each beginning of one, has its share of every stratum to within one item. Sizes are the shares of
 * the number of different keys, rounded; a split with a share gets at least one item while there are enough. The same
 * items, shares and seed give the same splits.
 */
export function drawSplits(items: readonly Drawable[], { shares, seed }: Omit<SplitPlan, 'how'>): Drawn[] {
  const strata = new Map<string, string[]>();
  const keys = new Set<string>();
  for (const { key, stratum } of items) {
    if (keys.has(key)) continue;
    keys.add(key);
    const members = strata.get(stratum);
    if (members) members.push(key);
    else strata.set(stratum, [key]);
  }
  const rng = makeRng(seed).fork('splits');
  const order: { key: string; at: number }[] = [];
  for (const [, members] of [...strata].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const offset = rng.next();
    rng.shuffled(members).forEach((key, i) => order.push({ key, at: (i + offset) / members.length }));
  }
  order.sort((a, b) => a.at - b.at);
  const ends = cuts(order.length, shares);
  const drawn = new Map<string, Drawn>();
  order.forEach(({ key }, place) => {
    const split = place < ends.train ? 'train' : place < ends.validation ? 'validation' : 'test';
    drawn.set(key, { split, place });
  });
  return items.map(({ key }, place) => drawn.get(key) ?? { split: 'train', place });
}

/** Where train and validation end in an order of `count` items. */
function cuts(count: number, shares: SplitPlan['shares']): { train: number; validation: number } {
  const whole = splitNames.reduce((sum, split) => sum + Math.max(0, shares[split]), 0) || 1;
  // The ends are rounded rather than the sizes, so that the sizes add up.
  let share = 0;
  let end = 0;
  const sizes = splitNames.map((split) => {
    share += Math.max(0, shares[split]);
    const from = end;
    end = Math.round((share / whole) * count);
    return end - from;
  });
  const largest = () => sizes.indexOf(Math.max(...sizes));
  const change = (at: number, by: number) => (sizes[at] = (sizes[at] ?? 0) + by);
  splitNames.forEach((split, i) => {
    if (shares[split] <= 0 || sizes[i] !== 0 || (sizes[largest()] ?? 0) < 2) return;
    change(largest(), -1);
    change(i, 1);
  });
  const [train = 0, validation = 0] = sizes;
  return { train, validation: train + validation };
}
