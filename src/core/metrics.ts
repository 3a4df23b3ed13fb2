import { asNumber } from './numbers.ts';
import { brokenRules, parseRules } from './rules.ts';
import type { Metric } from './task.ts';

export { isBinary } from './binary.ts';

/**
 * How right an answer is, 0..1: the best over the acceptable answers `gold`; 0 for null. `answer` is what `extract`
 * read. Never throws: an answer or a gold text of the wrong form scores 0.
 */
export function scoreAnswer(metric: Metric, answer: string | null, gold: readonly string[]): number {
  if (answer === null) return 0;
  return gold.reduce((best, each) => Math.max(best, scoreOne(metric, answer, each)), 0);
}

/** Whether a gold text reads as an answer, so that it can stand in a worked example; rules and fragments do not. */
export function goldIsAnswer(metric: Metric): boolean {
  return metric.kind !== 'rules' && metric.kind !== 'contains';
}

function scoreOne(metric: Metric, answer: string, gold: string): number {
  switch (metric.kind) {
    case 'choice':
      return Number(letter(fold(answer)) === letter(fold(gold)));
    case 'boolean':
    case 'exact':
      return Number(fold(answer) === fold(gold));
    case 'number':
      return Number(equalNumbers(answer, gold, metric.decimals));
    case 'contains':
      return Number(fold(gold) !== '' && fold(answer).includes(fold(gold)));
    case 'json':
      return sharedFields(answer, gold, metric.fields);
    case 'rouge-l':
      return rougeL(answer, gold);
    case 'rules': {
      const rules = parseRules(gold);
      return rules === null ? 0 : 1 - brokenRules(rules, answer).length / rules.length;
    }
  }
}

/** Without case, surrounding blanks, repeated blanks and one final full stop. */
const fold = (text: string) =>
  text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim().replace(/\.$/, '');

/** "(b)" and "b" are one choice. */
const letter = (folded: string) => /^\(([a-z])\)$/.exec(folded)?.[1] ?? folded;

function equalNumbers(answer: string, gold: string, decimals: number): boolean {
  const [a, b] = [asNumber(answer), asNumber(gold)];
  const places = Math.max(0, Math.min(100, decimals));
  return a !== null && b !== null && Number(a.toFixed(places)) === Number(b.toFixed(places));
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}

/** One field of a JSON answer: what it should be and what came, as JSON text; `given` is null when it is missing. */
export interface FieldScore {
  field: string;
  right: boolean;
  wanted: string;
  given: string | null;
}

/** How each field of a JSON answer did against the first acceptable answer; empty when either is no object. */
export function scoreFields(
  metric: { fields: readonly string[] },
  answer: string,
  gold: readonly string[],
): FieldScore[] {
  const [given, wanted] = [parseObject(answer), parseObject(gold[0] ?? '')];
  if (given === null || wanted === null) return [];
  return metric.fields.map((field) => ({
    field,
    right: isRight(field, given, wanted),
    wanted: written(Object.hasOwn(wanted, field) ? wanted[field] : null),
    given: Object.hasOwn(given, field) ? written(given[field]) : null,
  }));
}

/** A value as JSON; one that is nested thousands deep cannot be written. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'a value that is nested too deeply to be shown';
  }
}

const isRight = (
  field: string,
  given: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
) => Object.hasOwn(given, field) && Object.hasOwn(wanted, field) && sameValue(given[field], wanted[field]);

function sharedFields(answer: string, gold: string, fields: readonly string[]): number {
  const [given, wanted] = [parseObject(answer), parseObject(gold)];
  if (given === null || wanted === null || fields.length === 0) return 0;
  return fields.filter((field) => isRight(field, given, wanted)).length / fields.length;
}

/** Levels of lists and objects that are compared; a right answer that needs more is refused when its task comes in. */
const DEEPEST = 100;

/**
 * Texts by `fold`; numbers by value, also when one side writes them as text ("1,250.00"); the rest by structure. False
 * for what is nested more than 100 levels deep.
 */
function sameValue(a: unknown, b: unknown, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((x, i) => sameValue(x, b[i], depth + 1));
  if (isScalar(a) && isScalar(b)) {
    if (typeof a === 'string' && typeof b === 'string' && fold(a) === fold(b)) return true;
    const [x, y] = [asNumber(String(a)), asNumber(String(b))];
    if (x !== null && y !== null) return x === y;
    return a === b;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) return false;
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return (
    left.size === right.size &&
    [...left].every(([key, value]) => right.has(key) && sameValue(value, right.get(key), depth + 1))
  );
}

const isScalar = (value: unknown) => typeof value === 'string' || typeof value === 'number';

/** F1 of the longest common subsequence of lower-case words (Lin 2004, without stemming); 0 when either has none. */
function rougeL(answer: string, reference: string): number {
  const [given, wanted] = [plainWords(answer), plainWords(reference)];
  const common = longestCommon(given, wanted);
  return common === 0 ? 0 : (2 * common) / (given.length + wanted.length);
}

const plainWords = (text: string) =>
  text
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** Length of the longest common subsequence, by two rows. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (let j = 0; j < b.length; j++) {
      row[j + 1] = word === b[j] ? (above[j] ?? 0) + 1 : Math.max(above[j + 1] ?? 0, row[j] ?? 0);
    }
    [above, row] = [row, above];
  }
  return above[b.length] ?? 0;
}
