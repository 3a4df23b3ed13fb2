import type { SplitName, Task } from '../../core/task.ts';
import { splitNames } from '../task-checks.ts';
import { checkTask } from '../task-file.ts';
import { buildTask, type Built } from './build.ts';
import { guessPlan } from './guess.ts';
import type { Plan } from './plan.ts';
import type { Checked, Preview } from './protocol.ts';
import { placeOf, type Progress, type Table } from './table.ts';
import { cellText } from './values.ts';

/** What the page is shown of a table and of what a plan makes of it. */

const ROWS = 20;
const CELL = 300;
const LISTED = 50;
const MOST_ANSWERS = 24;

export function previewOf(table: Table): Preview {
  const { parts, columns, rows, notes, reading, settings } = table;
  return {
    parts,
    columns,
    rows: rows.slice(0, ROWS).map(({ part, at, cells }) => ({
      where: placeOf(parts[part] ?? { name: '', format: 'csv' }, at),
      cells: columns.map((_, i) => cut(cellText(cells[i]), CELL)),
    })),
    total: rows.length + table.faults.length,
    notes,
    reading,
    ...guessPlan(table),
    isTask: settings !== null,
  };
}

export function checkedOf(built: Built): Checked {
  const { splits, faults, copies } = built;
  return {
    sizes: { train: splits.train.length, validation: splits.validation.length, test: splits.test.length },
    leftOut: built.leftOut,
    badRows: built.badRows,
    faults: faults.slice(0, LISTED),
    faultCount: faults.length,
    copies: copies.slice(0, LISTED).map((copy) => ({ ...copy, input: cut(copy.input, CELL) })),
    copyCount: copies.length,
    repeats: built.repeats,
    drawn: built.drawn,
    stops: built.stops,
    answers: answersOf(splits),
    first: splits.train.slice(0, 3).map(({ id, input, gold }) => ({
      id,
      input: cut(input, CELL),
      gold: gold.map((answer) => cut(answer, CELL)),
    })),
  };
}

/** The task that a plan gives. Throws TaskError when the settings are not those of a task. */
export function taskOf(table: Table, plan: Plan, progress: Progress): Task {
  const { splits } = buildTask(table, plan, progress);
  return checkTask({ version: 1, ...plan.settings, splits });
}

function answersOf(splits: Built['splits']): Checked['answers'] {
  const counts = new Map<string, Record<SplitName, number>>();
  for (const split of splitNames)
    for (const { gold } of splits[split]) {
      const answer = gold.join(' | ');
      const known = counts.get(answer) ?? { train: 0, validation: 0, test: 0 };
      known[split] += 1;
      counts.set(answer, known);
      if (counts.size > MOST_ANSWERS) return [];
    }
  const sum = ({ train, validation, test }: Record<SplitName, number>) => train + validation + test;
  return [...counts]
    .map(([answer, each]) => ({ answer: cut(answer, 60), counts: each }))
    .toSorted((a, b) => sum(b.counts) - sum(a.counts));
}

/** Cut between letters, never within one that takes two places. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length;
  return `${text.slice(0, end)}…`;
}
