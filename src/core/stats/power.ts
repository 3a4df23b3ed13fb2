import { normalQuantile } from './distributions.ts';
import { moments } from './paired.ts';

/** How many examples a comparison needs: two-sided at 0.05, with a chance of 80 % of showing a difference that is there. */

const ALPHA = normalQuantile(0.975);
const POWER = normalQuantile(0.8);

/**
 * Examples that McNemar's exact test needs when a new prompt gains on a share `gained` of them and loses on a share
 * `lost`. Connor 1987, Biometrics 43:207, with one change taken off for continuity, because the exact test is the
 * stricter. Up to a fifth too many when all changes go one way. Infinity when both are the same.
 */
export function examplesForChanges(gained: number, lost: number): number {
  const d = Math.abs(gained - lost);
  if (d === 0) return Infinity;
  const changes = gained + lost;
  // n d - 1 = sqrt(n) a, solved for sqrt(n).
  const a = ALPHA * Math.sqrt(changes) + POWER * Math.sqrt(Math.max(0, changes - d * d));
  const n = ((a + Math.sqrt(a * a + 4 * d)) / (2 * d)) ** 2;
  // No fewer than six changes, all one way, can reach 0.05.
  return Math.ceil(Math.max(n, 6 / changes));
}

/**
 * Examples that a paired test of means needs to see a mean difference `d` of differences with standard deviation `sd`:
 * the normal approximation, with Guenther's correction for the t test. Infinity for d = 0.
 */
export function examplesForMean(d: number, sd: number): number {
  if (d === 0) return Infinity;
  return Math.ceil(((ALPHA + POWER) * (sd / d)) ** 2 + ALPHA ** 2 / 2);
}

/**
 * Examples needed to show a difference of the size seen, if what was seen is the truth: same share of changes, or same
 * spread of the differences. Null when no difference was seen.
 */
export function examplesNeeded(differences: readonly number[], binary: boolean): number | null {
  const n = differences.length;
  const { mean, variance } = moments(differences);
  const share = (sign: number) => differences.filter((each) => each * sign > 0).length / n;
  const needed = binary
    ? examplesForChanges(share(1), share(-1))
    : examplesForMean(Math.abs(mean) < 1e-12 ? 0 : mean, Math.sqrt(variance));
  return n > 0 && Number.isFinite(needed) ? needed : null;
}
