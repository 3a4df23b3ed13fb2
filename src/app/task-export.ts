import Papa from 'papaparse';
import type { Example, SplitName, Task } from '../core/task.ts';
import { goldCell } from './import/values.ts';
import { splitNames } from './task-checks.ts';
import { taskText } from './task-file.ts';

/** A task as files in the formats that can be imported. Importing them gives the same examples in the same splits. */

/** `task`: everything. The others hold the examples alone: id, input, right answers and split. */
export type TaskFormat = 'task' | 'csv' | 'tsv' | 'json' | 'jsonl' | 'jsonl-splits';

/** In the order to show them. */
export const taskFormats: readonly { format: TaskFormat; name: string; says: string }[] = [
  { format: 'task', name: 'Task file', says: 'One JSON file with everything: prompt, metric, splits.' },
  { format: 'csv', name: 'CSV', says: 'One table with a column for the split, for spreadsheets.' },
  { format: 'tsv', name: 'TSV', says: 'The same with tabs between the cells.' },
  { format: 'json', name: 'JSON', says: 'One object with a list of examples for each split.' },
  { format: 'jsonl', name: 'JSONL', says: 'One example a line, with its split.' },
  { format: 'jsonl-splits', name: 'JSONL, a file a split', says: 'Three files: train, validation, test.' },
];

export interface TaskFile {
  name: string;
  content: Blob;
}

const ROWS_AT_ONCE = 500;

/** The files of a task. Long ones are written in pieces with a pause between, so that the page stays awake. */
export async function exportTask(task: Task, format: TaskFormat): Promise<TaskFile[]> {
  const pieces = new Map<string, string[]>();
  let count = 0;
  for (const { name, text } of exportPieces(task, format)) {
    const file = pieces.get(name) ?? [];
    file.push(text);
    pieces.set(name, file);
    count += 1;
    if (count % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return [...pieces].map(([name, texts]) => ({ name, content: new Blob(texts, { type: TYPES[format] }) }));
}

const TYPES: Record<TaskFormat, string> = {
  task: 'application/json',
  json: 'application/json',
  jsonl: 'application/jsonl',
  'jsonl-splits': 'application/jsonl',
  csv: 'text/csv;charset=utf-8',
  tsv: 'text/tab-separated-values;charset=utf-8',
};

/** The pieces of each file, in order. */
export function* exportPieces(task: Task, format: TaskFormat): Generator<{ name: string; text: string }> {
  switch (format) {
    case 'task':
      yield { name: `${task.id}.json`, text: taskText(task) };
      return;
    case 'csv':
    case 'tsv':
      yield* table(task, format);
      return;
    case 'json':
      yield* json(task);
      return;
    case 'jsonl':
      for (const { split, rows } of batches(task))
        yield {
          name: `${task.id}.jsonl`,
          text: rows.map((example) => `${JSON.stringify({ ...record(example), split })}\n`).join(''),
        };
      return;
    case 'jsonl-splits':
      for (const { split, rows } of batches(task))
        yield {
          name: `${split}.jsonl`,
          text: rows.map((example) => `${JSON.stringify(record(example))}\n`).join(''),
        };
  }
}

function* table(task: Task, format: 'csv' | 'tsv') {
  const name = `${task.id}.${format}`;
  const config = { delimiter: format === 'csv' ? ',' : '\t', newline: '\n' };
  const text = (rows: readonly (readonly string[])[]) =>
    `${Papa.unparse(
      rows.map((row) => [...row]),
      config,
    )}\n`;
  yield { name, text: text([['id', 'input', 'gold', 'split']]) };
  for (const { split, rows } of batches(task))
    yield { name, text: text(rows.map(({ id, input, gold }) => [id, input, goldCell(gold), split])) };
}

function* json(task: Task) {
  const name = `${task.id}-examples.json`;
  for (const [i, split] of splitNames.entries()) {
    yield { name, text: `${i === 0 ? '{' : '\n  ],'}\n  "${split}": [` };
    let first = true;
    for (const { rows } of batches(task, [split])) {
      const lines = rows.map((example) => `\n    ${JSON.stringify(record(example))}`);
      yield { name, text: `${first ? '' : ','}${lines.join(',')}` };
      first = false;
    }
  }
  yield { name, text: '\n  ]\n}\n' };
}

/** One right answer as a text, several as a list. */
function record({ id, input, gold }: Example) {
  const [only, ...others] = gold;
  return { id, input, gold: others.length === 0 ? only : gold };
}

function* batches({ splits }: Task, of: readonly SplitName[] = splitNames) {
  for (const split of of)
    for (let from = 0; from < splits[split].length; from += ROWS_AT_ONCE)
      yield { split, rows: splits[split].slice(from, from + ROWS_AT_ONCE) };
}
