import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { usageWords } from '../../src/ui/stage-words.ts';

const answer = (more: object): RunEvent => ({
  type: 'answered',
  answer: {
    candidate: 'c0',
    example: 'a',
    split: 'validation',
    reply: 'x',
    answer: 'x',
    score: 1,
    tokens: { in: 600, cached: 400, out: 2 },
    ms: 100,
    ...more,
  },
});
const wordsOf = (events: readonly RunEvent[]) => usageWords(events.reduce(reduce, emptyView()));

test('tokens are counted as computed and as reused from the cache', () => {
  expect(wordsOf([])).toBe('0 calls · 0 tokens computed');
  expect(wordsOf([answer({}), answer({ split: 'train' })])).toBe(
    '2 calls · 404 tokens computed, 800 reused from the cache',
  );
});

test('calls that an earlier run made count, and are told apart', () => {
  const reply = { text: 'x', tokens: { in: 10, cached: 0, out: 5 }, finish: 'stop' as const };
  const events: RunEvent[] = [
    answer({ reused: true, ms: 0 }),
    answer({ example: 'b' }),
    { type: 'replied', ask: 1, role: 'optimizer', reply, ms: 0, reused: true },
    answer({ split: 'test', reused: true, ms: 0 }),
    answer({ split: 'test', example: 'b' }),
  ];
  expect(wordsOf(events)).toBe(
    '2 calls + 2 test calls, 3 from earlier runs · 419 tokens computed, 800 reused from the cache',
  );
  expect(events.reduce(reduce, emptyView()).reused).toEqual({ target: 1, optimizer: 1, test: 1 });
});
