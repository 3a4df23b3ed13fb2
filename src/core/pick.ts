import type { Scored } from './candidate.ts';
import type { Rng } from './rng.ts';

/** Ways of picking that several methods share. */

/** Order of merit: higher score, then earlier made, then shorter prompt. */
export function byMerit(a: Scored, b: Scored): number {
  return (
    b.score - a.score ||
    a.candidate.step - b.candidate.step ||
    a.candidate.prompt.length - b.candidate.prompt.length
  );
}

/** The `k` best, best first, each candidate once (its first entry counts); all when there are fewer. */
export function top(scored: readonly Scored[], k: number): Scored[] {
  const distinct = scored.filter(
    (each, i) => scored.findIndex((other) => other.candidate.id === each.candidate.id) === i,
  );
  return distinct.sort(byMerit).slice(0, Math.max(0, k));
}

/**
 * An item drawn with probability proportional to its weight (roulette wheel). Weights that are negative or not numbers
 * count as 0; when all are 0 every item is as likely. Undefined for no items only.
 */
export function roulette<T>(rng: Rng, items: readonly T[], weight: (item: T) => number): T | undefined {
  if (items.length === 0) return undefined;
  const weights = items.map((item) => {
    const value = weight(item);
    return value > 0 && Number.isFinite(value) ? value : 0;
  });
  const sum = weights.reduce((total, each) => total + each, 0);
  if (sum === 0) return items[rng.below(items.length)];
  let left = rng.next() * sum;
  for (const [i, each] of weights.entries()) {
    left -= each;
    if (left < 0) return items[i];
  }
  // Rounding can leave a trace of the sum: the last item with a weight takes it.
  return items[weights.findLastIndex((each) => each > 0)];
}
