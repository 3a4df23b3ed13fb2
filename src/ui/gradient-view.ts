import type { Measured, RestartSource } from '../core/events.ts';
import type { Nearest } from '../core/tuner.ts';
import { percent } from './format.ts';
import type { Stop } from './prompt-map.ts';
import type { GradientView } from './run-view.ts';

/** What the page shows of a descent along gradients: where it stood when measured, and where it began anew. */

type Tuned = GradientView['tuned'][number];
type Restart = GradientView['restarts'][number];

/** Who chose the place that a descent began from. */
export const sources: Readonly<Record<RestartSource, string>> = {
  initial: 'beginning',
  'language model': 'language model',
  random: 'random words',
  perturbation: 'noise',
  crossover: 'crossover',
  bayesian: 'Bayesian optimization',
};

/** A restart and the measurements of the descent that began there; `begun` is null when it was not told. */
export interface DescentView {
  id: number;
  begun: Restart | null;
  tuned: readonly Tuned[];
}

/** Descents in the order in which they began. */
export function descents({ restarts, tuned }: GradientView): DescentView[] {
  const ids = [...new Set([...restarts.map(({ id }) => id), ...tuned.map(({ restart }) => restart)])];
  return ids
    .sort((a, b) => a - b)
    .map((id) => ({
      id,
      begun: restarts.find((one) => one.id === id) ?? null,
      tuned: tuned.filter(({ restart }) => restart === id),
    }));
}

/**
 * The way of a descent among prompts: from where it began through the nearest words at each measurement, by gradient
 * step. A place without words (a perturbed vector) is left out, and the stop after it is the one that begins anew.
 */
export function gradientPath(gradient: GradientView): Stop[] {
  return descents(gradient).flatMap(({ id, begun, tuned }) =>
    [...(begun ? [begun] : []), ...tuned]
      .flatMap(({ candidate, gradientStep }) =>
        candidate === null ? [] : [{ candidate, step: gradientStep }],
      )
      .map((stop, i) => ({ ...stop, anew: id > 0 && i === 0 })),
  );
}

/** Index among `tuned` of the soft prompt with the lowest validation loss, the first of equals; null when there is none. */
export function lowest(tuned: readonly Tuned[]): number | null {
  let best: number | null = null;
  for (const [i, { validation }] of tuned.entries()) {
    if (!Number.isFinite(validation.loss)) continue;
    if (best === null || validation.loss < (tuned[best]?.validation.loss ?? Infinity)) best = i;
  }
  return best;
}

/** `0.693`; a loss that is no number is said so. */
export function lossWords(loss: number | null): string {
  if (loss === null) return '';
  return Number.isFinite(loss) ? loss.toFixed(3) : 'no number';
}

/** `loss 0.693, 75 % right`. */
export function measuredWords({ loss, accuracy }: Measured): string {
  const right = accuracy === null ? '' : `, ${percent(accuracy)} right`;
  return `loss ${lossWords(loss)}${right}`;
}

export interface WordCell {
  /** The nearest word, as it reads; empty when nothing was near. */
  word: string;
  /** Another word than at the measurement before, in the same descent. */
  changed: boolean;
  /** Nearest first. */
  nearest: readonly Nearest[];
}

/** One row of the words: a measurement by its index among all, or a restart. */
export type WordRow =
  | { kind: 'restart'; restart: Restart }
  | { kind: 'words'; index: number; tuned: Tuned; lowest: boolean; cells: WordCell[] };

/** The words of every virtual token at every measurement, restarts between them, in order; `tokens` is the most in a row. */
export function wordRows(gradient: GradientView): { rows: WordRow[]; tokens: number } {
  const rows: WordRow[] = [];
  const best = lowest(gradient.tuned);
  let tokens = 0;
  for (const { begun, tuned } of descents(gradient)) {
    if (begun) rows.push({ kind: 'restart', restart: begun });
    let before: Tuned | null = null;
    for (const one of tuned) {
      const last: Tuned | null = before;
      const cells = one.words.map((nearest, token) => {
        const word = nearest[0]?.text ?? '';
        const changed = last !== null && word !== (last.words[token]?.[0]?.text ?? '');
        return { word: word.trim(), changed, nearest };
      });
      tokens = Math.max(tokens, cells.length);
      const index = gradient.tuned.indexOf(one);
      rows.push({ kind: 'words', index, tuned: one, lowest: index === best, cells });
      before = one;
    }
  }
  return { rows, tokens };
}
