import { decidingSplit, type RunView } from './run-view.ts';

/** Scores as shades: seven steps of `--shade-0` (low) to `--shade-6` (high), spread over the scores of one run. */
export const SHADES = 7;

/** A candidate's score on the split that decides. */
export interface Shaded {
  score: number;
  n: number;
  /** Not all examples are answered: still running, or left a race. */
  partial: boolean;
  /** 0..6. */
  shade: number;
}

export interface Scale {
  low: number;
  high: number;
}

/** From the lowest score to the highest; a single score stands in the middle of ten points. */
export function scaleOf(scores: readonly number[]): Scale {
  if (scores.length === 0) return { low: 0, high: 1 };
  const low = scores.reduce((least, score) => Math.min(least, score));
  const high = scores.reduce((most, score) => Math.max(most, score));
  return high - low < 1e-9 ? { low: Math.max(0, low - 0.05), high: Math.min(1, high + 0.05) } : { low, high };
}

/** Index of the shade of `score`, 0..6; scores outside the scale take its ends. */
export function shadeOf(score: number, { low, high }: Scale): number {
  const share = high > low ? (score - low) / (high - low) : 0.5;
  return Math.max(0, Math.min(SHADES - 1, Math.floor(share * SHADES)));
}

/**
 * Score and shade of every candidate with an answer, by id. The scale is that of whole scores, where there are any.
 */
export function shaded(view: RunView): { scale: Scale; of: Map<string, Shaded> } {
  const split = decidingSplit(view);
  const all = [...view.candidates].flatMap(([id, { scores, tallies }]) => {
    const full = scores[split];
    const tally = tallies[split];
    if (full) return [{ id, score: full.score, n: full.n, partial: false }];
    return tally ? [{ id, score: tally.sum / tally.answers, n: tally.answers, partial: true }] : [];
  });
  const whole = all.filter(({ partial }) => !partial);
  const scale = scaleOf((whole.length > 0 ? whole : all).map(({ score }) => score));
  return {
    scale,
    of: new Map(all.map(({ id, ...one }) => [id, { ...one, shade: shadeOf(one.score, scale) }])),
  };
}
