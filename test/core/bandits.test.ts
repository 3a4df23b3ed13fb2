import { describe, expect, test } from 'vitest';
import { halvingPhases, rank, rankCandidates, rejectPhases, type Policy } from '../../src/core/bandits.ts';
import type { Candidate, Scored } from '../../src/core/candidate.ts';
import type { Op } from '../../src/core/events.ts';
import { configFor, eventsOf, methodOf, play, target, tinyTask } from '../optimizers/harness.ts';

const SEARCH = { policy: 'ucb', keep: 1, budget: 100, block: 1, perRound: 1, c: 1 } as const;

/** Arms with known means after every pull; what was asked is kept in order. */
function armsOf(means: readonly number[], most = 1000) {
  const asked: [arm: number, n: number][] = [];
  return {
    asked,
    count: means.length,
    most,
    async *mean(arm: number, n: number): Op<number> {
      asked.push([arm, n]);
      return means[arm] ?? 0;
    },
  };
}

async function result<T>(op: Op<T>): Promise<T> {
  for (;;) {
    const { done, value } = await op.next();
    if (done === true) return value;
  }
}

describe('successive rejects', () => {
  test('phase lengths for one of four arms and 100 pulls', () => {
    // D = 1/2 + 1/2 + 1/3 + 1/4 = 19/12; 96 / D = 60.63; divided by 4, 3 and 2 and rounded up.
    expect(rejectPhases(4, 1, 100)).toEqual([
      { pulls: 16, survivors: 3 },
      { pulls: 21, survivors: 2 },
      { pulls: 31, survivors: 1 },
    ]);
  });

  test('phase lengths for two of five arms and 100 pulls', () => {
    // D = 2/3 + 1/3 + 1/4 + 1/5 = 29/20; 95 / D = 65.52; divided by 5, 4 and 3 and rounded up.
    expect(rejectPhases(5, 2, 100).map(({ pulls }) => pulls)).toEqual([14, 17, 22]);
  });

  test.each([
    [4, 1, 100],
    [5, 2, 100],
    [36, 4, 2048],
    [30, 4, 200],
  ])('%i arms, %i wanted: the pulls stay within %i', (arms, keep, budget) => {
    const phases = rejectPhases(arms, keep, budget);
    const spent = phases.reduce((sum, { pulls }) => sum + pulls, 0) + keep * (phases.at(-1)?.pulls ?? 0);
    expect(spent).toBeLessThanOrEqual(budget);
    expect(spent).toBeGreaterThan(0.8 * budget - arms);
  });

  test('drops the worst a phase and ranks the last dropped first', async () => {
    const arms = armsOf([0.2, 0.9, 0.5, 0.7]);
    const ranked = await result(rank(arms, { ...SEARCH, policy: 'rejects' }));
    expect(ranked).toEqual([
      { arm: 1, mean: 0.9, n: 31 },
      { arm: 3, mean: 0.7, n: 31 },
      { arm: 2, mean: 0.5, n: 21 },
      { arm: 0, mean: 0.2, n: 16 },
    ]);
  });
});

describe('successive halving', () => {
  test('phases of eight arms and 96 pulls', () => {
    // Three phases of 32 pulls: 4, 8 and 16 for each arm left, counted on.
    expect(halvingPhases(8, 1, 96)).toEqual([
      { pulls: 4, survivors: 4 },
      { pulls: 12, survivors: 2 },
      { pulls: 28, survivors: 1 },
    ]);
  });

  test('stops at the number wanted', () => {
    expect(halvingPhases(9, 4, 90)).toEqual([
      { pulls: 5, survivors: 5 },
      { pulls: 14, survivors: 4 },
    ]);
    expect(halvingPhases(4, 4, 90)).toEqual([]);
  });
});

