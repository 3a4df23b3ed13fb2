import type { Rng } from '../rng.ts';
import { drawnRows } from './drawn-rows.ts';

export interface Permutation {
  /** Two-sided: the share of sign flips whose sum lies as far from 0 as the one seen; 1 for no changes. */
  p: number;
  /** False when the share was estimated from random flips. */
  exact: boolean;
}

/** Differences of scores in such fractions (0/1 scores, shares of fields) are counted on a lattice. */
const FINEST = 60;

/** Largest lattice walked: cells times changes, about a tenth of a second. */
const MOST_WORK = 2e7;

/** All 2^19 flips of 20 changes (the other half mirrors them) take some milliseconds. */
const MOST_CHANGES = 20;

const ROUNDING = 1e-9;

/**
 * Paired permutation test of a mean difference of 0: under it every difference could as well have had the other sign.
 * Exact by convolution when all differences are multiples of one fraction, by enumeration up to 20 changes, otherwise
 * from `flips` random assignments of signs, (count + 1) / (flips + 1). On 0/1 scores this is McNemar's exact test.
 */
export function pairedPermutation(differences: readonly number[], rng: Rng, flips = 20_000): Permutation {
  const changes = differences.map(Math.abs).filter((size) => size > ROUNDING);
  const seen = Math.abs(differences.reduce((sum, each) => sum + each, 0));
  if (changes.length === 0) return { p: 1, exact: true };
  const steps = onLattice(changes);
  if (steps !== null) {
    const unit = (changes[0] ?? 1) / (steps[0] ?? 1);
    return { p: byConvolution(steps, Math.round(seen / unit)), exact: true };
  }
  if (changes.length <= MOST_CHANGES) return { p: byEnumeration(changes, seen), exact: true };
  const values = Float64Array.from(changes);
  let extreme = 0;
  for (const signs of drawnRows(rng, { n: 2, width: values.length, rows: flips })) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * (1 - 2 * (signs[i] ?? 0));
    if (Math.abs(sum) >= seen - ROUNDING) extreme += 1;
  }
  return { p: (extreme + 1) / (flips + 1), exact: false };
}

/** Sizes as whole multiples of 1/g for the smallest g that fits all; null when none does or the lattice is too large. */
function onLattice(sizes: readonly number[]): number[] | null {
  for (let g = 1; g <= FINEST; g++) {
    const steps = sizes.map((size) => Math.round(size * g));
    if (!sizes.every((size, i) => Math.abs(size * g - (steps[i] ?? 0)) < ROUNDING)) continue;
    const reach = steps.reduce((sum, each) => sum + each, 0);
    return reach * steps.length <= MOST_WORK ? steps : null;
  }
  return null;
}

/** Probability that |sum| reaches `seen` when each step is added or taken away with equal chance. */
function byConvolution(steps: readonly number[], seen: number): number {
  const reach = steps.reduce((sum, each) => sum + each, 0);
  // The sum is 2 x (what was added) - reach: the distribution of what was added needs half the cells.
  let chance = new Float64Array(reach + 1);
  chance[0] = 1;
  let top = 0;
  for (const step of steps) {
    const next = new Float64Array(reach + 1);
    for (let at = 0; at <= top; at++) {
      const half = (chance[at] ?? 0) / 2;
      next[at] = (next[at] ?? 0) + half;
      next[at + step] = (next[at + step] ?? 0) + half;
    }
    top += step;
    chance = next;
  }
  let p = 0;
  for (let added = 0; added <= reach; added++)
    if (Math.abs(2 * added - reach) >= seen) p += chance[added] ?? 0;
  return Math.min(1, p);
}

/** The first sign is held, for the mirrored assignments give the same |sum|. One sign changes at a time (Gray code). */
function byEnumeration(sizes: readonly number[], seen: number): number {
  const signs = sizes.map(() => 1);
  const total = 2 ** (sizes.length - 1);
  let sum = sizes.reduce((a, b) => a + b, 0);
  let extreme = 0;
  for (let i = 1; ; i++) {
    if (Math.abs(sum) >= seen - ROUNDING) extreme += 1;
    if (i === total) return extreme / total;
    const turned = 32 - Math.clz32(i & -i);
    signs[turned] = -(signs[turned] ?? 1);
    sum += 2 * (signs[turned] ?? 1) * (sizes[turned] ?? 0);
  }
}
