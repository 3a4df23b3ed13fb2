import { cued, PRIMARY, WEAK_NUMBER } from './cues.ts';

/** Reads the number that a reply gives as its answer. */

const UNITS = [
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen',
  'eighteen nineteen',
]
  .join(' ')
  .split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES: Readonly<Record<string, number>> = { hundred: 100, thousand: 1e3, million: 1e6, billion: 1e9 };

const WORD = `(?:${[...UNITS, ...TENS, ...Object.keys(SCALES)].join('|')})`;
const WORDS = String.raw`(?<![-_'’])\b${WORD}(?:(?:\s{1,2}and\s{1,2}|[\s-]{1,2})${WORD})*\b`;
// Not inside a word (x2), not the tail of another number (the 3 of 1.2.3). A hyphen after a digit is no sign (3-5).
const SIGN = String.raw`(?:(?<![\p{L}\p{N})])[-−])?`;
const DIGITS = [
  String.raw`\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?`,
  String.raw`\d{1,3}(?:\.\d{3})+,\d{1,2}(?!\d)`,
  String.raw`\d+(?:\.\d+)?(?:e[-+]?\d{1,3}(?![\p{L}\d]))?`,
  String.raw`\.\d+`,
].join('|');
const SCALE = String.raw`(?:\s(?<scale>hundred|thousand|million|billion)\b)?`;
const NUMBER = new RegExp(
  String.raw`(?<sign>${SIGN})(?:[$€£¥]\s?)?(?<![\p{L}\p{N}_]|\p{N}[./])(?<digits>${DIGITS})(?<over>(?:/\d+)*)${SCALE}|(?<words>${WORDS})`,
  'giu',
);

interface Found {
  value: number;
  /** Written in words. */
  spelled: boolean;
}

/**
 * The number, in plain decimal notation, that the reply gives as its answer; null when it holds none. Beside the last
 * cue that leads to a number (after an equals sign there, if any): the first number behind it; without any cue the
 * last number in digits, or else in words. Currency, thousands separators and units are dropped.
 */
export function readNumber(reply: string): string | null {
  for (const cues of [PRIMARY, WEAK_NUMBER]) {
    for (const { text, side } of cued(reply, cues)) {
      const found = side === 'before' ? numbersIn(text).at(-1) : firstOrResult(text);
      if (found !== undefined) return String(found.value);
    }
  }
  const all = numbersIn(reply);
  const spelled = all.filter((found) => found.spelled);
  // "… each one": the word is rarely a count when others are there.
  const counts = spelled.filter((found) => found.value !== 1);
  const found = all.findLast((each) => !each.spelled) ?? counts.at(-1) ?? spelled.at(-1);
  return found === undefined ? null : String(found.value);
}

/** The value of a text that is one number and nothing else but currency and a percent sign; null otherwise. */
export function asNumber(text: string): number | null {
  const short = text.trim();
  if (short.length > 40) return null;
  const match = [...short.matchAll(NUMBER)];
  const only = match[0];
  if (match.length !== 1 || only === undefined || only.groups?.words !== undefined) return null;
  const rest = short.slice(0, only.index) + short.slice(only.index + only[0].length);
  return /^[\s%$€£¥]*$/u.test(rest) ? (valueOf(only)?.value ?? null) : null;
}

function firstOrResult(text: string): Found | undefined {
  const equals = text.lastIndexOf('=');
  const result = equals < 0 ? undefined : numbersIn(text.slice(equals + 1))[0];
  return result ?? numbersIn(text)[0];
}

function numbersIn(text: string): Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(NUMBER)) {
    // "one of the…" and "two-way" count nothing.
    const words = match.groups?.words?.toLowerCase();
    const end = match.index + match[0].length;
    const behind = words === undefined ? '' : text.slice(end, end + 5);
    if (/^-\p{L}/u.test(behind) || (words === 'one' && /^\s{1,2}of\b/u.test(behind))) continue;
    const value = valueOf(match);
    if (value !== null) found.push(value);
  }
  return found;
}

function valueOf(match: RegExpExecArray): Found | null {
  const { sign = '', digits, over = '', scale, words } = match.groups ?? {};
  if (digits === undefined) {
    const value = words === undefined ? null : spelledValue(words.toLowerCase().split(/[\s-]+/u));
    return value === null ? null : { value, spelled: true };
  }
  const european = /\.\d{3},\d{1,2}$/u.test(digits);
  const plain = european ? digits.replaceAll('.', '').replace(',', '.') : digits.replaceAll(',', '');
  let value = Number(plain) * (scale === undefined ? 1 : (SCALES[scale.toLowerCase()] ?? 1));
  if (over !== '') {
    // One slash is a fraction, more are a date.
    const below = Number(over.slice(1));
    value = Number.isFinite(below) ? value / below : NaN;
  }
  if (!Number.isFinite(value)) return null;
  return { value: sign === '' ? value : -value, spelled: false };
}

/** The value of number words, "two hundred and five"; null when they make no number ("one two"). */
function spelledValue(words: readonly string[]): number | null {
  let total = 0;
  let group = 0;
  // The least that has been said in this group: what follows must be smaller.
  let room = Infinity;
  for (const word of words) {
    const unit = UNITS.indexOf(word);
    const ten = TENS.indexOf(word);
    const scale = SCALES[word];
    if (unit >= 0 || ten >= 0) {
      const value = unit >= 0 ? unit : 20 + 10 * ten;
      if (value >= room) return null;
      group += value;
      room = unit >= 0 ? 0 : 10;
    } else if (word === 'hundred') {
      if (group > 9) return null;
      group = (group || 1) * 100;
      room = 100;
    } else if (scale !== undefined) {
      total += (group || 1) * scale;
      group = 0;
      room = Infinity;
    }
  }
  return total + group;
}
