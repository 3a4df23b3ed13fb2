/** Tables as CSV (RFC 4180), safe to open in a spreadsheet. */

export type CsvValue = string | number | boolean | null;

/** Text that a spreadsheet would take for a formula, white space before it notwithstanding. */
const FORMULA = /^\s*[=+\-@\t\r]/;

/**
 * The rows as one text, the first usually the names of the columns. Text that would run as a formula gets an apostrophe
 * before it, which spreadsheets take off or show and never run; numbers stay numbers. Null is an empty field, and
 * numbers that are none (NaN, infinities) are empty too.
 */
export function csvOf(rows: readonly (readonly CsvValue[])[]): string {
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function field(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const text = safe(String(value));
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text as it stands in the file, without the quotes. */
export function safe(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}
