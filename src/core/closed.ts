import { listedOptions } from './allowed.ts';
import { cued, PRIMARY, WEAK } from './cues.ts';
import { escapePattern } from './pattern.ts';
import type { Metric } from './task.ts';
import { withoutEnd } from './trim.ts';

/** Reads an answer that must be one of a few: options, a pair, or the letters that the question lists. */

interface Form {
  answer: string;
  /** Also an ordinary word ("no reason", "A dog"): counts only where it stands alone. */
  guarded: boolean;
}

interface ClosedSet {
  pattern: RegExp;
  /** By lower-case text. */
  forms: Map<string, Form>;
  /**
   * What "not X" can mean. Of a pair, the other one; of True/False either, as it may be part of an expression that
   * the reply repeats; of options, nothing.
   */
  negated: Map<string, readonly string[]>;
  /** Readings that count only when they are all there is: 0 and 1 for True/False. */
  bare: Map<string, string>;
}

interface Occurrence {
  answer: string;
  start: number;
  end: number;
}

/**
 * The answer that the reply gives, as the metric or the question writes it; null when none or more than one can be
 * meant. In this order: beside the last cue that leads to an answer; a last line that is nothing but an answer; an
 * answer that opens the reply ("Yes, because…"); the only one of the answers that occurs at all.
 */
export function readClosed(
  metric: Extract<Metric, { kind: 'choice' | 'boolean' }>,
  reply: string,
  question: string,
): string | null {
  const set = setFor(metric, question);
  if (set === null) return null;
  // Most replies are the answer and nothing else.
  const whole = set.forms.get(fold(reply));
  if (whole !== undefined && !whole.guarded) return whole.answer;
  for (const cues of [PRIMARY, WEAK]) {
    for (const { text, side, sameLine } of cued(reply, cues)) {
      // "The causes are:" and a list below is more likely the question, repeated.
      if (cues === WEAK && !sameLine) continue;
      const answer =
        side === 'after' ? pick(text, set, 'behind a cue') : (occurrences(text, set).at(-1)?.answer ?? null);
      if (answer !== null) return answer;
    }
  }
  return lastLine(reply, set) ?? pick(reply, set, 'anywhere');
}

/** The answer that the last line consists of, unless it ends a list of what might be. */
function lastLine(reply: string, set: ClosedSet): string | null {
  const lines = reply.split('\n').filter((line) => line.trim() !== '');
  const answer = nothingElse(lines.at(-1) ?? '', set);
  const above = lines.at(-2) ?? '';
  const opening = occurrences(above, set)[0];
  const isList = opening !== undefined && opening.answer !== answer && isSigns(above.slice(0, opening.start));
  return isList ? null : answer;
}

/** A metric's answers are the same for every question, unless the question lists them. */
const sets = new WeakMap<Metric, ClosedSet | null>();

function setFor(metric: Extract<Metric, { kind: 'choice' | 'boolean' }>, question: string): ClosedSet | null {
  if (metric.kind === 'choice' && metric.options === undefined) return closedSet(metric, question);
  const known = sets.get(metric);
  if (known !== undefined) return known;
  const set = closedSet(metric, question);
  sets.set(metric, set);
  return set;
}

/** Characters of an option that are looked for in replies; a longer one is known by its letter alone. */
const LONGEST_FORM = 400;

function closedSet(
  metric: Extract<Metric, { kind: 'choice' | 'boolean' }>,
  question: string,
): ClosedSet | null {
  const forms = new Map<string, Form>();
  const negated = new Map<string, readonly string[]>();
  const bare = new Map<string, string>();
  const add = (text: string, answer: string, guarded: boolean) => {
    const form = fold(text);
    if (form !== '' && form.length <= LONGEST_FORM && !forms.has(form)) forms.set(form, { answer, guarded });
  };
  if (metric.kind === 'boolean') {
    const { yes, no } = metric;
    for (const word of [yes, no]) add(word, word, isOrdinary(word));
    const logical = fold(yes) === 'true' && fold(no) === 'false';
    negated.set(yes, logical ? [yes, no] : [no]).set(no, logical ? [yes, no] : [yes]);
    if (logical) bare.set('0', no).set('1', yes);
  } else if (metric.options !== undefined) {
    for (const option of metric.options) add(option, option, isOrdinary(option));
  } else {
    const listed = listedOptions(question);
    for (const { letter } of listed) {
      const answer = `(${letter})`;
      add(answer, answer, false);
      add(`${letter})`, answer, false);
      add(`option ${letter}`, answer, false);
      add(`choice ${letter}`, answer, false);
      add(letter, answer, true);
    }
    for (const { letter, text } of listed) add(withoutEnd(text, '.;,'), `(${letter})`, isOrdinary(text));
  }
  if (forms.size === 0) return null;
  // The longest first, so that an option that contains another is preferred to it.
  const longestFirst = [...forms.keys()].sort((a, b) => b.length - a.length);
  const any = longestFirst.map((form) => escapePattern(form).replaceAll(' ', String.raw`\s{1,4}`)).join('|');
  const before = String.raw`(?<![\p{L}\p{N}]|[\p{L}\p{N}][-_'’]|\p{N}[.,])`;
  const after = String.raw`(?![\p{L}\p{N}]|[-_'’][\p{L}\p{N}]|[.,]\p{N})`;
  return { pattern: new RegExp(`${before}(?:${any})${after}`, 'giu'), forms, negated, bare };
}

