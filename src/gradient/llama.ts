import { blockUntilReady, jit, numpy as np } from '@jax-js/jax';
import type { LlamaShape } from './gguf.ts';
import type { Normalizer } from './head.ts';
import { backward, forward, type Kept, keptWidth, type LayerWeights, type Surroundings } from './layer.ts';
import { maskOf, type Pack } from './pack.ts';

/** Where weights come from: a model file, or a test. Matrices are `[out, in]`, row after row. */
export interface LlamaSource {
  shape: LlamaShape;
  /** By GGUF's name; each call may read anew. */
  tensor(name: string): Promise<Float32Array<ArrayBuffer>>;
}

export interface LlamaOptions {
  /** jax-js must have initialized it. `cpu` is an interpreter, for tests. */
  device: 'wasm' | 'webgpu' | 'cpu';
  /** Weights in 16 bits; a GPU with shader-f16 can, WASM cannot. */
  half?: boolean;
  /** Bytes of intermediate results that a forward pass may keep; layers beyond are computed again. Default 256 MiB. */
  keepBytes?: number;
}

/** A forward pass that can be gone back through, once. */
export interface Trace {
  around: Surroundings;
  /** The input of each layer, and what was kept of it; null is computed again. */
  layers: { input: np.Array; kept: Kept | null }[];
}

/** A frozen Llama on a device. One call at a time. */
export interface Llama {
  readonly shape: LlamaShape;
  /** Of the weights, on the device. */
  readonly bytes: number;
  /** Weights of the last norm. */
  readonly lastNorm: Float32Array;
  /** Rows of the input embedding, or of the head, by token. */
  embeddings(tokens: readonly number[]): Promise<ReadonlyMap<number, Float32Array>>;
  headRows(tokens: readonly number[]): Promise<ReadonlyMap<number, Float32Array>>;
  /** The last layer's output for the input rows of a pack. */
  run(pack: Pack, input: Float32Array): Promise<Float32Array>;
  /** The same, with what `back` needs; give the trace to `back` or to `forget`. */
  runForBack(pack: Pack, input: Float32Array): Promise<{ hidden: Float32Array; trace: Trace }>;
  /** The gradient with respect to the input rows, given that of the output. Uses up the trace. */
  back(trace: Trace, gradient: Float32Array): Promise<Float32Array>;
  forget(trace: Trace): void;
  /** Of rows that went through the last norm. */
  normalizers(rows: readonly Float32Array[]): Promise<Normalizer[]>;
  /** Products of each given row with the embedding of every token. */
  likeness(rows: readonly Float32Array[]): Promise<Float32Array[]>;
  /** Squared length of every token's embedding. */
  squares(): Promise<Float32Array>;
  dispose(): void;
}

const MIB = 2 ** 20;
/** Vocabularies are computed on in parts of at most so many numbers. */
const PART = 8 * MIB;
/** Queued work holds its intermediate results, so a GPU is waited for after so many bytes of them. */
const QUEUED_BYTES = 256 * MIB;

