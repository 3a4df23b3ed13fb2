import { guessColumnName, type ColumnUse } from './column-names.ts';
import type { Mapping } from './plan.ts';
import { splitNamed } from './split-names.ts';
import type { Row, Table } from './table.ts';
import { cellText } from './values.ts';

/** Rows looked at to see what a column holds. */
const LOOKED_AT = 200;
/** An id is a name, and must fit a task file. */
const LONGEST_ID = 100;

/**
 * Which column holds what: by its name, if it is filled in most rows; of two columns with other names, the longer text
 * is the input. Null where neither says it. An id column must name every row differently.
 */
export function guessMapping(table: Pick<Table, 'columns' | 'rows' | 'settings'>): Mapping {
  if (table.settings !== null) return { input: 'input', gold: 'gold', id: 'id', split: null };
  const { columns, rows } = table;
  const sample = spread(rows, LOOKED_AT);
  const filled = (i: number) =>
    sample.filter(({ cells }) => cellText(cells[i]).trim() !== '').length * 2 >= sample.length;
  const named = (use: ColumnUse) =>
    columns
      .map((name, i) => ({ i, guess: guessColumnName(name) }))
      .filter(({ i, guess }) => guess?.use === use && filled(i))
      .toSorted((a, b) => (a.guess?.rank ?? 0) - (b.guess?.rank ?? 0))
      .map(({ i }) => i);

  const id = named('id').find((i) => namesEveryRow(rows, i));
  const split = named('split').find((i) =>
    sample.every(({ cells }) => cells[i] === undefined || splitNamed(cellText(cells[i])) !== null),
  );
  let input = named('input')[0];
  let gold = named('gold').find((i) => i !== input);
  const others = columns.map((_, i) => i).filter((i) => i !== id && i !== split && filled(i));
  if (others.length === 2 && (input === undefined || gold === undefined)) {
    const [long, short] = others.toSorted((a, b) => meanLength(sample, b) - meanLength(sample, a));
    input ??= gold === long ? short : long;
    gold ??= input === long ? short : long;
  }
  const name = (i: number | undefined) => (i === undefined ? null : (columns[i] ?? null));
  return { input: name(input), gold: name(gold), id: name(id), split: name(split) };
}

/** At most `count` items, evenly from the whole list. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]).filter(
    (item) => item !== undefined,
  );
}

function namesEveryRow(rows: readonly Row[], column: number): boolean {
  const seen = new Set<string>();
  for (const { cells } of rows) {
    const id = cellText(cells[column]);
    if (id.trim() === '' || id.length > LONGEST_ID || seen.has(id)) return false;
    seen.add(id);
  }
  return true;
}

const meanLength = (rows: readonly Row[], column: number) =>
  rows.reduce((sum, { cells }) => sum + cellText(cells[column]).length, 0) / Math.max(1, rows.length);
