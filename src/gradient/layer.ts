/**
 * One layer of a Llama, forwards and backwards, as traced operations of jax-js. The backward pass is written by hand: it
 * asks for the gradient of the input alone, and every product reads a weight as it lies, `[out, in]`.
 *
 * Activations have one column a token: `[numbers, T]`. So norms and softmaxes run along neighbours in memory, heads and
 * parts of a stacked matrix are views, no product needs a copy turned round, and jax-js spreads a product over threads by
 * its rows, of which there are hundreds however short the text.
 *
 * jax-js consumes the arguments of every operation; `.ref` keeps one for a later use.
 */
import { nn, numpy as np } from '@jax-js/jax';
import type { LlamaShape } from './gguf.ts';

/** What a layer reads besides its input: the same for all layers of a pack. A type, for jax-js to see its members. */
export type Surroundings = {
  /** `[T, T]`, added to the scores: 0 where the token of column i looks at that of row j, very negative elsewhere. */
  mask: np.Array;
  /** `[1, headSize / 2, T]`. */
  cosine: np.Array;
  /** `[2, headSize / 2, T]`, negative in the first half. */
  sine: np.Array;
};

/** One layer's weights; matrices are `[out, in]`, queries, keys and values stacked, gate and up stacked. */
export type LayerWeights = {
  /** `[width, 1]`. */
  attentionNorm: np.Array;
  qkv: np.Array;
  output: np.Array;
  /** `[width, 1]`. */
  hiddenNorm: np.Array;
  gateUp: np.Array;
  down: np.Array;
};

/** What the backward pass needs of the forward pass, besides the layer's input. */
export type Kept = {
  /** `[kvHeads, heads / kvHeads, headSize, T]` after rotation; keys and values have one in place of several. */
  q: np.Array;
  k: np.Array;
  v: np.Array;
  /** What attention gathered, shaped as `q`. */
  looked: np.Array;
  /** `[kvHeads, heads / kvHeads, 1, T]`: logarithm of the sum of each column's exponentiated scores. */
  logSum: np.Array;
  /** `[width, T]` after attention. */
  middle: np.Array;
  /** `[2 feedForward, T]` before the activation. */
  gateUp: np.Array;
};

/** Numbers that `Kept` holds for each token. */
export function keptWidth({ width, heads, kvHeads, headSize, feedForward }: LlamaShape): number {
  return (2 * heads + 2 * kvHeads) * headSize + heads + width + 2 * feedForward;
}

/** A weight in 32 bits, in which all sums are taken. */
const wide = (w: np.Array) => w.astype(np.float32);
/** The gradient of `w @ x` with respect to `x`. */
const timesBack = (w: np.Array, dy: np.Array) => np.matmul(np.transpose(w), dy);

/** One over the root mean square of each column, `[1, T]`. */
const scaleOf = (x: np.Array, epsilon: number) =>
  np.reciprocal(np.sqrt(np.mean(np.square(x), 0, { keepdims: true }).add(epsilon)));

function norm(x: np.Array, weight: np.Array, epsilon: number): np.Array {
  return x.ref.mul(scaleOf(x, epsilon)).mul(weight);
}

/** The gradient of `norm` with respect to `x`. */
function normBack(dy: np.Array, x: np.Array, weight: np.Array, epsilon: number): np.Array {
  const scale = scaleOf(x.ref, epsilon);
  const unit = x.mul(scale.ref);
  const dUnit = dy.mul(weight);
  const along = np.mean(dUnit.ref.mul(unit.ref), 0, { keepdims: true });
  return dUnit.sub(unit.mul(along)).mul(scale);
}

/** Turns each pair (i, i + headSize / 2) of every head by its angle; `back` turns the other way, which is the gradient. */
function rotate(x: np.Array, cosine: np.Array, sine: np.Array, back: boolean): np.Array {
  const { shape } = x;
  const [, half = 0, tokens = 0] = cosine.shape;
  const halves = x.reshape([-1, 2, half, tokens]);
  const crossed = np.flip(halves.ref, 1).mul(sine);
  const straight = halves.mul(cosine);
  return (back ? straight.sub(crossed) : straight.add(crossed)).reshape(shape);
}

/** `a.T @ b` for each head. */
const across = (a: np.Array, b: np.Array) => np.matmul(np.transpose(a, [0, 1, 3, 2]), b);
/** `a @ b.T` for each head. */
const along = (a: np.Array, b: np.Array) => np.matmul(a, np.transpose(b, [0, 1, 3, 2]));

/** Scores, `[kvHeads, heads / kvHeads, T, T]`: how much the token of column i looks at that of row j. */
function scoresOf(q: np.Array, k: np.Array, mask: np.Array, { headSize }: LlamaShape): np.Array {
  return across(k, q)
    .mul(1 / Math.sqrt(headSize))
    .add(mask);
}

