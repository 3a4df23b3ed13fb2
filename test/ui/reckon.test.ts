import { expect, test } from 'vitest';
import { optimizerMs, targetMs } from '../../src/ui/reckon.ts';
import { config, task } from './recorded.ts';

// 100 tokens read and 10 written a second: 10 ms and 100 ms a token.
const speed = { read: 100, write: 10 };
const rendering = { ...config.rendering, maxTokens: 20 };
const forty = {
  ...task,
  splits: { ...task.splits, validation: [{ id: 'v0', input: 'x'.repeat(40), gold: ['a'] }] },
};

test('a call of the target reads its example and writes up to its limit', () => {
  // 40 characters are 10 tokens, 12 stand around them: 220 ms; 20 written tokens: 2000 ms.
  const written = { ...config, rendering: { ...rendering, read: 'decode' as const } };
  expect(targetMs(written, speed, forty)).toBeCloseTo(2220, 9);
});

test('weighing the allowed answers writes nothing', () => {
  // 10 + 12 + 6 tokens read.
  const weighed = { ...config, rendering: { ...rendering, read: 'choose' as const } };
  expect(targetMs(weighed, speed, forty)).toBeCloseTo(280, 9);
  // 200 characters where the task is not at hand: 50 + 12 + 6.
  expect(targetMs(weighed, speed, null)).toBeCloseTo(680, 9);
});

test('a call of the optimizer reads its longest template and past prompts', () => {
  const chat = { ...config, metaStyle: 'chat' as const, initialPrompt: 'y'.repeat(50) };
  // (200 + 8 · 50) / 4 + 12 = 162 tokens read, 120 written.
  expect(optimizerMs(chat, speed, { a: 'z'.repeat(200), b: 'short' })).toBeCloseTo(13_620, 9);
  // No template of its own: 112 read, and a line of 40 written.
  expect(optimizerMs({ ...chat, metaStyle: 'continuation' }, speed, {})).toBeCloseTo(5120, 9);
});
