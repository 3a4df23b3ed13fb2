import type { Guess } from './pack.ts';

/** What the head says at one row over the whole vocabulary. */
export interface Normalizer {
  /** Logarithm of the sum of all exponentiated logits, in nat. */
  logSum: number;
  /** The head's rows, weighted by their probabilities: the gradient of `logSum`. */
  mean: Float32Array;
}

/** All that the loss of an example is computed from. */
export interface HeadInput {
  /** Outputs of the last layer, row after row of `width` numbers. */
  hidden: Float32Array;
  width: number;
  /** Weights of the last norm. */
  norm: Float32Array;
  epsilon: number;
  /** The head's row of a token. */
  tokenRow(token: number): Float32Array;
  /** Of every row that a `whole` guess names. */
  normalizer(row: number): Normalizer;
}

export interface ExampleLoss {
  /** Nat: of the gold option among the options, or of a single option's tokens in the whole vocabulary. */
  loss: number;
  /** The likeliest option; the first of equals. */
  chosen: number;
}

/** Loss and answer of one example; where `gradient` is given, `scale` times the loss's gradient is added to it. */
export function exampleLoss(
  options: readonly (readonly Guess[])[],
  gold: number,
  input: HeadInput,
  gradient: { of: Float32Array; scale: number } | null,
): ExampleLoss {
  const scores = options.map((guesses) => sum(guesses, (guess) => logit(guess, input)));
  const chosen = scores.reduce((best, score, i) => (score > (scores[best] ?? -Infinity) ? i : best), 0);
  const most = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - most));
  const total = weights.reduce((a, b) => a + b, 0);
  const single = options.length === 1;
  const own = scores[gold] ?? NaN;
  const loss = single ? -own : most + Math.log(total) - own;
  if (gradient) {
    options.forEach((guesses, i) => {
      const share = single ? 0 : (weights[i] ?? 0) / total;
      const slope = (share - (i === gold ? 1 : 0)) * gradient.scale;
      for (const guess of guesses) addSlope(guess, slope, input, gradient.of);
    });
  }
  return { loss, chosen };
}

/** The last norm's output of a row. */
export function normedRow({ hidden, width, norm, epsilon }: HeadInput, row: number): Float32Array {
  const x = hidden.subarray(row * width, (row + 1) * width);
  const scale = 1 / Math.sqrt(dot(x, x) / width + epsilon);
  return x.map((value, i) => value * scale * (norm[i] ?? 0));
}

function logit({ row, token, whole }: Guess, input: HeadInput): number {
  const own = dot(normedRow(input, row), input.tokenRow(token));
  return whole ? own - input.normalizer(row).logSum : own;
}

/** Adds `slope` times the gradient of `logit` with respect to the last layer's output. */
function addSlope({ row, token, whole }: Guess, slope: number, input: HeadInput, into: Float32Array): void {
  const { hidden, width, norm, epsilon } = input;
  const own = input.tokenRow(token);
  const mean = whole ? input.normalizer(row).mean : null;
  const x = hidden.subarray(row * width, (row + 1) * width);
  const scale = 1 / Math.sqrt(dot(x, x) / width + epsilon);
  const dUnit = x.map((_, i) => slope * ((own[i] ?? 0) - (mean?.[i] ?? 0)) * (norm[i] ?? 0));
  const along = (dot(dUnit, x) * scale * scale) / width;
  for (let i = 0; i < width; i++) {
    const at = row * width + i;
    into[at] = (into[at] ?? 0) + scale * ((dUnit[i] ?? 0) - (x[i] ?? 0) * along);
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let all = 0;
  for (let i = 0; i < a.length; i++) all += (a[i] ?? 0) * (b[i] ?? 0);
  return all;
}

const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((all, item) => all + of(item), 0);
