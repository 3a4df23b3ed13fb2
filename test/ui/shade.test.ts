import { expect, test } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { scaleOf, shaded, shadeOf } from '../../src/ui/shade.ts';

test('the scale goes from the lowest to the highest score; one score stands in its middle', () => {
  expect(scaleOf([0.5, 0.7, 0.6])).toEqual({ low: 0.5, high: 0.7 });
  expect(scaleOf([0.98, 0.98])).toEqual({ low: 0.98 - 0.05, high: 1 });
  expect(scaleOf([])).toEqual({ low: 0, high: 1 });
});

test('seven shades of equal width, the ends taken by what lies outside', () => {
  const scale = { low: 0, high: 0.7 };
  expect([0, 0.09, 0.11, 0.35, 0.59, 0.61, 0.7, 0.9].map((score) => shadeOf(score, scale))).toEqual([
    0, 0, 1, 3, 5, 6, 6, 6,
  ]);
  expect(shadeOf(-1, scale)).toBe(0);
});

test('whole scores set the scale; a candidate still running is shaded on it, one not asked is absent', () => {
  const candidate = (id: string): RunEvent => ({
    type: 'proposed',
    candidate: { id, prompt: id, shots: [], parents: [], origin: 'x', step: 0 } satisfies Candidate,
    edit: 0,
  });
  const scored = (id: string, score: number): RunEvent => ({
    type: 'scored',
    step: 0,
    candidate: id,
    split: 'validation',
    score,
    n: 10,
  });
  const wrong: RunEvent = {
    type: 'answered',
    answer: {
      candidate: 'c2',
      example: 'e',
      split: 'validation',
      reply: '',
      answer: null,
      score: 0,
      tokens: { in: 1, cached: 0, out: 1 },
      ms: 1,
    },
  };
  const events = [...['c0', 'c1', 'c2', 'c3'].map(candidate), scored('c0', 0.4), scored('c1', 0.6), wrong];
  const { scale, of } = shaded(events.reduce(reduce, emptyView()));
  expect(scale).toEqual({ low: 0.4, high: 0.6 });
  expect([...of]).toEqual([
    ['c0', { score: 0.4, n: 10, partial: false, shade: 0 }],
    ['c1', { score: 0.6, n: 10, partial: false, shade: 6 }],
    ['c2', { score: 0, n: 1, partial: true, shade: 0 }],
  ]);
});
