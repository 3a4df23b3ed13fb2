import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { climb } from '../../src/optimizers/climb.ts';
import { eventsOf, graded, playGraded, textOf, tinyTask, type Played } from './harness.ts';

const OPTIONS = { steps: 4, candidates: 2, gate: 4, exemplars: 2 };
/** Ways 0, 1, 2...: the target below gets more right the higher the way, but every third reply is way 0 again. */
const numbered = (_ask: Ask, n: number) =>
  `<prompt>Judge it in way ${n % 3 === 2 ? `0 of ${n}` : n + 1}.</prompt>`;
const runWith = (
  options: Record<string, boolean | number | string> = {},
  replies: (ask: Ask, n: number) => string = numbered,
  metaStyle: 'chat' | 'continuation' = 'chat',
) =>
  playGraded(
    climb,
    { ...OPTIONS, ...options },
    { task: tinyTask(8, 20, 4), replies, metaStyle, target: graded(2) },
  );
const asked = ({ events }: Played, id: string) =>
  eventsOf(events, 'answered').filter(
    ({ answer }) => answer.candidate === id && answer.split === 'validation',
  ).length;

describe('always uphill', () => {
  test('only a higher score is moved to', async () => {
    const { events } = await runWith();
    const scores = eventsOf(events, 'current').map((event) => event.score);
    expect(scores[0]).toBe(0);
    for (const [i, score] of scores.entries()) expect(score).toBeGreaterThanOrEqual(scores[i - 1] ?? 0);
    // A first look can miss what a variation gains, but takes none that loses.
    expect(scores.at(-1)).toBeGreaterThan(0.4);
  });

  test('the next variation starts from the better prompt at once', async () => {
    const { events } = await runWith({ gate: 0 });
    const [, first, second, third] = eventsOf(events, 'proposed').map(({ candidate }) => candidate);
    expect(first?.parents).toEqual(['c0']);
    expect(second?.parents).toEqual([first?.id]);
    expect(third?.parents).toEqual([second?.id]);
  });

  test('an equal is not moved to, and patience ends the search', async () => {
    const same = (_ask: Ask, n: number) => `<prompt>Judge it in way 0 of ${n}.</prompt>`;
    const { events } = await runWith({ patience: 2 }, same);
    expect(new Set(eventsOf(events, 'current').map((event) => event.candidate))).toEqual(new Set(['c0']));
    expect(eventsOf(events, 'step')).toHaveLength(2);
    expect(eventsOf(events, 'note')).toHaveLength(1);
  });
});

describe('the first look', () => {
  test('turns hopeless variations away after a few examples', async () => {
    const played = await runWith();
    // c3 is way 0, which has nothing right.
    expect(asked(played, 'c3')).toBe(4);
    expect(eventsOf(played.events, 'rejected').map((event) => event.reason)).toContain(
      'not better than c2 on 4 examples',
    );
  });

  test('off, a variation is still answered only while it can win', async () => {
    const played = await runWith({ gate: 0 });
    // Asks 0 to 7 propose ways 1, 2, 0, 4, 5, 0, 7, 8; two of 20 right for each way.
    expect(eventsOf(played.events, 'current').map((event) => event.score)).toEqual([0, 0.2, 0.4, 0.5, 0.8]);
    // Against 4 of 20: 16 wrong leave 4, which is not more.
    expect(asked(played, 'c3')).toBe(16);
  });
});

describe('the request', () => {
  test('shows the current prompt and worked examples, drawn anew each time', async () => {
    const { optimizer } = await runWith({ exemplars: 3 });
    const texts = optimizer.asks.map(textOf);
    expect(texts[0]).toContain('The prompt:\nJudge the item.');
    expect(texts[0]).toContain('<Prompt>\n\nItem: train item');
    expect(texts.some((text) => text.includes('validation item'))).toBe(false);
    expect(texts[0]?.slice(texts[0].indexOf('Input:'))).not.toBe(texts[3]?.slice(texts[3].indexOf('Input:')));
  });

  test('may be a mere paraphrase', async () => {
    const { events } = await runWith({ variation: 'paraphrase' });
    expect(new Set(eventsOf(events, 'asked').map((event) => event.slot))).toEqual(new Set(['paraphrase']));
  });

  test('continued: a list of ever better instructions', async () => {
    const { optimizer } = await runWith({}, () => ' Judge it in way 3.', 'continuation');
    expect(optimizer.asks[0] && textOf(optimizer.asks[0])).toMatch(
      /better than the one before it\.\n\nInstruction: Judge the item\.\n\nInstruction:$/,
    );
  });
});
