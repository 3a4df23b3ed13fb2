/** Triangular factors of symmetric positive matrices, and the equations that they solve. Deterministic. */

/** A lower triangle, row i of i + 1 numbers. */
export type Triangle = readonly Float64Array[];

const NONE = new Float64Array();

/** `n` rows of zeros. */
export function triangle(n: number): Triangle {
  return Array.from({ length: n }, (_, i) => new Float64Array(i + 1));
}

/** The Cholesky factor in place of the lower half of a matrix; false when a pivot is not positive. */
export function factorize(a: Triangle): boolean {
  for (let i = 0; i < a.length; i += 2) {
    const x = a[i] ?? NONE;
    // Where the rows are odd in number, the last goes with one that changes nothing.
    const y = a[i + 1] ?? unitRow(i + 2);
    forwardPair(a, i, x, y);
    let xx = x[i] ?? 0;
    let yx = y[i] ?? 0;
    let yy = y[i + 1] ?? 0;
    for (let k = 0; k < i; k++) {
      const p = x[k] ?? 0;
      const q = y[k] ?? 0;
      xx -= p * p;
      yx -= q * p;
      yy -= q * q;
    }
    if (!(xx > 0)) return false;
    xx = Math.sqrt(xx);
    yx /= xx;
    yy -= yx * yx;
    if (!(yy > 0)) return false;
    x[i] = xx;
    y[i] = yx;
    y[i + 1] = Math.sqrt(yy);
  }
  return true;
}

function unitRow(length: number): Float64Array {
  const row = new Float64Array(length);
  row[length - 1] = 1;
  return row;
}

/**
 * Solves L z = x and L z = y in place, for the first `n` rows of L and numbers of x and y. Two rows of L meet two sides
 * at a time: each number read serves two products, and four sums run that do not wait for each other.
 */
export function forwardPair(l: Triangle, n: number, x: Float64Array, y: Float64Array): void {
  let j = 0;
  for (; j + 1 < n; j += 2) {
    const u = l[j] ?? NONE;
    const v = l[j + 1] ?? NONE;
    let xu = x[j] ?? 0;
    let yu = y[j] ?? 0;
    let xv = x[j + 1] ?? 0;
    let yv = y[j + 1] ?? 0;
    for (let k = 0; k < j; k++) {
      const p = x[k] ?? 0;
      const q = y[k] ?? 0;
      const r = u[k] ?? 0;
      const s = v[k] ?? 0;
      xu -= p * r;
      yu -= q * r;
      xv -= p * s;
      yv -= q * s;
    }
    const uu = u[j] ?? 1;
    const vu = v[j] ?? 0;
    const vv = v[j + 1] ?? 1;
    xu /= uu;
    yu /= uu;
    x[j] = xu;
    y[j] = yu;
    x[j + 1] = (xv - xu * vu) / vv;
    y[j + 1] = (yv - yu * vu) / vv;
  }
  if (j >= n) return;
  const u = l[j] ?? NONE;
  x[j] = ((x[j] ?? 0) - product(u, x, j)) / (u[j] ?? 1);
  y[j] = ((y[j] ?? 0) - product(u, y, j)) / (u[j] ?? 1);
}

/** Solves L z = b in place. */
export function forward(l: Triangle, b: Float64Array): Float64Array {
  for (const [i, row] of l.entries()) b[i] = ((b[i] ?? 0) - product(row, b, i)) / (row[i] ?? 1);
  return b;
}

/** Solves L' z = b in place. */
export function backward(l: Triangle, b: Float64Array): Float64Array {
  for (let i = l.length - 1; i >= 0; i--) {
    const row = l[i] ?? NONE;
    const z = (b[i] ?? 0) / (row[i] ?? 1);
    b[i] = z;
    for (let k = 0; k < i; k++) b[k] = (b[k] ?? 0) - z * (row[k] ?? 0);
  }
  return b;
}

/** Sum of the products of the first `n` numbers of a and b, in two sums that do not wait for each other. */
export function product(a: Float64Array, b: Float64Array, n: number): number {
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 1 < n; k += 2) {
    even += (a[k] ?? 0) * (b[k] ?? 0);
    odd += (a[k + 1] ?? 0) * (b[k + 1] ?? 0);
  }
  return k < n ? even + odd + (a[k] ?? 0) * (b[k] ?? 0) : even + odd;
}
