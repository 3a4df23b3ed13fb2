import { defaultDevice, grad, init, numpy as np } from '@jax-js/jax';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRng } from '../../src/core/rng.ts';
import { type Kept, type LayerWeights, forward } from '../../src/gradient/layer.ts';
import { type Llama, loadLlama, rotations, turned } from '../../src/gradient/llama.ts';
import { maskOf, packAll } from '../../src/gradient/pack.ts';
import { randomNumbers, tinyLlama, TINY } from './tiny-llama.ts';

const { width } = TINY;
const source = tinyLlama();

/** Two examples that share four rows, an option of two tokens, and rows that only fill up. */
const [packed] = packAll(
  [
    { context: [1, 2, 3, 4, 50, 51, 52], options: [[7], [8, 9]] },
    { context: [1, 2, 3, 4, 60, 61], options: [[7], [8, 9]] },
  ],
  256,
);
if (!packed) throw new Error('No pack.');
const { pack } = packed;
const size = pack.units.length * width;
const input = randomNumbers(size, 1);
/** A number of the output: its product with these, of rows that carry something. */
const direction = randomNumbers(size, 2).map((value, i) => (i < pack.used * width ? value : 0));
const product = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const distance = (a: Float32Array, b: Float32Array) => largest(a.map((value, i) => value - (b[i] ?? NaN)));

async function gradientOf(llama: Llama): Promise<Float32Array> {
  const { trace } = await llama.runForBack(pack, input.slice());
  return llama.back(trace, direction.slice());
}

describe('a tiny random Llama in WASM', () => {
  let llama: Llama;
  let gradient: Float32Array;
  beforeAll(async () => {
    await init('wasm');
    llama = await loadLlama(source, { device: 'wasm' }, () => undefined);
    gradient = await gradientOf(llama);
  }, 60_000);
  afterAll(() => llama.dispose());

  test('has gradients that agree with central differences', async () => {
    const rng = makeRng(3);
    const step = 1 / 128;
    const found: number[] = [];
    const expected: number[] = [];
    for (let k = 0; k < 24; k++) {
      const at = rng.below(pack.used * width);
      const moved = async (by: number) => {
        const values = input.slice();
        values[at] = (values[at] ?? 0) + by;
        return product(await llama.run(pack, values), direction);
      };
      // Two differences, so that the error falls with the fourth power of the step: 32-bit floats allow no smaller one.
      const [one, two] = [
        (await moved(step)) - (await moved(-step)),
        (await moved(2 * step)) - (await moved(-2 * step)),
      ];
      expected.push((8 * one - two) / (12 * step));
      found.push(gradient[at] ?? NaN);
    }
    const scale = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
    expect(scale).toBeGreaterThan(0.1);
    found.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN)) / scale).toBeLessThan(1e-3));
  });

  test('gives no gradient to rows that only fill up', () => {
    expect(largest(gradient.slice(pack.used * width))).toBe(0);
  });

  test('is the same when every layer is computed again on the way back', async () => {
    const lean = await loadLlama(source, { device: 'wasm', keepBytes: 0 }, () => undefined);
    expect(distance(await gradientOf(lean), gradient)).toBeLessThan(1e-5 * largest(gradient));
    lean.dispose();
  });

  test('layer by layer equals the whole model differentiated by jax-js', async () => {
    defaultDevice('wasm');
    const layers: LayerWeights[] = [];
    const matrix = async (columns: number, ...names: string[]) => {
      const parts = await Promise.all(names.map((name) => source.tensor(name)));
      return np.concatenate(
        parts.map((part) => np.array(part).reshape([part.length / columns, columns])),
        0,
      );
    };
    for (let layer = 0; layer < TINY.layers; layer++) {
      const name = (part: string) => `blk.${layer}.${part}.weight`;
      layers.push({
        attentionNorm: await matrix(1, name('attn_norm')),
        qkv: await matrix(width, name('attn_q'), name('attn_k'), name('attn_v')),
        output: await matrix(width, name('attn_output')),
        hiddenNorm: await matrix(1, name('ffn_norm')),
        gateUp: await matrix(width, name('ffn_gate'), name('ffn_up')),
        down: await matrix(TINY.feedForward, name('ffn_down')),
      });
    }
    const { cosine, sine } = rotations(pack.positions, TINY);
    const rows = pack.units.length;
    const whole = (x: np.Array): np.Array => {
      for (const weights of layers) {
        const half = TINY.headSize / 2;
        const around = {
          mask: np.array(maskOf(pack)).reshape([rows, rows]),
          cosine: np.array(cosine).reshape([1, half, rows]),
          sine: np.array(sine).reshape([2, half, rows]),
        };
        for (const array of Object.values(weights)) void array.ref;
        const { y, kept }: { y: np.Array; kept: Kept } = forward(x, weights, around, TINY);
        for (const array of Object.values(kept)) array.dispose();
        x = y;
      }
      return np.sum(np.transpose(x).mul(np.array(direction).reshape([rows, width])));
    };
    const found = await grad(whole)(np.transpose(np.array(input).reshape([rows, width]))).data();
    expect(distance(turned(Float32Array.from(found), rows), gradient)).toBeLessThan(1e-4 * largest(gradient));
    for (const weights of layers) for (const array of Object.values(weights)) array.dispose();
  });

  test('an example is the same alone and beside another', async () => {
    const [alone] = packAll([{ context: [1, 2, 3, 4, 60, 61], options: [[7], [8, 9]] }], 256);
    if (!alone) throw new Error('No pack.');
    const rowsOf = async (tokens: Int32Array) => {
      const rows = await llama.embeddings([...tokens]);
      return Float32Array.from([...tokens].flatMap((token) => [...(rows.get(token) ?? [])]));
    };
    const one = await llama.run(alone.pack, await rowsOf(alone.pack.units));
    const both = await llama.run(pack, await rowsOf(pack.units));
    const [row, other] = [alone.pack.guesses[0]?.[1]?.[1]?.row, pack.guesses[1]?.[1]?.[1]?.row];
    expect([row, other]).toEqual([6, 10]);
    const at = (values: Float32Array, index: number) => values.subarray(index * width, (index + 1) * width);
    expect(distance(at(one, 6), at(both, 10))).toBeLessThan(1e-5);
  });

  test('normalizes over the whole vocabulary', async () => {
    const row = randomNumbers(width, 4);
    const [found] = await llama.normalizers([row]);
    const table = await source.tensor('token_embd.weight');
    const logits = Array.from({ length: TINY.vocabulary }, (_, token) =>
      product(row, table.subarray(token * width, (token + 1) * width)),
    );
    const sum = logits.reduce((all, logit) => all + Math.exp(logit), 0);
    expect(found?.logSum).toBeCloseTo(Math.log(sum), 5);
    const mean = logits.reduce(
      (all, logit, token) => all + (Math.exp(logit) / sum) * (table[token * width] ?? 0),
      0,
    );
    expect(found?.mean[0]).toBeCloseTo(mean, 6);
  });

  test('finds rows, products and lengths of its embeddings', async () => {
    const table = await source.tensor('token_embd.weight');
    const rows = await llama.embeddings([200, 3]);
    expect(rows.get(200)).toEqual(table.slice(200 * width, 201 * width));
    const row = randomNumbers(width, 5);
    const [products] = await llama.likeness([row]);
    expect(products?.[77]).toBeCloseTo(product(row, table.subarray(77 * width, 78 * width)), 5);
    const own = table.subarray(77 * width, 78 * width);
    expect((await llama.squares())[77]).toBeCloseTo(product(own, own), 5);
  });
});

