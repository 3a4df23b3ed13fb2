import { decidingSplit, type CandidateView, type RunView } from './run-view.ts';

/** One line of the trajectory table. */
export interface Row {
  id: string;
  entry: CandidateView;
  prompt: string;
  parents: readonly string[];
  /** Prompt of the first parent, null when it has none. */
  before: string | null;
  /** Null before the first answer. */
  score: { score: number; n: number; partial: boolean } | null;
  /** The other split's full score, where there is one. */
  other: { split: string; score: number; n: number } | null;
  best: boolean;
  current: boolean;
}

export type Order = 'newest' | 'score';

/** Candidates as rows, newest first or best first; ties keep the older one first, as the search does. */
export function rows(view: RunView, order: Order): Row[] {
  const split = decidingSplit(view);
  const otherSplit = split === 'validation' ? 'train' : 'validation';
  const best = view.bests.at(-1)?.candidate;
  const current = view.currents.at(-1)?.candidate;
  const all = [...view.candidates.values()].map((entry): Row => {
    const { candidate, scores, tallies } = entry;
    const full = scores[split];
    const tally = tallies[split];
    const other = scores[otherSplit];
    return {
      id: candidate.id,
      entry,
      prompt: candidate.prompt,
      parents: candidate.parents,
      before: view.candidates.get(candidate.parents[0] ?? '')?.candidate.prompt ?? null,
      score: full
        ? { score: full.score, n: full.n, partial: false }
        : tally
          ? { score: tally.sum / tally.answers, n: tally.answers, partial: true }
          : null,
      other: other ? { split: otherSplit, score: other.score, n: other.n } : null,
      best: candidate.id === best,
      current: candidate.id === current,
    };
  });
  if (order === 'newest') return all.toReversed();
  const value = (row: Row) => (row.score === null ? -1 : row.score.score - (row.score.partial ? 1 : 0));
  return all.toSorted((a, b) => value(b) - value(a));
}
