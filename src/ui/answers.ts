import type { Answer } from '../core/events.ts';

export type Verdict = 'right' | 'partly' | 'wrong' | 'unreadable' | 'refused';

/** How one answer turned out. `partly` is a score strictly between 0 and 1. */
export function verdict(answer: Pick<Answer, 'score' | 'answer' | 'refused'>): Verdict {
  if (answer.refused !== undefined) return 'refused';
  if (answer.score >= 1) return 'right';
  if (answer.answer === null) return 'unreadable';
  return answer.score > 0 ? 'partly' : 'wrong';
}

export const signs: Record<Verdict, string> = {
  right: '✓',
  partly: '◐',
  wrong: '✗',
  unreadable: '?',
  refused: '⊘',
};
