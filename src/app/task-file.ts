import * as v from 'valibot';
import { jsonFault } from '../core/json-place.ts';
import type { Example, SplitName, Task } from '../core/task.ts';
import { folded, place, splitNames, taskProblems } from './task-checks.ts';

/**
 * Task files: the one door by which a task enters the program. The format is told in tasks/README.md.
 * A file is taken whole or not at all.
 */

/** Why a task file cannot be used: one problem a line in `message`, at most five, each naming its place in words. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  constructor(readonly problems: readonly string[]) {
    const more = problems.length - SHOWN;
    const lines = problems.slice(0, SHOWN);
    if (more > 0) lines.push(`and ${more} more ${more === 1 ? 'problem' : 'problems'}`);
    super(lines.join('\n'));
  }
}
const SHOWN = 5;

/** Limits keep one file from filling the browser's storage or a model's context many times over. Lengths in UTF-16 units. */
export const taskLimits = {
  file: 256_000_000,
  examples: 200_000,
  input: 100_000,
  gold: 20_000,
  golds: 50,
  prompt: 20_000,
  description: 2_000,
  name: 100,
  marker: 100,
  options: 100,
  answerTokens: 4096,
} as const;

/** Text that says something; kept as it is, spaces included. */
const text = (limit: number) =>
  v.pipe(
    v.string('must be a text'),
    v.maxLength(limit, `is longer than ${limit} characters`),
    v.check((value) => value.trim() !== '', 'must not be empty'),
  );

/** An object with these fields and no others; a field that is missing or unknown is named. */
const fields = <const E extends v.ObjectEntries>(entries: E) =>
  v.strictObject(entries, (issue) => {
    if (issue.expected === 'Object') return `must be an object with ${Object.keys(entries).join(', ')}`;
    if (issue.expected === 'never') return `is not a known field (known: ${Object.keys(entries).join(', ')})`;
    return 'is missing';
  });

const whole = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
};

const distinctTexts = (least: number, what: string) =>
  v.pipe(
    v.array(text(taskLimits.name), `must be a list of ${what}`),
    v.minLength(least, `must have at least ${least} ${what}`),
    v.maxLength(taskLimits.options, `must have at most ${taskLimits.options} ${what}`),
    v.check(
      (items) => new Set(items.map(folded)).size === items.length,
      `must not repeat any of its ${what}`,
    ),
  );

const isGold = (value: unknown): value is string | string[] =>
  (typeof value === 'string' && value.trim() !== '') ||
  (Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'string' && item.trim() !== ''));

const gold = v.pipe(
  v.custom<string | string[]>(isGold, 'must be a text or a non-empty list of texts'),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
  v.maxLength(taskLimits.golds, `must have at most ${taskLimits.golds} texts`),
  v.everyItem(
    (item) => item.length <= taskLimits.gold,
    `has a text longer than ${taskLimits.gold} characters`,
  ),
);

const example = fields({ id: v.exactOptional(text(taskLimits.name)), input: text(taskLimits.input), gold });

const split = v.pipe(
  v.array(example, 'must be a list of examples'),
  v.minLength(1, 'must have at least one example'),
  v.maxLength(taskLimits.examples, `must have at most ${taskLimits.examples} examples`),
);

const metric = v.variant(
  'kind',
  [
    fields({ kind: v.literal('choice'), options: v.exactOptional(distinctTexts(2, 'options')) }),
    fields({ kind: v.literal('boolean'), yes: text(taskLimits.name), no: text(taskLimits.name) }),
    fields({ kind: v.literal('number'), decimals: whole(0, 10) }),
    fields({ kind: v.literal('exact') }),
    fields({ kind: v.literal('contains') }),
    fields({ kind: v.literal('json'), fields: distinctTexts(1, 'fields') }),
    fields({ kind: v.literal('rouge-l') }),
    fields({ kind: v.literal('rules') }),
  ],
  (issue) =>
    issue.path
      ? 'must be one of choice, boolean, number, exact, contains, json, rouge-l, rules'
      : "must be an object with a 'kind'",
);

const marker = v.pipe(
  v.string('must be a text (empty for no marker)'),
  v.maxLength(taskLimits.marker, `is longer than ${taskLimits.marker} characters`),
);

