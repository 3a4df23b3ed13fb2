import { studentTail } from './distributions.ts';
import { studentPoint } from './gap.ts';
import { moments } from './paired.ts';
import { wilson, type Interval } from './proportion.ts';

/** Scores of the same examples in several runs that differ by their seed: both runs and examples are samples. */

/** A variance below this is none: scores such as 1/3 come with rounding. */
const ROUNDING = 1e-18;

export interface OverSeeds extends Interval {
  mean: number;
}

/**
 * Mean score of runs with different seeds, each tested on the same `n` examples, with a 95 % interval that allows for
 * other seeds and for other examples: Student's interval over the seeds and Wilson's over the examples, squared and
 * added on each side (Zou and Donner 2008, Statistics in Medicine 27:1693). Of one seed it is Wilson's, which says
 * nothing of other seeds. 0..1 for no runs.
 */
export function meanOverSeeds(means: readonly number[], n: number): OverSeeds {
  if (means.length === 0) return { mean: 0, low: 0, high: 1 };
  const { mean, variance } = moments(means);
  const examples = wilson(Math.min(n, mean * n), n);
  const seeds = means.length < 2 ? 0 : studentPoint(means.length - 1) * Math.sqrt(variance / means.length);
  return {
    mean,
    low: Math.max(0, mean - Math.hypot(seeds, mean - examples.low)),
    high: Math.min(1, mean + Math.hypot(seeds, examples.high - mean)),
  };
}

export interface CrossedDifference extends Interval {
  /** Mean over seeds and examples, -1..1. */
  difference: number;
  /** Two-sided. */
  p: number;
  seeds: number;
  n: number;
}

/**
 * Whether a mean difference is 0, from `rows` of differences: one row a seed, one column an example, two or more rows
 * of one length. The variance of the mean is that of the rows' means plus that of the columns' means, which counts what
 * is left over twice (Owen 2007, Annals of Applied Statistics 1:386); Student's t with Satterthwaite's degrees of freedom,
 * but no more than the seeds give where most of the variance may be theirs: there his are too many (simulated nulls with
 * seeds 0.05 to 0.2 apart are rejected 3 to 6 % of the time with two seeds, 2 to 5 % with three; else up to 11 and 8 %).
 * Where the columns do not vary, as much as three examples may still have changed unseen (the rule of three). Throws
 * RangeError for fewer than two rows, rows of different length, or no columns.
 */
export function crossedDifference(rows: readonly (readonly number[])[]): CrossedDifference {
  const seeds = rows.length;
  const n = rows[0]?.length ?? 0;
  if (seeds < 2 || n === 0 || rows.some((row) => row.length !== n))
    throw new RangeError('Differences need two seeds or more, each on the same examples.');
  const columns = Array.from(
    { length: n },
    (_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / seeds,
  );
  const bySeed = moments(rows.map((row) => moments(row).mean));
  const byExample = moments(columns);
  const difference = byExample.mean;
  const unseen = Math.min(1, 3 / n);
  const still = byExample.variance < ROUNDING;
  if (still && bySeed.variance < ROUNDING) {
    const low = Math.max(-1, difference - unseen);
    const high = Math.min(1, difference + unseen);
    return { difference, low, high, p: low > 0 || high < 0 ? 0 : 1, seeds, n };
  }
  const ofSeeds = bySeed.variance / seeds;
  const ofExamples = still ? (unseen / studentPoint(Math.max(1, n - 1))) ** 2 : byExample.variance / n;
  const variance = ofSeeds + ofExamples;
  const shared = variance ** 2 / (ofSeeds ** 2 / (seeds - 1) + ofExamples ** 2 / Math.max(1, n - 1));
  // Of two seeds the variance is known so badly that it may well be four times what was seen.
  const most = ofSeeds * (seeds === 2 ? 4 : 1) > ofExamples ? seeds - 1 : Infinity;
  const df = Math.min(shared, most);
  const error = Math.sqrt(variance);
  const reach = studentPoint(df) * error;
  return {
    difference,
    low: Math.max(-1, difference - reach),
    high: Math.min(1, difference + reach),
    p: Math.min(1, 2 * studentTail(Math.abs(difference) / error, df)),
    seeds,
    n,
  };
}
