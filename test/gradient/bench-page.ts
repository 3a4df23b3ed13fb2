/** Measures the differentiable model in a page of its own; `scripts/bench-gradient.js` calls it. */
import { blockUntilReady, defaultDevice, init, jit, numpy as np } from '@jax-js/jax';
import { readGguf } from '../../src/gradient/gguf.ts';
import { type Llama, loadLlama } from '../../src/gradient/llama.ts';
import { packAll, virtual } from '../../src/gradient/pack.ts';
import type { LlamaShape } from '../../src/gradient/gguf.ts';
import { fmaLoop } from './fma-loop.ts';
import { randomNumbers } from './tiny-llama.ts';

/** Seconds of each of several runs. */
type Times = number[];

export interface Row {
  what: 'forward' | 'forward, kept' | 'forward and backward' | 'the same, every layer computed again';
  examples: number;
  /** Columns that carry something; the soft prompt's stand in the pack once. */
  tokens: number;
  times: Times;
  /** Floating-point operations of the matrix products on those columns, a multiplication and an addition being two. */
  operations: number;
}

export interface Peak {
  what: string;
  times: Times;
  operations: number;
}

async function timed(runs: number, work: () => Promise<void>): Promise<Times> {
  await work();
  const times: Times = [];
  for (let i = 0; i < runs; i++) {
    const began = performance.now();
    await work();
    times.push((performance.now() - began) / 1000);
  }
  return times;
}

/** The fastest that matrix products get, in jax-js and in the plainest loops. */
async function peaks(device: 'wasm' | 'webgpu', sizes: readonly number[][], runs: number): Promise<Peak[]> {
  await init(device);
  defaultDevice(device);
  const found: Peak[] = [];
  const layouts = { 'A B': np.matmul, 'A Bᵀ': (a: np.Array, b: np.Array) => np.matmul(a, np.transpose(b)) };
  for (const [rows = 1, inner = 1, columns = 1] of sizes) {
    for (const [name, product] of Object.entries(layouts)) {
      const dims = name === 'A B' ? [inner, columns] : [columns, inner];
      const a = np.array(randomNumbers(rows * inner, 1)).reshape([rows, inner]);
      const b = np.array(randomNumbers(inner * columns, 2)).reshape(dims);
      await blockUntilReady([a, b]);
      const compiled = jit(product);
      const times = await timed(runs, async () => {
        const c = compiled(a.ref, b.ref);
        await blockUntilReady(c);
        c.dispose();
      });
      const what = `jax-js ${name}, ${rows} × ${inner} × ${columns}`;
      found.push({ what, times, operations: 2 * rows * inner * columns });
      for (const array of [a, b]) array.dispose();
      compiled.dispose();
    }
  }
  return found;
}

/** What one core does in WASM without touching memory, and in a plain loop of JavaScript. */
async function plainPeaks(runs: number): Promise<Peak[]> {
  const found: Peak[] = [];
  for (const relaxed of [false, true]) {
    const loop = await fmaLoop(relaxed);
    if (!loop) continue;
    const rounds = 1e7;
    const times = await timed(runs, () => Promise.resolve(void loop.run(rounds)));
    const what = relaxed ? 'WASM, fused (relaxed SIMD), registers only' : 'WASM SIMD, registers only';
    found.push({ what: `${what}, one thread`, times, operations: rounds * loop.operations });
  }
  const size = 256;
  const [a, b] = [randomNumbers(size * size, 1), randomNumbers(size * size, 2)];
  const c = new Float32Array(size * size);
  const times = await timed(runs, () => {
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < size; k++) {
        const own = a[i * size + k] ?? 0;
        for (let j = 0; j < size; j++)
          c[i * size + j] = (c[i * size + j] ?? 0) + own * (b[k * size + j] ?? 0);
      }
    }
    return Promise.resolve();
  });
  found.push({
    what: `a plain loop of JavaScript, ${size} × ${size} × ${size}, one thread`,
    times,
    operations: 2 * size ** 3,
  });
  return found;
}

function productOperations(shape: LlamaShape, tokens: number): number {
  const { width, heads, kvHeads, headSize, feedForward, layers } = shape;
  const weights = width * headSize * (2 * heads + 2 * kvHeads) + 3 * width * feedForward;
  return layers * (2 * weights * tokens + 4 * heads * headSize * tokens * tokens);
}

/** `length` tokens an example, eight of them virtual; the real model's first `layers` layers. */
async function steps(
  wanted: {
    url: string;
    device: 'wasm' | 'webgpu';
    layers: number;
    length: number;
    batches: number[];
    runs: number;
  },
  say: (line: string) => void,
): Promise<{ rows: Row[]; loadSeconds: number; bytes: number }> {
  const began = performance.now();
  const file = await readGguf(await (await fetch(wanted.url)).blob());
  await init(wanted.device);
  const shape = { ...file.shape, layers: Math.min(wanted.layers, file.shape.layers) };
  const open = (more: { keepBytes?: number }) =>
    loadLlama(
      { shape, tensor: (name) => file.tensor(name) },
      { device: wanted.device, ...more },
      () => undefined,
    );
  let llama: Llama = await open({});
  const loadSeconds = (performance.now() - began) / 1000;
  const { bytes } = llama;
  say(`loaded in ${loadSeconds.toFixed(1)} s`);

  const rows: Row[] = [];
  async function measure(back: boolean, what: Row['what'], examples: number): Promise<void> {
    const sequences = Array.from({ length: examples }, (_, i) => ({
      context: [
        ...Array.from({ length: 8 }, (__, j) => virtual(j)),
        ...Array.from({ length: wanted.length - 8 }, (__, j) => 1000 + 97 * i + j),
      ],
      options: [[1], [2]],
    }));
    const [packed] = packAll(sequences, 8 + examples * wanted.length);
    if (!packed) return;
    const { pack } = packed;
    const input = randomNumbers(pack.units.length * shape.width, 3, 0.1);
    const gradient = new Float32Array(input.length);
    for (const options of pack.guesses)
      gradient
        .fill(1, (options[0]?.[0]?.row ?? 0) * shape.width)
        .fill(0, ((options[0]?.[0]?.row ?? 0) + 1) * shape.width);
    const times = await timed(wanted.runs, async () => {
      if (!back) {
        await llama.run(pack, input);
        return;
      }
      const { trace } = await llama.runForBack(pack, input);
      await llama.back(trace, gradient);
    });
    const forward = productOperations(shape, pack.used);
    rows.push({ what, examples, tokens: pack.used, times, operations: back ? 2 * forward : forward });
    say(`${what}, ${examples}: ${times.map((time) => (time / examples).toFixed(2)).join(' ')} s an example`);
  }
  for (const examples of wanted.batches) {
    await measure(false, 'forward', examples);
    await measure(true, 'forward and backward', examples);
  }
  llama.dispose();
  llama = await open({ keepBytes: 0 });
  for (const examples of wanted.batches)
    await measure(true, 'the same, every layer computed again', examples);
  llama.dispose();
  return { rows, loadSeconds, bytes };
}

Object.assign(globalThis, { gradientBench: { peaks, plainPeaks, steps } });
