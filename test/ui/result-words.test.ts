import { describe, expect, test } from 'vitest';
import type { TestResult } from '../../src/core/events.ts';
import type { Leak } from '../../src/core/leakage.ts';
import type { Comparison } from '../../src/core/stats/compare.ts';
import { verdictOf } from '../../src/core/verdict.ts';
import { gapWords, marked, spreadWords, verdictWords } from '../../src/ui/result-words.ts';

const comparison: Comparison = {
  difference: 0.13,
  low: 0.03,
  high: 0.22,
  n: 96,
  gained: 20,
  lost: 8,
  p: 0.036,
  method: '',
  verdict: 'better',
  needed: null,
};
const result = (part: Partial<Comparison>, more: Partial<TestResult> = {}): TestResult => ({
  initial: { candidate: 'c0', score: 0.5 },
  best: { candidate: 'c1', score: 0.64 },
  comparison: { ...comparison, ...part },
  n: 96,
  ...more,
});
const leak: Leak = { kind: 'input', start: 4, end: 9, example: 't', split: 'test' };

describe('verdictWords', () => {
  test('says one of three things, with interval and n', () => {
    expect(verdictWords(result({}))).toBe(
      'Shown better: +13 points [3, 22] on 96 examples that the search never saw.',
    );
    expect(verdictWords(result({ verdict: 'worse', difference: -0.13, low: -0.22, high: -0.03 }))).toBe(
      'Shown worse: −13 points [−22, −3] on 96 examples that the search never saw. Keep the initial prompt.',
    );
    expect(
      verdictWords(result({ verdict: 'not shown', difference: 0.02, low: -0.08, high: 0.12, needed: 1904 })),
    ).toBe(
      'Not shown to differ: +2 points [−8, 12] on 96 examples that the search never saw, which may be chance. To show a difference of this size, about 1,900 test examples would be needed.',
    );
  });
  test('text of a test example takes the verdict away; that of another does not', () => {
    const spoilt = result({}, { leaks: [leak, { ...leak, start: 20, end: 25 }] });
    expect(verdictWords(spoilt)).toMatch(/^Not shown: the new prompt holds text of 1 test example,/);
    expect(verdictOf(spoilt)).toBe('not shown');
    expect(verdictOf(result({}, { leaks: [{ ...leak, split: 'train' }] }))).toBe('better');
    expect(verdictOf(result({}))).toBe('better');
    expect(verdictOf({ ...result({}), comparison: null })).toBe('not shown');
  });
});

test('gapWords speaks of a gap above 0 alone', () => {
  const gap = { split: 'validation', score: 0.78, n: 90, difference: 0.14, low: 0.05, high: 0.23 } as const;
  expect(gapWords(result({}, { gap }))).toBe(
    'On validation 78 % [68, 85] n = 90, on unseen examples 64 % [54, 73] n = 96: the search has fitted 14 points [5, 23] of chance.',
  );
  expect(gapWords(result({}, { gap: { ...gap, low: -0.01 } }))).toBeNull();
  expect(gapWords(result({}, { gap: null }))).toBeNull();
  expect(gapWords(result({}))).toBeNull();
});

test('spreadWords', () => {
  expect(spreadWords({ own: 0.74, n: 48, scores: [0.64, 0.76], mean: 0.7, min: 0.64, max: 0.76 })).toBe(
    'mean 70 %, 64 to 76 %; the prompt itself 74 %, n = 48',
  );
  expect(spreadWords({ own: 0.74, n: 48, scores: [0.6], mean: 0.6, min: 0.6, max: 0.6 })).toBe(
    '60 %; the prompt itself 74 %, n = 48',
  );
});

test('marked cuts the prompt where leaks begin and end', () => {
  const other: Leak = { ...leak, start: 7, end: 12, split: 'train' };
  const shot: Leak = { kind: 'shot', shot: 's', example: 't', split: 'test' };
  expect(marked('abcdefghijklmn', [leak, other, shot])).toEqual([
    { text: 'abcd', leaks: [] },
    { text: 'efg', leaks: [leak] },
    { text: 'hi', leaks: [leak, other] },
    { text: 'jkl', leaks: [other] },
    { text: 'mn', leaks: [] },
  ]);
  expect(marked('abc', [])).toEqual([{ text: 'abc', leaks: [] }]);
});
