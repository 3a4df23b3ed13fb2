import { listedOptions } from '../../core/allowed.ts';
import { asNumber } from '../../core/numbers.ts';
import type { Metric } from '../../core/task.ts';
import { goldChecker } from '../task-checks.ts';
import { objectOf } from './values.ts';

/** How answers are best scored, told from the answers themselves, with the reason in one sentence. */

export interface Labelled {
  input: string;
  gold: readonly string[];
}

export interface MetricGuess {
  metric: Metric;
  why: string;
}

/** Most answers must fit; the few that do not are shown as faults rather than spoil the guess. */
const MOST = 0.95;
const MOST_LABELS = 20;
const LONGEST_LABEL = 60;
/** A label is one because it comes again. */
const TIMES_EACH = 3;

/** The first of each pair is the metric's `yes`. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['true', 'false'],
  ['yes', 'no'],
  ['valid', 'invalid'],
  ['correct', 'incorrect'],
  ['right', 'wrong'],
  ['y', 'n'],
  ['t', 'f'],
];

export function guessMetric(examples: readonly Labelled[]): MetricGuess {
  const answers = examples.flatMap(({ gold }) => gold);
  const share = (fits: (answer: string) => boolean) =>
    answers.filter(fits).length / Math.max(1, answers.length);

  const letters = examples.filter(isListedLetter).length;
  if (examples.length > 0 && letters >= MOST * examples.length)
    return {
      metric: { kind: 'choice' },
      why: `${part(letters, examples.length)} answers are letters of options that the input lists, such as ${answers[0] ?? '(A)'}: right when the letter is the same.`,
    };

  const spellings = commonSpellings(answers);
  const pair = PAIRS.find((words) => [...spellings.keys()].every((label) => words.includes(label)));
  if (pair !== undefined && spellings.size > 0) {
    const [yes, no] = pairSpelling(pair, spellings);
    const metric: Metric = { kind: 'boolean', yes, no };
    if (canBeRead(metric, [yes, no]))
      return { metric, why: `All answers are ${yes} or ${no}: right when it is the same of the two.` };
  }

  const numbers = answers.filter((answer) => asNumber(answer) !== null);
  if (answers.length > 0 && numbers.length >= MOST * answers.length) {
    const decimals = numbers.reduce((most, answer) => Math.max(most, decimalsOf(answer)), 0);
    return {
      metric: { kind: 'number', decimals },
      why: `${part(numbers.length, answers.length)} answers are numbers${decimals === 0 ? ' without decimals' : ` with up to ${decimals} decimals`}: right when the number is equal.`,
    };
  }

  const objects = answers.map(objectOf).filter((object) => object !== null);
  if (answers.length > 0 && objects.length >= MOST * answers.length) {
    const fields = sharedFields(objects);
    if (fields.length > 0)
      return {
        metric: { kind: 'json', fields },
        why: `${part(objects.length, answers.length)} answers are JSON objects with ${fields.join(', ')}: the score is the share of these fields that are right.`,
      };
  }

  const severalEach = examples.filter(({ gold }) => gold.length > 1).length;
  const areLabels =
    spellings.size > 1 &&
    spellings.size <= MOST_LABELS &&
    answers.length >= TIMES_EACH * spellings.size &&
    [...spellings.keys()].every((label) => label.length <= LONGEST_LABEL && /[\p{L}\p{N}]/u.test(label));
  if (areLabels && severalEach === 0) {
    const options = [...spellings.values()].toSorted();
    const metric: Metric = { kind: 'choice', options };
    if (canBeRead(metric, options))
      return {
        metric,
        why: `There are only ${options.length} different answers (${options.slice(0, 6).join(', ')}${options.length > 6 ? '…' : ''}): right when the option is the same.`,
      };
  }

  const words = medianOf(answers.map((answer) => answer.split(/\s+/u).length));
  const prose = share((answer) => /[.!?,;:](?:\s|$)/u.test(answer)) >= 0.5;
  if (severalEach * 2 >= examples.length && severalEach > 0 && words >= 4)
    return {
      metric: { kind: 'rouge-l' },
      why: `${part(severalEach, examples.length)} examples have several reference texts: the score is the overlap with the nearest one (ROUGE-L).`,
    };
  if (words >= 40 || (words >= 8 && prose))
    return {
      metric: { kind: 'rouge-l' },
      why: `The answers are texts of some ${words} words, which no model repeats word for word: the score is the overlap (ROUGE-L).`,
    };
  return {
    metric: { kind: 'exact' },
    why: 'The answers are short and many are different: right when the words are the same, letter case and a final full stop aside.',
  };
}

/** A label may be an ordinary word that is never read as an answer, such as a small letter. */
function canBeRead(metric: Metric, labels: readonly string[]): boolean {
  const problem = goldChecker(metric);
  return labels.every((label) => problem('', label) === null);
}

function isListedLetter({ input, gold }: Labelled): boolean {
  const letters = gold.map((answer) => /^\(?([A-Z])\)?$/.exec(answer.trim())?.[1]);
  if (letters.length === 0 || letters.includes(undefined)) return false;
  const listed = listedOptions(input).map((option) => option.letter);
  return letters.every((letter) => letter !== undefined && listed.includes(letter));
}

/** By folded label, the spelling that is used most; gives up (with one too many) when there are clearly too many. */
function commonSpellings(answers: readonly string[]): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const answer of answers) {
    const spelling = answer.trim();
    const label = spelling.toLowerCase();
    const known = counts.get(label) ?? new Map<string, number>();
    known.set(spelling, (known.get(spelling) ?? 0) + 1);
    counts.set(label, known);
    if (counts.size > MOST_LABELS) break;
  }
  return new Map(
    [...counts].map(([label, known]) => [
      label,
      [...known].reduce((best, each) => (each[1] > best[1] ? each : best))[0],
    ]),
  );
}

/** The pair as the answers spell it; a word that never occurs is spelled like the other one. */
function pairSpelling(
  pair: readonly [string, string],
  spellings: ReadonlyMap<string, string>,
): [string, string] {
  const [model = ''] = spellings.values();
  const like = (word: string) =>
    model === model.toUpperCase()
      ? word.toUpperCase()
      : /^\p{Lu}/u.test(model)
        ? word.charAt(0).toUpperCase() + word.slice(1)
        : word;
  return [spellings.get(pair[0]) ?? like(pair[0]), spellings.get(pair[1]) ?? like(pair[1])];
}

const decimalsOf = (answer: string) => Math.min(10, /\.(\d+)\D*$/.exec(answer)?.[1]?.length ?? 0);

function sharedFields(objects: readonly Readonly<Record<string, unknown>>[]): string[] {
  const [first, ...others] = objects.map((object) => new Set(Object.keys(object)));
  return [...(first ?? [])]
    .filter((key) => key.trim() !== '' && others.every((keys) => keys.has(key)))
    .slice(0, 100);
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** `All 240`, or `239 of 240` */
const part = (some: number, all: number) => (some === all ? `All ${all}` : `${some} of ${all}`);
