import { describe, expect, test } from 'vitest';
import { makeRng } from '../../src/core/rng.ts';
import { cutAtStop, logSumExp, pickToken } from '../../src/engines/webllm-sample.ts';

const row = (...values: number[]) => new Float32Array(values);
const at = (u: number) => () => u;

describe('pickToken', () => {
  test('takes the likeliest at temperature 0, the lowest id of equals', () => {
    expect(pickToken(row(1, 3, 3, 2), 0, at(0.99))).toBe(1);
  });

  test('draws each token for its share of the probability', () => {
    // Odds 1 : 2 : 5 of 8 in all.
    const odds = row(Math.log(1), Math.log(2), Math.log(5));
    expect([0, 0.12, 0.13, 0.37, 0.38, 0.999].map((u) => pickToken(odds, 1, at(u)))).toEqual([
      0, 0, 1, 1, 2, 2,
    ]);
  });

  test('sharpens by temperature: at 0.5 the odds 1 : 2 become 1 : 4', () => {
    const odds = row(Math.log(1), Math.log(2));
    expect([0.19, 0.21].map((u) => pickToken(odds, 0.5, at(u)))).toEqual([0, 1]);
  });

  test('admits only what the mask holds', () => {
    const mask = new Int32Array([0b0101, -1]);
    expect(pickToken(row(0, 9, 1, 8), 0, at(0), mask)).toBe(2);
    expect([0.1, 0.9].map((u) => pickToken(row(0, 9, 0, 9), 1, at(u), mask))).toEqual([0, 2]);
    const wide = new Float32Array(40).fill(1);
    expect(pickToken(wide, 0, at(0), new Int32Array([0, 1 << 5]))).toBe(37);
    expect(pickToken(wide, 0, at(0), new Int32Array([1 << 31, 0]))).toBe(31);
  });

  test('gives null when nothing is admitted', () => {
    expect(pickToken(row(1, 2), 1, at(0), new Int32Array([0]))).toBeNull();
  });

  test('draws differently for small neighbouring seeds', () => {
    const flat = new Float32Array(1000);
    const drawn = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => pickToken(flat, 1, makeRng(seed, 'sample').next));
    expect(new Set(drawn).size).toBe(8);
  });
});

describe('logSumExp', () => {
  test('agrees with the sum worked by hand', () => {
    expect(logSumExp(row(Math.log(1), Math.log(2), Math.log(5)))).toBeCloseTo(Math.log(8), 6);
  });

  test('does not overflow', () => {
    expect(logSumExp(row(1000, 1000))).toBeCloseTo(1000 + Math.log(2), 4);
    expect(logSumExp(row(-1e30, 0))).toBe(0);
  });
});

describe('cutAtStop', () => {
  test('cuts before the first stop string', () => {
    expect(cutAtStop('one\ntwo###', ['###', '\n'])).toBe('one');
    expect(cutAtStop('one two', ['\n', ''])).toBeNull();
    expect(cutAtStop('\n', ['\n'])).toBe('');
  });
});
