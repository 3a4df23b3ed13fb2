/**
 * One layer of a Llama, forwards and backwards, as traced operations of jax-js. The backward pass is written by hand: it
 * asks for the gradient of the input alone, and every product reads a weight as it lies, `[out, in]`.
 *
 * jax-js consumes the arguments of every operation; `.ref` keeps one for a later use.
 */
import { nn, numpy as np } from '@jax-js/jax';
import type { LlamaShape } from './gguf.ts';

/** What a layer reads besides its input: the same for all layers of a pack. A type, for jax-js to see its members. */
export type Surroundings = {
  /** `[T, T]`, added to the scores: 0 where row i may look at column j, a large negative number elsewhere. */
  mask: np.Array;
  /** `[T, 1, 2, E / 2]` each, both halves alike, the sine negative in the first. */
  cosine: np.Array;
  sine: np.Array;
};

/** One layer's weights; matrices are `[out, in]`, queries, keys and values stacked, gate and up stacked. */
export type LayerWeights = {
  attentionNorm: np.Array;
  qkv: np.Array;
  output: np.Array;
  hiddenNorm: np.Array;
  gateUp: np.Array;
  down: np.Array;
};

/** What the backward pass needs of the forward pass, besides the layer's input. */
export type Kept = {
  /** `[T, heads + 2 kvHeads, E]`: queries and keys after rotation, and values. */
  q: np.Array;
  k: np.Array;
  v: np.Array;
  /** `[T, width]` after attention. */
  middle: np.Array;
  /** `[T, feedForward]` before the activation. */
  gate: np.Array;
  up: np.Array;
};

/** Numbers that `Kept` holds for each token. */
export function keptWidth(shape: LlamaShape): number {
  return (shape.heads + 2 * shape.kvHeads) * shape.headSize + shape.width + 2 * shape.feedForward;
}

/** `x @ w.T` for a weight `[out, in]`. Weights of 16 bits are widened first; sums are always taken in 32. */
const times = (x: np.Array, w: np.Array) => np.matmul(x, np.transpose(w.astype(np.float32)));

/** The gradient of `times` with respect to `x`. */
const timesBack = (dy: np.Array, w: np.Array) => np.matmul(dy, w.astype(np.float32));

/** One over the root mean square of each row, `[T, 1]`. */
const scaleOf = (x: np.Array, epsilon: number) =>
  np.reciprocal(np.sqrt(np.mean(np.square(x), -1, { keepdims: true }).add(epsilon)));

function norm(x: np.Array, weight: np.Array, epsilon: number): np.Array {
  return x.ref.mul(scaleOf(x, epsilon)).mul(weight);
}

/** The gradient of `norm` with respect to `x`. */
function normBack(dy: np.Array, x: np.Array, weight: np.Array, epsilon: number): np.Array {
  const scale = scaleOf(x.ref, epsilon);
  const unit = x.mul(scale.ref);
  const dUnit = dy.mul(weight);
  const along = np.mean(dUnit.ref.mul(unit.ref), -1, { keepdims: true });
  return dUnit.sub(unit.mul(along)).mul(scale);
}

/** Turns each pair (i, i + E / 2) of `[T, heads, E]` by its angle; `back` turns the other way, which is the gradient. */
function rotate(x: np.Array, cosine: np.Array, sine: np.Array, back: boolean): np.Array {
  const [tokens = 0, heads = 0, width = 0] = x.shape;
  const halves = x.reshape([tokens, heads, 2, width / 2]);
  const crossed = np.flip(halves.ref, 2).mul(sine);
  const straight = halves.mul(cosine);
  return (back ? straight.sub(crossed) : straight.add(crossed)).reshape([tokens, heads, width]);
}

/** `[T, heads, E]` as `[kvHeads, heads / kvHeads, T, E]`. */
function grouped(x: np.Array, { kvHeads, headSize }: LlamaShape): np.Array {
  const [tokens = 0, heads = 0] = x.shape;
  return np.transpose(x.reshape([tokens, kvHeads, heads / kvHeads, headSize]), [1, 2, 0, 3]);
}

/** `grouped` undone, with the heads side by side: `[T, heads * E]`. */
function flat(x: np.Array): np.Array {
  const [groups = 0, each = 0, tokens = 0, width = 0] = x.shape;
  return np.transpose(x, [2, 0, 1, 3]).reshape([tokens, groups * each * width]);
}

/** Attention weights `[kvHeads, heads / kvHeads, T, T]`. */
function attention(q: np.Array, k: np.Array, mask: np.Array, shape: LlamaShape): np.Array {
  const turned = np.transpose(grouped(k, shape), [0, 1, 3, 2]);
  const scores = np.matmul(grouped(q, shape), turned).mul(1 / Math.sqrt(shape.headSize));
  return nn.softmax(scores.add(mask), -1);
}