describe('UCB', () => {
  test('the bound takes the logarithm of all pulls', async () => {
    // After one pull each: 0.5 + sqrt(ln 2) against 0.6 + sqrt(ln 2): arm 1. Then, of 3 pulls in all,
    // 0.5 + sqrt(ln 3) = 1.548 against 0.6 + sqrt(ln 3 / 2) = 1.341: arm 0. Then, of 4,
    // 0.5 + sqrt(ln 4 / 2) = 1.333 against 0.6 + sqrt(ln 4 / 2): arm 1.
    const arms = armsOf([0.5, 0.6]);
    await result(rank(arms, { ...SEARCH, budget: 5 }));
    expect(arms.asked.map(([arm]) => arm)).toEqual([0, 1, 1, 0, 1]);
  });

  test('UCB-E explores by sqrt(c / pulls)', async () => {
    // With c = 0.01 after one pull each: 0.6 against 0.8; then 0.6 against 0.7 + sqrt(0.005) = 0.771, for ever arm 1.
    const arms = armsOf([0.5, 0.7]);
    await result(rank(arms, { ...SEARCH, policy: 'ucb-e', c: 0.01, budget: 6 }));
    expect(arms.asked.map(([arm]) => arm)).toEqual([0, 1, 1, 1, 1, 1]);
  });

  test('an arm never pulled stands behind all others, even those with mean 0', async () => {
    const ranked = await result(rank(armsOf([0, 0, 1, 1]), { ...SEARCH, budget: 2 }));
    expect(ranked.map(({ arm, n }) => [arm, n])).toEqual([
      [0, 1],
      [1, 1],
      [2, 0],
      [3, 0],
    ]);
  });

  test('an arm known exactly is left alone, and the search ends when all are', async () => {
    const arms = armsOf([0.9, 0.1], 3);
    const ranked = await result(rank(arms, { ...SEARCH, block: 2, budget: 1000 }));
    expect(ranked.map(({ n }) => n)).toEqual([3, 3]);
    expect(arms.asked).toHaveLength(4);
  });

  test('the budget holds to the pull', async () => {
    const ranked = await result(
      rank(armsOf([0.9, 0.1, 0.4]), { ...SEARCH, block: 4, perRound: 2, budget: 10 }),
    );
    expect(ranked.reduce((sum, { n }) => sum + n, 0)).toBe(10);
  });
});

describe('all policies', () => {
  const policies: Policy[] = ['ucb', 'ucb-e', 'rejects', 'halving', 'uniform'];

  test.each(policies)('%s finds the best of ten', async (policy) => {
    const means = [0.1, 0.3, 0.2, 0.4, 0.35, 0.9, 0.5, 0.25, 0.15, 0.05];
    const ranked = await result(rank(armsOf(means), { ...SEARCH, policy, budget: 200 }));
    expect(ranked[0]?.arm).toBe(5);
    expect(ranked.map(({ arm }) => arm).sort()).toEqual(means.map((_, i) => i));
  });

  test.each(policies)('%s: no arm, one arm, fewer than wanted, equal means, no budget', async (policy) => {
    expect(await result(rank(armsOf([]), { ...SEARCH, policy }))).toEqual([]);
    expect((await result(rank(armsOf([0.5]), { ...SEARCH, policy })))[0]?.mean).toBe(0.5);
    const few = await result(rank(armsOf([0.2, 0.4]), { ...SEARCH, policy, keep: 5 }));
    expect(few.map(({ arm }) => arm)).toEqual([1, 0]);
    const same = await result(rank(armsOf([0.5, 0.5, 0.5]), { ...SEARCH, policy, budget: 30 }));
    expect(same).toHaveLength(3);
    await result(rank(armsOf([0.2, 0.4, 0.6]), { ...SEARCH, policy, budget: 0 }));
  });
});

test('candidates meet the same examples in the same order, and what is known is not asked again', async () => {
  let ranked: Scored[] = [];
  const method = methodOf(async function* (tools) {
    const made: Candidate[] = [];
    for (const text of ['Judge carefully.', 'Judge.']) {
      const candidate = yield* tools.propose(text, { parents: [], origin: 'test' });
      if (candidate !== null) made.push(candidate);
    }
    const search = { ...SEARCH, policy: 'uniform', budget: 12 } as const;
    yield* rankCandidates(tools, made, { ...search, budget: 6 }, tools.rng.fork('first'));
    ranked = yield* rankCandidates(tools, [tools.initial, ...made], search, tools.rng.fork('second'));
  });
  const { events } = await play({
    optimizer: method,
    config: configFor(method),
    task: tinyTask(2, 6, 2),
    target: target(),
    replies: () => '',
  });
  const asked = (id: string) =>
    eventsOf(events, 'answered').flatMap(({ answer }) =>
      answer.candidate === id && answer.split === 'validation' ? [answer.example] : [],
    );
  expect(asked('c1')).toHaveLength(4);
  expect(asked('c1')).toEqual(asked('c0'));
  expect(asked('c2')).toEqual(asked('c0'));
  expect(ranked[0]).toMatchObject({ candidate: { id: 'c1' }, score: 1, n: 4 });
});
