import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordDistance, words } from '../../src/core/edit.ts';

describe('words', () => {
  it('splits at blanks and takes each sign by itself', () => {
    expect(words("Let's think, step-by-step!")).toEqual([
      "let's",
      'think',
      ',',
      'step',
      '-',
      'by',
      '-',
      'step',
      '!',
    ]);
    expect(words(' \n ')).toEqual([]);
    expect(words('Über 3 Äpfel')).toEqual(['über', '3', 'äpfel']);
  });
});

describe('wordDistance', () => {
  it.each([
    ['', '', 0],
    ['a b c', '', 3],
    ['Think step by step', 'think STEP by step', 0],
    ['think step by step', 'think carefully step by step', 1],
    ['think step by step', 'think one step at a time', 4],
    ['Let us solve it.', 'Let us solve the problem.', 2],
    // The letters of kitten and sitting as words: three changes, the classic.
    ['k i t t e n', 's i t t i n g', 3],
    ['s a t u r d a y', 's u n d a y', 3],
  ])('%j to %j is %i', (a, b, distance) => {
    expect(wordDistance(a, b)).toBe(distance);
  });

  const sentence = fc
    .array(fc.constantFrom('a', 'b', 'c', '.'), { maxLength: 12 })
    .map((list) => list.join(' '));

  it('is a metric', () => {
    fc.assert(
      fc.property(sentence, sentence, sentence, (a, b, c) => {
        expect(wordDistance(a, a)).toBe(0);
        expect(wordDistance(a, b)).toBe(wordDistance(b, a));
        expect(wordDistance(a, c)).toBeLessThanOrEqual(wordDistance(a, b) + wordDistance(b, c));
        expect(wordDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it('equals the recursion that defines it', () => {
    const slow = (a: readonly string[], b: readonly string[]): number => {
      const [x, ...restA] = a;
      const [y, ...restB] = b;
      if (x === undefined) return b.length;
      if (y === undefined) return a.length;
      if (x === y) return slow(restA, restB);
      return 1 + Math.min(slow(restA, b), slow(a, restB), slow(restA, restB));
    };
    const short = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(wordDistance(a.join(' '), b.join(' '))).toBe(slow(a, b));
      }),
    );
  });
});
