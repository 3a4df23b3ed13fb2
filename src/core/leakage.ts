import type { Candidate } from './candidate.ts';
import { goldIsAnswer } from './metrics.ts';
import type { Example, SplitName, Task } from './task.ts';

/**
 * Text of examples inside a prompt. A prompt may quote what the search was shown, and that is marked: such a prompt is
 * partly a memory of its examples. Text of the test split is an error: the search never saw it, so it came from
 * elsewhere, and the score on that example proves nothing.
 */

export interface TextLeak {
  /** Words of the example's input, or one of its right answers (test examples only). */
  kind: 'input' | 'answer';
  /** Where it stands in the prompt, in UTF-16 units, end excluded. */
  start: number;
  end: number;
  example: string;
  split: SplitName;
}

/** A worked example whose input is that of a validation or test example; those of train are meant to travel along. */
export interface ShotLeak {
  kind: 'shot';
  /** Id of the worked example. */
  shot: string;
  example: string;
  split: 'validation' | 'test';
}

export type Leak = TextLeak | ShotLeak;

/** Whether a leak spoils the final test. */
export const isError = (leak: Leak) => leak.split === 'test';

/** Words in a row that are no coincidence. */
const WINDOW = 8;

/** A shorter input counts when it stands in the prompt whole; one shorter than this says nothing. */
const SHORTEST_INPUT = 4;

/** Wording that so many different inputs share, or so many answers, is the task's and not an example's. */
const SHARED = 3;

interface Word {
  text: string;
  start: number;
  end: number;
}

