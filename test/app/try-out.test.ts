import { expect, test } from 'vitest';
import { tryOut, type Trial } from '../../src/app/try-out.ts';
import type { Engine } from '../../src/core/model.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';

const trial: Trial = {
  candidate: { prompt: 'Is it good?', shots: [] },
  input: 'A fine film',
  task: {
    metric: { kind: 'choice', options: ['good', 'bad', 'so-so'] },
    markers: { input: 'Review', answer: 'Label' },
  },
  rendering: { position: 'before', style: 'completion', read: 'decode', maxTokens: 8 },
};
const signal = new AbortController().signal;

test('a reply is heard as it comes and read as a run reads it', async () => {
  const engine = scriptedEngine({ reply: () => ' bad.\nReview: another' });
  const heard: string[] = [];
  expect(await tryOut(engine, trial, (text) => heard.push(text), signal)).toEqual({
    reply: ' bad.',
    answer: 'bad',
    weighed: null,
  });
  expect(heard).toEqual([' bad.']);
  expect(engine.asks[0]).toMatchObject({
    content: { kind: 'completion', text: 'Is it good?\n\nReview: A fine film\nLabel:' },
    temperature: 0,
    maxTokens: 8,
  });
});

test('allowed answers are weighed, likeliest first', async () => {
  // ln 0.1, ln 0.3, ln 0.1: shares 1/5, 3/5, 1/5.
  const engine = scriptedEngine({
    reply: () => '',
    choose: () => [Math.log(0.1), Math.log(0.3), Math.log(0.1)],
  });
  const choose: Trial = { ...trial, rendering: { ...trial.rendering, read: 'choose' } };
  const { reply, answer, weighed } = await tryOut(engine, choose, () => undefined, signal);
  expect([reply, answer]).toEqual(['', 'bad']);
  expect(weighed?.map((one) => one.answer)).toEqual(['bad', 'good', 'so-so']);
  expect(weighed?.[0]?.probability).toBeCloseTo(0.6, 12);
  expect(weighed?.[1]?.probability).toBeCloseTo(0.2, 12);
});

test('an engine that cannot weigh answers writes one', async () => {
  const engine: Engine = scriptedEngine({ reply: () => 'good' });
  const choose: Trial = { ...trial, rendering: { ...trial.rendering, read: 'choose' } };
  expect(await tryOut(engine, choose, () => undefined, signal)).toEqual({
    reply: 'good',
    answer: 'good',
    weighed: null,
  });
});
