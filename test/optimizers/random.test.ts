import { expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { random } from '../../src/optimizers/random.ts';
import { configFor, eventsOf, play, textOf } from './harness.ts';

const OPTIONS = { steps: 3, candidates: 2 };
const numbered = (_ask: Ask, n: number) =>
  `<prompt>Judge it ${n === 2 ? 'carefully' : 'somehow'} in way ${n}.</prompt>`;
const runWith = (options: Record<string, boolean | number | string> = {}, replies = numbered) =>
  play({
    optimizer: random,
    config: configFor(random, { options: { ...OPTIONS, ...options }, budget: {} }),
    replies,
  });

test('every prompt is a paraphrase of the initial one, and nothing learnt is in any ask', async () => {
  const { events, optimizer } = await runWith();
  const made = eventsOf(events, 'proposed').slice(1);
  expect(made).toHaveLength(6);
  expect(made.every(({ candidate }) => candidate.parents[0] === 'c0')).toBe(true);
  expect(new Set(optimizer.asks.map(textOf)).size).toBe(1);
});

test('or a paraphrase of any prompt found so far', async () => {
  const { events } = await runWith({ source: 'any', steps: 6 });
  const parents = eventsOf(events, 'proposed').flatMap(({ candidate }) => candidate.parents);
  expect(new Set(parents).size).toBeGreaterThan(2);
});

test('the best stays the best, however many come after it', async () => {
  const { events } = await runWith();
  const scores = eventsOf(events, 'current').map((event) => event.score);
  // The initial prompt has half of the answers right; the third paraphrase, in the second step, all.
  expect(scores).toEqual([0.5, 1, 1]);
  expect(eventsOf(events, 'searched')[0]?.best).toBe('c3');
});

test('a paraphrase that cannot win any more is not answered to the end', async () => {
  const { events } = await runWith();
  const asked = (id: string) =>
    eventsOf(events, 'answered').filter(
      ({ answer }) => answer.candidate === id && answer.split === 'validation',
    ).length;
  expect(asked('c3')).toBe(6);
  // Nothing beats a perfect prompt, so nothing is asked.
  expect([asked('c4'), asked('c5'), asked('c6')]).toEqual([0, 0, 0]);
  expect(eventsOf(events, 'answered').some(({ answer }) => answer.split === 'train')).toBe(false);
});