/** Copies the weights to the device. `progress` gets the share that is done, from 0 to 1. */
export async function loadLlama(
  source: LlamaSource,
  options: LlamaOptions,
  progress: (share: number) => void,
): Promise<Llama> {
  const { shape } = source;
  const { device, half = false, keepBytes = 256 * MIB } = options;
  const { width, heads, headSize, feedForward, vocabulary } = shape;
  const onDevice = (values: Float32Array<ArrayBuffer>, dims: number[]) =>
    np.array(values, { shape: dims, dtype: np.float32, device });
  let numbers = 0;

  /** Tensors one under the other as one matrix. */
  async function matrix(columns: number, ...names: string[]): Promise<np.Array> {
    const parts: Float32Array<ArrayBuffer>[] = [];
    for (const name of names) parts.push(await source.tensor(name));
    return settled(joined(parts), columns);
  }
  async function settled(values: Float32Array<ArrayBuffer>, columns: number): Promise<np.Array> {
    numbers += values.length;
    const full = onDevice(values, [values.length / columns, columns]);
    const kept = half ? full.astype(np.float16) : full;
    await blockUntilReady(kept);
    return kept;
  }
  const vector = async (name: string) => onDevice(await source.tensor(name), [width, 1]);

  const count = Math.ceil((vocabulary * width) / PART);
  const rows = Math.ceil(vocabulary / count);
  /** A vocabulary's rows in parts of `rows`. */
  async function table(name: string): Promise<np.Array[]> {
    const values = await source.tensor(name);
    const parts: np.Array[] = [];
    for (let start = 0; start < vocabulary; start += rows) {
      parts.push(await settled(values.slice(start * width, (start + rows) * width), width));
    }
    return parts;
  }

  const embedding = await table('token_embd.weight');
  const head = shape.tied ? embedding : await table('output.weight');
  const lastNorm = await source.tensor('output_norm.weight');
  const layers: LayerWeights[] = [];
  for (let layer = 0; layer < shape.layers; layer++) {
    const part = (name: string) => `blk.${layer}.${name}.weight`;
    layers.push({
      attentionNorm: await vector(part('attn_norm')),
      qkv: await matrix(width, part('attn_q'), part('attn_k'), part('attn_v')),
      output: await matrix(heads * headSize, part('attn_output')),
      hiddenNorm: await vector(part('ffn_norm')),
      gateUp: await matrix(width, part('ffn_gate'), part('ffn_up')),
      down: await matrix(feedForward, part('ffn_down')),
    });
    progress((layer + 1) / shape.layers);
  }

  const step = jit(function layer(x: np.Array, weights: LayerWeights, around: Surroundings) {
    const { y, kept } = forward(x, weights, around, shape);
    for (const array of Object.values(kept)) array.dispose();
    return y;
  });
  const stepKept = jit(function layerKept(x: np.Array, weights: LayerWeights, around: Surroundings) {
    return forward(x, weights, around, shape);
  });
  const stepBack = jit(function layerBack(
    dy: np.Array,
    x: np.Array,
    kept: Kept,
    weights: LayerWeights,
    around: Surroundings,
  ) {
    return backward(dy, x, kept, weights, around, shape);
  });
  const normalize = jit(function normalize(x: np.Array, part: np.Array) {
    const wide = part.astype(np.float32);
    const logits = np.matmul(x, np.transpose(wide.ref));
    const most = np.max(logits.ref, -1, { keepdims: true });
    const shares = np.exp(logits.sub(most.ref));
    return { most, sum: np.sum(shares.ref, -1, { keepdims: true }), mean: np.matmul(shares, wide) };
  });
  const products = jit(function products(x: np.Array, part: np.Array) {
    return np.matmul(x, np.transpose(part.astype(np.float32)));
  });
  const lengths = jit(function lengths(part: np.Array) {
    return np.sum(np.square(part.astype(np.float32)), -1);
  });

  function surroundings(pack: Pack): Surroundings {
    const tokens = pack.units.length;
    const { cosine, sine } = rotations(pack.positions, shape);
    return {
      mask: onDevice(maskOf(pack), [tokens, tokens]),
      cosine: onDevice(cosine, [1, headSize / 2, tokens]),
      sine: onDevice(sine, [2, headSize / 2, tokens]),
    };
  }

  /** Layers whose work may be queued before the device is waited for. */
  function stride(tokens: number): number {
    // WASM frees memory only as work is done; waiting costs it nothing.
    if (device === 'wasm') return 1;
    const each = 4 * (tokens * (2 * keptWidth(shape) + 3 * width) + 4 * heads * tokens * tokens);
    return Math.max(1, Math.floor(QUEUED_BYTES / each));
  }

  async function read(array: np.Array): Promise<Float32Array> {
    const data = await array.data();
    if (!(data instanceof Float32Array)) throw new Error(`Numbers came back as ${data.constructor.name}.`);
    return data;
  }

  /** Rows, one a token, as columns on the device. */
  const onColumns = (rows: Float32Array) => onDevice(turned(rows, width), [width, rows.length / width]);

  function forget(trace: Trace): void {
    for (const { input, kept } of trace.layers) disposeAll([input, ...(kept ? Object.values(kept) : [])]);
    disposeAll(Object.values(trace.around));
    trace.layers = [];
  }

  /** Rows of a table, remembered: the same few thousand tokens are asked for again and again. */
  function rowsFrom(parts: readonly np.Array[]) {
    const known = new Map<number, Float32Array>();
    return async (tokens: readonly number[]): Promise<ReadonlyMap<number, Float32Array>> => {
      const missing = [...new Set(tokens)].filter((token) => !known.has(token));
      for (const [i, part] of parts.entries()) {
        const here = missing.filter((token) => Math.floor(token / rows) === i);
        if (here.length === 0) continue;
        const { length } = here;
        // Filled up, so that few sizes are compiled.
        const at = Array.from(
          { length: Math.ceil(length / 64) * 64 },
          (_, j) => (here[j] ?? i * rows) - i * rows,
        );
        const indices = np.array(Int32Array.from(at), { dtype: np.int32, device });
        const found = await read(np.take(part.ref, indices, 0).astype(np.float32));
        here.forEach((token, j) => known.set(token, found.slice(j * width, (j + 1) * width)));
      }
      return known;
    };
  }

  /** `[n, width]` with rows of zeros up to a multiple of 8. */
  function stacked(given: readonly Float32Array[]): np.Array {
    const all = new Float32Array(Math.ceil(given.length / 8) * 8 * width);
    given.forEach((row, i) => all.set(row, i * width));
    return onDevice(all, [all.length / width, width]);
  }

  return {
    shape,
    bytes: numbers * (half ? 2 : 4),
    lastNorm,
    embeddings: rowsFrom(embedding),
    headRows: rowsFrom(head),
    async run(pack, input) {
      const around = surroundings(pack);
      const every = stride(pack.units.length);
      let x = onColumns(input);
      for (const [i, weights] of layers.entries()) {
        x = step(x, refs(weights), refs(around));
        if ((i + 1) % every === 0) await blockUntilReady(x);
      }
      disposeAll(Object.values(around));
      return turned(await read(x), pack.units.length);
    },
    async runForBack(pack, input) {
      const tokens = pack.units.length;
      const around = surroundings(pack);
      const every = stride(tokens);
      const affordable = Math.floor(keepBytes / (4 * tokens * keptWidth(shape)));
      const trace: Trace = { around, layers: [] };
      let x = onColumns(input);
      for (const [i, weights] of layers.entries()) {
        const before = x;
        // The last layers' are kept: they are the first to be used and freed.
        const keeps = i >= layers.length - affordable;
        let kept: Kept | null = null;
        if (keeps) ({ y: x, kept } = stepKept(before.ref, refs(weights), refs(around)));
        else x = step(before.ref, refs(weights), refs(around));
        trace.layers.push({ input: before, kept });
        if ((i + 1) % every === 0) await blockUntilReady([x, ...(kept ? Object.values(kept) : [])]);
      }
      return { hidden: turned(await read(x), tokens), trace };
    },
    async back(trace, gradient) {
      const tokens = gradient.length / width;
      const every = stride(tokens);
      let dy = onColumns(gradient);
      for (let i = layers.length - 1; i >= 0; i--) {
        const weights = layers[i];
        const layer = trace.layers.pop();
        if (!weights || !layer) throw new Error('The trace was used up before.');
        let { kept } = layer;
        if (!kept) {
          const again = stepKept(layer.input.ref, refs(weights), refs(trace.around));
          again.y.dispose();
          kept = again.kept;
        }
        dy = stepBack(dy, layer.input, kept, refs(weights), refs(trace.around));
        if (i % every === 0) await blockUntilReady(dy);
      }
      forget(trace);
      return turned(await read(dy), tokens);
    },
    forget,
    async normalizers(given) {
      const x = stacked(given);
      const sums = given.map(() => ({ most: -Infinity, sum: 0, mean: new Float64Array(width) }));
      for (const part of head) {
        const { most, sum, mean } = normalize(x.ref, part.ref);
        await blockUntilReady([most, sum, mean]);
        const [mosts, parts, means] = [await read(most), await read(sum), await read(mean)];
        sums.forEach((all, i) => {
          const top = Math.max(all.most, mosts[i] ?? 0);
          const [old, now] = [Math.exp(all.most - top), Math.exp((mosts[i] ?? 0) - top)];
          all.most = top;
          all.sum = all.sum * old + (parts[i] ?? 0) * now;
          all.mean.forEach((value, j) => {
            all.mean[j] = value * old + (means[i * width + j] ?? 0) * now;
          });
        });
      }
      x.dispose();
      return sums.map(({ most, sum, mean }) => ({
        logSum: most + Math.log(sum),
        mean: Float32Array.from(mean, (value) => value / sum),
      }));
    },
    async likeness(given) {
      const x = stacked(given);
      const all = given.map(() => new Float32Array(vocabulary));
      for (const [i, part] of embedding.entries()) {
        const found = await read(products(x.ref, part.ref));
        const wide = found.length / (Math.ceil(given.length / 8) * 8);
        all.forEach((row, j) => row.set(found.subarray(j * wide, (j + 1) * wide), i * rows));
      }
      x.dispose();
      return all;
    },
    async squares() {
      const all = new Float32Array(vocabulary);
      for (const [i, part] of embedding.entries()) all.set(await read(lengths(part.ref)), i * rows);
      return all;
    },
    dispose() {
      disposeAll([
        ...embedding,
        ...(shape.tied ? [] : head),
        ...layers.flatMap((layer) => Object.values(layer)),
      ]);
      for (const compiled of [step, stepKept, stepBack, normalize, products, lengths]) compiled.dispose();
    },
  };
}

/** Angles of rotary positions, as `rotate` reads them. */
export function rotations(positions: Int32Array, { headSize, ropeTheta }: LlamaShape) {
  const tokens = positions.length;
  const half = headSize / 2;
  const cosine = new Float32Array(half * tokens);
  const sine = new Float32Array(2 * half * tokens);
  positions.forEach((position, token) => {
    for (let i = 0; i < half; i++) {
      const angle = position * ropeTheta ** (-i / half);
      cosine[i * tokens + token] = Math.cos(angle);
      sine[i * tokens + token] = -Math.sin(angle);
      sine[(half + i) * tokens + token] = Math.sin(angle);
    }
  });
  return { cosine, sine };
}

/** A matrix of so many columns, turned round. */
export function turned(values: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = values.length / columns;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return out;
}

/** One more reference to each array of a record: the call that gets them consumes these. */
function refs<T extends Record<string, np.Array>>(arrays: T): T {
  for (const array of Object.values(arrays)) void array.ref;
  return arrays;
}

function disposeAll(arrays: readonly np.Array[]): void {
  for (const array of arrays) array.dispose();
}

function joined(parts: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
