import type { Metric } from '../../core/task.ts';
import type { MetricGuess } from './guess-metric.ts';
import type { TaskSettings } from './plan.ts';

/** What a task needs beyond its examples, proposed from what is known of them. The user may change all of it. */

/** A name for people from a folder's or file's: `boolean_expressions` becomes `Boolean expressions`. */
export function taskName(given: string): string {
  const words = given.replace(/[_-]+/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 80);
  return words === '' ? 'Imported task' : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Lower-case words joined by hyphens, and a number behind them when `taken` has the plain one already. */
export function taskId(name: string, taken: readonly string[]): string {
  const words =
    name
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const plain = words.join('-').slice(0, 80).replace(/-$/, '') || 'task';
  let id = plain;
  for (let n = 2; taken.includes(id); n++) id = `${plain}-${n}`;
  return id;
}

export function guessSettings(
  name: string,
  { metric }: MetricGuess,
  longestGold: number,
  hasReasons: boolean,
): TaskSettings {
  return {
    id: '',
    name: taskName(name),
    description: `Imported${name === '' ? '' : ` from ${name}`}.`,
    initialPrompt: firstPrompt(metric),
    metric,
    position: 'before',
    markers: { input: 'Q', answer: 'A' },
    answerTokens: answerTokens(metric, longestGold, hasReasons),
  };
}

/** A plain first prompt: the search starts from it, and the result is compared with it. */
export function firstPrompt(metric: Metric): string {
  switch (metric.kind) {
    case 'choice': {
      if (metric.options === undefined) return 'Answer the question by choosing one of the options.';
      const last = metric.options.at(-1) ?? '';
      return `Answer with one of ${metric.options.slice(0, -1).join(', ')} or ${last}.`;
    }
    case 'boolean':
      return `Answer ${metric.yes} or ${metric.no}.`;
    case 'number':
      return 'Answer the question with a number.';
    case 'json':
      return `Answer with a JSON object that has the fields ${metric.fields.join(', ')}.`;
    case 'exact':
    case 'contains':
      return 'Give the answer and nothing else.';
    case 'rouge-l':
    case 'rules':
      return 'Do what the text asks for.';
  }
}

/** A token is at least two letters in most texts; numbers that come with reasons need room for those. */
export function answerTokens(metric: Metric, longestGold: number, hasReasons: boolean): number {
  const room = Math.ceil(longestGold / 2) + 8;
  if (hasReasons) return 256;
  if (metric.kind === 'boolean' || (metric.kind === 'choice' && !metric.options)) return 8;
  return Math.min(1024, Math.max(metric.kind === 'number' ? 16 : 8, room));
}
