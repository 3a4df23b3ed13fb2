import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskOf, packAll, rowsOf, type Sequence, virtual, virtualRow } from '../../src/gradient/pack.ts';

const only = (sequences: readonly Sequence[], limit = 1000) => {
  const packs = packAll(sequences, limit);
  expect(packs).toHaveLength(1);
  const [first] = packs;
  if (!first) throw new Error('No pack.');
  return first.pack;
};

/** The units that row `row` may look at, in order. */
function seen(pack: ReturnType<typeof only>, row: number): number[] {
  const mask = maskOf(pack);
  const rows = pack.parents.length;
  return [...pack.units].filter((_, column) => mask[column * rows + row] === 0);
}

test('virtual rows are told from tokens', () => {
  expect([virtual(0), virtual(7)].map(virtualRow)).toEqual([0, 7]);
  expect(virtualRow(0)).toBeNull();
});

describe('a pack', () => {
  const soft = [virtual(0), virtual(1)];
  const pack = only([
    { context: [...soft, 5, 6], options: [[9], [8]] },
    {
      context: [...soft, 5, 7],
      options: [
        [9, 3],
        [9, 4, 2],
      ],
    },
    { context: [...soft, 1], options: [[3, 4]] },
  ]);

  test('holds what sequences share once, and the options but for their last tokens', () => {
    expect([...pack.units.subarray(0, pack.used)]).toEqual([-1, -2, 5, 6, 7, 9, 4, 1, 3]);
    expect([...pack.parents.subarray(0, pack.used)]).toEqual([-1, 0, 1, 2, 2, 4, 5, 1, 7]);
    expect([...pack.positions.subarray(0, pack.used)]).toEqual([0, 1, 2, 3, 3, 4, 5, 2, 3]);
  });

  test('is filled up with rows that see themselves', () => {
    expect(pack.units).toHaveLength(32);
    expect(seen(pack, 31)).toEqual([0]);
    expect(pack.parents[31]).toBe(-1);
  });

  test('says where each token of an option is guessed', () => {
    expect(pack.guesses[0]).toEqual([
      [{ row: 3, token: 9, whole: false }],
      [{ row: 3, token: 8, whole: false }],
    ]);
    expect(pack.guesses[1]).toEqual([
      [
        { row: 4, token: 9, whole: false },
        { row: 5, token: 3, whole: true },
      ],
      [
        { row: 4, token: 9, whole: false },
        { row: 5, token: 4, whole: true },
        { row: 6, token: 2, whole: true },
      ],
    ]);
  });

  test('asks the whole vocabulary for every token of a free answer', () => {
    expect(pack.guesses[2]).toEqual([
      [
        { row: 7, token: 3, whole: true },
        { row: 8, token: 4, whole: true },
      ],
    ]);
  });

  test('lets a row see its own sequence up to itself', () => {
    expect(seen(pack, 6)).toEqual([-1, -2, 5, 7, 9, 4]);
    expect(seen(pack, 8)).toEqual([-1, -2, 1, 3]);
  });
});

test('sequences are spread over packs in order, and a long one stands alone', () => {
  const of = (start: number, length: number): Sequence => ({
    context: Array.from({ length }, (_, i) => start + i),
    options: [[1], [2]],
  });
  const packs = packAll([of(100, 6), of(200, 4), of(300, 50), of(400, 3)], 10);
  expect(packs.map(({ first, pack }) => [first, pack.guesses.length, pack.used])).toEqual([
    [0, 2, 10],
    [2, 1, 50],
    [3, 1, 3],
  ]);
});

test.each([
  [32, 32],
  [33, 64],
  [129, 192],
  [257, 384],
])('%i rows are filled up to %i', (length, rows) => {
  const context = Array.from({ length }, (_, i) => i);
  expect(only([{ context, options: [[1], [2]] }]).units).toHaveLength(rows);
});

test('every row that guesses sees exactly the sequence before its token', () => {
  const unit = fc.integer({ min: -3, max: 4 });
  const sequence = fc.record({
    context: fc.array(unit, { minLength: 1, maxLength: 8 }),
    options: fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(sequence, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (all, limit) => {
        const packs = packAll(all, limit);
        expect(packs.reduce((sum, { pack }) => sum + pack.guesses.length, 0)).toBe(all.length);
        for (const { pack, first } of packs) {
          if (pack.guesses.length > 1) expect(pack.used).toBeLessThanOrEqual(limit);
          pack.guesses.forEach((options, i) => {
            const own = all[first + i];
            if (!own) throw new Error('No such sequence.');
            expect(pack.used).toBeLessThanOrEqual(all.reduce((sum, one) => sum + rowsOf(one), 0));
            options.forEach((guesses, o) => {
              expect(guesses.map((guess) => guess.token)).toEqual(own.options[o]);
              guesses.forEach((guess, g) => {
                const before = [...own.context, ...guesses.slice(0, g).map(({ token }) => token)];
                expect(seen(pack, guess.row)).toEqual(before);
                expect(pack.positions[guess.row]).toBe(before.length - 1);
              });
            });
          });
        }
      },
    ),
    { numRuns: 200 },
  );
});
