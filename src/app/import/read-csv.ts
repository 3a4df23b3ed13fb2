import Papa from 'papaparse';
import { guessColumnName } from './column-names.ts';
import { separators } from './separators.ts';
import { type ColumnList, type Fault, placeOf, type Progress, type Reading, type Row } from './table.ts';

/** Characters parsed at a time: some ten thousand rows between two reports. */
const CHUNK = 1 << 20;
/** Characters and rows looked at to guess how a text is separated. */
const SAMPLE = 1 << 17;
const SAMPLE_ROWS = 50;

export interface Rows {
  rows: Row[];
  faults: Fault[];
  notes: string[];
}

/**
 * The rows of separated text. What `wanted` leaves open is guessed from the first rows. A row with another number of
 * cells than the first, or with quotation marks that do not close, is a fault; an empty row is passed over.
 */
export function readCsv(
  text: string,
  name: string,
  part: number,
  columns: ColumnList,
  wanted: Partial<Reading>,
  progress: Progress,
): Rows & { reading: Reading } {
  const quotes = wanted.quotes ?? true;
  const { newline, mixed } = newlineOf(text);
  const separator = wanted.separator ?? guessSeparator(text, newline, quotes);
  const header = wanted.header ?? hasHeader(sampleRows(text, separator, newline, quotes));
  const rows: Row[] = [];
  const faults: Fault[] = [];
  const notes: string[] = [];
  const where = (at: number) => placeOf({ name, format: 'csv' }, at);
  let places: number[] | null = null;
  let seen = 0;
  let done = 0;

  const take = (cells: string[], problem: string | null) => {
    seen += 1;
    const last = cells.length - 1;
    if (mixed && cells[last]?.endsWith('\r')) cells[last] = cells[last].slice(0, -1);
    if (problem === null && cells.every((cell) => cell === '')) return;
    if (places === null) {
      const names = header ? columnNames(cells, notes) : cells.map((_, i) => `column ${i + 1}`);
      places = names.map((column) => columns.index(column, where(seen)));
      if (header) return;
    }
    const extra = cells.length - places.length;
    if (problem !== null) faults.push({ where: where(seen), column: null, what: problem });
    else if (extra > 0 && cells.slice(places.length).some((cell) => cell !== ''))
      faults.push({ where: where(seen), column: null, what: tooMany(cells.length, places.length) });
    else if (extra < 0)
      faults.push({ where: where(seen), column: null, what: tooFew(cells.length, places.length) });
    else rows.push({ part, at: seen, cells: placed(cells, places) });
  };

  Papa.parse<string[]>(text, {
    delimiter: separator,
    newline,
    quoteChar: quotes ? '"' : '\0',
    chunkSize: CHUNK,
    chunk({ data, errors, meta }: Papa.ParseResult<string[]>) {
      const broken = new Map(errors.map((error) => [error.row ?? data.length - 1, quoteProblem(error.code)]));
      data.forEach((cells, i) => take(cells, broken.get(i) ?? null));
      done = Math.max(done, Math.min(meta.cursor, text.length));
      progress(done, text.length);
    },
    // The types want one; a text is parsed before `parse` returns.
    complete: () => undefined,
  });
  return { rows, faults, notes, reading: { separator, header, quotes } };
}

const tooMany = (has: number, wanted: number) =>
  `has ${has} cells where the first row has ${wanted}; a text that contains the separator must be in quotation marks`;
const tooFew = (has: number, wanted: number) =>
  `has ${has} of ${wanted} cells; the row, or the file, may be cut off here`;

const quoteProblem = (code: string) =>
  code === 'MissingQuotes'
    ? 'begins a text in quotation marks that never ends: everything from here on was read as one cell'
    : 'has a quotation mark in the middle of a quoted text; inside, write it twice';

/** Cells in the order of the table's columns. */
function placed(cells: readonly string[], places: readonly number[]): unknown[] {
  const row: unknown[] = [];
  places.forEach((place, i) => (row[place] = cells[i]));
  return row;
}

type Newline = '\n' | '\r\n' | '\r';

/**
 * What ends a row: the one that all rows agree on, or else the line feed, and then the carriage returns before it are
 * taken off. Line ends inside quotation marks do not count.
 */
function newlineOf(text: string): { newline: Newline; mixed: boolean } {
  let quoted = false;
  let [feeds, both, returns] = [0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) quoted = !quoted;
    else if (quoted || (code !== 10 && code !== 13)) continue;
    else if (code === 10) feeds += 1;
    else if (text.charCodeAt(i + 1) === 10) {
      both += 1;
      i += 1;
    } else returns += 1;
  }
  if (feeds + both === 0) return { newline: returns > 0 ? '\r' : '\n', mixed: false };
  return feeds === 0 ? { newline: '\r\n', mixed: false } : { newline: '\n', mixed: both > 0 };
}

/** The first rows, without empty ones and without one that the sample cuts off. */
function sampleRows(text: string, delimiter: string, newline: Newline, quotes: boolean): string[][] {
  const { data } = Papa.parse<string[]>(text.slice(0, SAMPLE), {
    delimiter,
    newline,
    quoteChar: quotes ? '"' : '\0',
    preview: SAMPLE_ROWS,
  });
  const whole =
    text.length > SAMPLE && data.length < SAMPLE_ROWS && data.length > 1 ? data.slice(0, -1) : data;
  return whole.filter((cells) => cells.some((cell) => cell.trim() !== ''));
}

/** The separator that gives the most rows as many cells as the first row, and then the most cells. */
function guessSeparator(text: string, newline: Newline, quotes: boolean): string {
  let best: { separator: string; share: number; cells: number } | null = null;
  for (const separator of separators) {
    const rows = sampleRows(text, separator, newline, quotes);
    const cells = rows[0]?.length ?? 0;
    if (cells < 2) continue;
    const share = rows.filter((row) => row.length === cells).length / rows.length;
    if (best === null || share > best.share || (share === best.share && cells > best.cells))
      best = { separator, share, cells };
  }
  return best?.separator ?? ',';
}

/** Column names are short, no numbers, differ from each other, and do not turn up again below. */
function hasHeader(rows: readonly (readonly string[])[]): boolean {
  const [first, ...below] = rows;
  if (first === undefined) return true;
  const names = first.map((cell) => cell.trim());
  if (names.some((name) => guessColumnName(name) !== null)) return true;
  return names.every(
    (name, i) =>
      name.length <= 60 &&
      !/^[-+]?[\d.,]+$/.test(name) &&
      !/[.!?]$/.test(name) &&
      !below.some((row) => row[i]?.trim() === name && name !== ''),
  );
}

/** Names for all columns: one that is empty is numbered, one that repeats is told apart by a number. */
function columnNames(cells: readonly string[], notes: string[]): string[] {
  const names = new Set<string>();
  // The next number of a name that repeats.
  const numbers = new Map<string, number>();
  for (const [i, cell] of cells.entries()) {
    const wanted = cell.trim() || `column ${i + 1}`;
    let name = wanted;
    for (let n = numbers.get(wanted) ?? 2; names.has(name); n++) {
      name = `${wanted} (${n})`;
      numbers.set(wanted, n + 1);
    }
    if (name !== wanted)
      notes.push(
        `More than one column is called “${wanted}”; the one at place ${i + 1} is called “${name}” here.`,
      );
    names.add(name);
  }
  return [...names];
}
