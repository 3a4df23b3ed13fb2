import fc from 'fast-check';
import { expect, test } from 'vitest';
import { render } from '../../src/core/render.ts';
import type { Rendering } from '../../src/core/rendering.ts';
import type { Metric, Position } from '../../src/core/task.ts';
import { tuneExample } from '../../src/core/tune-example.ts';

const markers = { input: 'Review', answer: 'Sentiment' };
const mood: Metric = { kind: 'choice', options: ['negative', 'positive'] };
const rendering = (position: Position): Rendering => ({
  style: 'completion',
  position,
  read: 'choose',
  maxTokens: 4,
});
const example = { id: 'e', input: 'A fine film.', gold: ['positive'] };

test('a choice: the text around the prompt, every answer as it would follow, and which is right', () => {
  expect(tuneExample({ metric: mood, markers }, rendering('before'), example)).toEqual({
    id: 'e',
    before: '',
    after: '\n\nReview: A fine film.\nSentiment:',
    options: [' negative', ' positive'],
    gold: 1,
  });
});

test.each([
  ['question-begin', 'Review: ', '\nA fine film.\nSentiment:'],
  ['question-end', 'Review: A fine film.\n', '\nSentiment:'],
  ['answer-begin', 'Review: A fine film.\nSentiment: ', ''],
] as const)('%s', (position, before, after) => {
  expect(tuneExample({ metric: mood, markers }, rendering(position), example)).toMatchObject({
    before,
    after,
  });
});

test('letters that the input lists, and a yes or no', () => {
  const listed = { id: 'e', input: 'Which?\n(A) red\n(B) green\n(C) blue', gold: ['(C)'] };
  const letters = tuneExample({ metric: { kind: 'choice' }, markers }, rendering('before'), listed);
  expect(letters).toMatchObject({ options: [' (A)', ' (B)', ' (C)'], gold: 2 });
  const bool: Metric = { kind: 'boolean', yes: 'Yes', no: 'No' };
  const no = tuneExample({ metric: bool, markers }, rendering('before'), { ...example, gold: ['no'] });
  expect(no).toMatchObject({ options: [' Yes', ' No'], gold: 1 });
});

test('a free answer has the right one alone', () => {
  const free = { ...example, gold: ['12', '12.0'] };
  expect(
    tuneExample({ metric: { kind: 'number', decimals: 0 }, markers }, rendering('before'), free),
  ).toMatchObject({ options: [' 12'], gold: 0 });
});

test('a chat target is read as a completion, because virtual tokens have no chat', () => {
  const chat: Rendering = { ...rendering('before'), style: 'chat' };
  expect(tuneExample({ metric: mood, markers }, chat, example).after).toBe(
    '\n\nReview: A fine film.\nSentiment:',
  );
});

test('with any input, a prompt put between both parts gives what the target is asked', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).map((text) => `${text}\u0000 x`),
      fc.constantFrom<Position>('before', 'question-begin', 'question-end', 'answer-begin'),
      (input, position) => {
        const task = { metric: mood, markers };
        const { before, after } = tuneExample(task, rendering(position), { ...example, input });
        const asked = render({ prompt: 'Judge it.', shots: [] }, input, task, rendering(position));
        expect(asked.content).toEqual({ kind: 'completion', text: `${before}Judge it.${after}` });
      },
    ),
  );
});
