/** Eigenvalues and eigenvectors of symmetric matrices. Deterministic: sums, products and roots only. */
import { product } from './cholesky.ts';

/** Rotations smaller than this, relative to the largest entry, change nothing that counts. */
const NEGLIGIBLE = 1e-14;

/** Entries beside the diagonal that are smaller than this are taken for zeros. */
const FLOOR = 1e-140;

/** Up to this size all eigenvectors are computed; beyond it that takes long, and only the leading ones are. */
export const STEPS = 80;

/** Jacobi's method converges quadratically: 6 to 10 sweeps are usual. QL takes some 2 rounds an eigenvalue. */
const SWEEPS = 60;

/** Eigenvalues, largest first, and their unit eigenvectors. */
export interface Eigen {
  values: number[];
  vectors: Float64Array[];
}

/**
 * The `count` largest eigenvalues and their unit eigenvectors by Lanczos' method with full orthogonalization: exact
 * where `STEPS` reaches n or the rank, otherwise the better the farther an eigenvalue lies from the rest.
 */
export function leadingEigen(a: Float64Array, n: number, count: number): Eigen {
  const steps = Math.min(n, Math.max(STEPS, 3 * count));
  const scale = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  // Any start that lies in no special direction: numbers of a linear congruential generator.
  let state = 1;
  const number = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff - 0.5;
  const fresh = () => Float64Array.from({ length: n }, number);
  const basis: Float64Array[] = [];
  const diagonal = new Float64Array(steps);
  const beside = new Float64Array(steps);
  const rows = Array.from({ length: n }, (_, i) => a.subarray(i * n, i * n + n));
  let next = fresh();
  for (let j = 0; j < steps; j++) {
    let length = orthogonalize(next, basis);
    if (length <= 1e-10 * n * scale) {
      // The basis holds all that the matrix makes of it: go on in another direction, unconnected.
      next = fresh();
      orthogonalize(next, basis);
      length = 0;
    }
    if (j > 0) beside[j - 1] = length;
    const v = unit(next);
    basis.push(v);
    next = new Float64Array(n);
    for (const [i, row] of rows.entries()) next[i] = product(row, v, n);
    diagonal[j] = product(next, v, n);
  }
  const { values, vectors } = tridiagonalEigen(diagonal, beside);
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
  for (let time = 0; time < 2; time++) {
    for (const other of basis) {
      const share = product(v, other, v.length);
      for (let k = 0; k < v.length; k++) v[k] = (v[k] ?? 0) - share * (other[k] ?? 0);
    }
  }
  return Math.sqrt(product(v, v, v.length));
}

function unit(v: Float64Array): Float64Array {
  const length = Math.sqrt(product(v, v, v.length));
  return length === 0 ? v : v.map((x) => x / length);
}

/**
 * Eigenvalues, largest first, and unit eigenvectors of a symmetric matrix (row by row, n x n), by cyclic Jacobi
 * rotations. The matrix is overwritten.
 */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const rows = identity(n);
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
  return sorted(
    rows.map((_, i) => a[i * n + i] ?? 0),
    rows,
  );
}

function identity(n: number): Float64Array[] {
  return Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(n);
    row[i] = 1;
    return row;
  });
}

function sorted(values: readonly number[], vectors: readonly Float64Array[]): Eigen {
  const order = values.map((_, i) => i).sort((i, j) => (values[j] ?? 0) - (values[i] ?? 0));
  return {
    values: order.map((i) => values[i] ?? 0),
    vectors: order.map((i) => vectors[i] ?? new Float64Array()),
  };
}

/**
 * The same of a symmetric matrix that has nothing but its diagonal and, `beside` it, entry i in places (i, i + 1) and
 * (i + 1, i), by the QL method with implicit shifts (Bowdler et al. 1968). Both arrays are overwritten; the last entry
 * of `beside` counts for nothing.
 */
export function tridiagonalEigen(diagonal: Float64Array, beside: Float64Array): Eigen {
  const n = diagonal.length;
  const d = diagonal;
  const e = beside;
  const rows = identity(n);
  const size = (values: Float64Array) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  // Squares of numbers below the floor would be 0.
  const negligible = Math.max(FLOOR, 1e-15 * Math.max(size(d), size(e.subarray(0, Math.max(0, n - 1)))));
  for (let l = 0; l < n; l++) {
    for (let round = 0; round < SWEEPS; round++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m] ?? 0) > negligible) m += 1;
      if (m === l) break;
      const half = ((d[l + 1] ?? 0) - (d[l] ?? 0)) / (2 * (e[l] ?? 1));
      const root = Math.sqrt(half * half + 1);
      let g = (d[m] ?? 0) - (d[l] ?? 0) + (e[l] ?? 0) / (half + (half < 0 ? -root : root));
      let sin = 1;
      let cos = 1;
      let shift = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = sin * (e[i] ?? 0);
        const b = cos * (e[i] ?? 0);
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          // The matrix has come apart here: what is left is done in the next round.
          d[i + 1] = (d[i + 1] ?? 0) - shift;
          e[m] = 0;
          break;
        }
        sin = f / r;
        cos = g / r;
        const above = (d[i + 1] ?? 0) - shift;
        const t = ((d[i] ?? 0) - above) * sin + 2 * cos * b;
        shift = sin * t;
        d[i + 1] = above + shift;
        g = cos * t - b;
        const u = rows[i];
        const v = rows[i + 1];
        if (u !== undefined && v !== undefined) turn(u, v, cos, sin);
      }
      if (i >= l) continue;
      d[l] = (d[l] ?? 0) - shift;
      e[l] = g;
      e[m] = 0;
    }
  }
  return sorted([...d], rows);
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
