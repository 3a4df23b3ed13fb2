import { expect, test } from 'vitest';
import { defaultRace, pick, type Pool } from '../../scripts/bench-pick-pools.ts';
import { LANDSCAPES, taskOf } from '../landscape/landscape.ts';

/** Three prompts on 40 examples: right on the first 10, on all, and on all but the last. */
function pool(): Pool {
  const [land] = LANDSCAPES;
  if (land === undefined) throw new Error('There is no landscape.');
  const rights = [10, 40, 39];
  const { splits, ...rest } = taskOf(land, 1, { train: 1, validation: 40, test: 0 });
  return {
    task: { ...rest, splits: { train: splits.train, validation: splits.validation } },
    candidates: rights.map((_, k) => ({
      id: `c${k}`,
      prompt: `Prompt ${k}`,
      shots: [],
      parents: [],
      origin: 'pool',
      step: 0,
    })),
    truth: [0.3, 0.9, 0.92],
    right: rights.map((n) => Uint8Array.from({ length: 40 }, (_, i) => Number(i < n))),
    fresh: rights.map(() => new Uint16Array(40).fill(100)),
    cached: rights.map(() => new Uint16Array(40).fill(20)),
  };
}

test('answering everything picks the highest score and costs every ask, the first of each prompt in full', async () => {
  const all = await pick(pool(), 3, 40, 1, null);
  expect(all).toEqual({
    asks: 120,
    tokens: 12_000,
    computed: 3 * 100 + 117 * 20,
    regret: expect.closeTo(0.02, 12),
  });
});

test('a race spends less on the worst, and nothing is counted twice', async () => {
  // In the split's order the first prompt is as good as any for 10 examples and then loses 5 of 5 by the third block.
  const options = { ...defaultRace, block: 5, alpha: 0.05, shuffle: false };
  const raced = await pick(pool(), 3, 40, 1, options);
  expect(raced).toMatchObject({ asks: 15 + 80, tokens: 9500, regret: expect.closeTo(0.02, 12) });
  // Blocks of five alternate between prompts until two are left, which alternate to the end.
  expect(raced.computed).toBe(19 * 100 + 76 * 20);
});

test('a part of a pool is the first of its prompts and examples', async () => {
  expect(await pick(pool(), 1, 8, 1, null)).toMatchObject({ asks: 8, tokens: 800, regret: 0 });
});
