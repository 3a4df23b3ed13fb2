import { parseTask } from '../task-file.ts';
import { splitNames } from '../task-checks.ts';
import { decode } from './decode.ts';
import { readCsv } from './read-csv.ts';
import { isObject, parsed, readJsonDocument, readJsonLines } from './read-json.ts';
import { roleNamed } from './split-names.ts';
import {
  ColumnList,
  type Fault,
  ImportError,
  type Part,
  type Progress,
  type Reading,
  type Row,
  type Table,
} from './table.ts';

/** A file with the folders that it was dropped with, or pasted text, whose path is empty. */
export interface Source {
  path: string;
  bytes: Uint8Array;
}

/** All files together. More would not fit a browser's memory several times over. */
const LIMIT = 256 * 1024 * 1024;
export const PASTED = 'pasted text';

/**
 * Reads files or pasted text into one table. The format is told from the name's end and the first letters. Throws
 * ImportError when nothing can be made of a file as a whole, and TaskError for a task file with a mistake; mistakes in
 * single rows are among the table's faults.
 */
export function readSources(
  given: readonly Source[],
  wanted: Partial<Reading>,
  progress: Progress = () => undefined,
): Table {
  const sources = given.filter(({ path }) => !isHidden(path)).toSorted(byRole);
  const total = checkTogether(sources);
  const columns = new ColumnList();
  const parts: Part[] = [];
  const rows: Row[] = [];
  const faults: Fault[] = [];
  const notes: string[] = [];
  let reading: Reading | null = null;
  let settings: Table['settings'] = null;
  let before = 0;

  for (const { path, bytes } of sources) {
    const name = nameOf(path);
    const { text, encoding } = decode(bytes);
    const report: Progress = (done, of) => progress(before + (done / Math.max(1, of)) * bytes.length, total);
    if (encoding === 'Latin-1')
      notes.push(`${name} is not UTF-8; it was read as Latin-1. Look whether accented letters are right.`);
    const format = formatOf(path, text);
    const part = parts.length;
    if (format.kind === 'task') {
      const table = taskRows(text, name, part, columns);
      parts.push(...table.parts);
      append(rows, table.rows);
      settings = table.settings;
    } else if (format.kind === 'json') {
      const found = readJsonDocument(format.document, name, part, columns);
      parts.push(...found.parts);
      append(rows, found.rows);
      append(faults, found.faults);
    } else if (format.kind === 'jsonl') {
      const found = readJsonLines(text, name, part, columns, report);
      parts.push({ name, format: 'jsonl', role: roleNamed(name), rows: found.rows.length });
      append(rows, found.rows);
      append(faults, found.faults);
    } else {
      const found = readCsv(text, name, part, columns, wanted, report);
      parts.push({ name, format: 'csv', role: roleNamed(name), rows: found.rows.length });
      append(rows, found.rows);
      append(faults, found.faults);
      append(notes, found.notes);
      reading ??= found.reading;
    }
    before += bytes.length;
    progress(before, total);
  }
  if (settings !== null && sources.length > 1)
    throw new ImportError(
      'A task file was given together with other files.',
      'Import the task file by itself.',
    );
  if (rows.length === 0 && faults.length === 0)
    throw new ImportError(
      `${sources.map(({ path }) => nameOf(path)).join(', ')}: there are no rows.`,
      'Choose a file with one example a row or a line.',
    );
  return { parts, columns: columns.names, rows, faults, notes, reading, settings, name: commonName(sources) };
}

/** Push by spread would overflow the stack at a hundred thousand rows. */
function append<T>(list: T[], more: readonly T[]): void {
  for (const item of more) list.push(item);
}

function checkTogether(sources: readonly Source[]): number {
  if (sources.length === 0)
    throw new ImportError(
      'There is no file to read.',
      'Choose CSV, TSV, JSON or JSONL files, or a folder that holds some.',
    );
  const folders = [...new Set(sources.map(({ path }) => path.split('/').slice(0, -1).join('/')))];
  if (folders.length > 1)
    throw new ImportError(
      `The files lie in ${folders.length} folders: ${folders.slice(0, 5).join(', ')}${folders.length > 5 ? '…' : ''}.`,
      'Each folder is a task of its own. Drop one of them at a time.',
    );
  const total = sources.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total > LIMIT)
    throw new ImportError(
      `The files have ${Math.ceil(total / 1048576)} MB; at most ${LIMIT / 1048576} MB can be read.`,
      'Leave out rows or columns that the task does not need.',
    );
  return total;
}

type Found = { kind: 'csv' | 'jsonl' | 'task' } | { kind: 'json'; document: unknown };

function formatOf(path: string, text: string): Found {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  if (['csv', 'tsv', 'tab', 'psv'].includes(ending)) return { kind: 'csv' };
  if (ending === 'jsonl' || ending === 'ndjson') return { kind: 'jsonl' };
  const start = /^\s*([[{])/.exec(text.slice(0, 1000))?.[1];
  if (start === undefined && ending !== 'json') return { kind: 'csv' };
  const { value: document, problem } = parsed(text);
  if (problem === null)
    return isObject(document) && 'version' in document && 'splits' in document
      ? { kind: 'task' }
      : isObject(document) && !Object.values(document).some(Array.isArray) && !isObject(document.splits)
        ? { kind: 'jsonl' }
        : { kind: 'json', document };
  const firstLine = text.trimStart().split('\n', 1)[0] ?? '';
  if (start === '{' && isObject(parsed(firstLine).value)) return { kind: 'jsonl' };
  if (path === '' && start === '[') return { kind: 'csv' };
  throw new ImportError(
    `${nameOf(path)} is not valid JSON: ${problem}.`,
    'Mend that place; the file may be cut off. A file with one object a line should be called .jsonl.',
  );
}

/** A task file is taken whole or not at all; then its examples are shown and may be changed like any other rows. */
function taskRows(text: string, name: string, firstPart: number, columns: ColumnList) {
  const { splits, ...settings } = parseTask(text);
  const places = ['id', 'input', 'gold'].map((column) => columns.index(column, name));
  const rows: Row[] = [];
  const parts = splitNames.map((split, i): Part => {
    splits[split].forEach(({ id, input, gold }, n) => {
      const cells: unknown[] = [];
      [id, input, gold].forEach((value, column) => (cells[places[column] ?? column] = value));
      rows.push({ part: firstPart + i, at: n + 1, cells });
    });
    return { name: `${name}, ${split}`, format: 'task', role: split, rows: splits[split].length };
  });
  return { parts, rows, settings };
}

const nameOf = (path: string) => path.split('/').at(-1) || PASTED;
const isHidden = (path: string) =>
  path.split('/').some((step) => step.startsWith('.') || step === '__MACOSX');

/** Train before validation before test, so that the preview begins with what is learnt from; then by name. */
function byRole(a: Source, b: Source): number {
  const order = ['train', 'validation', 'test', 'rows', 'out'];
  const rank = ({ path }: Source) => order.indexOf(roleNamed(nameOf(path)));
  return rank(a) - rank(b) || (a.path < b.path ? -1 : 1);
}

/** The folder's name, or the only file's, unless that says no more than a split's name does. */
function commonName(sources: readonly Source[]): string {
  const [first, ...others] = sources;
  const steps = first?.path.split('/') ?? [];
  const file = (steps.at(-1) ?? '').replace(/\.[a-z0-9]+$/i, '');
  if (others.length === 0 && roleNamed(file) === 'rows') return file;
  return steps.at(-2) ?? '';
}
