import type { Scored } from './candidate.ts';
import { dot } from './vector.ts';

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
 * Ties keep the earlier entry first. `vectors` are unit vectors parallel to `history`, needed for relevance only.
 */
export function select(
  history: readonly Scored[],
  by: Selection,
  k: number,
  order: Order,
  vectors: readonly Float32Array[] = [],
): Chosen[] {
  const last = history.length - 1;
  const current = vectors[last];
  const weighted = history.map((scored, i) => {
    const vector = vectors[i];
    const weight =
      by === 'recency'
        ? i
        : by === 'importance'
          ? scored.score
          : i === last
            ? Infinity
            : current && vector
              ? dot(current, vector)
              : 0;
    return { scored, weight };
  });
  weighted.sort((a, b) => b.weight - a.weight);
  const chosen = weighted.slice(0, Math.max(0, k)).map(({ scored, weight }) => ({
    scored,
    weight: by === 'recency' ? null : weight === Infinity ? 1 : weight,
  }));
  return order === 'ascending' ? chosen.reverse() : chosen;
}