/** Single letters and "no" are words of their own in English prose. */
const isOrdinary = (text: string) => /^(?:\p{L}|no)$/iu.test(text.trim());

function occurrences(text: string, set: ClosedSet): Occurrence[] {
  const found: Occurrence[] = [];
  for (const match of text.matchAll(set.pattern)) {
    const form = set.forms.get(fold(match[0]));
    if (form === undefined) continue;
    const start = match.index;
    const end = start + match[0].length;
    if (form.guarded) {
      const isLetter = match[0].length === 1;
      if (isLetter && match[0] !== match[0].toUpperCase()) continue;
      if (!standsAlone(text, end)) continue;
    }
    const answers = isNegated(text, start) ? (set.negated.get(form.answer) ?? []) : [form.answer];
    for (const answer of answers) found.push({ answer, start, end });
  }
  return found;
}

/** The answer that opens the text, or else the only one in it; null when several could be meant. */
function pick(text: string, set: ClosedSet, where: 'behind a cue' | 'anywhere'): string | null {
  const found = occurrences(text, set);
  const first = found[0];
  if (first === undefined) return set.bare.get(strip(text)) ?? null;
  const lead = text.slice(0, Math.min(first.start, FILLER_LIMIT + 1));
  if (where === 'anywhere' ? isSigns(lead) : isFiller(lead)) {
    // "(B) Ovid" names one answer twice.
    let last = first;
    let next = 1;
    for (let other = found[next]; other?.answer === first.answer; other = found[++next]) {
      if (!isGap(text.slice(last.end, other.start))) break;
      last = other;
    }
    const after = found[next];
    const listing = after !== undefined && isListing(text.slice(last.end, after.start));
    if (standsAlone(text, last.end) && !listing) return first.answer;
  }
  return found.every((other) => other.answer === first.answer) ? first.answer : null;
}

/** The answer that a line consists of, signs aside. */
function nothingElse(line: string, set: ClosedSet): string | null {
  const found = occurrences(line, set);
  const first = found[0];
  if (first === undefined) return set.bare.get(strip(line)) ?? null;
  let end = 0;
  for (const { answer, start, end: next } of found) {
    if (answer !== first.answer || /[\p{L}\p{N}]/u.test(line.slice(end, start))) return null;
    end = next;
  }
  return /[\p{L}\p{N}]/u.test(line.slice(end)) ? null : first.answer;
}

const FILLER_LIMIT = 60;
/** Words that may stand between a cue and the answer itself. */
const FILLER =
  /^(?:[\s\p{P}\p{S}]|\b(?:the|an?|that|it|it's|is|this|clearly|definitely|probably|likely|most|option|choice|letter|answer)\b)*$/iu;
const isFiller = (text: string) => text.length <= FILLER_LIMIT && FILLER.test(text);

/** Whether the answer ending here ends a clause, or is followed by its reason. */
function standsAlone(text: string, end: number): boolean {
  return /^["'`*_)\]}”’]{0,6}(?:\s{0,4}$|[^\S\n]{0,4}[\n.,;:!?—–(<]|\s{1,4}(?:-\s|(?:because|since|as|for|given|due|based|it|they|you|we|i|he|she|this|that|there|the)\b))/iu.test(
    text.slice(end, end + 24),
  );
}

const isSigns = (text: string) => /^[\s\p{P}\p{S}]*$/u.test(text);
const isGap = (text: string) => text.length <= 4 && isSigns(text);

/** Whether nothing but a separator lies between two answers: then they are a list of what might be. */
const isListing = (text: string) => text.length <= 12 && /^[\s,;/|.)-]*(?:or|and|vs)?\s*$/iu.test(text);

const isNegated = (text: string, start: number) =>
  /(?:\b(?:not|never)|n['’]t)\s{1,3}(?:(?:an?|the|option|really)\s{1,3})?["'`*_([]{0,3}\s?$/iu.test(
    text.slice(Math.max(0, start - 24), start),
  );

const fold = (text: string) => text.trim().toLowerCase().replace(/\s+/gu, ' ');

/** Without signs and blanks at either end. */
function strip(text: string): string {
  const short = text.trim();
  // Readings that are looked up bare are one digit; do not scan more.
  return short.length > 16 ? '' : short.replace(/^[\p{P}\p{S}\s]+|[\p{P}\p{S}\s]+$/gu, '');
}
