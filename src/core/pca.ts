/** Fewer coordinates for points of many, and points spread over a set. Deterministic: sums, products and roots only. */
import { product } from './cholesky.ts';
import { leadingEigen, STEPS, symmetricEigen } from './eigen.ts';

/**
 * Coordinates of `vectors` on their first `most` principal components, same order, one array each. Components
 * without variance are left out, so equal vectors have no coordinates at all; of n vectors at most n - 1 remain. The
 * sign of a component is such that its coordinate of largest size (the first of several) is positive. Distances are
 * kept when nothing is left out. A vector shorter than the others counts as zero where it ends.
 */
export function principalCoordinates(vectors: readonly ArrayLike<number>[], most: number): Float64Array[] {
  const n = vectors.length;
  const centred = centre(vectors);
  const gram = new Float64Array(n * n);
  for (const [i, a] of centred.entries())
    for (const [j, b] of centred.slice(0, i + 1).entries())
      gram[i * n + j] = gram[j * n + i] = product(a, b, a.length);
  const { values, vectors: axes } = n <= STEPS ? symmetricEigen(gram, n) : leadingEigen(gram, n, most);
  const largest = values[0] ?? 0;
  const kept = values.filter((value, i) => i < Math.min(most, n - 1) && value > 1e-12 * largest).length;
  const coordinates = vectors.map(() => new Float64Array(kept));
  for (let c = 0; c < kept; c++) {
    const axis = axes[c] ?? new Float64Array(n);
    const scale = Math.sqrt(values[c] ?? 0) * signOf(axis);
    for (const [i, point] of coordinates.entries()) point[c] = scale * (axis[i] ?? 0);
  }
  return coordinates;
}

function centre(vectors: readonly ArrayLike<number>[]): Float64Array[] {
  const width = vectors.reduce((most, vector) => Math.max(most, vector.length), 0);
  const mean = new Float64Array(width);
  for (const vector of vectors)
    for (let k = 0; k < width; k++) mean[k] = (mean[k] ?? 0) + (vector[k] ?? 0) / vectors.length;
  return vectors.map((vector) => mean.map((m, k) => (vector[k] ?? 0) - m));
}

/** The sign of the entry of largest size; of several within rounding, of the first. */
function signOf(axis: Float64Array): number {
  const largest = axis.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const decisive = axis.find((x) => Math.abs(x) >= largest * (1 - 1e-9)) ?? 1;
  return decisive < 0 ? -1 : 1;
}

/** Euclidean. */
export function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    const d = (a[k] ?? 0) - (b[k] ?? 0);
    sum += d * d;
  }
  return Math.sqrt(sum);
}

/**
 * Indexes of `count` points that cover the set: `start` first, then always the point farthest from all chosen so far
 * (of several within rounding the earliest). All of them when there are fewer.
 */
export function farthestPoints(points: readonly Float64Array[], count: number, start = 0): number[] {
  const first = points[start];
  if (first === undefined || count < 1) return [];
  const chosen = [start];
  const nearest = points.map((point) => distance(point, first));
  nearest[start] = -1;
  while (chosen.length < Math.min(count, points.length)) {
    const next = firstMaximum(nearest);
    const point = points[next];
    if (point === undefined) break;
    chosen.push(next);
    for (const [i, other] of points.entries()) nearest[i] = Math.min(nearest[i] ?? 0, distance(other, point));
    for (const i of chosen) nearest[i] = -1;
  }
  return chosen;
}

/**
 * Index of the largest value; the first of those that equal it but for rounding (a billionth), so that the last digits
 * of an exponential, which differ between machines, decide nothing. -1 for no values.
 */
export function firstMaximum(values: readonly number[]): number {
  const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return values.findIndex((value) => value >= largest - 1e-12 - 1e-9 * Math.abs(largest));
}
