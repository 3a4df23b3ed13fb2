import { expect, test } from 'vitest';
import {
  bytes,
  counted,
  duration,
  grouped,
  percentWithInterval,
  points,
  pValue,
  roughly,
  scoreInterval,
  short,
  timeLeft,
} from '../../src/ui/format.ts';

test('the interval of a score against published values', () => {
  // Newcombe (1998), table I: 81/263 and 15/148 and 0/20 and 1/29.
  const cases: [number, number, number, number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [right, n, low, high] of cases) {
    expect(scoreInterval(right / n, n).low).toBeCloseTo(low, 4);
    expect(scoreInterval(right / n, n).high).toBeCloseTo(high, 4);
  }
  expect(scoreInterval(0, 0)).toEqual({ low: 0, high: 1 });
});

test('scores and differences', () => {
  expect(percentWithInterval(30 / 48, 48)).toBe('63 % [48, 75] n = 48');
  expect(points(0.08, { low: -0.02, high: 0.18 })).toBe('+8 points [−2, 18]');
  expect(points(-0.01)).toBe('−1 point');
  expect(points(-0.001)).toBe('0 points');
  expect(pValue(0.0004)).toBe('p < 0.001');
  expect(pValue(0.04)).toBe('p = 0.04');
  expect(pValue(0.0055)).toBe('p = 0.005');
  expect(pValue(0.5)).toBe('p = 0.50');
  expect([7, 96, 437, 1904, 123_456].map(roughly)).toEqual(['7', '96', '440', '1,900', '120,000']);
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1k'],
  [1234, '1.2k'],
  [9960, '10k'],
  [12_345, '12k'],
  [999_499, '999k'],
  [999_500, '1M'],
  [3_400_000, '3.4M'],
])('%i as %s', (count, words) => {
  expect(short(count)).toBe(words);
});

test.each([
  [10, 'under 1 s'],
  [8_000, '8 s'],
  [89_000, '89 s'],
  [360_000, '6 min'],
  [80 * 60_000, '80 min'],
  [100 * 60_000, '1 h 40 min'],
  [118 * 60_000, '2 h'],
])('%i ms as %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('time left says how sure it is', () => {
  expect(timeLeft(360_000, false)).toBe('about 6 min left');
  expect(timeLeft(360_000, true)).toBe('at least 6 min left');
  expect(timeLeft(0, false)).toBe('about 1 s left');
  expect(timeLeft(null, true)).toBe('measuring speed');
});

test('bytes and counts', () => {
  expect(bytes(0)).toBe('0 B');
  expect(bytes(144_000_000)).toBe('144 MB');
  expect(bytes(1_930_000_000)).toBe('1.9 GB');
  expect(counted(1, 'example')).toBe('1 example');
  expect(counted(1904, 'target call')).toBe('1,904 target calls');
});

test('digits are grouped by three', () => {
  const numbers = [0, 12, 999, 1000, 1904.4, 65_536, 1_234_567, -5, -12_345];
  expect(numbers.map(grouped)).toEqual([
    '0',
    '12',
    '999',
    '1,000',
    '1,904',
    '65,536',
    '1,234,567',
    '-5',
    '-12,345',
  ]);
  for (const number of numbers) expect(grouped(number)).toBe(Math.round(number).toLocaleString('en-US'));
});
