import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merge } from '../../src/gradient/merges.ts';

const by = (pairs: readonly string[]) => (left: string, right: string) => {
  const rank = pairs.indexOf(`${left} ${right}`);
  return rank < 0 ? undefined : rank;
};

/** What the paper says, word for word: merge the best pair wherever it stands leftmost, until there is none. */
function slowly(symbols: readonly string[], rank: ReturnType<typeof by>): string[] {
  const parts = [...symbols];
  for (;;) {
    let best: { at: number; rank: number } | null = null;
    for (let at = 0; at + 1 < parts.length; at++) {
      const learned = rank(parts[at] ?? '', parts[at + 1] ?? '');
      if (learned !== undefined && (best === null || learned < best.rank)) best = { at, rank: learned };
    }
    if (best === null) return parts;
    parts.splice(best.at, 2, (parts[best.at] ?? '') + (parts[best.at + 1] ?? ''));
  }
}

describe('merge', () => {
  test('takes the earliest learned pair first', () => {
    expect(merge([...'abc'], by(['b c', 'a b']))).toEqual(['a', 'bc']);
    expect(merge([...'abc'], by(['a b', 'b c']))).toEqual(['ab', 'c']);
    expect(merge([...'lower'], by(['e r', 'l o', 'lo w', 'low er']))).toEqual(['lower']);
  });

  test('takes the leftmost of equal pairs', () => {
    expect(merge([...'aaa'], by(['a a']))).toEqual(['aa', 'a']);
    expect(merge([...'aaaaa'], by(['a a', 'aa aa']))).toEqual(['aaaa', 'a']);
  });

  test('leaves alone what was not learned', () => {
    expect(merge([...'xyz'], by([]))).toEqual(['x', 'y', 'z']);
    expect(merge(['x'], by(['x x']))).toEqual(['x']);
    expect(merge([], by(['x x']))).toEqual([]);
  });

  test('does what merging step by step does', () => {
    const parts = fc.stringMatching(/^[abc]{1,3}$/);
    const pairs = fc.uniqueArray(fc.tuple(parts, parts).map(([left, right]) => `${left} ${right}`));
    fc.assert(
      fc.property(fc.stringMatching(/^[abc]{0,20}$/), pairs, (word, learned) => {
        expect(merge([...word], by(learned))).toEqual(slowly([...word], by(learned)));
      }),
      { numRuns: 500 },
    );
  });

  test('is fast on a word of a hundred thousand letters', () => {
    const letters = Array.from({ length: 100_000 }, () => 'a');
    const learned = by(['a a', 'aa aa', 'aaaa aaaa']);
    expect(merge(letters, learned)).toHaveLength(100_000 / 8);
  }, 5000);
});
