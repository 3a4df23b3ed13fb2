import { isObject, parsed } from './read-json.ts';

/** Cells as texts: an example's input and its right answers. */

/** A cell as text; empty for an absent one. Numbers and yes/no values as JSON writes them, lists and objects as JSON. */
export function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  return JSON.stringify(value) ?? '';
}

/**
 * The right answers that a cell holds; empty for an empty cell. A list gives one answer an entry. `separated`: the cell
 * is from CSV or TSV, where a list can only be written as JSON, `["a", "b"]`.
 */
export function goldTexts(value: unknown, separated: boolean): string[] {
  const list: readonly unknown[] | null = Array.isArray(value)
    ? value
    : separated
      ? writtenList(value)
      : null;
  return (list ?? [value]).map(cellText).filter((text) => text.trim() !== '');
}

/** A list of answers as one cell; `goldTexts` of it gives the same list. */
export function goldCell(gold: readonly string[]): string {
  const [only, ...others] = gold;
  return only !== undefined && others.length === 0 && writtenList(only) === null
    ? only
    : JSON.stringify(gold);
}

function writtenList(value: unknown): readonly string[] | null {
  if (typeof value !== 'string' || !/^\s*\[\s*"/.test(value)) return null;
  const list = parsed(value).value;
  return Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === 'string')
    ? list
    : null;
}

/** The object that a text is, or null. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.trimStart().startsWith('{')) return null;
  const { value } = parsed(text);
  return isObject(value) ? value : null;
}
