import type { Answer } from '../core/events.ts';
import type { Task } from '../core/task.ts';
import { verdict } from './answers.ts';
import type { RunView } from './run-view.ts';

/** What became of one test example: by score, and among the unchanged, whether both could be read. */
export type Change = 'gained' | 'lost' | 'right' | 'wrong' | 'unreadable';

export interface ChangedExample {
  id: string;
  /** Null when the task is not at hand. */
  input: string | null;
  gold: readonly string[];
  before: Answer;
  after: Answer;
  change: Change;
  /** One of the replies could not be read, or was refused; such an example may be gained or lost all the same. */
  unread: boolean;
}

/** Every test example under the initial and the best prompt, in the order asked; empty before both have answered. */
export function changedExamples(view: RunView, task: Task | null): ChangedExample[] {
  const { result } = view;
  if (result === null || result.comparison === null) return [];
  const answersOf = (id: string) =>
    (view.candidates.get(id)?.answers ?? []).filter((answer) => answer.split === 'test');
  const after = new Map(answersOf(result.best.candidate).map((answer) => [answer.example, answer]));
  const examples = new Map(task?.splits.test.map((example) => [example.id, example]));
  return answersOf(result.initial.candidate).flatMap((old): ChangedExample[] => {
    const now = after.get(old.example);
    if (now === undefined) return [];
    const example = examples.get(old.example);
    return [
      {
        id: old.example,
        input: example?.input ?? null,
        gold: example?.gold ?? [],
        before: old,
        after: now,
        change: changeOf(old, now),
        unread: isUnread(old) || isUnread(now),
      },
    ];
  });
}

const isUnread = (answer: Answer) => ['unreadable', 'refused'].includes(verdict(answer));

function changeOf(before: Answer, after: Answer): Change {
  if (after.score > before.score) return 'gained';
  if (after.score < before.score) return 'lost';
  if (after.score >= 1) return 'right';
  return isUnread(before) || isUnread(after) ? 'unreadable' : 'wrong';
}

/** Examples of a class. `unreadable` takes all that have an unread reply, those among gained and lost too. */
export function ofClass(all: readonly ChangedExample[], change: Change | 'all'): ChangedExample[] {
  return all.filter(
    (one) => change === 'all' || (change === 'unreadable' ? one.unread : one.change === change),
  );
}
