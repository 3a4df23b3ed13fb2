import { expect, test } from 'vitest';
import type { Scored } from '../../src/core/candidate.ts';
import { roulette, top } from '../../src/core/pick.ts';
import { makeRng } from '../../src/core/rng.ts';

const scored = (id: string, score: number, step = 0, prompt = id): Scored => ({
  candidate: { id, prompt, shots: [], parents: [], origin: 'test', step },
  score,
  n: 10,
});

test('top: higher score, then earlier, then shorter; each candidate once', () => {
  const items = [
    scored('late', 0.5, 3),
    scored('early-long', 0.5, 1, 'a long prompt'),
    scored('early', 0.5, 1, 'short'),
    scored('best', 0.9, 4),
    scored('best', 0.9, 4),
  ];
  expect(top(items, 3).map((s) => s.candidate.id)).toEqual(['best', 'early', 'early-long']);
  expect(top(items, 99)).toHaveLength(4);
  expect(top(items, 0)).toEqual([]);
});

test('the wheel follows the weights', () => {
  const counts = { a: 0, b: 0, c: 0 };
  const weights = { a: 1, b: 3, c: 0 };
  const rng = makeRng(1, 'wheel');
  for (let i = 0; i < 4000; i++) {
    const drawn = roulette(rng, ['a', 'b', 'c'] as const, (key) => weights[key]);
    if (drawn !== undefined) counts[drawn] += 1;
  }
  expect(counts.c).toBe(0);
  // 1000 expected of 4000, standard deviation 27.
  expect(Math.abs(counts.a - 1000)).toBeLessThan(120);
});

test('all zero, negative or not a number: every item is as likely', () => {
  const rng = makeRng(2, 'wheel');
  const seen = new Set(
    Array.from({ length: 100 }, (_, i) => roulette(rng, [0, 1, 2], () => [0, -1, NaN][i % 3] ?? 0)),
  );
  expect(seen).toEqual(new Set([0, 1, 2]));
  expect(roulette(rng, [], () => 1)).toBeUndefined();
});
