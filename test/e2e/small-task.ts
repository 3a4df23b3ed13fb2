import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseTask, taskText } from '../../src/app/task-file.ts';

/** A bundled task cut to a few examples, as the text of a task file: the real thing, short enough for a test. */
export function smallTask(
  from: string,
  id: string,
  sizes: { train: number; validation: number; test: number },
): string {
  const path = fileURLToPath(new URL(`../../tasks/${from}.json`, import.meta.url));
  const task = parseTask(readFileSync(path, 'utf8'));
  const { train, validation, test } = task.splits;
  return taskText({
    ...task,
    id,
    name: id,
    splits: {
      train: train.slice(0, sizes.train),
      validation: validation.slice(0, sizes.validation),
      test: test.slice(0, sizes.test),
    },
  });
}