test('on WebGPU the output and the gradient are those of WASM', async ({ skip }) => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter || !(await init('webgpu', 'wasm')).includes('webgpu')) {
    skip('There is no WebGPU adapter, not even one in software.');
  }
  const [gpu, cpu] = [
    await loadLlama(source, { device: 'webgpu' }, () => undefined),
    await loadLlama(source, { device: 'wasm' }, () => undefined),
  ];
  const [there, here] = [await gpu.run(pack, input.slice()), await cpu.run(pack, input.slice())];
  const carried = (values: Float32Array) => values.slice(0, pack.used * width);
  expect(distance(carried(there), carried(here))).toBeLessThan(1e-4 * largest(here));
  const gradient = await gradientOf(cpu);
  expect(distance(await gradientOf(gpu), gradient)).toBeLessThan(1e-4 * largest(gradient));
  gpu.dispose();
  cpu.dispose();
});

test('weights in 16 bits give what the same numbers give in 32', async ({ skip }) => {
  if (!('Float16Array' in globalThis)) skip('This browser has no 16-bit numbers.');
  await init('wasm', 'cpu');
  const small = {
    ...TINY,
    layers: 1,
    width: 16,
    heads: 2,
    kvHeads: 1,
    headSize: 8,
    feedForward: 16,
    vocabulary: 32,
  };
  const any = tinyLlama(small);
  /** Weights that 16 bits hold exactly. */
  const exact = {
    shape: small,
    tensor: async (name: string) => (await any.tensor(name)).map((value) => Math.round(value * 256) / 256),
  };
  const [one] = packAll([{ context: [1, 2, 3, 4], options: [[1], [2]] }], 256);
  if (!one) throw new Error('No pack.');
  const rows = randomNumbers(one.pack.units.length * small.width, 1);
  const both = [];
  for (const where of [{ device: 'wasm' }, { device: 'cpu', half: true }] as const) {
    const llama = await loadLlama(exact, where, () => undefined);
    const { hidden, trace } = await llama.runForBack(one.pack, rows);
    const [normalizer] = await llama.normalizers([hidden.subarray(0, small.width)]);
    both.push({ bytes: llama.bytes, hidden, gradient: await llama.back(trace, hidden), normalizer });
    llama.dispose();
  }
  const [wide, half] = both;
  if (!wide || !half) throw new Error('Two were expected.');
  expect(half.bytes).toBe(wide.bytes / 2);
  expect(distance(half.hidden, wide.hidden)).toBeLessThan(1e-5);
  expect(distance(half.gradient, wide.gradient)).toBeLessThan(1e-4);
  expect(half.normalizer?.logSum).toBeCloseTo(wide.normalizer?.logSum ?? NaN, 5);
});

test('an untied head is a table of its own', async () => {
  await init('wasm');
  const untied = tinyLlama({ ...TINY, tied: false });
  const llama = await loadLlama(untied, { device: 'wasm' }, () => undefined);
  const head = await untied.tensor('output.weight');
  expect((await llama.headRows([9])).get(9)).toEqual(head.slice(9 * width, 10 * width));
  const table = await untied.tensor('token_embd.weight');
  expect((await llama.embeddings([9])).get(9)).toEqual(table.slice(9 * width, 10 * width));
  llama.dispose();
});
