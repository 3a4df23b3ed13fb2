import type { SplitName } from '../../core/task.ts';
import type { TaskSettings } from './plan.ts';

/** What was read from files or pasted text, before anybody said what it means. */

/** What becomes of a part's rows; `rows` looks at each row: at its split column, or else it is drawn. */
export type Role = SplitName | 'rows' | 'out';

export type Format = 'csv' | 'json' | 'jsonl' | 'task';

/** A file, or one list inside a JSON file. */
export interface Part {
  /** `train.jsonl`, or `data.json, train` for a list inside a file. */
  name: string;
  format: Format;
  role: Role;
  rows: number;
}

export interface Row {
  /** Index into the table's parts. */
  part: number;
  /** Counted as people see it: a row of the sheet (the header is row 1), a line of the file, an entry of the list. */
  at: number;
  /** By column; undefined where the row has none. */
  cells: readonly unknown[];
}

/** Something wrong with one row. */
export interface Fault {
  /** `row 17 of tickets.csv` */
  where: string;
  column: string | null;
  /** Goes on behind the column's name: `is empty`. */
  what: string;
}

export interface Table {
  parts: readonly Part[];
  columns: readonly string[];
  rows: readonly Row[];
  /** Rows that could not be read; they are not among `rows`. */
  faults: readonly Fault[];
  /** What was done that the reader of the preview should know, a sentence each. */
  notes: readonly string[];
  /** How separated text was read; null when there was none. */
  reading: Reading | null;
  /** A task file brings its own. */
  settings: TaskSettings | null;
  /** From the folder or the file; empty when neither says anything. */
  name: string;
}

/** How separated text is taken apart. */
export interface Reading {
  separator: string;
  /** Whether the first row names the columns. */
  header: boolean;
  /** Whether cells may be in quotation marks; without, a quotation mark is a letter like any other. */
  quotes: boolean;
}

/** How far the work is; both in the same unit, whatever that is. */
export type Progress = (done: number, total: number) => void;

/** A file or text that cannot be read at all. `advice` says what to do next. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  constructor(
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

const UNITS: Record<Format, string> = { csv: 'row', json: 'entry', jsonl: 'line', task: 'entry' };

/** `row 17 of tickets.csv` */
export function placeOf(part: Pick<Part, 'name' | 'format'>, at: number): string {
  return `${UNITS[part.format]} ${at} of ${part.name}`;
}

/** Far more than a table of texts has; a list of so many would not be looked through. */
const MOST_COLUMNS = 2000;

/** The columns of all parts together, in the order in which they were met. */
export class ColumnList {
  readonly names: string[] = [];
  readonly #index = new Map<string, number>();

  /**
   * The place of the column of this name; a new one is added at the end. `where` is the row that names it. Throws
   * ImportError when there are too many.
   */
  index(name: string, where: string): number {
    const known = this.#index.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= MOST_COLUMNS)
      throw new ImportError(
        `${where} has a column that is the ${MOST_COLUMNS + 1}st: at most ${MOST_COLUMNS} can be read.`,
        'Leave out columns that the task does not need. In JSON, every object should have the same names.',
      );
    this.#index.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}
