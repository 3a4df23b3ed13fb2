import { grouped } from './format.ts';

/** Characters of a reply that the page shows: many times what a model says at most, and little enough to be laid out. */
const MOST = 50_000;

/** The text as the page shows it: one that has no end is cut, and says how long it is. */
export function shownText(text: string): string {
  if (text.length <= MOST) return text;
  // Never within a letter that takes two places.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(MOST - 1)) ? MOST - 1 : MOST;
  return `${text.slice(0, end)}… (cut here: ${grouped(text.length)} characters in all)`;
}