/** Scripts that put no blanks between words: each sign counts as one. */
const UNSPACED = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]`;
const WORD = new RegExp(String.raw`${UNSPACED}|(?:(?!${UNSPACED})[\p{L}\p{M}\p{N}])+`, 'gu');

/** Lower-case words, without signs and blanks. */
function wordsOf(text: string): Word[] {
  return [...text.matchAll(WORD)].map(({ 0: word, index }) => ({
    text: word.normalize('NFC').toLowerCase(),
    start: index,
    end: index + word.length,
  }));
}

const ASCII = /^[\0-\x7f]*$/;

/** The words alone. Most texts need not be asked of each sign what it is in Unicode. */
const plain = (text: string): readonly string[] =>
  ASCII.test(text) ? (text.toLowerCase().match(/[a-z0-9]+/g) ?? []) : wordsOf(text).map((word) => word.text);

/** Finds runs of words in one text; the time of a search depends on what is sought, not on the text. */
function makeFinder(text: string) {
  const words = wordsOf(text);
  const vocabulary = new Set(words.map((word) => word.text));
  const grams = new Map<number, Map<string, number[]>>();

  function places(size: number): Map<string, number[]> {
    let known = grams.get(size);
    if (known === undefined) {
      known = new Map();
      for (let at = 0; at + size <= words.length; at++) {
        const gram = joined(words, at, size);
        const starts = known.get(gram);
        if (starts === undefined) known.set(gram, [at]);
        else starts.push(at);
      }
      grams.set(size, known);
    }
    return known;
  }

  return {
    words,
    /** Every run of `size` words of `sought` that the text holds, with the places where it does. */
    find(sought: readonly string[], size: number): { gram: string; at: readonly number[] }[] {
      const known = places(size);
      const found: { gram: string; at: readonly number[] }[] = [];
      let run = 0;
      for (const [i, word] of sought.entries()) {
        run = vocabulary.has(word) ? run + 1 : 0;
        if (run < size) continue;
        const gram = sought.slice(i + 1 - size, i + 1).join(' ');
        const at = known.get(gram);
        if (at !== undefined) found.push({ gram, at });
      }
      return found;
    },
  };
}

const joined = (words: readonly Word[], at: number, size: number) =>
  words
    .slice(at, at + size)
    .map((word) => word.text)
    .join(' ');

interface Match {
  kind: TextLeak['kind'];
  example: string;
  split: SplitName;
  size: number;
  /** The whole text of the example stands in the prompt, not a part alone. */
  whole: boolean;
  found: { gram: string; at: readonly number[] }[];
}

/**
 * The leaks of a candidate, those of its text by place, then those of its worked examples. Wording that three or more
 * different inputs share is the task's own, and so is an answer that is a label, a common value, or named by the
 * task's initial prompt or description.
 */
export function findLeaks(
  candidate: Pick<Candidate, 'prompt' | 'shots'>,
  task: Pick<Task, 'splits' | 'metric' | 'initialPrompt' | 'description'>,
): Leak[] {
  const finder = makeFinder(candidate.prompt);
  const inputs = new Map<string, readonly string[]>();
  const wordsIn = (text: string) => {
    const known = inputs.get(text) ?? plain(text);
    inputs.set(text, known);
    return known;
  };
  const matches: Match[] = [];
  /** By run of words: the different inputs that hold it, and whether one of them may be quoted. */
  const holders = new Map<string, { texts: Set<string>; seen: boolean }>();
  for (const split of ['train', 'validation', 'test'] as const) {
    for (const example of task.splits[split]) {
      const words = wordsIn(example.input);
      if (words.length < SHORTEST_INPUT) continue;
      const size = Math.min(WINDOW, words.length);
      const found = finder.find(words, size);
      if (found.length === 0) continue;
      const whole = found.length === words.length + 1 - size;
      matches.push({ kind: 'input', example: example.id, split, size, whole, found });
      const text = words.join(' ');
      for (const { gram } of found) {
        const holder = holders.get(gram) ?? { texts: new Set(), seen: false };
        holder.texts.add(text);
        holder.seen ||= split !== 'test';
        holders.set(gram, holder);
      }
    }
  }
  const isOwn = ({ split, whole }: Match, gram: string) => {
    const holder = holders.get(gram);
    if (holder === undefined || holder.texts.size >= SHARED) return false;
    // What a train example says too may have come from there.
    return split !== 'test' || whole || !holder.seen;
  };
  const inputLeaks = matches.map((match) => ({
    ...match,
    found: match.found.filter(({ gram }) => isOwn(match, gram)),
  }));
  return [
    ...[...inputLeaks, ...answersIn(finder, task)]
      .flatMap((match) => stretches(match, finder.words))
      .sort((a, b) => a.start - b.start || a.end - b.end),
    ...shotLeaks(candidate.shots, task.splits),
  ];
}

function answersIn(
  finder: ReturnType<typeof makeFinder>,
  task: Pick<Task, 'splits' | 'metric' | 'initialPrompt' | 'description'>,
): Match[] {
  const { splits, metric } = task;
  if (metric.kind === 'choice' || metric.kind === 'boolean') return [];
  // Rules are no answer; the fragments of `contains` are what an answer must hold.
  if (!goldIsAnswer(metric) && metric.kind !== 'contains') return [];
  const common = new Set<string>();
  const key = (gold: string) => plain(gold).join(' ');
  for (const split of ['train', 'validation'] as const) {
    for (const { gold } of splits[split]) for (const each of gold) common.add(key(each));
  }
  const uses = new Map<string, number>();
  for (const { gold } of splits.test) {
    for (const each of new Set(gold.map(key))) uses.set(each, (uses.get(each) ?? 0) + 1);
  }
  const named = ` ${key(task.initialPrompt)} \n ${key(task.description)} `;
  return splits.test.flatMap(({ id, gold }) =>
    gold.flatMap((each): Match[] => {
      if (!isDistinctive(each)) return [];
      const words = plain(each);
      const text = words.join(' ');
      if (common.has(text) || (uses.get(text) ?? 0) >= SHARED || named.includes(` ${text} `)) return [];
      const size = Math.min(WINDOW, words.length);
      const found = finder.find(words, size);
      return found.length === 0
        ? []
        : [{ kind: 'answer', example: id, split: 'test', size, whole: true, found }];
    }),
  );
}

/**
 * Whether an answer in a prompt can hardly be there by chance: two words or more with six letters or digits, one word
 * of four or more with a digit among them, or a number of four significant digits that is no year.
 */
export function isDistinctive(gold: string): boolean {
  const short = gold.trim();
  const number =
    short.length > LONGEST_NUMBER
      ? undefined
      : /^[-+]?[\p{Sc}\s]*([\d.,\s]*\d)\s*[%\p{Sc}]?$/u.exec(short)?.[1];
  if (number !== undefined) {
    const value = Number(number.replaceAll(/[,\s]/g, ''));
    if (Number.isInteger(value) && value >= 1900 && value < 2100) return false;
    const significant = number
      .replaceAll(/[,\s]/g, '')
      .replace(/\.0*$|(\.\d*?)0+$/, '$1')
      .replace('.', '')
      .replaceAll(/^0+|0+$/g, '');
    return significant.length >= 4;
  }
  const words = plain(gold);
  const [only = ''] = words;
  return words.length === 1
    ? only.length >= 4 && /\p{N}/u.test(only)
    : words.length > 1 && words.join('').length >= 6;
}

/** Characters: what is longer is no number, and would be slow to read as one. */
const LONGEST_NUMBER = 60;

/** Runs that overlap become one stretch. */
function stretches({ kind, example, split, size, found }: Match, words: readonly Word[]): TextLeak[] {
  const starts = [...new Set(found.flatMap(({ at }) => at))].sort((a, b) => a - b);
  const leaks: TextLeak[] = [];
  let reach = -1;
  for (const at of starts) {
    const start = words[at]?.start ?? 0;
    const end = words[at + size - 1]?.end ?? start;
    const last = leaks.at(-1);
    if (last !== undefined && at < reach) last.end = end;
    else leaks.push({ kind, start, end, example, split });
    reach = at + size;
  }
  return leaks;
}

function shotLeaks(shots: readonly Example[], splits: Task['splits']): ShotLeak[] {
  if (shots.length === 0) return [];
  const key = (input: string) => input.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim();
  const byInput = new Map(shots.map((shot) => [key(shot.input), shot.id]));
  return (['validation', 'test'] as const).flatMap((split) =>
    splits[split].flatMap(({ id, input }): ShotLeak[] => {
      const shot = byInput.get(key(input));
      return shot === undefined ? [] : [{ kind: 'shot', shot, example: id, split }];
    }),
  );
}
