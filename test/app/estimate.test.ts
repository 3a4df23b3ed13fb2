import { describe, expect, test } from 'vitest';
import { bounded, timeLeft } from '../../src/app/estimate.ts';
import { noUsage } from '../../src/core/budget.ts';

const COST = { steps: 10, targetCalls: 1000, optimizerCalls: 100 };
const used = (targetCalls: number, optimizerCalls: number, ms: number, tokens = 0) => {
  const usage = { ...noUsage(), targetCalls, optimizerCalls, ms };
  usage.target.in = tokens;
  return usage;
};

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
    expect(timeLeft(COST, {}, noUsage(), 50, true)).toEqual({ ms: null, atLeast: true });
  });

  test('what is left of the search and the test at the measured pace: 100 ms an ask', () => {
    // 1000 + 100 - 110 asks of the search, 50 of the test.
    expect(timeLeft(COST, {}, used(100, 10, 11_000), 50, true)).toEqual({
      ms: 99_000 + 5_000,
      atLeast: false,
    });
  });

  test('the nearest limit decides', () => {
    const usage = used(100, 10, 11_000, 1_000);
    expect(timeLeft(COST, { minutes: 0.5 }, usage, 0, true).ms).toBe(19_000);
    // 1000 tokens took 11 s; 500 more take 5.5 s.
    expect(timeLeft(COST, { tokens: 1_500 }, usage, 0, true).ms).toBe(5_500);
  });

  test('gradients and measurements are reckoned at their own pace', () => {
    const cost = { ...COST, tuned: { steps: 100, measured: 200 } };
    // 60 gradients took 6 s, 50 measurements 2.5 s, the 110 asks the other 11 s: 100, 50 and 100 ms each.
    const tuned = { ms: { steps: 6_000, measured: 2_500 }, examples: { steps: 60, measured: 50 } };
    const left = timeLeft(cost, {}, used(100, 10, 19_500), 50, true, 0, tuned);
    expect(left.ms).toBe(990 * 100 + 40 * 100 + 150 * 50 + 50 * 100);
    // Before the first gradient: three times a measurement.
    const early = { ms: { steps: 0, measured: 2_500 }, examples: { steps: 0, measured: 50 } };
    expect(timeLeft(cost, {}, used(100, 10, 13_500), 0, true, 0, early).ms).toBe(
      990 * 100 + 100 * 150 + 150 * 50,
    );
  });

  test('answers from earlier runs take no time and say nothing about the pace', () => {
    // 55 of the 110 asks took 11 s: 200 ms each.
    expect(timeLeft(COST, {}, used(100, 10, 11_000), 50, true, 55).ms).toBe(990 * 200 + 50 * 200);
    expect(timeLeft(COST, {}, used(100, 10, 0), 50, true, 110).ms).toBeNull();
  });

  test('few asks make a lower bound; after the search only the test is left', () => {
    expect(timeLeft(COST, {}, used(3, 0, 300), 0, true).atLeast).toBe(true);
    expect(timeLeft(COST, {}, used(100, 10, 11_000), 20, false)).toEqual({ ms: 2_000, atLeast: false });
  });
});
