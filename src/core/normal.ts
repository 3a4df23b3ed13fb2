/** The standard normal distribution, to 1e-12 or better relative to the value, tails included. */

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/** Beyond this the series loses digits to cancellation and the continued fraction has converged. */
const TAIL = 3;

/** Terms of the continued fraction: at 3 and beyond, 60 leave nothing to add. */
const TERMS = 60;

export function normalPdf(x: number): number {
  return Math.exp((-x * x) / 2) / ROOT_TWO_PI;
}

/** Probability of a value of at most x. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x < -TAIL) return normalPdf(x) * millsRatio(-x);
  if (x > TAIL) return 1 - normalPdf(x) * millsRatio(x);
  // Phi(x) = 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ...), all terms of one sign (Marsaglia 2004).
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + normalPdf(x) * sum;
}

/** (1 - Phi(x)) / phi(x) for x >= 3, by Laplace's continued fraction; 0 at infinity. */
export function millsRatio(x: number): number {
  let tail = x;
  for (let k = TERMS; k >= 1; k--) tail = x + k / tail;
  return 1 / tail;
}
