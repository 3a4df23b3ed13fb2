import type { Answer } from '../core/events.ts';
import type { SplitName } from '../core/task.ts';
import { during } from './loop-parts.ts';
import type { RunView, ScoreView } from './run-view.ts';

/** What went through a part of the loop, put together for the inspector. */

export interface Recalled {
  candidate: string;
  prompt: string;
  weight: number | null;
  /** What the weight is: a similarity, or a weight of another kind. */
  weightName: string;
  /** Length of the weight's bar, 0..1. */
  share: number;
  /** On validation, else on train; undefined while there is none. */
  score: ScoreView | undefined;
}

/** Prompts that were recalled in these visits, one list a retrieval. */
export function retrievedOf(view: RunView, visits: readonly number[]): { how: string; items: Recalled[] }[] {
  return during(view, visits, 'retrievals', view.retrievals).map(({ how, items }) => {
    const most = Math.max(1, ...items.map(({ weight }) => Math.abs(weight ?? 0)));
    return {
      how,
      items: items.map(({ candidate, weight }) => {
        const known = view.candidates.get(candidate);
        return {
          candidate,
          prompt: known?.candidate.prompt ?? '',
          weight,
          weightName: how.startsWith('relevance') ? 'similarity' : 'weight',
          share: Math.max(0, weight ?? 0) / most,
          score: known?.scores.validation ?? known?.scores.train,
        };
      }),
    };
  });
}

export interface Outcome {
  candidate: string;
  split: SplitName;
  answers: Answer[];
  sum: number;
  /** Answers that score in full. */
  right: number;
  /** The candidate had its full score on this split by the end of these visits. */
  whole: boolean;
}

/** Answers that came in these visits, by candidate and split, in the order in which the first of each came. */
export function outcomes(view: RunView, visits: readonly number[]): Outcome[] {
  const found = new Map<string, Outcome>();
  for (const answer of during(view, visits, 'answers', view.answers)) {
    const key = `${answer.split} ${answer.candidate}`;
    let one = found.get(key);
    if (one === undefined) {
      const { candidate, split } = answer;
      one = { candidate, split, answers: [], sum: 0, right: 0, whole: split === 'test' };
      found.set(key, one);
    }
    one.answers.push(answer);
    one.sum += answer.score;
    if (answer.score >= 1) one.right += 1;
  }
  for (const { candidate, split, n } of during(view, visits, 'scored', view.scored)) {
    const one = found.get(`${split} ${candidate}`);
    if (one !== undefined && one.answers.length <= n) one.whole = true;
  }
  return [...found.values()];
}
