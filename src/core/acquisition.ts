/** Which points to observe next, by what a Gaussian process believes of scores. */
import { condition, fit, type Belief, type Data, type Gaussian, type Kernel } from './gaussian.ts';
import { millsRatio, normalCdf, normalPdf } from './normal.ts';
import { firstMaximum } from './pca.ts';

/** A mean score in 0..1 over `n` examples, of whatever stands at x. */
export interface Observation {
  x: Float64Array;
  score: number;
  n: number;
}

/** More observations than this are not fitted: the cost grows with the cube. */
export const MOST_OBSERVATIONS = 200;

/**
 * Beliefs about scores, in units of their standard deviation (see `standardize`). `best` is the highest mean at an
 * observed point, the value to improve on.
 */
export interface Surrogate {
  readonly process: Gaussian;
  readonly data: Data;
  readonly best: number;
  /** The mean at each observation's point, in the order of the observations. */
  readonly means: readonly number[];
  at(x: Float64Array): Belief;
  /** A belief in units of the scores themselves. */
  scoreOf(belief: Belief): Belief;
}

/** Fits a process to observations, at least one; with a kernel given, only conditions it on them, which is far cheaper. */
export function surrogate(
  observations: readonly Observation[],
  noise: Noise = smoothedNoise,
  kernel?: Kernel,
): Surrogate {
  const { points, of } = grouped(observations);
  const { values, mean, scale } = standardize(points.map((point) => point.score));
  const data: Data = {
    x: points.map((point) => point.x),
    y: values,
    noise: points.map((point) => noise(point) / scale ** 2),
  };
  const process = kernel === undefined ? fit(data) : condition(data, kernel);
  const means = process.means();
  return {
    process,
    data,
    best: means.reduce((most, value) => Math.max(most, value), -Infinity),
    means: of.map((point) => means[point] ?? 0),
    at: process.at,
    scoreOf: (belief) => ({ mean: mean + scale * belief.mean, sd: scale * belief.sd }),
  };
}

/** Variance of a mean score over n examples. */
export type Noise = (observation: Pick<Observation, 'score' | 'n'>) => number;

/** s (1 - s) / n, exact for 0/1 scores and an upper bound for others in 0..1. A score of 0 or 1 has none. */
export const shareNoise: Noise = ({ score, n }) => Math.max(0, score * (1 - score)) / Math.max(1, n);

/** The same with Laplace's estimate (n s + 1) / (n + 2) in place of s: three right of three is no certainty. */
export const smoothedNoise: Noise = ({ score, n }) => shareNoise({ score: (n * score + 1) / (n + 2), n });

/** Observations of one point made one: the mean over all their examples. Order of first appearance. */
export const merged = (observations: readonly Observation[]): Observation[] => grouped(observations).points;

/** The same, and for each observation the index of its point. */
function grouped(observations: readonly Observation[]): { points: Observation[]; of: number[] } {
  const points: Observation[] = [];
  const places = new Map<string, number>();
  const of = observations.map(({ x, score, n }) => {
    const key = x.join();
    const place = places.get(key) ?? points.length;
    places.set(key, place);
    const known = points[place];
    const total = (known?.n ?? 0) + n;
    const sum = (known?.score ?? 0) * (known?.n ?? 0) + score * n;
    points[place] = { x, score: total === 0 ? 0 : sum / total, n: total };
    return place;
  });
  return { points, of };
}

/**
 * Values with mean 0 and standard deviation 1 (population). Values that differ by no more than rounding are not
 * blown up: their scale is 1, so that their noise keeps its size beside the prior's variance.
 */
export function standardize(values: readonly number[]): { values: number[]; mean: number; scale: number } {
  const n = Math.max(1, values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const scale = sd < 1e-9 ? 1 : sd;
  return { values: values.map((value) => (value - mean) / scale), mean, scale };
}

/**
 * The observations that are fitted when there are more than `most`: the better half of the places to the best
 * scores, the other half to the latest of the rest. Order kept.
 */
export function recent<O extends Observation>(observations: readonly O[], most = MOST_OBSERVATIONS): O[] {
  if (observations.length <= most) return [...observations];
  const order = observations.map((_, i) => i);
  const scoreAt = (i: number) => observations[i]?.score ?? 0;
  const best = new Set(order.toSorted((i, j) => scoreAt(j) - scoreAt(i)).slice(0, Math.ceil(most / 2)));
  const latest = new Set(order.filter((i) => !best.has(i)).slice(-Math.floor(most / 2)));
  return observations.filter((_, i) => best.has(i) || latest.has(i));
}

/**
 * Expected improvement over `best` by more than `xi`: (mean - best - xi) Phi(u) + sd phi(u), u = (mean - best - xi) /
 * sd. 0 where sd is 0. Never negative, and right in the far tail, where the two terms all but cancel.
 */
export function expectedImprovement({ mean, sd }: Belief, best: number, xi = 0.01): number {
  if (!(sd > 0)) return 0;
  const gain = mean - best - xi;
  const u = gain / sd;
  if (u < -3) return Math.max(0, sd * normalPdf(u) * (1 + u * millsRatio(-u)));
  return gain * normalCdf(u) + sd * normalPdf(u);
}

/** Upper confidence bound. */
export const upperBound = ({ mean, sd }: Belief, beta = 2): number => mean + beta * sd;

/** sqrt(2 ln(t^2 pi^2 / (6 delta))) at step t >= 1: the bound holds at all steps with probability 1 - delta. */
export const betaAt = (t: number, delta = 0.1): number =>
  Math.sqrt(2 * Math.log((t ** 2 * Math.PI ** 2) / (6 * delta)));

export type Acquire = (belief: Belief, best: number) => number;

/** What a chosen but not yet observed point is pretended to score: the lowest, mean or highest score so far. */
export type Lie = 'lowest' | 'mean' | 'highest';

export interface Picked {
  /** Index into the pool. */
  index: number;
  /** Its acquisition value when it was picked. */
  value: number;
}

/**
 * Up to `count` points of the pool by constant liar (Ginsbourger et al. 2010): pick the point of highest acquisition
 * (the first within rounding), pretend that it scored the lie, condition on that with the same kernel, pick again.
 */
export function liarBatch(
  model: Surrogate,
  pool: readonly Float64Array[],
  count: number,
  acquire: Acquire,
  lie: Lie,
): Picked[] {
  const { y, noise } = model.data;
  const mean = (values: readonly number[]) =>
    values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);
  const told = lie === 'mean' ? mean(y) : lie === 'lowest' ? Math.min(...y) : Math.max(...y);
  const noiseTold = mean(noise);
  const outlook = model.process.over(pool, count);
  const open = new Set(pool.keys());
  const picks: Picked[] = [];
  while (picks.length < count && open.size > 0) {
    const indexes = [...open];
    const values = indexes.map((i) => acquire(outlook.at(i), model.best));
    const at = firstMaximum(values);
    const index = indexes[at];
    if (index === undefined) break;
    picks.push({ index, value: values[at] ?? 0 });
    open.delete(index);
    if (picks.length < count) outlook.observe(index, told, noiseTold);
  }
  return picks;
}
