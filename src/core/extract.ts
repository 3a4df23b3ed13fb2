import { readClosed } from './closed.ts';
import { cued, PRIMARY, WEAK } from './cues.ts';
import { firstObject } from './json-object.ts';
import { readNumber } from './numbers.ts';
import type { Metric } from './task.ts';

export { allowedAnswers, answerGrammar } from './allowed.ts';

/**
 * Reads the answer from a model's reply; null when there is none to be read, rather than a guess. Closed answers come
 * back as the metric (or the question, `(B)`) writes them, numbers in plain decimal notation, JSON as its own text.
 * Only metrics that judge free text (`contains`, `rouge-l`, `rules`) get the whole reply. Never throws; linear in the reply.
 */
export function extract(metric: Metric, reply: string, question: string): string | null {
  const text = reply.trim();
  if (text === '') return null;
  switch (metric.kind) {
    case 'choice':
    case 'boolean':
      return readClosed(metric, text, question);
    case 'number':
      return readNumber(text);
    case 'exact':
      return readExact(text);
    case 'json':
      return firstObject(text);
    case 'contains':
    case 'rouge-l':
    case 'rules':
      return text;
  }
}

/**
 * A short text: what stands beside the last cue, or else the reply itself when it is one line or one word a line
 * (a sorted list, say). A longer reply without a cue is not read.
 */
function readExact(text: string): string | null {
  for (const cues of [PRIMARY, WEAK]) {
    for (const { text: beside, below } of cued(text, cues)) {
      // Words listed below "The answer is:" are one answer.
      const answer = oneWordLines(below) ?? bare(beside);
      if (answer !== '') return answer;
    }
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const only = lines[0];
  if (lines.length === 1 && only !== undefined) return bare(only) || null;
  return oneWordLines(text);
}

/** The words of a text that has one word on each of two or more lines, joined by spaces; null for any other text. */
function oneWordLines(text: string): string | null {
  const words: string[] = [];
  for (const line of text.split('\n')) {
    const word = bare(line.replace(/^\s*(?:[-*•]|\d{1,4}[.)])\s/u, ''));
    if (/\s/u.test(word)) return null;
    if (word !== '') words.push(word);
  }
  return words.length < 2 ? null : words.join(' ');
}

const PAIRS: readonly (readonly [string, string])[] = [
  ['**', '**'],
  ['__', '__'],
  ['`', '`'],
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
  ['‘', '’'],
];

/** Without a closing tag, markup, quotation marks around the whole, and a final full stop. */
function bare(line: string): string {
  let text = line.split(/<\/\p{L}/u, 1)[0] ?? '';
  for (let before = ''; before !== text;) {
    before = text;
    text = text.trim();
    if (text.endsWith('.') && !text.endsWith('..')) text = text.slice(0, -1);
    for (const mark of ['**', '__']) {
      // Markup that opened before the cue closes here.
      if (text.endsWith(mark) && text.indexOf(mark) === text.length - mark.length)
        text = text.slice(0, -mark.length);
    }
    for (const [open, close] of PAIRS) {
      const inner = text.slice(open.length, -close.length);
      const wraps = text.length > open.length + close.length && text.startsWith(open) && text.endsWith(close);
      if (wraps && !inner.includes(open) && !inner.includes(close)) text = inner;
    }
  }
  return text;
}
