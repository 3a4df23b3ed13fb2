import { expect, test } from 'vitest';
import { interval, readRuns } from '../../scripts/bench-arms.js';

test('the interval is Student’s: 70 % with a deviation of 10 points over three runs', () => {
  // 4.303 x 10 / sqrt(3) = 24.84
  expect(interval([0.6, 0.7, 0.8])).toBe('70.0 [45.2, 94.8]');
  expect(interval([0.5, 0.5])).toBe('50.0 [50.0, 50.0]');
  expect(interval([0.625])).toBe('62.5');
});

test('a line that was cut off is left out, and what comes behind it is read', () => {
  const run = JSON.stringify({ task: 't', arm: 'none', seed: 1 });
  expect(readRuns(`\n${run}\n\n{"task":"t","ar\n${run}\n`)).toEqual([JSON.parse(run), JSON.parse(run)]);
  expect(readRuns('')).toEqual([]);
});
