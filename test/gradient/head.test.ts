import { describe, expect, test } from 'vitest';
import { exampleLoss, type HeadInput } from '../../src/gradient/head.ts';
import type { Guess } from '../../src/gradient/pack.ts';

const WIDTH = 3;
const TABLE = [
  [1, 0, 0],
  [0, 2, 0],
  [0, 0, 1],
  [1, -1, 0.5],
].map((values) => Float32Array.from(values));
const NORM = Float32Array.of(1, 0.5, 2);
const tokenRow = (token: number) => TABLE[token] ?? new Float32Array(WIDTH);

/** The whole head in plain arithmetic: logits of all tokens at a row. */
function logits(hidden: readonly number[]): number[] {
  const square = hidden.reduce((sum, value) => sum + value * value, 0) / WIDTH;
  const normed = hidden.map((value, i) => (value / Math.sqrt(square + 1e-5)) * (NORM[i] ?? 0));
  return TABLE.map((table) => normed.reduce((sum, value, i) => sum + value * (table[i] ?? 0), 0));
}

function inputOf(hidden: readonly number[]): HeadInput {
  return {
    hidden: Float32Array.from(hidden),
    width: WIDTH,
    norm: NORM,
    epsilon: 1e-5,
    tokenRow,
    normalizer(row) {
      const all = logits(hidden.slice(row * WIDTH, (row + 1) * WIDTH)).map(Math.exp);
      const sum = all.reduce((a, b) => a + b, 0);
      const mean = new Float32Array(WIDTH);
      all.forEach((value, token) => {
        tokenRow(token).forEach((number, i) => {
          mean[i] = (mean[i] ?? 0) + (value / sum) * number;
        });
      });
      return { logSum: Math.log(sum), mean };
    },
  };
}

const guess = (row: number, token: number, whole = false): Guess => ({ row, token, whole });

describe('exampleLoss', () => {
  test('of a choice is the cross-entropy among its options', () => {
    // Norm of (3, 4, 0) is 5, its root mean square 5 / sqrt 3: logits 1.0392 * (1, 0), 1.3856 / 2 * 2.
    const { loss, chosen } = exampleLoss([[guess(0, 0)], [guess(0, 1)]], 0, inputOf([3, 4, 0]), null);
    const [first, second] = [(3 * Math.sqrt(3)) / 5, (4 * Math.sqrt(3)) / 5];
    expect(loss).toBeCloseTo(Math.log(1 + Math.exp(second - first)), 5);
    expect(chosen).toBe(1);
  });

  test('of a free answer is taken over the whole vocabulary', () => {
    const hidden = [3, 4, 0, 1, -1, 2];
    const { loss } = exampleLoss([[guess(0, 1, true), guess(1, 2, true)]], 0, inputOf(hidden), null);
    const nat = (row: number, token: number) => {
      const all = logits(hidden.slice(row * WIDTH, (row + 1) * WIDTH));
      return Math.log(all.reduce((sum, value) => sum + Math.exp(value), 0)) - (all[token] ?? 0);
    };
    expect(loss).toBeCloseTo(nat(0, 1) + nat(1, 2), 5);
  });

  test('the first of equal options is chosen', () => {
    expect(exampleLoss([[guess(0, 2)], [guess(0, 2)]], 1, inputOf([1, 1, 1]), null)).toEqual({
      loss: expect.closeTo(Math.log(2), 10),
      chosen: 0,
    });
  });

  test.each([
    ['one-token options', [[guess(0, 0)], [guess(0, 1)], [guess(0, 3)]], 2],
    ['options of several tokens', [[guess(0, 0), guess(1, 1, true)], [guess(0, 3)]], 0],
    ['a free answer', [[guess(0, 1, true), guess(1, 3, true)]], 0],
  ] as const)('its gradient agrees with central differences: %s', (_name, options, gold) => {
    const hidden = [0.3, -1.2, 0.7, 2, 0.1, -0.4];
    const gradient = new Float32Array(hidden.length);
    const lossAt = (values: readonly number[]) => exampleLoss(options, gold, inputOf(values), null).loss;
    exampleLoss(options, gold, inputOf(hidden), { of: gradient, scale: 2 });
    hidden.forEach((_, i) => {
      const moved = (step: number) => hidden.map((value, j) => (i === j ? value + step : value));
      const slope = (lossAt(moved(1e-2)) - lossAt(moved(-1e-2))) / 2e-2;
      expect(gradient[i]).toBeCloseTo(2 * slope, 3);
    });
  });
});
