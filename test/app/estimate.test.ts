import { describe, expect, test } from 'vitest';
import { bounded, timeLeft, type Pace } from '../../src/app/estimate.ts';
import { noUsage } from '../../src/core/budget.ts';

const COST = { steps: 10, targetCalls: 1000, optimizerCalls: 100 };
const used = (targetCalls: number, optimizerCalls: number, ms: number, tokens = 0) => {
  const usage = { ...noUsage(), targetCalls, optimizerCalls, ms };
  usage.target.in = tokens;
  return usage;
};

/** Of so many asks of each role that took so many milliseconds each. */
const paced = (target: number, each: number, optimizer = 0, eachOfOptimizer = each): Pace => ({
  asks: { target, optimizer },
  ms: { target: target * each, optimizer: optimizer * eachOfOptimizer },
});

test('a budget of steps cuts the work in proportion, one of calls caps it', () => {
  expect(bounded(COST, {})).toEqual(COST);
  expect(bounded(COST, { steps: 4 })).toEqual({ steps: 4, targetCalls: 400, optimizerCalls: 40 });
  expect(bounded(COST, { targetCalls: 300 }).targetCalls).toBe(300);
});

test('gradients of a differentiable model are cut with the steps', () => {
  const tuned = { steps: 500, measured: 1000 };
  expect(bounded({ ...COST, tuned }, { steps: 4 }).tuned).toEqual({ steps: 200, measured: 400 });
  expect(bounded(COST, {})).not.toHaveProperty('tuned');
});

describe('timeLeft', () => {
  test('nothing is said before anything is measured', () => {
    expect(timeLeft(COST, {}, noUsage(), paced(0, 0), 50, true)).toEqual({ ms: null, atLeast: true });
  });

  test('what is left of the search and the test, each role at its own pace', () => {
    // 900 answers of 100 ms and 90 replies of 2 s, 50 answers of the test.
    expect(timeLeft(COST, {}, used(100, 10, 30_000), paced(100, 100, 10, 2_000), 50, true)).toEqual({
      ms: 90_000 + 180_000 + 5_000,
      atLeast: false,
    });
  });

  test('the nearest limit decides', () => {
    const usage = used(100, 10, 11_000, 1_000);
    const pace = paced(100, 100, 10);
    expect(timeLeft(COST, { minutes: 0.5 }, usage, pace, 0, true).ms).toBe(19_000);
    // 1000 tokens took 11 s; 500 more take 5.5 s.
    expect(timeLeft(COST, { tokens: 1_500 }, usage, pace, 0, true).ms).toBe(5_500);
  });

  test('gradients and measurements are reckoned at their own pace', () => {
    const cost = { ...COST, tuned: { steps: 100, measured: 200 } };
    const pace = paced(100, 100, 10);
    // 60 gradients took 6 s, 50 measurements 2.5 s, the 110 asks the other 11 s: 100, 50 and 100 ms each.
    const tuned = { ms: { steps: 6_000, measured: 2_500 }, examples: { steps: 60, measured: 50 } };
    const left = timeLeft(cost, {}, used(100, 10, 19_500), pace, 50, true, tuned);
    expect(left.ms).toBe(990 * 100 + 40 * 100 + 150 * 50 + 50 * 100);
    // Before the first gradient: three times a measurement.
    const early = { ms: { steps: 0, measured: 2_500 }, examples: { steps: 0, measured: 50 } };
    expect(timeLeft(cost, {}, used(100, 10, 13_500), pace, 0, true, early).ms).toBe(
      990 * 100 + 100 * 150 + 150 * 50,
    );
  });

  test('answers from earlier runs take no time and say nothing about the pace', () => {
    // Half of the asks were made, 200 ms each.
    const half = timeLeft(COST, {}, used(100, 10, 11_000), paced(50, 200, 5), 50, true);
    expect(half.ms).toBe(990 * 200 + 50 * 200);
    expect(timeLeft(COST, {}, used(100, 10, 0), paced(0, 0), 50, true).ms).toBeNull();
  });

  test('few asks of a role that is still to be asked make a lower bound', () => {
    const left = (...of: Parameters<typeof paced>) =>
      timeLeft(COST, {}, used(of[0], of[2] ?? 0, 1), paced(...of), 0, true);
    expect(left(3, 100, 10).atLeast).toBe(true);
    // Nothing is known of the optimizer: no slower than an answer.
    expect(left(12, 100)).toEqual({ ms: 988 * 100 + 100 * 100, atLeast: true });
    expect(left(12, 100, 2, 5_000).atLeast).toBe(true);
    expect(left(12, 100, 3, 5_000).atLeast).toBe(false);
    // A search that asks no optimizer waits for none.
    const alone = timeLeft({ ...COST, optimizerCalls: 0 }, {}, used(12, 0, 1), paced(12, 100), 0, true);
    expect(alone.atLeast).toBe(false);
  });

  test('after the search only the test is left', () => {
    const after = timeLeft(COST, {}, used(100, 1, 11_000), paced(100, 100, 1, 900), 20, false);
    expect(after).toEqual({ ms: 2_000, atLeast: false });
  });
});