const file = fields({
  version: v.literal(1, 'must be 1, the only version of the format that this program reads'),
  id: v.pipe(
    text(taskLimits.name),
    v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by hyphens'),
  ),
  name: text(taskLimits.name),
  description: text(taskLimits.description),
  note: v.exactOptional(text(taskLimits.description)),
  initialPrompt: text(taskLimits.prompt),
  metric,
  position: v.picklist(
    ['before', 'question-begin', 'question-end', 'answer-begin'],
    'must be one of before, question-begin, question-end, answer-begin',
  ),
  markers: fields({ input: marker, answer: marker }),
  answerTokens: whole(1, taskLimits.answerTokens),
  splits: fields({ train: split, validation: split, test: split }),
});

/**
 * Reads a task file. Examples without an id are named after their split and place (`train-1`).
 * Throws TaskError, and nothing else, for any text that is not a valid task.
 */
export function parseTask(source: string): Task {
  if (source.length > taskLimits.file)
    throw new TaskError([
      `The file has ${source.length} characters; at most ${taskLimits.file} can be read. Use fewer examples.`,
    ]);
  return checkTask(parseJson(source));
}

/** The task in a value as a task file has it, `version` included. Throws TaskError, and nothing else. */
export function checkTask(value: unknown): Task {
  const result = v.safeParse(file, value);
  if (!result.success) throw new TaskError(result.issues.map(issueText));
  const { version: _version, splits, ...rest } = result.output;
  const task: Task = {
    ...rest,
    splits: {
      train: named('train', splits.train),
      validation: named('validation', splits.validation),
      test: named('test', splits.test),
    },
  };
  const problems = taskProblems(task);
  if (problems.length > 0) throw new TaskError(problems);
  return task;
}

/** The text of a task file, one example a line; `parseTask` of it gives an equal task. */
export function taskText(task: Task): string {
  const { splits, ...rest } = task;
  const head = Object.entries({ version: 1, ...rest }).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
  );
  const lists = splitNames.map((name) => {
    const lines = splits[name].map(
      ({ id, input, gold: [first, ...others] }) =>
        `      ${JSON.stringify({ id, input, gold: others.length === 0 ? first : [first, ...others] })}`,
    );
    return `    "${name}": [\n${lines.join(',\n')}\n    ]`;
  });
  return `{\n${head.join('')}  "splits": {\n${lists.join(',\n')}\n  }\n}\n`;
}

function parseJson(source: string): unknown {
  // Editors on Windows put a byte order mark before UTF-8 text; JSON.parse refuses it.
  const text = source.replace(/^\uFEFF/, '');
  try {
    const json: unknown = JSON.parse(text);
    return json;
  } catch (error) {
    const reason = jsonFault(text) ?? (error instanceof Error ? error.message : String(error));
    throw new TaskError([`The file is not valid JSON: ${reason}`]);
  }
}

function named(name: SplitName, examples: v.InferOutput<typeof split>): Example[] {
  return examples.map(({ id, ...rest }, i) => ({ id: id ?? `${name}-${i + 1}`, ...rest }));
}

/** `validation example 12: 'gold' must be…` */
function issueText(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((item) => item.key);
  const [root, splitName, index] = keys;
  if (root === 'splits' && typeof index === 'number')
    return placed(`${place(String(splitName), index)}:`, keys.slice(3), issue.message);
  if (keys.length === 0) return `The file ${issue.message}`;
  return placed('', keys, issue.message);
}

function placed(before: string, keys: readonly unknown[], message: string): string {
  // A field may be called by the empty text, and is named all the same.
  const names = keys.filter((key) => typeof key !== 'number').map(String);
  const name = names.join('.');
  let entry = '';
  for (const key of keys) if (typeof key === 'number') entry = `entry ${key + 1} of ${entry}`;
  // A problem is one line, and a name in a file may hold anything.
  const shown = (name.length > 60 ? `${name.slice(0, 60)}…` : name).replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    '\uFFFD',
  );
  const field = names.length > 0 && `${entry}'${shown}'`;
  return [before, field, message].filter(Boolean).join(' ');
}
