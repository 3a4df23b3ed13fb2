import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commonPrefix, planForward, type Reuse } from '../../src/engines/webllm-plan.ts';

/** As measured on a software adapter: a decode step costs half as much again as a token of a prefill. */
const slow = { prefillMs: 280, decodeMs: 430 };
/** As on a GPU: a decode step costs as much as twenty tokens of a prefill. */
const fast = { prefillMs: 0.5, decodeMs: 10 };
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('planForward', () => {
  test('computes only what follows the common prefix', () => {
    expect(planForward([1, 2, 3, 9], [1, 2, 3, 4, 5], 'prefill', fast, 512)).toEqual({
      keep: 3,
      pieces: [[4, 5]],
    });
  });

  test('computes the last token again when everything is there already', () => {
    expect(planForward([1, 2, 3], [1, 2, 3], 'prefill', fast, 512)).toEqual({ keep: 2, pieces: [[3]] });
    expect(planForward([1, 2, 3], [1, 2], 'decode', fast, 512)).toEqual({ keep: 1, pieces: [[2]] });
  });

  test('cuts a long prefill so that a cancelled ask ends soon, but not below 64 tokens', () => {
    const lengths = (speeds: typeof slow) =>
      planForward([], upTo(200), 'prefill', speeds, 512).pieces.map((p) => p.length);
    expect(lengths(slow)).toEqual([64, 64, 64, 8]);
    expect(lengths(fast)).toEqual([200]);
  });

  test('goes on by decode steps where only that is right and cheaper', () => {
    const cached = upTo(100);
    const wanted = [...upTo(95), 7, 8, 9];
    expect(planForward(cached, wanted, 'decode', fast, 512)).toEqual({ keep: 95, pieces: [[7], [8], [9]] });
    const far = [...upTo(10), ...upTo(90)];
    expect(planForward(cached, far, 'decode', fast, 512)).toEqual({ keep: 0, pieces: [far] });
  });

  test('never prefills onto a filled cache where that is wrong, even for a prompt over one piece', () => {
    const { keep, pieces } = planForward([], upTo(515), 'decode', fast, 512);
    expect(keep).toBe(0);
    expect(pieces.map((piece) => piece.length)).toEqual([512, 1, 1, 1]);
  });

  test('only lets a cache grow that cannot be rolled back', () => {
    expect(planForward([1, 2], [1, 2, 3], 'none', fast, 512)).toEqual({ keep: 2, pieces: [[3]] });
    expect(planForward([1, 2, 9], [1, 2, 3], 'none', fast, 512)).toEqual({ keep: 0, pieces: [[1, 2, 3]] });
    expect(planForward([1, 2, 3], [1, 2, 3], 'none', fast, 512)).toEqual({ keep: 0, pieces: [[1, 2, 3]] });
  });

  test('always ends with exactly what was wanted, by allowed steps', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 40 });
    const some = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 40 });
    const reuse = fc.constantFrom<Reuse>('prefill', 'decode', 'none');
    fc.assert(
      fc.property(
        ids,
        some,
        reuse,
        fc.constantFrom(slow, fast),
        fc.integer({ min: 1, max: 16 }),
        (cached, wanted, how, speeds, most) => {
          const { keep, pieces } = planForward(cached, wanted, how, speeds, most);
          expect([...cached.slice(0, keep), ...pieces.flat()]).toEqual(wanted);
          expect(keep).toBeLessThanOrEqual(Math.min(commonPrefix(cached, wanted), wanted.length - 1));
          expect(pieces.every((piece) => piece.length > 0 && piece.length <= most)).toBe(true);
          if (how === 'none') expect([0, cached.length]).toContain(keep);
          if (how !== 'prefill') {
            const onto = keep > 0 ? pieces : pieces.slice(1);
            expect(onto.every((piece) => piece.length === 1)).toBe(true);
          }
        },
      ),
    );
  });
});
