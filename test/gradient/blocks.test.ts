import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { halfFromFloat } from '../../scripts/requantize.js';
import { FORMATS, formatName, half, permuted, unpermuted } from '../../src/gradient/blocks.ts';

const HALF = [0x00, 0x38]; // 0.5, little-endian
const MINUS_THREE = [0x00, 0xc2];

function unpack(name: string, bytes: readonly number[]): number[] {
  const format = [...FORMATS.values()].find((one) => one.name === name);
  if (!format) throw new Error(`no ${name}`);
  expect(bytes.length % format.bytes).toBe(0);
  const out = new Float32Array((bytes.length / format.bytes) * format.elements);
  format.unpack(Uint8Array.from(bytes), out);
  return [...out];
}

const range = (length: number, value: (index: number) => number) =>
  Array.from({ length }, (_, i) => value(i));

describe('half', () => {
  test.each([
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ])('bits %i are %d', (bits, value) => {
    expect(half(bits)).toBe(value);
  });
});

describe('blocks worked by hand', () => {
  test('F32', () => {
    expect(unpack('F32', [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc1])).toEqual([1, -10]);
  });

  test('F16', () => {
    expect(unpack('F16', [...HALF, ...MINUS_THREE, 0x01, 0x00])).toEqual([0.5, -3, 2 ** -24]);
  });

  test('Q8_0: scale × signed byte', () => {
    const bytes = [0, 1, 127, 128, 255, ...range(27, (i) => i)];
    expect(unpack('Q8_0', [...HALF, ...bytes])).toEqual([
      0,
      0.5,
      63.5,
      -64,
      -0.5,
      ...range(27, (i) => i / 2),
    ]);
  });

  test('Q4_0: scale × (4 bits − 8), low halves first', () => {
    // Byte i holds i below and 15 − i above.
    const bytes = range(16, (i) => i + 16 * (15 - i));
    expect(unpack('Q4_0', [...HALF, ...bytes])).toEqual([
      ...range(16, (i) => (i - 8) / 2),
      ...range(16, (i) => (7 - i) / 2),
    ]);
  });

  test('Q4_1: scale × 4 bits + least, low halves first', () => {
    const bytes = range(16, (i) => i + 16 * (15 - i));
    expect(unpack('Q4_1', [...HALF, ...MINUS_THREE, ...bytes])).toEqual([
      ...range(16, (i) => i / 2 - 3),
      ...range(16, (i) => (15 - i) / 2 - 3),
    ]);
  });

  test('each block has its own scale', () => {
    const one = [0x00, 0x3c];
    const ones = range(32, () => 1);
    expect(unpack('Q8_0', [...HALF, ...ones, ...one, ...ones])).toEqual([
      ...range(32, () => 0.5),
      ...range(32, () => 1),
    ]);
  });

  test('formats are called as everybody calls them', () => {
    expect([0, 1, 2, 3, 8, 12, 99].map(formatName)).toEqual([
      'F32',
      'F16',
      'Q4_0',
      'Q4_1',
      'Q8_0',
      'Q4_K',
      'type 99',
    ]);
  });
});

/** Numbers of ordinary weights' size. */
const weights = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 32, maxLength: 32 });
const f16 = (value: number) => {
  const bits = halfFromFloat(value);
  return { bytes: [bits & 255, bits >> 8], value: half(bits) };
};
const clamp = (value: number, low: number, high: number) =>
  Math.min(high, Math.max(low, Math.round(value) || 0));
const nibbles = (codes: readonly number[]) => range(16, (i) => (codes[i] ?? 0) | ((codes[i + 16] ?? 0) << 4));

/** Packs numbers by the description of the format, then expects them back to within half a scale. */
describe('what was packed comes back', () => {
  const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
  const near = (got: readonly number[], values: readonly number[], off: number) => {
    got.forEach((value, i) => expect(Math.abs(value - (values[i] ?? NaN))).toBeLessThanOrEqual(off));
  };

  test('Q8_0', () => {
    fc.assert(
      fc.property(weights, (values) => {
        const scale = f16(largest(values) / 127);
        const codes = values.map((value) => clamp(value / scale.value, -128, 127));
        const got = unpack('Q8_0', [...scale.bytes, ...codes.map((code) => code & 255)]);
        expect(got.map((value) => value + 0)).toEqual(codes.map((code) => scale.value * code + 0));
        near(got, values, scale.value * 0.6 + 2 ** -16);
      }),
    );
  });

  test('Q4_0', () => {
    fc.assert(
      fc.property(weights, (values) => {
        const scale = f16(largest(values) / 7);
        const codes = values.map((value) => clamp(value / scale.value + 8, 0, 15));
        near(unpack('Q4_0', [...scale.bytes, ...nibbles(codes)]), values, scale.value * 0.51 + 2 ** -16);
      }),
    );
  });

  test('Q4_1', () => {
    fc.assert(
      fc.property(weights, (values) => {
        const least = f16(Math.min(...values));
        const scale = f16((Math.max(...values) - least.value) / 15);
        const codes = values.map((value) => clamp((value - least.value) / scale.value, 0, 15));
        const got = unpack('Q4_1', [...scale.bytes, ...least.bytes, ...nibbles(codes)]);
        near(got, values, scale.value * 0.51 + 0.01);
      }),
    );
  });

  test('F16, every finite one', () => {
    const all = range(1 << 16, (bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    const got = unpack(
      'F16',
      all.flatMap((bits) => [bits & 255, bits >> 8]),
    );
    expect(got.map(halfFromFloat)).toEqual(all);
  });
});

describe('the order of rotated rows', () => {
  test('is undone on a tiny matrix', () => {
    // One head of four rows of two: published rows a b c d are stored as a c b d.
    const stored = Float32Array.of(1, 2, 5, 6, 3, 4, 7, 8);
    expect([...unpermuted(stored, 1, 2)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('is undone head by head', () => {
    const rows = range(12, (i) => i);
    // Two heads of six rows of one number.
    expect([...unpermuted(Float32Array.from(rows), 2, 1)]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
  });

  test('and permuting are each other undone', () => {
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(size, size, size, (heads, halfSize, columns) => {
        const rows = Float32Array.from(range(heads * 2 * halfSize * columns, (i) => i));
        expect(unpermuted(permuted(rows, heads, columns), heads, columns)).toEqual(rows);
        expect(permuted(unpermuted(rows, heads, columns), heads, columns)).toEqual(rows);
      }),
    );
  });
});