/** The layer's output and all that `backward` needs. */
export function forward(
  x: np.Array,
  weights: LayerWeights,
  { mask, cosine, sine }: Surroundings,
  shape: LlamaShape,
): { y: np.Array; kept: Kept } {
  const { heads, kvHeads, headSize, feedForward, rmsEpsilon } = shape;
  const [tokens = 0] = x.shape;
  const normed = norm(x.ref, weights.attentionNorm, rmsEpsilon);
  const all = times(normed, weights.qkv).reshape([tokens, heads + 2 * kvHeads, headSize]);
  const [q0, k0, v] = three(np.split(all, [heads, heads + kvHeads], 1));
  const q = rotate(q0, cosine.ref, sine.ref, false);
  const k = rotate(k0, cosine, sine, false);
  const looked = np.matmul(attention(q.ref, k.ref, mask, shape), grouped(v.ref, shape));
  const middle = x.add(times(flat(looked), weights.output));
  const both = times(norm(middle.ref, weights.hiddenNorm, rmsEpsilon), weights.gateUp);
  const [gate, up] = two(np.split(both, [feedForward], 1));
  const active = nn.silu(gate.ref).mul(up.ref);
  const y = middle.ref.add(times(active, weights.down));
  return { y, kept: { q, k, v, middle, gate, up } };
}

/** The gradient with respect to the layer's input `x`, given that of its output. */
export function backward(
  dy: np.Array,
  x: np.Array,
  kept: Kept,
  weights: LayerWeights,
  { mask, cosine, sine }: Surroundings,
  shape: LlamaShape,
): np.Array {
  const { rmsEpsilon } = shape;
  const { q, k, v, middle, gate, up } = kept;

  const dActive = timesBack(dy.ref, weights.down);
  const open = nn.sigmoid(gate.ref);
  const slope = open.ref.mul(gate.ref.mul(open.ref.neg().add(1)).add(1));
  const dGate = dActive.ref.mul(up).mul(slope);
  const dUp = dActive.mul(gate.mul(open));
  const dNormed = timesBack(np.concatenate([dGate, dUp], 1), weights.gateUp);
  const dMiddle = dy.add(normBack(dNormed, middle, weights.hiddenNorm, rmsEpsilon));

  const [tokens = 0] = x.shape;
  const dLooked = timesBack(dMiddle.ref, weights.output).reshape([tokens, shape.heads, shape.headSize]);
  const dOut = grouped(dLooked, shape);
  const p = attention(q.ref, k.ref, mask, shape);
  const dP = np.matmul(dOut.ref, np.transpose(grouped(v, shape), [0, 1, 3, 2]));
  const along = np.sum(dP.ref.mul(p.ref), -1, { keepdims: true });
  const dScores = p.ref.mul(dP.sub(along)).mul(1 / Math.sqrt(shape.headSize));
  const dQ = np.matmul(dScores.ref, grouped(k, shape));
  // The query heads of a group share one key and value head, so their gradients add up.
  const dK = overGroup(dScores, grouped(q, shape));
  const dV = overGroup(p, dOut);
  const heads = (d: np.Array) => flat(d).reshape([tokens, -1, shape.headSize]);
  const dAll = np.concatenate(
    [rotate(heads(dQ), cosine.ref, sine.ref, true), rotate(heads(dK), cosine, sine, true), heads(dV)],
    1,
  );
  const dIn = timesBack(dAll.reshape([tokens, -1]), weights.qkv);
  return dMiddle.add(normBack(dIn, x, weights.attentionNorm, rmsEpsilon));
}

/** `[G, R, T, T]` turned and times `[G, R, T, E]`, summed over R: `[G, 1, T, E]`. */
function overGroup(a: np.Array, b: np.Array): np.Array {
  const [groups = 0, each = 0, tokens = 0, width = 0] = b.shape;
  const left = np.transpose(a, [0, 3, 1, 2]).reshape([groups, tokens, each * tokens]);
  return np.matmul(left, b.reshape([groups, each * tokens, width])).reshape([groups, 1, tokens, width]);
}

function two(parts: np.Array[]): [np.Array, np.Array] {
  const [a, b] = parts;
  if (!a || !b) throw new Error('Two parts were expected.');
  return [a, b];
}

function three(parts: np.Array[]): [np.Array, np.Array, np.Array] {
  const [a, b, c] = parts;
  if (!a || !b || !c) throw new Error('Three parts were expected.');
  return [a, b, c];
}
