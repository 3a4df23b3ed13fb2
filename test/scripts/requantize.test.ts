import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { F32, Q4_1, Q8_0, readGguf } from '../../scripts/gguf.js';
import {
  floatFromHalf,
  halfFromFloat,
  readQ4_1,
  requantize,
  requantizeBlocks,
  writeQ8_0,
} from '../../scripts/requantize.js';
import { ggufFile } from './gguf-file.ts';

/** A Q4_1 block: scale, minimum (half precision patterns), then byte i holds value i and, above, value 16 + i. */
function q4Block(scale: number, minimum: number, nibbles: number[]): Buffer {
  const block = Buffer.alloc(20);
  block.writeUInt16LE(scale, 0);
  block.writeUInt16LE(minimum, 2);
  for (let i = 0; i < 16; i++) block[4 + i] = (nibbles[i] ?? 0) | ((nibbles[16 + i] ?? 0) << 4);
  return block;
}

const HALF = 0x3800; // 0.5
const MINUS_FOUR = 0xc400;
const COUNT = Array.from({ length: 32 }, (_, i) => i % 16);

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00], // halfway to the next power rounds to infinity
    [2 ** -14, 0x0400], // smallest normal
    [2 ** -24, 0x0001], // smallest subnormal
    [2 ** -25, 0x0000], // a tie, to even
    [3 * 2 ** -25, 0x0002], // a tie, to even
    [0.1, 0x2e66],
    [1 + 2 ** -11, 0x3c00], // a tie, to even
    [1 + 3 * 2 ** -11, 0x3c02],
  ])('%d is %i', (value, pattern) => {
    expect(halfFromFloat(value)).toBe(pattern);
  });

  it('keeps every finite pattern through a round trip', () => {
    for (let pattern = 0; pattern < 0x10000; pattern++) {
      if ((pattern & 0x7c00) === 0x7c00) continue;
      const value = floatFromHalf(pattern);
      expect(halfFromFloat(value)).toBe(pattern);
    }
  });
});

describe('Q4_1', () => {
  it('is nibble * scale + minimum, low nibbles first', () => {
    const values = new Float32Array(32);
    readQ4_1(q4Block(HALF, MINUS_FOUR, COUNT), 0, values);
    expect([...values]).toEqual(COUNT.map((nibble) => nibble * 0.5 - 4));
  });
});

describe('Q8_0', () => {
  it('matches a block worked by hand', () => {
    // Values -4 ... 3.5: the scale is 4 / 127 = 0.031496; in half precision 1032 * 2^-15 = 0x2808.
    const block = requantizeBlocks(q4Block(HALF, MINUS_FOUR, COUNT));
    expect(block.length).toBe(34);
    expect(block.readUInt16LE(0)).toBe(0x2808);
    const bytes = Array.from({ length: 32 }, (_, i) => block.readInt8(2 + i));
    // 127 / 4 = 31.75 for each 1: -4 -> -127, -3.5 -> -111.125, ... 3.5 -> 111.125
    const first = [-127, -111, -95, -79, -64, -48, -32, -16, 0, 16, 32, 48, 64, 79, 95, 111];
    expect(bytes).toEqual([...first, ...first]);
  });

  it('rounds halves away from zero', () => {
    const values = new Float32Array(32);
    values.set([127, 2.5, -2.5, 0.5, -0.5, 0.49, -0.49]); // the scale is exactly 1
    const block = Buffer.alloc(34);
    writeQ8_0(values, block, 0);
    expect(Array.from({ length: 7 }, (_, i) => block.readInt8(2 + i))).toEqual([127, 3, -3, 1, -1, 0, 0]);
  });

  it('turns a block of zeros into zeros', () => {
    const block = Buffer.alloc(34, 1);
    writeQ8_0(new Float32Array(32), block, 0);
    expect(block.equals(Buffer.alloc(34))).toBe(true);
  });

  it('stays within half a step and the rounding of the scale', () => {
    const nibbles = fc.array(fc.nat(15), { minLength: 32, maxLength: 32 });
    // Normal patterns well inside the range, of both signs.
    const half = fc.integer({ min: 0x1000, max: 0x5800 });
    fc.assert(
      fc.property(half, half, fc.boolean(), nibbles, (scale, minimum, negative, values) => {
        const source = q4Block(scale, negative ? minimum | 0x8000 : minimum, values);
        const before = new Float32Array(32);
        readQ4_1(source, 0, before);
        const after = requantizeBlocks(source);
        const step = floatFromHalf(after.readUInt16LE(0));
        const largest = Math.max(...before.map(Math.abs));
        const bound = (largest / 127) * (0.5 + 127 / 2048) * (1 + 1e-6);
        for (const [i, value] of before.entries())
          expect(Math.abs(after.readInt8(2 + i) * step - value)).toBeLessThanOrEqual(bound);
      }),
    );
  });
});

describe('requantize', () => {
  const norm = Buffer.from(new Float32Array([1, -1, 0.5]).buffer);
  const q8 = Buffer.from(Array.from({ length: 34 }, (_, i) => i));
  const q4 = Buffer.concat([q4Block(HALF, MINUS_FOUR, COUNT), q4Block(0x2e66, 0x0000, COUNT)]);
  const source = ggufFile([
    { name: 'norm', dims: [3], type: F32, data: norm },
    { name: 'weight', dims: [32, 2], type: Q4_1, data: q4 },
    { name: 'embedding', dims: [32], type: Q8_0, data: q8 },
  ]);
  const before = readGguf(source);
  const file = Buffer.concat(requantize(source));
  const after = readGguf(file);

  it('changes the Q4_1 tensors and keeps the others', () => {
    expect(after.tensors).toEqual([
      { name: 'norm', dims: [3n], type: F32, data: norm },
      { name: 'weight', dims: [32n, 2n], type: Q8_0, data: requantizeBlocks(q4) },
      { name: 'embedding', dims: [32n], type: Q8_0, data: q8 },
    ]);
  });

  it('keeps the metadata but for general.file_type, which becomes 7', () => {
    const at = before.fileTypeAt ?? -1;
    expect(after.metadata.readUInt32LE(at)).toBe(7);
    const back = Buffer.from(after.metadata);
    back.writeUInt32LE(3, at);
    expect(back.equals(before.metadata)).toBe(true);
    expect(after.pairs).toBe(before.pairs);
  });

  it('leaves its input alone and ends on the alignment', () => {
    expect(readGguf(source).tensors).toEqual(before.tensors);
    expect(source.readUInt32LE(source.indexOf('general.file_type') + 17 + 4)).toBe(3);
    expect(file.length % 32).toBe(0);
  });
});
