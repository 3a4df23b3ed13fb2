import { escapePattern } from './pattern.ts';

/** Proposals in tagged replies, and their cleaning. */

/**
 * The trimmed text from the first `open` tag to the first `close` tag behind it, whatever their case; to the end of
 * the text when none follows. Null when `open` is missing (the whole reply is never taken for the answer) and when
 * nothing but tags and blanks stands between them.
 */
export function between(text: string, open: string, close: string): string | null {
  const opening = literal(open).exec(text);
  if (opening === null) return null;
  const rest = text.slice(opening.index + opening[0].length);
  const closing = literal(close).exec(rest);
  const content = (closing === null ? rest : rest.slice(0, closing.index)).trim();
  return content.replace(/<[^<>]*>/g, '').trim() === '' ? null : content;
}

/** Tags further back than so many are not looked at: each may cost a scan of the rest. */
const LOOK_BACK = 32;

/**
 * What `between` finds behind the last `open` tag with something behind it: the final one of a reply that works in
 * steps. Null when there is none, or when none of the last 32 tags has anything behind it.
 */
export function lastBetween(text: string, open: string, close: string): string | null {
  const starts = [...text.matchAll(new RegExp(literal(open), 'giu'))].map((match) => match.index);
  for (const start of starts.slice(-LOOK_BACK).reverse()) {
    const found = between(text.slice(start), open, close);
    if (found !== null) return found;
  }
  return null;
}

/**
 * The trimmed text of the first fenced block (```), without a language name on the fence's line; to the end of the
 * text when the fence is never closed. Null when there is no fence or nothing in it.
 */
export function fenced(text: string): string | null {
  const open = text.indexOf('```');
  if (open === -1) return null;
  const rest = text.slice(open + 3);
  const close = rest.indexOf('```');
  const inner = (close === -1 ? rest : rest.slice(0, close)).replace(/^[\w+-]*\n/, '').trim();
  return inner === '' ? null : inner;
}

/** Matches a text as it stands, in any case. A pattern keeps indexes right where lower-casing changes lengths. */
const literal = (text: string) => new RegExp(escapePattern(text), 'iu');

const QUOTES: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['‘', '’'],
];

/**
 * A proposed prompt as it enters the run: without bold marks, a fence or quotation marks around the whole, blank
 * edges; line ends as `\n`; the first character a capital. Cleaning twice changes nothing more.
 */
export function cleanPrompt(text: string): string {
  let clean = text.replaceAll('\r\n', '\n');
  for (let before = ''; before !== clean;) {
    before = clean;
    clean = unquoted(unfenced(clean.trim()).replaceAll('**', '').trim());
  }
  const first = String.fromCodePoint(...(clean === '' ? [] : [clean.codePointAt(0) ?? 0]));
  return first.toUpperCase() + clean.slice(first.length);
}

/** Without one fence around the whole; a language name on the fence's line goes with it. */
function unfenced(text: string): string {
  if (text.length < 6 || !text.startsWith('```') || !text.endsWith('```')) return text;
  const inner = text.slice(3, -3);
  if (inner.includes('```')) return text;
  return inner.replace(/^[\w+-]*\n/, '');
}

/** Without one pair of quotation marks around the whole; quotations inside stay as they are. */
function unquoted(text: string): string {
  for (const [open, close] of QUOTES) {
    if (text.length < 2 || !text.startsWith(open) || !text.endsWith(close)) continue;
    const inner = text.slice(1, -1);
    // "A" or "B": the outer marks are not a pair.
    if (!inner.includes(open) && !inner.includes(close)) return inner;
  }
  return text;
}
