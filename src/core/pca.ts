/** Fewer coordinates for points of many, and points spread over a set. Deterministic: sums, products and roots only. */

/** Rotations smaller than this, relative to the largest entry, change nothing that counts. */
const NEGLIGIBLE = 1e-14;

/** Up to this size all components are computed; beyond it that takes long, and only the leading ones are. */
const STEPS = 80;

/** Jacobi's method converges quadratically: 6 to 10 sweeps are usual. */
const SWEEPS = 60;

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
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) gram[i * n + j] = gram[j * n + i] = product(centred[i], centred[j]);
  }
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

/**
 * The `count` largest eigenvalues and their unit eigenvectors by Lanczos' method with full orthogonalization: exact
 * where `STEPS` reaches n or the rank, otherwise the better the farther an eigenvalue lies from the rest.
 */
export function leadingEigen(
  a: Float64Array,
  n: number,
  count: number,
): { values: number[]; vectors: Float64Array[] } {
  const steps = Math.min(n, Math.max(STEPS, 3 * count));
  const scale = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  // Any start that lies in no special direction: numbers of a linear congruential generator.
  let state = 1;
  const number = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff - 0.5;
  const fresh = () => Float64Array.from({ length: n }, number);
  const basis: Float64Array[] = [];
  const small = new Float64Array(steps * steps);
  let next = fresh();
  for (let j = 0; j < steps; j++) {
    let length = orthogonalize(next, basis);
    if (length <= 1e-10 * n * scale) {
      // The basis holds all that the matrix makes of it: go on in another direction, unconnected.
      next = fresh();
      orthogonalize(next, basis);
      length = 0;
    }
    if (j > 0) small[j * steps + j - 1] = small[(j - 1) * steps + j] = length;
    const v = unit(next);
    basis.push(v);
    next = Float64Array.from({ length: n }, (_, i) => product(a.subarray(i * n, i * n + n), v));
    small[j * steps + j] = product(next, v);
  }
  const { values, vectors } = symmetricEigen(small, steps);
  const turned = (shares: Float64Array) => {
    const sum = new Float64Array(n);
    for (const [j, v] of basis.entries())
      for (let k = 0; k < n; k++) sum[k] = (sum[k] ?? 0) + (shares[j] ?? 0) * (v[k] ?? 0);
    return unit(sum);
  };
  return { values: values.slice(0, count), vectors: vectors.slice(0, count).map(turned) };
}

/** Takes out of `v` what the orthonormal `basis` holds, twice for the digits; the length of what is left. */
function orthogonalize(v: Float64Array, basis: readonly Float64Array[]): number {
  for (const other of [...basis, ...basis]) {
    const share = product(v, other);
    for (let k = 0; k < v.length; k++) v[k] = (v[k] ?? 0) - share * (other[k] ?? 0);
  }
  return Math.sqrt(product(v, v));
}

function unit(v: Float64Array): Float64Array {
  const length = Math.sqrt(product(v, v));
  return length === 0 ? v : v.map((x) => x / length);
}

function centre(vectors: readonly ArrayLike<number>[]): Float64Array[] {
  const width = vectors.reduce((most, vector) => Math.max(most, vector.length), 0);
  const mean = new Float64Array(width);
  for (const vector of vectors)
    for (let k = 0; k < width; k++) mean[k] = (mean[k] ?? 0) + (vector[k] ?? 0) / vectors.length;
  return vectors.map((vector) => mean.map((m, k) => (vector[k] ?? 0) - m));
}

function product(a: Float64Array | undefined, b: Float64Array | undefined): number {
  let sum = 0;
  if (a !== undefined && b !== undefined) for (let k = 0; k < a.length; k++) sum += (a[k] ?? 0) * (b[k] ?? 0);
  return sum;
}

/** The sign of the entry of largest size; of several within rounding, of the first. */
function signOf(axis: Float64Array): number {
  const largest = axis.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const decisive = axis.find((x) => Math.abs(x) >= largest * (1 - 1e-9)) ?? 1;
  return decisive < 0 ? -1 : 1;
}

/**
 * Eigenvalues, largest first, and unit eigenvectors of a symmetric matrix (row by row, n x n), by cyclic Jacobi
 * rotations. The matrix is overwritten.
 */
export function symmetricEigen(a: Float64Array, n: number): { values: number[]; vectors: Float64Array[] } {
  const rows = Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(n);
    row[i] = 1;
    return row;
  });
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q] ?? 0;
        if (Math.abs(off) <= NEGLIGIBLE * largest) continue;
        turned = true;
        const half = ((a[q * n + q] ?? 0) - (a[p * n + p] ?? 0)) / (2 * off);
        const tan = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.sqrt(1 + half * half));
        const cos = 1 / Math.sqrt(1 + tan * tan);
        rotate(a, n, p, q, cos, cos * tan);
        const u = rows[p];
        const v = rows[q];
        if (u !== undefined && v !== undefined) turn(u, v, cos, cos * tan);
      }
    }
  }
  const order = rows.map((_, i) => i).sort((i, j) => (a[j * n + j] ?? 0) - (a[i * n + i] ?? 0));
  return {
    values: order.map((i) => a[i * n + i] ?? 0),
    vectors: order.map((i) => rows[i] ?? new Float64Array(n)),
  };
}

/** Rows and columns p and q of a symmetric matrix, turned. */
function rotate(a: Float64Array, n: number, p: number, q: number, cos: number, sin: number): void {
  turn(a.subarray(p * n, p * n + n), a.subarray(q * n, q * n + n), cos, sin);
  for (let k = 0; k < n; k++) {
    const x = a[k * n + p] ?? 0;
    const y = a[k * n + q] ?? 0;
    a[k * n + p] = cos * x - sin * y;
    a[k * n + q] = sin * x + cos * y;
  }
}

function turn(u: Float64Array, v: Float64Array, cos: number, sin: number): void {
  for (let k = 0; k < u.length; k++) {
    const x = u[k] ?? 0;
    const y = v[k] ?? 0;
    u[k] = cos * x - sin * y;
    v[k] = sin * x + cos * y;
  }
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
