import { expect, test } from 'vitest';
import { metaStyleFor, renderingFor, withRoom } from '../../src/app/defaults.ts';
import { tinyTask } from '../optimizers/harness.ts';

test('a small model continues text and compares the allowed answers', () => {
  const { rendering } = renderingFor(tinyTask(), { small: true, runtime: 'wllama' });
  expect(rendering).toMatchObject({ style: 'completion', read: 'choose', position: 'before' });
  expect(metaStyleFor({ small: true }).metaStyle).toBe('continuation');
});

test('with open answers a small model decodes', () => {
  const task = { ...tinyTask(), metric: { kind: 'number' as const, decimals: 0 } };
  expect(renderingFor(task, { small: true, runtime: 'wllama' }).rendering.read).toBe('decode');
});

test('a larger model is asked in chat', () => {
  const { rendering, why } = renderingFor(tinyTask(), { small: false, runtime: 'webllm' });
  expect(rendering).toMatchObject({ style: 'chat', read: 'decode' });
  expect(why).toMatch(/chat/);
  expect(metaStyleFor({ small: false }).metaStyle).toBe('chat');
});

test('a method whose prompts ask for work gets longer replies, where they are decoded', () => {
  const decoded = { style: 'chat', position: 'before', read: 'decode', maxTokens: 8 } as const;
  expect(withRoom(decoded, { replyTokens: 256 })).toEqual({ ...decoded, maxTokens: 256 });
  expect(withRoom({ ...decoded, maxTokens: 400 }, { replyTokens: 256 }).maxTokens).toBe(400);
  expect(withRoom({ ...decoded, read: 'choose' }, { replyTokens: 256 }).maxTokens).toBe(8);
  expect(withRoom(decoded, {})).toBe(decoded);
});
