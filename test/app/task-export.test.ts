import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTask } from '../../src/app/import/build.ts';
import { guessPlan } from '../../src/app/import/guess.ts';
import { readSources, type Source } from '../../src/app/import/read.ts';
import { exportPieces, exportTask, taskFormats, type TaskFormat } from '../../src/app/task-export.ts';
import { checkTask, taskText } from '../../src/app/task-file.ts';
import type { Example, Task } from '../../src/core/task.ts';

/** The files of an export, as bytes. */
function sources(task: Task, format: TaskFormat): Source[] {
  const texts = new Map<string, string>();
  for (const { name, text } of exportPieces(task, format)) texts.set(name, (texts.get(name) ?? '') + text);
  return [...texts].map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));
}

/** What an import with nothing changed makes of the files; only what the format does not hold comes from `settings`. */
function imported(files: readonly Source[], settings: Omit<Task, 'splits'>): Task {
  const table = readSources(files, {});
  const { plan } = guessPlan(table);
  const built = buildTask(table, { ...plan, settings: table.settings ?? settings });
  expect(built.faults).toEqual([]);
  expect(built.stops).toEqual([]);
  return { ...(table.settings ?? settings), splits: built.splits };
}

// A task's texts must say something; lone surrogates have no UTF-8.
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom('"', ',', ';', '\t', '\n', '\r', ' ', '[', ']', '{', '}', 'a', '\\', '\uFEFF'),
    }),
    fc.constantFrom(
      '["a"]',
      '["a", "b"]',
      '[ ]',
      '[1]',
      '=1+2',
      '-',
      'true',
      'null',
      '007',
      '1e5',
      '\u2028',
      'Input',
    ),
  )
  .filter((value) => value.trim() !== '' && value.isWellFormed());
const example = fc.record({ input: text, gold: fc.array(text, { minLength: 1, maxLength: 3 }) });

const tasks = fc
  .record({
    ids: fc.uniqueArray(text, { minLength: 3, maxLength: 9 }),
    examples: fc.array(example, { minLength: 9, maxLength: 9 }),
    prompt: text,
    position: fc.constantFrom('before', 'question-begin', 'question-end', 'answer-begin'),
    note: fc.option(text),
  })
  .map(({ ids, examples, prompt, position, note }): unknown => {
    const whole: Example[] = ids.flatMap((id, i) => {
      const { input = '', gold = [] } = examples[i] ?? {};
      // The number keeps inputs apart, so that no split repeats another.
      return [{ id, input: `${input}${i}`, gold }];
    });
    return {
      version: 1,
      id: 'any-task',
      name: 'Any task',
      description: 'Anything.',
      ...(note === null ? {} : { note }),
      initialPrompt: prompt,
      metric: { kind: 'contains' },
      position,
      markers: { input: '', answer: 'A' },
      answerTokens: 9,
      splits: { train: whole.slice(0, 1), validation: whole.slice(1, 2), test: whole.slice(2) },
    };
  });

describe.each(taskFormats.map(({ format }) => format))('%s', (format) => {
  test('an export that is imported gives the same task', () => {
    fc.assert(
      fc.property(tasks, (value) => {
        let task: Task;
        try {
          task = checkTask(value);
        } catch {
          // Some texts cannot be gold answers.
          return;
        }
        const { splits: _, ...settings } = task;
        expect(imported(sources(task, format), settings)).toEqual(task);
      }),
      { numRuns: 300 },
    );
  });
});

test('only a task file holds more than the examples', () => {
  const task = checkTask({
    ...{ version: 1, id: 'x', name: 'X', description: 'x', initialPrompt: 'p', metric: { kind: 'exact' } },
    ...{ position: 'before', markers: { input: '', answer: '' }, answerTokens: 4 },
    splits: {
      train: [{ input: 'a', gold: 'b' }],
      validation: [{ input: 'c', gold: ['d', 'e'] }],
      test: [{ input: 'f,\n"g"', gold: 'h' }],
    },
  });
  const texts = (format: TaskFormat) => [...exportPieces(task, format)].map((piece) => piece.text).join('');
  expect(texts('task')).toBe(taskText(task));
  expect(texts('csv')).toBe(
    'id,input,gold,split\ntrain-1,a,b,train\nvalidation-1,c,"[""d"",""e""]",validation\ntest-1,"f,\n""g""",h,test\n',
  );
  expect(texts('jsonl-splits').split('\n')[1]).toBe('{"id":"validation-1","input":"c","gold":["d","e"]}');
});

test('the files that are saved hold the pieces', async () => {
  const many = (n: number, split: string) =>
    Array.from({ length: n }, (_, i) => ({ id: `${split}-${i}`, input: `${split} ${i}`, gold: ['b'] }));
  const task: Task = {
    ...{ id: 'x', name: 'X', description: 'x', initialPrompt: 'p', metric: { kind: 'exact' } as const },
    ...{ position: 'before' as const, markers: { input: '', answer: '' }, answerTokens: 4 },
    splits: { train: many(1200, 'train'), validation: many(3, 'validation'), test: many(500, 'test') },
  };
  for (const { format } of taskFormats) {
    const files = await exportTask(task, format);
    const read = await Promise.all(
      files.map(async ({ name, content }) => ({
        path: name,
        bytes: new Uint8Array(await content.arrayBuffer()),
      })),
    );
    const { splits: _, ...settings } = task;
    expect(imported(read, settings)).toEqual(task);
  }
});