/** The layer's output and all that `backward` needs. */
export function forward(
  x: np.Array,
  weights: LayerWeights,
  { mask, cosine, sine }: Surroundings,
  shape: LlamaShape,
): { y: np.Array; kept: Kept } {
  const { heads, kvHeads, headSize, feedForward, rmsEpsilon } = shape;
  const [, tokens = 0] = x.shape;
  const all = np.matmul(wide(weights.qkv), norm(x.ref, weights.attentionNorm, rmsEpsilon));
  const [inQ, inK] = [heads * headSize, (heads + kvHeads) * headSize];
  const one = [kvHeads, 1, headSize, tokens];
  const q0 = all.ref.slice([0, inQ]).reshape([kvHeads, heads / kvHeads, headSize, tokens]);
  const q = rotate(q0, cosine.ref, sine.ref, false);
  const k = rotate(all.ref.slice([inQ, inK]).reshape(one), cosine, sine, false);
  const v = all.slice([inK]).reshape(one);

  const scores = scoresOf(q.ref, k.ref, mask, shape);
  const most = np.max(scores.ref, 2, { keepdims: true });
  const shares = np.exp(scores.sub(most.ref));
  const sum = np.sum(shares.ref, 2, { keepdims: true });
  const logSum = most.add(np.log(sum.ref));
  const looked = np.matmul(v.ref, shares).mul(np.reciprocal(sum));
  const middle = np.matmul(wide(weights.output), looked.ref.reshape([-1, tokens])).add(x);

  const gateUp = np.matmul(wide(weights.gateUp), norm(middle.ref, weights.hiddenNorm, rmsEpsilon));
  const active = nn.silu(gateUp.ref.slice([0, feedForward])).mul(gateUp.ref.slice([feedForward]));
  const y = np.matmul(wide(weights.down), active).add(middle.ref);
  return { y, kept: { q, k, v, looked, logSum, middle, gateUp } };
}

/** The gradient with respect to the layer's input `x`, given that of its output. */
export function backward(
  dy: np.Array,
  x: np.Array,
  { q, k, v, looked, logSum, middle, gateUp }: Kept,
  weights: LayerWeights,
  { mask, cosine, sine }: Surroundings,
  shape: LlamaShape,
): np.Array {
  const { heads, kvHeads, headSize, feedForward, rmsEpsilon } = shape;
  const [, tokens = 0] = x.shape;

  const dActive = timesBack(wide(weights.down), dy.ref);
  const gate = gateUp.ref.slice([0, feedForward]);
  const up = gateUp.slice([feedForward]);
  const open = nn.sigmoid(gate.ref);
  const slope = open.ref.mul(gate.ref.mul(open.ref.neg().add(1)).add(1));
  const dGate = dActive.ref.mul(up).mul(slope);
  const dUp = dActive.mul(gate.mul(open));
  const intoBoth = wide(weights.gateUp);
  const dNormed = timesBack(intoBoth.ref.slice([0, feedForward]), dGate).add(
    timesBack(intoBoth.slice([feedForward]), dUp),
  );
  const dMiddle = dy.add(normBack(dNormed, middle, weights.hiddenNorm, rmsEpsilon));

  const dLooked = timesBack(wide(weights.output), dMiddle.ref).reshape(q.shape);
  const shares = np.exp(scoresOf(q.ref, k.ref, mask, shape).sub(logSum));
  const common = np.sum(dLooked.ref.mul(looked), 2, { keepdims: true });
  const dShares = across(v, dLooked.ref).sub(common);
  const dScores = dShares.mul(shares.ref).mul(1 / Math.sqrt(headSize));
  const dQ = rotate(np.matmul(k, dScores.ref), cosine.ref, sine.ref, true);
  // The query heads of a group share one key and value head, so their gradients add up.
  const dK = rotate(np.sum(along(q, dScores), 1, { keepdims: true }), cosine, sine, true);
  const dV = np.sum(along(dLooked, shares), 1, { keepdims: true });

  const [inQ, inK] = [heads * headSize, (heads + kvHeads) * headSize];
  const intoAll = wide(weights.qkv);
  const column = (d: np.Array) => d.reshape([-1, tokens]);
  const dIn = timesBack(intoAll.ref.slice([0, inQ]), column(dQ))
    .add(timesBack(intoAll.ref.slice([inQ, inK]), column(dK)))
    .add(timesBack(intoAll.slice([inK]), column(dV)));
  return dMiddle.add(normBack(dIn, x, weights.attentionNorm, rmsEpsilon));
}
