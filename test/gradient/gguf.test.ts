import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { readHeader } from '../../src/gradient/gguf-header.ts';
import { readGguf } from '../../src/gradient/gguf.ts';
import { F16, F32, f32Bytes, ggufBytes, Q6_K, Q8_0, tinyLlama, type TensorBytes } from './gguf-bytes.ts';

const open = (bytes: Uint8Array<ArrayBuffer>) => readGguf(new Blob([bytes]));
const changed =
  (name: string, change: Partial<TensorBytes>) =>
  (tensors: TensorBytes[]): TensorBytes[] =>
    tensors.map((one) => (one.name === name ? { ...one, ...change } : one));

async function failure(opening: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof EngineError)) throw new Error(`expected an EngineError, got ${String(error)}`);
  return error;
}

describe('readGguf', () => {
  test('reads sizes and constants', async () => {
    const model = await open(tinyLlama());
    expect(model.name).toBe('Tiny');
    expect(model.quantization).toBe('F32');
    expect(model.shape).toEqual({
      width: 8,
      layers: 1,
      heads: 2,
      kvHeads: 1,
      headSize: 4,
      feedForward: 32,
      vocabulary: 5,
      context: 128,
      ropeTheta: 5000,
      rmsEpsilon: 0.5,
      tied: true,
    });
    // 40 + 8 + 64 + 32 + 32 + 64 + 8 + 256 + 256 + 256 + 8
    expect(model.parameters).toBe(1024);
    expect(model.tensorNames).toHaveLength(11);
  });

  test('gives weights row after row', async () => {
    const model = await open(tinyLlama());
    expect([...(await model.tensor('blk.0.attn_norm.weight'))]).toEqual([
      1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007,
    ]);
    expect([...(await model.tensor('blk.0.ffn_down.weight'))].slice(-2)).toEqual([9254, 9255]);
  });

  test('puts the rows of Q and K back as they were published', async () => {
    const model = await open(tinyLlama());
    const firsts = (rows: Float32Array) => [...rows].filter((_, i) => i % 8 === 0);
    // Rows 0 1 2 3 of a head of the file are rows 0 2 1 3 of the published one: 0 and 2 turn together.
    expect(firsts(await model.tensor('blk.0.attn_q.weight'))).toEqual(
      [0, 2, 1, 3, 4, 6, 5, 7].map((row) => 2000 + 8 * row),
    );
    expect(firsts(await model.tensor('blk.0.attn_k.weight'))).toEqual(
      [0, 2, 1, 3].map((row) => 3000 + 8 * row),
    );
    expect(firsts(await model.tensor('blk.0.attn_v.weight'))).toEqual(
      [0, 1, 2, 3].map((row) => 4000 + 8 * row),
    );
  });

  test('knows a head of its own', async () => {
    const head = { name: 'output.weight', dims: [8, 5], type: F32, data: f32Bytes(Array(40).fill(7)) };
    const model = await open(tinyLlama({}, (all) => [...all, head]));
    expect(model.shape.tied).toBe(false);
    expect(model.parameters).toBe(1064);
    expect(model.tensorNames.at(-1)).toBe('output.weight');
  });

  test('names an architecture that is not supported, and the one that is', async () => {
    const error = await failure(open(tinyLlama({ 'general.architecture': { text: 'qwen2' } })));
    expect(error.fault).toBe('unavailable');
    expect(error.message).toContain('qwen2');
    expect(error.message).toContain('llama');
  });

  test('names a quantization that is not supported, and those that are', async () => {
    const error = await failure(open(tinyLlama({}, changed('blk.0.ffn_up.weight', { type: Q6_K }))));
    expect(error.fault).toBe('unavailable');
    expect(error.message).toContain('Q6_K');
    expect(error.message).toContain('F32, F16, Q4_0, Q4_1, Q8_0');
  });

  test.each([
    ['experts', tinyLlama({ 'llama.expert_count': { u32: 8 } }), /mixture of 8 experts/],
    [
      'stretched rotation',
      tinyLlama({ 'llama.rope.scaling.type': { text: 'linear' } }),
      /rotation \(linear\)/,
    ],
    ['heads rotated in part', tinyLlama({ 'llama.rope.dimension_count': { u32: 2 } }), /Parts of a head/],
    [
      'biases',
      tinyLlama({}, (all) => [
        ...all,
        { name: 'blk.0.attn_q.bias', dims: [8], type: F32, data: f32Bytes(Array(8).fill(0)) },
      ]),
      /blk\.0\.attn_q\.bias/,
    ],
  ])('does not compute wrongly with %s, but refuses', async (_what, bytes, message) => {
    const error = await failure(open(bytes));
    expect(error.fault).toBe('unavailable');
    expect(error.message).toMatch(message);
  });

  test.each([
    ['another file', new Uint8Array(64), /does not begin with "GGUF"/],
    ['an old version', ggufBytes({}, [], { version: 1 }), /version is 1/],
    ['no architecture', ggufBytes({}, []), /general\.architecture/],
    ['a missing tensor', tinyLlama({}, (all) => all.slice(0, -1)), /lacks the tensor output_norm\.weight/],
    [
      'a tensor of another size',
      tinyLlama({}, changed('blk.0.attn_v.weight', { dims: [4, 8] })),
      /attn_v\.weight is 4 × 8 instead of 8 × 4/,
    ],
    ['odd rows for its blocks', tinyLlama({}, changed('blk.0.attn_v.weight', { type: Q8_0 })), /rows of 8/],
    ['heads that do not divide', tinyLlama({ 'llama.attention.head_count': { u32: 3 } }), /3 heads/],
    ['a size of nothing', tinyLlama({ 'llama.block_count': { u32: 0 } }), /llama\.block_count/],
    ['a number too large', tinyLlama({ 'llama.context_length': { u64: 1n << 60n } }), /too large/],
  ])('refuses %s as broken', async (_what, bytes, message) => {
    const error = await failure(open(bytes));
    expect(error.fault).toBe('integrity');
    expect(error.message).toMatch(message);
  });

  test('calls a file that is cut short anywhere broken, and nothing worse', async () => {
    const whole = tinyLlama();
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect((await failure(open(whole.slice(0, length)))).fault).toBe('integrity');
      }),
    );
  });

  test('reads a header with broken bytes or says that it is broken', async () => {
    const whole = tinyLlama();
    const header = whole.length - 4 * 1024;
    await fc.assert(
      fc.asyncProperty(fc.nat(header - 1), fc.nat(255), async (at, byte) => {
        const bytes = whole.slice();
        bytes[at] = byte;
        const error: unknown = await open(bytes).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (error !== null) expect(error).toBeInstanceOf(EngineError);
      }),
    );
  });
});

describe('readHeader', () => {
  test('reads every kind of value', async () => {
    const file = ggufBytes(
      { words: { texts: ['one', 'größer', '\uFEFF'] }, kinds: { i32s: [1, -2] }, flag: { flag: true } },
      [],
      { version: 2, alignment: 8 },
    );
    const { metadata } = await readHeader(new Blob([file]));
    expect(Object.fromEntries(metadata)).toEqual({
      words: ['one', 'größer', '\uFEFF'],
      kinds: [1, -2],
      flag: true,
      'general.alignment': 8,
    });
  });

  test('finds tensors behind a header longer than the first look', async () => {
    const words = { texts: Array.from({ length: 5 }, () => 'x'.repeat(1 << 20)) };
    const tensor = { name: 'a', dims: [2], type: F16, data: Uint8Array.of(0, 0x3c, 0, 0xc0) };
    const file = new Blob([ggufBytes({ words }, [tensor])]);
    const record = (await readHeader(file)).tensors.get('a');
    expect(record?.start).toBe(file.size - 32);
  });
});
