import { jsonFault } from '../../core/json-place.ts';
import { roleNamed, splitNamed } from './split-names.ts';
import {
  type ColumnList,
  type Fault,
  ImportError,
  type Part,
  placeOf,
  type Progress,
  type Row,
} from './table.ts';

/** JSON, one object a line or one list of objects, or lists of objects under the names of splits. */

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Objects between two reports. */
const BATCH = 2000;

/** The rows of JSON lines; a line that is no JSON object is a fault, an empty one is passed over. */
export function readJsonLines(
  text: string,
  name: string,
  part: number,
  columns: ColumnList,
  progress: Progress,
): { rows: Row[]; faults: Fault[] } {
  const rows: Row[] = [];
  const faults: Fault[] = [];
  let at = 0;
  for (let from = 0; from < text.length;) {
    const found = text.indexOf('\n', from);
    const to = found < 0 ? text.length : found;
    const line = text.slice(from, to).trim();
    at += 1;
    from = to + 1;
    if (at % BATCH === 0) progress(from, text.length);
    if (line === '') continue;
    const { value, problem } = parsed(line);
    const where = placeOf({ name, format: 'jsonl' }, at);
    if (problem !== null) {
      // The line is named already; within it the column is what counts.
      const place = problem.replace(/^line 1, /, '');
      const cut = found < 0 ? '; the file may be cut off here' : '';
      faults.push({ where, column: null, what: `is not valid JSON${cut} (${place})` });
    } else take(value, where, faults, columns, (cells) => rows.push({ part, at, cells }));
  }
  progress(text.length, text.length);
  return { rows, faults };
}

/** A JSON document: a list of objects, or an object whose lists of objects become a part each. */
export function readJsonDocument(
  document: unknown,
  name: string,
  firstPart: number,
  columns: ColumnList,
): { parts: Part[]; rows: Row[]; faults: Fault[] } {
  const rows: Row[] = [];
  const faults: Fault[] = [];
  const lists = listsOf(document, name);
  const parts = lists.map(({ label, role, items }, i): Part => {
    const part = { name: label, format: 'json', role, rows: 0 } as const;
    let count = 0;
    items.forEach((item, n) => {
      take(item, placeOf(part, n + 1), faults, columns, (cells) => {
        rows.push({ part: firstPart + i, at: n + 1, cells });
        count += 1;
      });
    });
    return { ...part, rows: count };
  });
  return { parts, rows, faults };
}

function listsOf(
  document: unknown,
  name: string,
): { label: string; role: Part['role']; items: readonly unknown[] }[] {
  if (Array.isArray(document)) return [{ label: name, role: roleNamed(name), items: document }];
  const inside = isObject(document) && isObject(document.splits) ? document.splits : document;
  const lists = isObject(inside)
    ? Object.entries(inside).flatMap(([key, value]) =>
        // A list that is named after a split is one, whatever it holds: its entries are faults rather than forgotten.
        Array.isArray(value) && (value.some(isObject) || (splitNamed(key) !== null && value.length > 0))
          ? [{ key, items: value as readonly unknown[] }]
          : [],
      )
    : [];
  if (lists.length === 0)
    throw new ImportError(
      `${name} holds no list of examples.`,
      'Write a list of objects, such as [{"input": "…", "target": "…"}], or such lists under “train”, “validation” and “test”.',
    );
  // A single list (`{"data": […]}`, `{"examples": […]}`) is named for the whole file.
  return lists.map(({ key, items }) => ({
    label: `${name}, ${key}`,
    role: lists.length === 1 && roleNamed(key) === 'rows' ? roleNamed(name) : roleNamed(key),
    items,
  }));
}

/** Levels of lists and objects in a cell; what is nested deeper is no text, and could not be written as one. */
const DEEPEST = 100;

/** Gives the cells of an entry to `keep`, or notes why it has none. */
function take(
  value: unknown,
  where: string,
  faults: Fault[],
  columns: ColumnList,
  keep: (cells: unknown[]) => void,
): void {
  if (!isObject(value)) {
    faults.push({ where, column: null, what: 'is not an object in braces' });
    return;
  }
  const deep = Object.entries(value).find(([, cell]) => isDeeper(cell, DEEPEST));
  if (deep === undefined) keep(cellsOf(value, columns, where));
  else faults.push({ where, column: deep[0], what: `is nested more than ${DEEPEST} levels deep` });
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((below) => isDeeper(below, levels - 1)));

function cellsOf(object: Readonly<Record<string, unknown>>, columns: ColumnList, where: string): unknown[] {
  const cells: unknown[] = [];
  for (const [key, value] of Object.entries(object)) cells[columns.index(key, where)] = value;
  return cells;
}

/** Parsed text, or what is wrong with it and in which line and column. */
export function parsed(text: string): { value: unknown; problem: string | null } {
  try {
    const value: unknown = JSON.parse(text);
    return { value, problem: null };
  } catch (error) {
    return {
      value: null,
      problem: jsonFault(text) ?? (error instanceof Error ? error.message : String(error)),
    };
  }
}
