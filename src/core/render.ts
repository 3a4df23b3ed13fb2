import type { Candidate } from './candidate.ts';
import type { Content, Message } from './model.ts';
import type { Rendering } from './rendering.ts';
import type { Example, Markers, Metric, Position, Task } from './task.ts';

/** What of a task decides how an input is put to a model. */
type Form = Pick<Task, 'markers' | 'metric'>;

const lines = (...parts: string[]) => parts.filter((part) => part !== '').join('\n');
const marked = (marker: string, text: string) =>
  marker === '' ? text : text === '' ? `${marker}:` : `${marker}: ${text}`;

/**
 * One question with the prompt at its position, up to where the answer starts. Without markers `before` and
 * `question-begin` are one, and `answer-begin` falls back to `question-end`. An empty prompt leaves no separator.
 */
export function question(prompt: string, position: Position, markers: Markers, input: string): string {
  switch (position) {
    case 'before': {
      const rest = lines(marked(markers.input, input), marked(markers.answer, ''));
      return prompt === '' ? rest : `${prompt}\n\n${rest}`;
    }
    case 'question-begin':
      return lines(marked(markers.input, lines(prompt, input)), marked(markers.answer, ''));
    case 'question-end':
      return lines(marked(markers.input, lines(input, prompt)), marked(markers.answer, ''));
    case 'answer-begin':
      return markers.answer === ''
        ? lines(marked(markers.input, input), prompt)
        : lines(marked(markers.input, input), marked(markers.answer, prompt));
  }
}

/** The answer as it would follow `question`: after a marker or a prompt on its line, a space; on a new line, none. */
function lead(text: string): string {
  return text.endsWith('\n') ? '' : ' ';
}

/**
 * What ends a decoded answer: a new line for one-line answers (a label, a number, a short text), an empty line otherwise.
 * A label or a number within its line ends nothing: what follows it on the line may take it back. In a chat no text is
 * an end, because the answer may stand below a reasoning of any form.
 */
function stops(metric: Metric, markers: Markers): string[] {
  const long: readonly Metric['kind'][] = ['json', 'rouge-l', 'contains', 'rules'];
  const end = long.includes(metric.kind) ? '\n\n' : '\n';
  return markers.input === '' ? [end] : [end, `\n${markers.input}:`];
}

/** A candidate and an input as the target sees them, and how the allowed answers would follow. */
export interface Rendered {
  content: Content;
  stop: string[];
  /** A JSON answer is whole with its closing brace, wherever it stands. */
  until?: 'object';
  /** Put before an answer option to make it the exact text that follows the content. */
  optionLead: string;
}

/**
 * `before` states the prompt once at the top, so that it and the worked examples form one prefix for all inputs; the
 * other positions repeat it with each worked example and with the final question.
 */
export function render(
  candidate: Pick<Candidate, 'prompt' | 'shots'>,
  input: string,
  form: Form,
  rendering: Rendering,
): Rendered {
  const { position, style } = rendering;
  const { prompt, shots } = candidate;
  const at = (i: number) => (position === 'before' && i > 0 ? '' : prompt);
  const turns = shots.map((shot, i) => ({
    question: question(at(i), position, form.markers, shot.input),
    answer: shot.gold[0] ?? '',
  }));
  const last = question(at(shots.length), position, form.markers, input);
  const until = form.metric.kind === 'json' ? { until: 'object' as const } : {};
  if (style === 'chat') {
    const messages: Message[] = turns.flatMap((turn) => [
      { role: 'user', content: turn.question },
      { role: 'assistant', content: turn.answer },
    ]);
    messages.push({ role: 'user', content: last });
    return { content: { kind: 'chat', messages }, stop: [], ...until, optionLead: '' };
  }
  const openEnd = form.markers.answer === '' ? `${last}\n` : last;
  const blocks = turns.map((turn) => {
    const head = form.markers.answer === '' ? `${turn.question}\n` : turn.question;
    return `${head}${lead(head)}${turn.answer}`;
  });
  const text = [...blocks, openEnd].join('\n\n');
  return {
    content: { kind: 'completion', text },
    stop: stops(form.metric, form.markers),
    ...until,
    optionLead: lead(text),
  };
}

/** Worked examples inside a meta-prompt, with a placeholder where the prompt would stand. */
export function exemplarText(
  examples: readonly Example[],
  placeholder: string,
  position: Position,
  markers: Markers,
): string {
  return examples
    .map(
      (example) =>
        `Input:\n${question(placeholder, position, markers, example.input)}\nOutput: ${example.gold[0] ?? ''}`,
    )
    .join('\n\n');
}

/** The position in words, as a meta-prompt says it. */
export const POSITION_WORDS: Record<Position, string> = {
  before: 'before the question, on a line of its own',
  'question-begin': 'at the beginning of the question',
  'question-end': 'at the end of the question',
  'answer-begin': 'at the beginning of the answer',
};

/** What a prompt at each position is called in a list that a model continues: one of them, and several. */
export const PROMPT_WORDS: Record<Position, { one: string; many: string }> = {
  before: { one: 'Instruction', many: 'instructions for this task' },
  'question-begin': { one: 'Instruction', many: 'instructions for this task' },
  'question-end': { one: 'Instruction', many: 'instructions for this task' },
  'answer-begin': { one: 'Beginning', many: 'ways to begin the answer' },
};
