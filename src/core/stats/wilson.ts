export interface Interval {
  low: number;
  high: number;
}

/** The 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/** Wilson's 95 % score interval of a proportion, without continuity correction; 0..1 when nothing was observed. */
export function wilson(successes: number, n: number): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const p = successes / n;
  const z2 = Z * Z;
  const middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  // Exact at the ends, where rounding would leave a trace.
  return { low: successes === 0 ? 0 : middle - half, high: successes === n ? 1 : middle + half };
}
