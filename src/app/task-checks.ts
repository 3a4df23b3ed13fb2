import { listedOptions } from '../core/allowed.ts';
import { extract } from '../core/extract.ts';
import { scoreAnswer } from '../core/metrics.ts';
import { asNumber } from '../core/numbers.ts';
import { parseRules } from '../core/rules.ts';
import type { Metric, SplitName, Task } from '../core/task.ts';

/** What no schema of a single field can see: repeated ids, overlapping splits, gold answers that their metric cannot score. */

export const splitNames = ['train', 'validation', 'test'] as const satisfies readonly SplitName[];

/** `validation example 12`, for the example at `index` 11. */
export const place = (split: string, index: number) => `${split} example ${index + 1}`;

/** Two options that differ only by case or outer spaces cannot be told apart in a reply. */
export const folded = (value: string) => value.trim().toLowerCase();

/** Every problem of a task whose fields are each valid by themselves, in the file's order; empty for a good task. */
export function taskProblems(task: Task): string[] {
  return [...metricProblems(task.metric), ...exampleProblems(task)];
}

function metricProblems(metric: Metric): string[] {
  return metric.kind === 'boolean' && folded(metric.yes) === folded(metric.no)
    ? ["'metric': 'yes' and 'no' must differ"]
    : [];
}

function exampleProblems(task: Task): string[] {
  const problems: string[] = [];
  const goldProblem = goldChecker(task.metric);
  const ids = new Map<string, string>();
  const inputs = new Map<string, { split: SplitName; where: string }>();
  for (const split of splitNames)
    task.splits[split].forEach((example, index) => {
      const where = place(split, index);
      const sameId = ids.get(example.id);
      if (sameId) problems.push(`${where}: 'id' "${example.id}" is already that of ${sameId}`);
      else ids.set(example.id, where);
      const input = example.input.trim().replace(/\s+/g, ' ');
      const same = inputs.get(input);
      if (same && same.split !== split)
        problems.push(`${where} has the same 'input' as ${same.where}; an example may be in one split only`);
      else if (!same) inputs.set(input, { split, where });
      for (const answer of example.gold) {
        const problem = goldProblem(example.input, answer);
        if (problem) problems.push(`${where}: 'gold' ${problem}`);
      }
      if (task.metric.kind === 'json' && example.gold.length > 1)
        problems.push(`${where}: 'gold' must be one object as text, not ${example.gold.length}`);
    });
  return problems;
}

/**
 * Says what is wrong with a gold answer, or null: a model that repeats it word for word must score 1. Where the input
 * does not matter, each different answer is looked at once.
 */
export function goldChecker(metric: Metric): (input: string, answer: string) => string | null {
  const known = metric.kind === 'choice' && !metric.options ? null : new Map<string, string | null>();
  return (input, answer) => {
    const before = known?.get(answer);
    if (before !== undefined) return before;
    const problem = goldProblem(metric, input, answer);
    known?.set(answer, problem);
    return problem;
  };
}

function goldProblem(metric: Metric, input: string, answer: string): string | null {
  const problem = formProblem(metric, input, answer);
  if (problem || scoresItself(metric, input, answer)) return problem;
  return `${quoted(answer)} cannot be scored as ${metric.kind}: a reply of just this text would not count as right`;
}

function scoresItself(metric: Metric, input: string, answer: string): boolean {
  // The longest common subsequence of a text with itself is all of its words, if it has any.
  if (metric.kind === 'rouge-l') return /[\p{L}\p{M}\p{N}]/u.test(answer);
  // Rules are not themselves a reply that keeps them.
  if (metric.kind === 'rules') return true;
  // A letter that the input lists is read before anything else that the reply might be.
  if (metric.kind === 'choice' && !metric.options) return true;
  return scoreAnswer(metric, extract(metric, answer, input), [answer]) === 1;
}

function formProblem(metric: Metric, input: string, answer: string): string | null {
  switch (metric.kind) {
    case 'choice':
      return metric.options ? optionProblem(metric.options, answer) : letterProblem(input, answer);
    case 'boolean':
      return optionProblem([metric.yes, metric.no], answer);
    case 'number':
      return asNumber(answer) === null ? `must be a number such as 12 or -3.50, not ${quoted(answer)}` : null;
    case 'json':
      return objectProblem(metric.fields, answer);
    case 'rules':
      return parseRules(answer) === null
        ? `must hold one rule a line, such as “has: sorry” or “words: 10-40”, not ${quoted(answer)}`
        : null;
    case 'exact':
    case 'contains':
    case 'rouge-l':
      return null;
  }
}

function optionProblem(options: readonly string[], answer: string): string | null {
  return options.includes(answer) ? null : `must be one of ${options.join(', ')}, not ${quoted(answer)}`;
}

/** For a choice without options the input lists them: `(A) …`, `(B) …`. */
function letterProblem(input: string, answer: string): string | null {
  const letters = listedOptions(input).map((option) => option.letter);
  if (letters.length === 0)
    return "needs options (A), (B) and so on in its 'input', or 'options' in the metric";
  const letter = /^\(?([A-Z])\)?$/.exec(answer)?.[1];
  return letter && letters.includes(letter)
    ? null
    : `must be a letter that its 'input' lists, such as (A), not ${quoted(answer)}`;
}

function objectProblem(names: readonly string[], answer: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return 'must be a JSON object as text';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'must be a JSON object as text';
  const missing = names.filter((name) => !Object.hasOwn(value, name));
  return missing.length === 0 ? null : `has no ${missing.map((name) => `'${name}'`).join(', ')}`;
}

const quoted = (answer: string) => JSON.stringify(answer.length > 60 ? `${answer.slice(0, 60)}…` : answer);
