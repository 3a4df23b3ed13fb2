import { drawSplits } from '../app/import/draw.ts';
import { splitNames } from '../app/task-checks.ts';
import type { Example, SplitName, Task } from '../core/task.ts';

/** Edits of a task's examples. Each gives a new task and leaves the old one as it was. */

/** An example with the split that it is in. */
export interface Placed {
  split: SplitName;
  example: Example;
}

export function placed(task: Task): Placed[] {
  return splitNames.flatMap((split) => task.splits[split].map((example) => ({ split, example })));
}

export function withExamples(task: Task, examples: readonly Placed[]): Task {
  const of = (split: SplitName) => examples.flatMap((one) => (one.split === split ? [one.example] : []));
  return { ...task, splits: { train: of('train'), validation: of('validation'), test: of('test') } };
}

/** Puts `changed` in the place of the example of the same id; in another split it stands last. */
export function changeExample(task: Task, changed: Placed): Task {
  const all = placed(task);
  const at = all.findIndex(({ example }) => example.id === changed.example.id);
  if (at < 0) return task;
  return withExamples(
    task,
    all[at]?.split === changed.split ? all.with(at, changed) : [...all.toSpliced(at, 1), changed],
  );
}

export function removeExample(task: Task, id: string): Task {
  return withExamples(
    task,
    placed(task).filter(({ example }) => example.id !== id),
  );
}

/** An empty example at the end of `split`, under an id that no other has. */
export function addExample(task: Task, split: SplitName): { task: Task; id: string } {
  const taken = new Set(placed(task).map(({ example }) => example.id));
  let n = taken.size + 1;
  while (taken.has(`added-${n}`)) n += 1;
  const id = `added-${n}`;
  const added: Placed = { split, example: { id, input: '', gold: [''] } };
  return { task: withExamples(task, [...placed(task), added]), id };
}

/** All examples drawn into splits anew, each answer as frequent in all of them; equal inputs stay together. */
export function splitAgain(task: Task, shares: Record<SplitName, number>, seed: number): Task {
  const all = placed(task);
  const drawn = drawSplits(
    all.map(({ example }) => ({ key: example.input, stratum: example.gold[0] ?? '' })),
    { shares, seed },
  );
  const order = all
    .map(({ example }, i) => ({ example, ...(drawn[i] ?? { split: 'train' as const, place: i }) }))
    .toSorted((a, b) => a.place - b.place);
  return withExamples(task, order);
}

/** What keeps the task from being saved, in words; null when nothing does. */
export function hindrance(task: Task): string | null {
  for (const { split, example } of placed(task)) {
    if (example.input.trim() === '') return `An example of ${split} (${example.id}) has no input.`;
    if (!example.gold.some((gold) => gold.trim() !== ''))
      return `An example of ${split} (${example.id}) has no right answer.`;
  }
  const empty = splitNames.find((split) => task.splits[split].length === 0);
  return empty === undefined ? null : `${empty} has no examples.`;
}
