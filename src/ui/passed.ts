import type { Answer } from '../core/events.ts';
import type { SplitName } from '../core/task.ts';
import { during } from './loop-parts.ts';
import type { AskView, Retrieval, RunView, ScoreView } from './run-view.ts';

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

/** As what an ask shows a prompt: the current one, or one of the trajectory; null where it does not show it. */
export function shownAs({ parts }: AskView, prompt: string): 'current' | 'trajectory' | null {
  const text = prompt.trim();
  if (text === '') return null;
  const stands = (as: string) => parts.some((part) => part.origin === as && part.text.includes(text));
  return stands('current') ? 'current' : stands('trajectory') ? 'trajectory' : null;
}

/**
 * Of what was recalled for an ask, what it really showed: prompts that stand in its parts of the trajectory. Some methods
 * recall more than an ask shows, or choose by it and show nothing.
 */
export function shownOf(view: RunView, { parts, recalled }: AskView): Retrieval['items'] {
  const texts = parts.flatMap(({ origin, text }) => (origin === 'trajectory' ? [text] : []));
  return (recalled?.items ?? []).filter(({ candidate }) => {
    const prompt = view.candidates.get(candidate)?.candidate.prompt.trim() ?? '';
    return prompt !== '' && texts.some((text) => text.includes(prompt));
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
      one = { candidate, split, answers: [], sum: 0, right: 0, whole: false };
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
  // The test gives no scores by candidate, but asks about one after the other.
  const tested = [...found.values()].filter(({ split }) => split === 'test');
  for (const [i, one] of tested.entries()) {
    const end = view.candidates.has(one.candidate) ? view.result : view.robustness;
    one.whole = i < tested.length - 1 || end !== null;
  }
  return [...found.values()];
}
