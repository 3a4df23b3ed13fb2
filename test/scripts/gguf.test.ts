import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { F32, Q4_1, Q8_0, readGguf, writeGguf } from '../../scripts/gguf.js';
import { METADATA, ggufFile } from './gguf-file.ts';

const tensors = [
  { name: 'norm', dims: [5], type: F32, data: Buffer.from(new Float32Array([1, 2, 3, 4, 5]).buffer) },
  { name: 'q4', dims: [32, 2], type: Q4_1, data: Buffer.alloc(40, 7) },
  { name: 'q8', dims: [64], type: Q8_0, data: Buffer.alloc(68, 9) },
];

describe('readGguf', () => {
  it('finds every tensor behind metadata of all kinds', () => {
    const gguf = readGguf(ggufFile(tensors));
    expect(gguf.tensors).toEqual(tensors.map((tensor) => ({ ...tensor, dims: tensor.dims.map(BigInt) })));
    expect(gguf.pairs).toBe(6n);
    expect(gguf.metadata.subarray(0, -(8 + 17 + 8))).toEqual(Buffer.concat(METADATA));
  });

  it('points at the value of general.file_type', () => {
    const { metadata, fileTypeAt } = readGguf(ggufFile(tensors));
    expect(metadata.readUInt32LE(fileTypeAt ?? -1)).toBe(3);
  });

  it.each([8, 32, 64])('obeys an alignment of %i', (alignment) => {
    const gguf = readGguf(ggufFile(tensors, alignment));
    expect(gguf.alignment).toBe(alignment);
    expect(gguf.tensors.map(({ data }) => data)).toEqual(tensors.map(({ data }) => data));
  });

  it('says what is wrong with a file that is not one', () => {
    expect(() => readGguf(Buffer.from('PK\u0003\u0004 and more'))).toThrow('not a GGUF file');
    const old = ggufFile(tensors);
    old.writeUInt32LE(2, 4);
    expect(() => readGguf(old)).toThrow('version 2');
    const strange = ggufFile([{ name: 'k', dims: [256], type: 12, data: Buffer.alloc(144) }]);
    expect(() => readGguf(strange)).toThrow('type 12');
  });

  it('refuses a file cut short anywhere', () => {
    const whole = ggufFile([{ name: 'q8', dims: [32], type: Q8_0, data: Buffer.alloc(34) }], 2);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => readGguf(whole.subarray(0, length))).toThrow('cut short');
      }),
    );
  });
});

describe('writeGguf', () => {
  it.each([8, 32, 64])('gives back the very bytes it was read from (alignment %i)', (alignment) => {
    const file = ggufFile(tensors, alignment);
    expect(Buffer.concat(writeGguf(readGguf(file))).equals(file)).toBe(true);
  });

  it('refuses a tensor whose data do not fit its shape', () => {
    const gguf = readGguf(ggufFile(tensors));
    const wrong = gguf.tensors.map((tensor) => ({ ...tensor, data: tensor.data.subarray(1) }));
    expect(() => writeGguf({ ...gguf, tensors: wrong })).toThrow('norm has the wrong size');
  });
});
