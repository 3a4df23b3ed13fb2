import { normalCdf } from '../normal.ts';
import type { Rng } from '../rng.ts';
import { normalQuantile } from './distributions.ts';
import { drawnRows } from './drawn-rows.ts';
import type { Interval } from './proportion.ts';

/** Means closer than this are one: sums in another order differ by rounding. */
const SAME = 1e-12;

/**
 * 95 % interval of the mean of paired differences: the bootstrap's quantiles, corrected for bias and for the change of
 * spread with the mean (BCa; Efron 1987). Draws as many differences with replacement, `resamples` times. -1..1 for no
 * differences; of no width when all are equal.
 */
export function pairedBootstrap(differences: readonly number[], rng: Rng, resamples = 10_000): Interval {
  const n = differences.length;
  if (n === 0) return { low: -1, high: 1 };
  const values = Float64Array.from(differences);
  const means = new Float64Array(resamples);
  let r = 0;
  for (const drawn of drawnRows(rng, { n, width: n, rows: resamples })) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[drawn[i] ?? 0] ?? 0;
    means[r++] = sum / n;
  }
  return bcaInterval(values, means);
}

/** The interval from means of resamples that are drawn already; sorts `means` in place. */
export function bcaInterval(values: Float64Array, means: Float64Array): Interval {
  const n = values.length;
  const mean = values.reduce((sum, each) => sum + each, 0) / n;
  let squares = 0;
  let cubes = 0;
  for (const value of values) {
    squares += (value - mean) ** 2;
    cubes += (value - mean) ** 3;
  }
  if (squares === 0) return { low: mean, high: mean };
  means.sort();
  // Bias: where the mean stands among the resampled ones, ties counted half.
  let below = 0;
  let level = 0;
  for (const each of means) {
    if (each < mean - SAME) below += 1;
    else if (each <= mean + SAME) level += 1;
  }
  const share = (below + level / 2) / means.length;
  const half = 1 / (2 * means.length);
  const bias = normalQuantile(Math.min(1 - half, Math.max(half, share)));
  // Acceleration, by the jackknife, which for a mean is a third of the skewness of the mean.
  const acceleration = cubes / (6 * squares ** 1.5);
  const at = (z: number) => normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
  const z = normalQuantile(0.975);
  return { low: quantile(means, at(-z)), high: quantile(means, at(z)) };
}

/** Interpolated linearly. */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? 0;
  return below + (above - below) * (at - Math.floor(at));
}
