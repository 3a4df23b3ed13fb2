import { allowedAnswers } from './allowed.ts';
import { scoreAnswer } from './metrics.ts';
import { render } from './render.ts';
import type { Rendering } from './rendering.ts';
import type { Example, Task } from './task.ts';
import type { TuneExample } from './tuner.ts';

/**
 * An example as a differentiable model reads it: the text that the target would get as a completion, cut where the
 * prompt stands, and the answers that may follow. A task without a short list of answers has the right one alone.
 */
export function tuneExample(
  task: Pick<Task, 'metric' | 'markers'>,
  rendering: Rendering,
  example: Example,
): TuneExample {
  // A mark that the input does not hold itself.
  let mark = '\u0000';
  while (example.input.includes(mark)) mark += '\u0001';
  const form = { ...rendering, style: 'completion' as const };
  const { content, optionLead } = render({ prompt: mark, shots: [] }, example.input, task, form);
  const text = content.kind === 'completion' ? content.text : '';
  const at = text.indexOf(mark);
  const listed = allowedAnswers(task.metric, example.input) ?? [];
  const right = listed.findIndex((option) => scoreAnswer(task.metric, option, example.gold) === 1);
  const options = right < 0 ? [example.gold[0] ?? ''] : listed;
  return {
    id: example.id,
    before: text.slice(0, at),
    after: text.slice(at + mark.length),
    options: options.map((option) => optionLead + option),
    gold: Math.max(0, right),
  };
}
