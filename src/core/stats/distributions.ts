/** Tails of Student's t and of chi-square, and the normal quantile, to 1e-10 or better relative to the value. */

import { normalCdf, normalPdf } from '../normal.ts';

/** Coefficients of Lanczos' approximation with g = 7, nine terms (Godfrey 2001): relative error below 1e-15. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Logarithm of the gamma function of x > 0. */
export function logGamma(x: number): number {
  // Lanczos' sum is made for x >= 1/2; below, the recurrence moves there.
  if (x < 0.5) return logGamma(x + 1) - Math.log(x);
  const y = x - 1;
  const sum = LANCZOS.reduce((total, c, i) => (i === 0 ? c : total + c / (y + i)), 0);
  const t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** I_x(a, b) for a, b > 0 and x in 0..1: the probability that a beta(a, b) variable is at most x. */
export const betaCdf = (x: number, a: number, b: number) => betaSides(x, 1 - x, a, b).below;

/** The probabilities below and above x; y is 1 - x, given apart so that neither loses digits near 0. */
function betaSides(x: number, y: number, a: number, b: number): { below: number; above: number } {
  if (x <= 0) return { below: 0, above: 1 };
  if (y <= 0) return { below: 1, above: 0 };
  // The continued fraction converges fast on this side of the mean only; the other side by symmetry.
  if (x < (a + 1) / (a + b + 2)) {
    const below = betaTail(x, y, a, b);
    return { below, above: 1 - below };
  }
  const above = betaTail(y, x, b, a);
  return { below: 1 - above, above };
}

const TINY = 1e-300;

/** I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated by Lentz's method. */
function betaTail(x: number, y: number, a: number, b: number): number {
  const front = Math.exp(
    logGamma(a + b) -
      logGamma(a) -
      logGamma(b) +
      a * Math.log(x) +
      b * (x < 0.5 ? Math.log1p(-x) : Math.log(y)) -
      Math.log(a),
  );
  const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return front * value;
}

/** Probability that Student's t with `df` > 0 degrees of freedom is at least t. Keeps its digits far in the tail. */
export function studentTail(t: number, df: number): number {
  if (t === Infinity) return 0;
  if (t === -Infinity) return 1;
  const square = t * t;
  const half = betaSides(df / (df + square), square / (df + square), df / 2, 0.5).below / 2;
  return t >= 0 ? half : 1 - half;
}

/** Probability that chi-square with `df` > 0 degrees of freedom exceeds x. */
export const chiSquareTail = (x: number, df: number) => gammaTail(df / 2, x / 2);

/** Q(a, x), the regularized upper incomplete gamma function, for a > 0. */
export function gammaTail(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    // P by its series, all terms of one sign.
    let term = 1 / a;
    let sum = term;
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= x / (a + k);
      sum += term;
    }
    return 1 - front * sum;
  }
  // Q by its continued fraction (DLMF 8.9.2), Lentz's method.
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k <= 10_000; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return front * value;
}

/** The x at which the standard normal distribution reaches p; infinite at 0 and 1. */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  // The lower half keeps its digits; 1 - p is exact for p in 1/2..1.
  if (p > 0.5) return -normalQuantile(1 - p);
  // Start: Abramowitz and Stegun 26.2.23, within 5e-4; Halley's steps triple the digits.
  const t = Math.sqrt(-2 * Math.log(p));
  let x =
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let i = 0; i < 3; i++) {
    const step = (normalCdf(x) - p) / normalPdf(x);
    x -= step / (1 + (x * step) / 2);
  }
  return x;
}
