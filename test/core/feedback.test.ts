import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/core/events.ts';
import { caseList, feedback } from '../../src/core/feedback.ts';
import type { Metric } from '../../src/core/task.ts';

const answer = (over: Partial<Answer>): Answer => ({
  candidate: 'c0',
  example: 'e',
  split: 'train',
  reply: '',
  answer: null,
  score: 0,
  tokens: { in: 1, cached: 0, out: 1 },
  ms: 0,
  ...over,
});
const said = (metric: Metric, gold: string, over: Partial<Answer>) =>
  feedback({ metric }, { example: { id: 'e', input: 'x', gold: [gold] }, answer: answer(over) });
const choice: Metric = { kind: 'choice', options: ['yes', 'no'] };

describe('feedback', () => {
  test('right, wrong, unreadable, empty, refused', () => {
    expect(said(choice, 'yes', { reply: 'yes', answer: 'yes', score: 1 })).toBe('Right.');
    expect(said(choice, 'yes', { reply: 'no', answer: 'no' })).toBe('Wrong: expected yes, got no.');
    expect(said(choice, 'yes', { reply: 'It depends.' })).toContain('no answer could be read');
    expect(said(choice, 'yes', {})).toContain('the reply was empty');
    expect(said(choice, 'yes', { refused: '90 tokens, 40 fit' })).toContain('90 tokens');
  });

  test('JSON names the wrong fields alone', () => {
    const text = said({ kind: 'json', fields: ['total', 'due', 'by'] }, '{"total":5,"due":"May","by":"A"}', {
      reply: '{"total":5,"due":"June"}',
      answer: '{"total":5,"due":"June"}',
      score: 1 / 3,
    });
    expect(text).toBe('Partly wrong: due should be "May", got "June"; by should be "A", got nothing.');
  });

  test('overlap and containment', () => {
    expect(said({ kind: 'rouge-l' }, 'the ref', { reply: 'the', answer: 'the', score: 2 / 3 })).toContain(
      '67 of 100',
    );
    expect(said({ kind: 'contains' }, 'red', { reply: 'blue', answer: 'blue' })).toContain('“red”');
  });
});

test('a list of cases numbers input, answer and right answer', () => {
  const task = { position: 'before', markers: { input: 'Item', answer: 'Answer' } } as const;
  const one = {
    example: { id: 'e', input: '$& {x}', gold: ['yes'] },
    answer: answer({ reply: 'no', answer: 'no' }),
  };
  expect(caseList(task, [one, one])).toBe(
    "1. Item: $& {x}\nAnswer:\nModel's answer: no\nRight answer: yes\n\n2. Item: $& {x}\nAnswer:\nModel's answer: no\nRight answer: yes",
  );
  expect(caseList(task, [])).toBe('');
});
