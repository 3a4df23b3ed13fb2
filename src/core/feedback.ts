import type { Candidate } from './candidate.ts';
import type { Answer, Op } from './events.ts';
import { scoreFields } from './metrics.ts';
import type { Tools } from './optimizer.ts';
import { question } from './render.ts';
import { brokenRules, parseRules } from './rules.ts';
import type { Example, SearchTask } from './task.ts';

/** An example and what the target answered to it. */
export interface Case {
  example: Example;
  answer: Answer;
}

/** Answers of one candidate to `examples`, each beside its example, same order. */
export async function* casesOf(
  tools: Tools,
  candidate: Candidate,
  split: 'train' | 'validation',
  examples: readonly Example[],
): Op<Case[]> {
  const answers = yield* tools.answers(candidate, split, examples);
  const byId = new Map(examples.map((example) => [example.id, example]));
  return answers.flatMap((answer) => {
    const example = byId.get(answer.example);
    return example === undefined ? [] : [{ example, answer }];
  });
}

/** Cases that scored below 1. */
export const wrongOf = (cases: readonly Case[]) => cases.filter(({ answer }) => answer.score < 1);

/**
 * What the metric says of one answer, in a sentence or two that a model can act on: right or not, what was expected,
 * what came, and why it did not count (not readable, not an allowed label, extra words, which fields were wrong).
 */
export function feedback(task: Pick<SearchTask, 'metric'>, { example, answer }: Case): string {
  const expected = example.gold[0] ?? '';
  if (answer.refused !== undefined) return `The model could not be asked: ${answer.refused}`;
  if (answer.score >= 1) return 'Right.';
  const reply = answer.reply.trim();
  if (reply === '') return `Wrong: the reply was empty. Expected: ${expected}`;
  if (answer.answer === null)
    return `Wrong: no answer could be read from the reply. Expected: ${expected} and nothing else.`;
  switch (task.metric.kind) {
    case 'json': {
      const wrong = scoreFields(task.metric, answer.answer, example.gold)
        .filter(({ right }) => !right)
        .map(({ field, wanted, given }) => `${field} should be ${wanted}, got ${given ?? 'nothing'}`);
      return `Partly wrong: ${wrong.join('; ')}.`;
    }
    case 'rouge-l':
      return `Overlap with the reference: ${Math.round(100 * answer.score)} of 100. Reference: ${expected}`;
    case 'rules':
      return `Partly wrong: the reply ${brokenRules(parseRules(expected) ?? [], answer.answer).join('; it ')}.`;
    case 'contains':
      return `Wrong: the reply does not contain “${expected}”.`;
    default:
      return `Wrong: expected ${expected}, got ${answer.answer}.`;
  }
}

/** One case as a meta-prompt shows it: the input, the model's reply, the right answer. */
export function caseText(task: Pick<SearchTask, 'position' | 'markers'>, { example, answer }: Case): string {
  const asked = question('', task.position, task.markers, example.input);
  const got = answer.answer ?? answer.reply.trim();
  return `${asked}\nModel's answer: ${got}\nRight answer: ${example.gold[0] ?? ''}`;
}

/** Cases as a numbered list with blank lines between; empty for none. */
export function caseList(task: Pick<SearchTask, 'position' | 'markers'>, cases: readonly Case[]): string {
  return cases.map((each, i) => `${i + 1}. ${caseText(task, each)}`).join('\n\n');
}

/** Cases as a numbered list of input, the model's whole reply and what the metric says of it; empty for none. */
export function feedbackList(
  task: Pick<SearchTask, 'position' | 'markers' | 'metric'>,
  cases: readonly Case[],
): string {
  return cases
    .map((each, i) => {
      const asked = question('', task.position, task.markers, each.example.input);
      return `${i + 1}. ${asked}\nReply: ${each.answer.reply.trim()}\nFeedback: ${feedback(task, each)}`;
    })
    .join('\n\n');
}
