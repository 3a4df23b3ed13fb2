import type { Metric } from './task.ts';

/** What an answer may be, told to the readers of replies, to `choose` and to grammars. */

/** One option that a question lists as `(A) text`. */
export interface ListedOption {
  /** Upper-case, without brackets. */
  letter: string;
  /** What stands behind the letter on its line; may be empty. */
  text: string;
}

/** An option with its place: `start` is that of its text behind the bracket, `end` that of the line or the next mark. */
export interface OptionPlace extends ListedOption {
  /** Where the bracket before the letter stands. */
  mark: number;
  start: number;
  end: number;
}

/**
 * The options that the question itself lists as `(A)`, `(B)`…, in alphabetical order without a gap; empty when it
 * lists fewer than two. A later `(A)` starts the list anew, so that a mention in running text does no harm.
 */
export function listedOptions(question: string): ListedOption[] {
  return optionPlaces(question).map(({ letter, text }) => ({ letter, text }));
}

/** The same options with their places, blanks around their texts left out. */
export function optionPlaces(question: string): OptionPlace[] {
  const marks = [...question.matchAll(/\(([A-Z])\)/g)];
  let list: OptionPlace[] = [];
  let complete: OptionPlace[] = [];
  for (const [i, mark] of marks.entries()) {
    const letter = mark[1] ?? '';
    if (letter === 'A') list = [];
    if (letter !== String.fromCharCode(65 + list.length)) continue;
    const from = mark.index + mark[0].length;
    const line = question.slice(from, marks[i + 1]?.index).split('\n', 1)[0] ?? '';
    const text = line.trim();
    const start = from + line.length - line.trimStart().length;
    list.push({ letter, text, mark: mark.index, start, end: start + text.length });
    if (list.length > 1) complete = list;
  }
  return complete;
}

/** Every answer that the metric admits for this question, in a fixed order; null where the answer is open. */
export function allowedAnswers(metric: Metric, question: string): string[] | null {
  if (metric.kind === 'boolean') return [metric.yes, metric.no];
  if (metric.kind !== 'choice') return null;
  if (metric.options !== undefined) return [...metric.options];
  const listed = listedOptions(question);
  return listed.length === 0 ? null : listed.map((option) => `(${option.letter})`);
}

/**
 * A GBNF grammar (start rule `root`) of the answers that the metric admits, with an optional space in front; null
 * where the answer is open. Only constructs that llama.cpp and xgrammar share.
 */
export function answerGrammar(metric: Metric, question: string): string | null {
  const allowed = allowedAnswers(metric, question);
  if (allowed !== null) return `root ::= " "? (${allowed.map(literal).join(' | ')})`;
  if (metric.kind === 'number') return numberGrammar(metric.decimals);
  if (metric.kind === 'json') return jsonGrammar(metric.fields);
  return null;
}

/** Digits are bounded, so that a model that repeats itself comes to an end. */
function numberGrammar(decimals: number): string {
  const fraction = decimals > 0 ? ` ("." [0-9]{1,${decimals}})?` : '';
  return `root ::= " "? "-"? [0-9]{1,15}${fraction}`;
}

function jsonGrammar(fields: readonly string[]): string {
  const members = fields.map((field) => `${literal(JSON.stringify(field))} ":" " "? value`);
  return [
    `root ::= " "? "{" " "? ${members.join(' "," " "? ')} " "? "}"`,
    'value ::= string | number | "true" | "false" | "null"',
    String.raw`string ::= "\"" char* "\""`,
    String.raw`char ::= [^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])`,
    'number ::= "-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,10})?',
  ]
    .filter((line) => fields.length > 0 || line.startsWith('root'))
    .join('\n');
}

/** A GBNF string literal. */
function literal(text: string): string {
  const escaped = text.replace(/["\\\p{Cc}]/gu, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    if (char === '\t') return '\\t';
    if (char === '"' || char === '\\') return `\\${char}`;
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}
