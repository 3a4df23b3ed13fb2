/**
 * A Gaussian process over points: what is believed of a function from noisy observations (Rasmussen and Williams
 * 2006, algorithm 2.1). Prior mean 0, Matern 5/2 covariance, noise of each observation known.
 */
import { backward, factorize, forward, forwardPair, product, triangle, type Triangle } from './cholesky.ts';
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
  /** Means of the function at the observed points, in their order: far cheaper than `at` each of them. */
  means(): Float64Array;
  /** The beliefs at all of these points, solved together, to which up to `more` observations can be added. */
  over(points: readonly Float64Array[], more: number): Outlook;
}

/** What is believed at some points while observations at them are added, one by one. */
export interface Outlook {
  /** At point `i`. */
  at(i: number): Belief;
  /** From now on value `y`, with this noise variance, counts as observed at point `i`: as `condition` would have it. */
  observe(i: number, y: number, noise: number): void;
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
  return variance * shape(r, lengthScale);
}

/** Correlation of two points at distance r. */
function shape(r: number, lengthScale: number): number {
  const z = (ROOT_FIVE * r) / lengthScale;
  return (1 + z + (z * z) / 3) * Math.exp(-z);
}

/**
 * The process given the data. Never throws: when even the largest jitter leaves the covariance unfactorizable
 * (coordinates that are no numbers, say), the result is the prior, mean 0 and sd sqrt(variance).
 */
export function condition(data: Data, kernel: Kernel): Gaussian {
  const solve = solver(data);
  return given(data, kernel, solve(kernel));
}

/** Length scale and variance are searched in this range. */
export const RANGE = { least: 0.1, most: 10 };
const COARSE = { lengthScales: 9, variances: 5 };
/** The finest step of the search, as a factor: half a percent. */
const FINEST = Math.log(1.005);
const COMPASS = [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => [a, b] as const));

/**
 * The process with the kernel that makes the data most likely, length scale and variance each in 0.1..10: a coarse
 * grid in logarithms, then a compass search from its best point with halving steps. Some 80 factorizations.
 */
export function fit(data: Data): Gaussian {
  const low = Math.log(RANGE.least);
  const high = Math.log(RANGE.most);
  const span = high - low;
  const kernelAt = ([a, b]: Place): Kernel => ({ lengthScale: Math.exp(a), variance: Math.exp(b) });
  const solve = solver(data);
  // A place that was looked at is not the best or has been left for a better one: it is never looked at again.
  const seen = new Set<string>();
  let place: Place = [0, 0];
  let best = -Infinity;
  const consider = (next: Place) => {
    const name = next.map((v) => v.toFixed(9)).join();
    if (seen.has(name)) return false;
    seen.add(name);
    const { logLikelihood } = solve(kernelAt(next));
    // Gains within rounding decide nothing, so that machines agree.
    if (logLikelihood <= best + 1e-9) return false;
    [place, best] = [next, logLikelihood];
    return true;
  };
  consider(place);
  for (let i = 0; i < COARSE.lengthScales; i++) {
    for (let j = 0; j < COARSE.variances; j++)
      consider([low + (span * i) / (COARSE.lengthScales - 1), low + (span * j) / (COARSE.variances - 1)]);
  }
  const clamp = (v: number) => Math.min(high, Math.max(low, v));
  for (let step = span / (COARSE.lengthScales - 1) / 2; step > FINEST;) {
    const [a, b] = place;
    const moved = COMPASS.some(([da, db]) => consider([clamp(a + da * step), clamp(b + db * step)]));
    if (!moved) step /= 2;
  }
  const kernel = kernelAt(place);
  return given(data, kernel, solve(kernel));
}

/** Logarithms of length scale and variance. */
type Place = readonly [number, number];

/** What the data come to with one kernel. */
interface Solution {
  /** Of the covariance, noise and jitter included; no rows when it cannot be factorized. */
  factor: Triangle;
  /** The factor's solution for the values. */
  half: Float64Array;
  jitter: number;
  logLikelihood: number;
}

