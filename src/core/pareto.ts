import type { Scored } from './candidate.ts';
import type { Rng } from './rng.ts';

/** A pool of prompts of which each is worth keeping for the examples on which it is best (GEPA, section 3.3). */

/** A prompt of the pool with its score on each validation example, in the split's order. */
export interface Member {
  scored: Scored;
  items: readonly number[];
}

/** The id of a member's candidate. */
export const idOf = ({ scored }: Member) => scored.candidate.id;

/** Best mean first, earlier ones first among equals. */
export const ranked = (pool: readonly Member[]) => [...pool].sort((a, b) => b.scored.score - a.scored.score);

/** A leader: a member that is best on `leads` examples, ties included. */
export interface Leader {
  member: Member;
  leads: number;
}

/**
 * The Pareto leaders of a pool: members that are best on some example, without those all of whose examples are led by
 * others that stay as well (the lower mean goes first, the earlier among equals). In the pool's order.
 */
export function leaders(pool: readonly Member[]): Leader[] {
  const examples = pool[0]?.items.length ?? 0;
  const led = Array.from({ length: examples }, (_, i) => {
    const top = Math.max(...pool.map(({ items }) => items[i] ?? 0));
    return new Set(pool.filter(({ items }) => (items[i] ?? 0) === top));
  });
  for (const dominated of [...pool].sort((a, b) => a.scored.score - b.scored.score)) {
    if (led.every((set) => !set.has(dominated) || set.size > 1)) for (const set of led) set.delete(dominated);
  }
  return pool
    .map((member) => ({ member, leads: led.filter((set) => set.has(member)).length }))
    .filter(({ leads }) => leads > 0);
}

/** Two leaders to merge and the latest prompt from which both come. */
export interface Pair {
  first: Member;
  second: Member;
  ancestor: Member;
}

/**
 * A pair of leaders that have a common ancestor no better than either, neither being the other's, and that have not
 * been merged before; null when there is none. The pair drawn is added to `merged`.
 */
export function drawPair(
  rng: Rng,
  pool: readonly Member[],
  leading: readonly Leader[],
  merged: Set<string>,
): Pair | null {
  const lines = new Map(leading.map(({ member }) => [member, lineOf(member, pool)]));
  const pairs = leading.flatMap(({ member: first }, i) =>
    leading.slice(i + 1).flatMap(({ member: second }): Pair[] => {
      const [mine, other] = [lines.get(first), lines.get(second)];
      if (mine === undefined || other === undefined || mine.has(second) || other.has(first)) return [];
      const least = Math.min(first.scored.score, second.scored.score);
      const ancestor = pool.findLast((each) => mine.has(each) && other.has(each));
      return ancestor === undefined || ancestor.scored.score > least ? [] : [{ first, second, ancestor }];
    }),
  );
  const key = ({ first, second }: Pair) => `${idOf(first)} ${idOf(second)}`;
  const [pair] = rng.sample(
    pairs.filter((each) => !merged.has(key(each))),
    1,
  );
  if (pair === undefined) return null;
  merged.add(key(pair));
  return pair;
}

/** All members from which one descends. */
function lineOf(member: Member, pool: readonly Member[]): Set<Member> {
  const line = new Set<Member>();
  const open = [member];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const parent of next.scored.candidate.parents) {
      const found = pool.find((each) => idOf(each) === parent);
      if (found === undefined || line.has(found)) continue;
      line.add(found);
      open.push(found);
    }
  }
  return line;
}
