import type { Scored } from './candidate.ts';
import { nearestOf, type Near, type VectorTable } from './vector-table.ts';

/**
 * How past prompts are chosen for the meta-prompt (GPO, section 3.2).
 * - `recency`    the latest
 * - `importance` the best scores
 * - `relevance`  the current prompt and those nearest to it by the cosine of their embeddings
 */
export type Selection = 'recency' | 'importance' | 'relevance';

/** `ascending` puts the latest, best or nearest last, next to the request; `descending` puts it first. */
export type Order = 'ascending' | 'descending';

export interface Chosen {
  scored: Scored;
  /** What it was chosen by: cosine, score, or null for recency. */
  weight: number | null;
}

/**
 * Up to `k` of `history` (chronological, the last is the current prompt), most wanted first when `descending`.
 * Ties keep the earlier entry first. `vectors` are unit vectors parallel to `history`, needed for relevance only; a
 * `table` that is kept from one call to the next takes in only what is new, so that a long history costs little.
 */
export function select(
  history: readonly Scored[],
  by: Selection,
  k: number,
  order: Order,
  vectors: readonly Float32Array[] = [],
  table?: VectorTable,
): Chosen[] {
  const wanted = Math.min(Math.max(0, k), history.length);
  const chosen = { recency: latest, importance: best, relevance: nearest }[by](
    history,
    wanted,
    vectors,
    table,
  );
  return order === 'ascending' ? chosen.reverse() : chosen;
}

function latest(history: readonly Scored[], k: number): Chosen[] {
  return history
    .slice(history.length - k)
    .reverse()
    .map((scored) => ({ scored, weight: null }));
}

function best(history: readonly Scored[], k: number): Chosen[] {
  return [...history]
    .sort((a, b) => b.score - a.score)
    .slice(0, k)
    .map((scored) => ({ scored, weight: scored.score }));
}

/** The current prompt, then those nearest to it. Without its vector nothing is known of the others: the earliest. */
function nearest(
  history: readonly Scored[],
  k: number,
  vectors: readonly Float32Array[],
  table?: VectorTable,
): Chosen[] {
  const last = history.length - 1;
  const current = vectors[last];
  const scored = history[last];
  if (scored === undefined || k === 0) return [];
  let others: Near[];
  if (current === undefined) others = history.map((_, row) => ({ row, weight: 0 }));
  else if (table === undefined) others = nearestOf(vectors, current, k);
  else {
    table.hold(vectors);
    others = table.nearest(current, k);
  }
  const chosen = others.filter(({ row }) => row !== last).slice(0, k - 1);
  return [
    { scored, weight: 1 },
    ...chosen.flatMap(({ row, weight }) => {
      const one = history[row];
      return one === undefined ? [] : [{ scored: one, weight }];
    }),
  ];
}