/** Solves the data with one kernel after another; a solution's arrays are overwritten by the next. */
function solver({ x, y, noise }: Data): (kernel: Kernel) => Solution {
  const n = x.length;
  const apart = triangle(n);
  for (const [i, row] of apart.entries())
    for (let j = 0; j < i; j++) row[j] = distance(x[i] ?? NOWHERE, x[j] ?? NOWHERE);
  const shapes = triangle(n);
  const factor = triangle(n);
  const half = new Float64Array(n);
  let shaped = NaN;
  return ({ lengthScale, variance }) => {
    // Kernels of one length scale come one after the other.
    if (shaped !== lengthScale)
      for (const [i, row] of shapes.entries())
        for (let j = 0; j < i; j++) row[j] = shape(apart[i]?.[j] ?? 0, lengthScale);
    shaped = lengthScale;
    for (const jitter of JITTERS) {
      for (const [i, row] of factor.entries()) {
        const known = shapes[i] ?? NOWHERE;
        for (let j = 0; j < i; j++) row[j] = variance * (known[j] ?? 0);
        row[i] = variance + (noise[i] ?? 0) + jitter;
      }
      if (!factorize(factor)) continue;
      half.set(y);
      forward(factor, half);
      let logLikelihood = (-n / 2) * LOG_TWO_PI;
      for (const [i, row] of factor.entries())
        logLikelihood -= (half[i] ?? 0) ** 2 / 2 + Math.log(row[i] ?? 1);
      return { factor, half, jitter, logLikelihood };
    }
    return { factor: [], half: NOWHERE, jitter: Infinity, logLikelihood: -Infinity };
  };
}

const NOWHERE = new Float64Array();

function given(data: Data, kernel: Kernel, { factor, half, jitter, logLikelihood }: Solution): Gaussian {
  const n = factor.length;
  const { variance } = kernel;
  const covariances = (point: Float64Array, length: number) => {
    const k = new Float64Array(length);
    for (let i = 0; i < n; i++) k[i] = matern52(distance(point, data.x[i] ?? NOWHERE), kernel);
    return k;
  };
  return {
    kernel,
    jitter,
    logLikelihood,
    at(point) {
      const seen = forward(factor, covariances(point, n));
      return belief(product(half, seen, n), variance - product(seen, seen, n));
    },
    means() {
      if (n === 0) return new Float64Array(data.x.length);
      // K w = y - (noise + jitter) w, where K is the covariance of the function itself.
      const weights = backward(factor, half.slice());
      return weights.map((w, i) => (data.y[i] ?? 0) - ((data.noise[i] ?? 0) + jitter) * w);
    },
    over(points, more) {
      // Each point is a row that the factor would have next, were the point observed.
      const rows = points.map((point) => covariances(point, n + more));
      for (let i = 0; i < rows.length; i += 2) {
        const row = rows[i] ?? NOWHERE;
        forwardPair(factor, n, row, rows[i + 1] ?? new Float64Array(n));
      }
      const means = rows.map((row) => product(half, row, n));
      const variances = rows.map((row) => variance - product(row, row, n));
      const added: { i: number; y: number; noise: number }[] = [];
      let instead: Outlook | null = null;
      return {
        at: (i) => instead?.at(i) ?? belief(means[i] ?? 0, variances[i] ?? variance),
        observe(i, y, noise) {
          if (instead !== null) return instead.observe(i, y, noise);
          // One more observation does not make the others factorizable.
          if (jitter === Infinity) return;
          const length = n + added.length;
          added.push({ i, y, noise });
          const pivot = (variances[i] ?? variance) + noise + jitter;
          if (!(pivot > 0)) {
            // Only a larger jitter helps, and that begins anew.
            const all = {
              x: [...data.x, ...added.map((one) => points[one.i] ?? NOWHERE)],
              y: [...data.y, ...added.map((one) => one.y)],
              noise: [...data.noise, ...added.map((one) => one.noise)],
            };
            instead = condition(all, kernel).over(points, more - added.length);
            return;
          }
          const root = Math.sqrt(pivot);
          const place = points[i] ?? NOWHERE;
          const next = (rows[i] ?? NOWHERE).slice();
          const gain = (y - (means[i] ?? 0)) / root;
          for (const [p, row] of rows.entries()) {
            const apart = matern52(distance(points[p] ?? NOWHERE, place), kernel);
            const entry = (apart - product(next, row, length)) / root;
            row[length] = entry;
            means[p] = (means[p] ?? 0) + gain * entry;
            variances[p] = (variances[p] ?? 0) - entry * entry;
          }
        },
      };
    },
  };
}

const belief = (mean: number, variance: number): Belief => ({ mean, sd: Math.sqrt(Math.max(0, variance)) });
