import { optionPlaces, type OptionPlace } from './allowed.ts';
import { escapePattern } from './pattern.ts';
import type { Rng } from './rng.ts';
import { withoutEnd } from './trim.ts';

/**
 * The same question with its options in another order. An order is a list of places: position i of the new text holds
 * what stood at position `order[i]`.
 */

/** Up to `most` different orders of `count` things, none of them the present one. */
export function otherOrders(count: number, most: number, rng: Rng): number[][] {
  const present = Array.from({ length: count }, (_, i) => i);
  const possible = present.reduce((product, i) => Math.min(product * (i + 1), 1000), 1) - 1;
  const found = new Map<string, number[]>([[present.join(), present]]);
  while (found.size <= Math.min(most, possible)) {
    const order = rng.shuffled(present);
    found.set(order.join(), order);
  }
  return [...found.values()].slice(1);
}

/** Options whose sense depends on the others or on the order. */
const REFERS = /\b(?:all|none|both|neither|either|any) of (?:the|these|them)\b|\b(?:above|below)\b/i;
const NAMES_LETTER = /\([A-Z]\)|\b[A-Z] (?:and|or|nor|&) [A-Z]\b/;

/**
 * The listed options of a question, `(A)`, `(B)`…, where they can change places without changing the sense: each on a
 * line of its own, or all on the last line; none speaks of the others, and the question speaks of no letter. Null
 * otherwise.
 */
export function movableOptions(question: string): OptionPlace[] | null {
  const places = optionPlaces(question).map((place) => {
    const text = withoutConjunction(withoutEnd(place.text, ' .,;'));
    return { ...place, text, end: place.start + text.length };
  });
  const [first] = places;
  const last = places.at(-1);
  if (first === undefined || last === undefined) return null;
  if (places.some(({ text }) => text === '' || REFERS.test(text) || NAMES_LETTER.test(text))) return null;
  const outside = question.slice(0, first.mark) + question.slice(last.end);
  if (NAMES_LETTER.test(outside)) return null;
  const lineStart = (at: number) => question.lastIndexOf('\n', at - 1) + 1;
  const ownLines = places.every(({ mark }) => /^[\s*•-]*$/.test(question.slice(lineStart(mark), mark)));
  const oneLine =
    lineStart(first.mark) === lineStart(last.mark) && /^[\s.,;]*$/.test(question.slice(last.end));
  return ownLines || oneLine ? places : null;
}

/** Without ", or" and the like at its end. */
function withoutConjunction(text: string): string {
  const word = /\s(or|and)$/i.exec(text.slice(-4))?.[1];
  if (word === undefined) return text;
  const before = text.slice(0, -word.length).trimEnd();
  return /[,;]$/.test(before) ? before.slice(0, -1) : before;
}

/** The question with the texts of its options in another order; the letters stay where they are. */
export function reorderListed(
  question: string,
  places: readonly OptionPlace[],
  order: readonly number[],
): string {
  return replaced(
    question,
    places,
    order.map((from) => places[from]?.text ?? ''),
  );
}

/** Characters between two entries of a list, at most: blanks in the pattern below can be shared out in many ways. */
const LONGEST_GAP = 40;

/** Between two entries of a list: closing signs, a comma or a bullet or a word, opening signs. */
const BETWEEN =
  /^["'`*_”’)\]]{0,4}\s*(?:[,;/|]|\n\s*(?:[-*•]|\d+[.)])?)?\s*(?:(?:or|and|vs\.?)\s+)?["'`*_“‘([]{0,4}$/i;

/**
 * A text with every list of all `options` in it ("positive, negative or neutral", or one a line) in another order.
 * Null when it holds no such list: options that stand in separate clauses have a place in the sense.
 */
export function reorderNamed(
  text: string,
  options: readonly string[],
  order: readonly number[],
): string | null {
  const any = [...options]
    .sort((a, b) => b.length - a.length)
    .map(escapePattern)
    .join('|');
  if (any === '') return null;
  const found = [...text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])(?:${any})(?![\\p{L}\\p{N}])`, 'giu'))].map(
    ({ 0: word, index }) => ({ text: word, start: index, end: index + word.length }),
  );
  const lists: (typeof found)[] = [];
  for (let i = 0; i + options.length <= found.length; i++) {
    const list = found.slice(i, i + options.length);
    const different = new Set(list.map((one) => one.text.toLowerCase())).size === options.length;
    const close = list.every((one, j) => {
      const gap = text.slice(list[j - 1]?.end ?? one.start, one.start);
      return j === 0 || (gap !== '' && gap.length <= LONGEST_GAP && BETWEEN.test(gap));
    });
    if (!different || !close) continue;
    lists.push(list);
    i += options.length - 1;
  }
  if (lists.length === 0) return null;
  return replaced(
    text,
    lists.flat(),
    lists.flatMap((list) => order.map((from) => list[from]?.text ?? '')),
  );
}

/** Puts new texts in the place of stretches that follow one another. */
function replaced(
  text: string,
  places: readonly { start: number; end: number }[],
  texts: readonly string[],
): string {
  let out = '';
  let from = 0;
  for (const [i, { start, end }] of places.entries()) {
    out += text.slice(from, start) + (texts[i] ?? '');
    from = end;
  }
  return out + text.slice(from);
}
