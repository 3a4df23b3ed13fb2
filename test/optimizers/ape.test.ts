import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { ape } from '../../src/optimizers/ape.ts';
import { eventsOf, playGraded, textOf, tinyTask, type Played } from './harness.ts';

const OPTIONS = { steps: 2, candidates: 6, queries: 3, demonstrations: 2, keep: 2, evaluations: 8 };
/** `way n` has n of the 20 validation items right. */
const numbered = (_ask: Ask, n: number) => `<prompt>Judge it in way ${n}.</prompt>`;
const runWith = (
  options: Record<string, boolean | number | string> = {},
  replies: (ask: Ask, n: number) => string = numbered,
  metaStyle: 'chat' | 'continuation' = 'chat',
) => playGraded(ape, { ...OPTIONS, ...options }, { task: tinyTask(8, 20, 4), replies, metaStyle });
const slots = ({ events }: Played) => eventsOf(events, 'asked').map((event) => event.slot);
const asked = ({ events }: Played, id: string) =>
  eventsOf(events, 'answered').filter(
    ({ answer }) => answer.candidate === id && answer.split === 'validation',
  ).length;

describe('forward generation', () => {
  test('guesses from several sets of demonstrations, never shown the initial prompt', async () => {
    const { optimizer } = await runWith({ steps: 1 });
    const texts = optimizer.asks.map(textOf);
    expect(texts).toHaveLength(6);
    expect(new Set(texts).size).toBe(3);
    expect(texts.every((text) => text.includes('train item') && !text.includes('Judge the item.'))).toBe(
      true,
    );
  });

  test('fewer prompts than sets, and a train split smaller than a set', async () => {
    expect((await runWith({ steps: 1, candidates: 2, queries: 5 })).optimizer.asks).toHaveLength(2);
    expect((await runWith({ steps: 1, demonstrations: 20 })).error).toBeNull();
  });

  test('continued: ends where the instruction begins', async () => {
    const { optimizer } = await runWith({}, () => ' Judge it in way 3.', 'continuation');
    expect(optimizer.asks[0] && textOf(optimizer.asks[0]).endsWith('\nInstruction:')).toBe(true);
  });
});

describe('resampling', () => {
  test('varies the best of the ranking, and they stay in the pool', async () => {
    const played = await runWith({ evaluations: 20, evaluator: 'uniform' });
    expect(slots(played)).toEqual([
      ...Array<string>(6).fill('induce'),
      ...Array<string>(6).fill('paraphrase'),
    ]);
    const [retrieved] = eventsOf(played.events, 'retrieved');
    // Asks 0 to 5 gave ways 0 to 5 as c1 to c6.
    expect(retrieved?.items.map(({ candidate }) => candidate)).toEqual(['c6', 'c5']);
    const parents = eventsOf(played.events, 'proposed')
      .slice(7)
      .map(({ candidate }) => candidate.parents[0]);
    expect(parents).toEqual(['c6', 'c6', 'c6', 'c5', 'c5', 'c5']);
  });

  test('one step is APE without iteration', async () => {
    expect(new Set(slots(await runWith({ steps: 1 })))).toEqual(new Set(['induce']));
  });
});

describe('selection', () => {
  test('UCB spends more on the better prompts, and a prompt never asked is never kept', async () => {
    const played = await runWith({ steps: 1, candidates: 12, evaluations: 3, block: 2, share: 12 });
    const calls = Array.from({ length: 12 }, (_, i) => asked(played, `c${i + 1}`));
    const least = calls.slice(0, 6).reduce((a, b) => a + b, 0);
    const most = calls.slice(6).reduce((a, b) => a + b, 0);
    expect(most).toBeGreaterThan(least);
    // Two examples for each of fewer than all prompts: the rest is left out.
    const tight = await runWith({ candidates: 12, evaluations: 1, block: 4, share: 12, keep: 50 });
    const kept = eventsOf(tight.events, 'retrieved')[0]?.items.map(({ candidate }) => candidate) ?? [];
    const ended = tight.events.findIndex((event) => event.type === 'retrieved');
    const known = new Set(
      eventsOf(tight.events.slice(0, ended), 'answered').map(({ answer }) => answer.candidate),
    );
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(13);
    expect(kept.every((id) => known.has(id))).toBe(true);
  });

  test.each(['ucb', 'ucb-e', 'rejects', 'halving', 'uniform'])(
    '%s: the best is known in full and costs less than answering everything',
    async (evaluator) => {
      const played = await runWith({ evaluator, steps: 2 });
      const best = eventsOf(played.events, 'searched')[0]?.best ?? '';
      const full = eventsOf(played.events, 'scored').find((event) => event.candidate === best);
      expect(full?.n).toBe(20);
      expect(full?.score).toBeGreaterThanOrEqual(0.4);
      const calls = eventsOf(played.events, 'answered').filter(({ answer }) => answer.split === 'validation');
      expect(calls.length).toBeLessThan(13 * 20);
    },
  );

  test('in full finds the very best', async () => {
    const { events } = await runWith({ evaluator: 'full' });
    // Asks 0 to 11: way 11 is the last made.
    expect(eventsOf(events, 'current').at(-1)).toMatchObject({ candidate: 'c12', score: 0.55 });
  });
});
