/**
 * A Gaussian process over points: what is believed of a function from noisy observations (Rasmussen and Williams
 * 2006, algorithm 2.1). Prior mean 0, Matern 5/2 covariance, noise of each observation known.
 */
import { distance } from './pca.ts';

/** Covariance of two points at distance r: variance (1 + z + z^2/3) exp(-z), z = sqrt(5) r / lengthScale. */
export interface Kernel {
  lengthScale: number;
  variance: number;
}

/** What is believed of the function at one point. */
export interface Belief {
  mean: number;
  sd: number;
}

export interface Gaussian {
  readonly kernel: Kernel;
  /** Added to every observation's noise variance: 1e-6, more where the factorization needed it. */
  readonly jitter: number;
  /** Logarithm of the density of the observations; -Infinity when they cannot be factorized. */
  readonly logLikelihood: number;
  /** Of the function itself, without observation noise. */
  at(x: Float64Array): Belief;
}

/** Points, values and noise variances, all of one length. */
export interface Data {
  x: readonly Float64Array[];
  y: readonly number[];
  noise: readonly number[];
}

const JITTERS = [1e-6, 1e-5, 1e-4, 1e-3];
const ROOT_FIVE = Math.sqrt(5);
const LOG_TWO_PI = Math.log(2 * Math.PI);

export function matern52(r: number, { lengthScale, variance }: Kernel): number {
  const z = (ROOT_FIVE * r) / lengthScale;
  return variance * (1 + z + (z * z) / 3) * Math.exp(-z);
}

/**
 * The process given the data. Never throws: when even the largest jitter leaves the covariance unfactorizable
 * (coordinates that are no numbers, say), the result is the prior, mean 0 and sd sqrt(variance).
 */
export function condition(data: Data, kernel: Kernel): Gaussian {
  return given(data, distances(data.x), kernel);
}

/** Length scale and variance are searched in this range. */
export const RANGE = { least: 0.1, most: 10 };
const COARSE = { lengthScales: 9, variances: 5 };
/** The finest step of the search, as a factor: half a percent. */
const FINEST = Math.log(1.005);
const COMPASS = [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => [a, b] as const));

/**
 * The process with the kernel that makes the data most likely, length scale and variance each in 0.1..10: a coarse
 * grid in logarithms, then a compass search from its best point with halving steps. Some 90 factorizations.
 */
export function fit(data: Data): Gaussian {
  const apart = distances(data.x);
  const low = Math.log(RANGE.least);
  const high = Math.log(RANGE.most);
  const span = high - low;
  const at = ([a, b]: readonly [number, number]) =>
    given(data, apart, { lengthScale: Math.exp(a), variance: Math.exp(b) });
  let place: readonly [number, number] = [0, 0];
  let best = at(place);
  const consider = (next: readonly [number, number]) => {
    const process = at(next);
    // Gains within rounding decide nothing, so that machines agree.
    if (process.logLikelihood <= best.logLikelihood + 1e-9) return false;
    [place, best] = [next, process];
    return true;
  };
  for (let i = 0; i < COARSE.lengthScales; i++) {
    for (let j = 0; j < COARSE.variances; j++)
      consider([low + (span * i) / (COARSE.lengthScales - 1), low + (span * j) / (COARSE.variances - 1)]);
  }
  const clamp = (v: number) => Math.min(high, Math.max(low, v));
  for (let step = span / (COARSE.lengthScales - 1) / 2; step > FINEST;) {
    const [a, b] = place;
    const moved = COMPASS.some(([da, db]) => {
      const next = [clamp(a + da * step), clamp(b + db * step)] as const;
      return (next[0] !== a || next[1] !== b) && consider(next);
    });
    if (!moved) step /= 2;
  }
  return best;
}

/** Row by row, lower half filled. */
function distances(x: readonly Float64Array[]): Float64Array {
  const n = x.length;
  const apart = new Float64Array(n * n);
  for (const [i, a] of x.entries()) {
    for (let j = 0; j < i; j++) {
      const b = x[j];
      if (b !== undefined) apart[i * n + j] = distance(a, b);
    }
  }
  return apart;
}

function given({ x, y, noise }: Data, apart: Float64Array, kernel: Kernel): Gaussian {
  const n = x.length;
  const factor = new Float64Array(n * n);
  for (const jitter of JITTERS) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) factor[i * n + j] = matern52(apart[i * n + j] ?? 0, kernel);
      factor[i * n + i] = kernel.variance + (noise[i] ?? 0) + jitter;
    }
    if (!cholesky(factor, n)) continue;
    const half = forward(factor, n, Float64Array.from(y));
    let logLikelihood = (-n / 2) * LOG_TWO_PI;
    for (let i = 0; i < n; i++) {
      logLikelihood -= (half[i] ?? 0) ** 2 / 2 + Math.log(factor[i * n + i] ?? 1);
    }
    const weights = backward(factor, n, half.slice());
    return {
      kernel,
      jitter,
      logLikelihood,
      at(point) {
        const k = new Float64Array(n);
        for (const [i, other] of x.entries()) k[i] = matern52(distance(point, other), kernel);
        let mean = 0;
        for (let i = 0; i < n; i++) mean += (k[i] ?? 0) * (weights[i] ?? 0);
        const seen = forward(factor, n, k);
        let variance = kernel.variance;
        for (let i = 0; i < n; i++) variance -= (seen[i] ?? 0) ** 2;
        return { mean, sd: Math.sqrt(Math.max(0, variance)) };
      },
    };
  }
  const sd = Math.sqrt(kernel.variance);
  return { kernel, jitter: Infinity, logLikelihood: -Infinity, at: () => ({ mean: 0, sd }) };
}

/** Lower Cholesky factor in place of the lower half; false when a pivot is not positive. */
function cholesky(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      a[row + j] = ((a[row + j] ?? 0) - product(a, row, a, j * n, j)) / (a[j * n + j] ?? 1);
    }
    const pivot = (a[row + i] ?? 0) - product(a, row, a, row, i);
    if (!(pivot > 0)) return false;
    a[row + i] = Math.sqrt(pivot);
  }
  return true;
}

/** Sum of the products of `n` entries of a and b from places i and j on, in two sums that do not wait for each other. */
function product(a: Float64Array, i: number, b: Float64Array, j: number, n: number): number {
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 1 < n; k += 2) {
    even += (a[i + k] ?? 0) * (b[j + k] ?? 0);
    odd += (a[i + k + 1] ?? 0) * (b[j + k + 1] ?? 0);
  }
  return k < n ? even + odd + (a[i + k] ?? 0) * (b[j + k] ?? 0) : even + odd;
}

/** Solves L z = b in place. */
function forward(l: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i++) b[i] = ((b[i] ?? 0) - product(l, i * n, b, 0, i)) / (l[i * n + i] ?? 1);
  return b;
}

/** Solves L' z = b in place. */
function backward(l: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] ?? 0;
    for (let k = i + 1; k < n; k++) sum -= (l[k * n + i] ?? 0) * (b[k] ?? 0);
    b[i] = sum / (l[i * n + i] ?? 1);
  }
  return b;
}
