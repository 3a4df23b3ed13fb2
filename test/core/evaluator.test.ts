import { describe, expect, test } from 'vitest';
import { liveEffects, makeGate } from '../../src/app/live-effects.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Answer } from '../../src/core/events.ts';
import { makeEvaluator } from '../../src/core/evaluator.ts';
import { noUsage } from '../../src/core/budget.ts';
import type { Rendering } from '../../src/core/rendering.ts';
import type { Example, Metric } from '../../src/core/task.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { methodOf, configFor, play, textOf, tinyTask } from '../optimizers/harness.ts';

const candidate = (id: string, prompt: string, shots: Example[] = []): Candidate => ({
  id,
  prompt,
  shots,
  parents: [],
  origin: 'initial',
  step: 0,
});

/** Answers one example whose reply would go on with `reply`. */
async function answerOf(
  metric: Metric,
  reply: string,
  style: Rendering['style'],
  gold: string,
): Promise<Answer> {
  const engine = scriptedEngine({ reply: () => reply });
  const effects = liveEffects(
    { target: engine, optimizer: engine, embedder: null },
    makeGate(),
    new AbortController().signal,
    () => 0,
  );
  const rendering: Rendering = { style, position: 'before', read: 'decode', maxTokens: 40 };
  const markers = { input: 'Q', answer: 'A' };
  const evaluator = makeEvaluator({ metric, markers }, rendering, effects, noUsage(), 1);
  const examples = [{ id: 'e', input: 'x', gold: [gold] }];
  for await (const event of evaluator.answers(candidate('c0', 'P'), 'validation', examples, null))
    if (event.type === 'answered') return event.answer;
  throw new Error('No answer came.');
}

describe('decoding ends when the answer is complete', () => {
  const JSON_METRIC: Metric = { kind: 'json', fields: ['name', 'age'] };
  const OBJECT = '{"name": "Ann", "age": 7}';

  test.each<[string, Metric, string, string, string]>([
    [
      'a label and a new line',
      { kind: 'choice', options: ['good', 'bad'] },
      ' good\nQ: another\nA: bad',
      ' good',
      'good',
    ],
    ['a number and a new line', { kind: 'number', decimals: 0 }, ' 42\n\nQ: 3 + 4', ' 42', '42'],
    ['a closing brace', JSON_METRIC, ` ${OBJECT} is what I found.`, ` ${OBJECT}`, OBJECT],
    ['a closing brace below others', JSON_METRIC, ` {x} ${OBJECT}\nQ: another`, ` {x} ${OBJECT}`, OBJECT],
    [
      'an empty line',
      { kind: 'rouge-l' },
      ' A short\nsummary.\n\nQ: next',
      ' A short\nsummary.',
      'A short\nsummary.',
    ],
  ])('as text to continue: %s', async (_case, metric, reply, kept, gold) => {
    const answer = await answerOf(metric, reply, 'completion', gold);
    expect(answer).toMatchObject({ reply: kept, answer: gold, score: 1 });
  });

  test('in a chat: an object ends the reply, and nothing else does', async () => {
    const fenced = `\`\`\`json\n${OBJECT}\n\`\`\`\nI hope this helps.`;
    const answer = await answerOf(JSON_METRIC, fenced, 'chat', OBJECT);
    expect(answer).toMatchObject({ reply: `\`\`\`json\n${OBJECT}`, answer: OBJECT, score: 1 });
    const reasoned = 'It is good at first.\nBut in the end:\nThe answer is bad.';
    const choice = await answerOf({ kind: 'choice', options: ['good', 'bad'] }, reasoned, 'chat', 'bad');
    expect(choice).toMatchObject({ reply: reasoned, answer: 'bad' });
  });
});

describe('order of asks', () => {
  test('those of one candidate follow each other, and share all but the input', async () => {
    const prompts = ['Say it carefully.', 'Judge the text.', 'Answer at once.'];
    const method = methodOf(async function* (tools) {
      const candidates = [tools.initial];
      for (const prompt of prompts) {
        const made = yield* tools.propose(prompt, { parents: [tools.initial], origin: 'edit' });
        if (made !== null) candidates.push(made);
      }
      yield* tools.score(candidates);
    });
    const { target } = await play({ optimizer: method, config: configFor(method, {}), replies: () => '' });
    const task = tinyTask();
    const size = task.splits.validation.length;
    const asked = target.asks.slice(0, 4 * size).map(textOf);
    expect(asked).toHaveLength(4 * size);
    for (let c = 0; c < 4; c++) {
      const own = asked.slice(c * size, (c + 1) * size);
      const prompt = c === 0 ? task.initialPrompt : (prompts[c - 1] ?? '');
      const inputs = own.map((text) => task.splits.validation.findIndex(({ input }) => text.includes(input)));
      expect(new Set(inputs).size).toBe(size);
      // The instruction is the beginning that they have in common; what differs comes last.
      expect(own.every((text) => text.startsWith(prompt))).toBe(true);
    }
  });
});
