import type { Candidate } from './candidate.ts';
import type { PairedTest } from './stats/paired.ts';

export interface RaceOptions {
  /**
   * `sign` counts examples gained and lost (on 0/1 scores McNemar's exact test), `t` is the paired t test, `bernstein`
   * the empirical Bernstein bound, which assumes nothing and is far stricter. All one-sided.
   */
  test: PairedTest;
  /** Error allowed in one comparison at one look; looks after each block add up. */
  alpha: number;
  /** Holm's correction over the rivals compared at one look. */
  holm: boolean;
  /** Examples in a block; the last may be shorter. */
  block: number;
  /** Blocks that every candidate meets before any may leave. */
  minBlocks: number;
  /** The race ends after so many blocks; null for the whole split. */
  maxBlocks: number | null;
  /**
   * `beaten-by-best`: a candidate leaves when the leader is significantly better; `beaten-by-keep`: when at least
   * `keep` others are (CAPO). The `keep` that lead at a look never leave at it.
   */
  rule: 'beaten-by-best' | 'beaten-by-keep';
  /**
   * Subtracted from each example's score of a candidate in comparisons and in the final order, not from the scores
   * returned (CAPO's length penalty). The sign test leaves it out: with it every tie would become a loss.
   */
  penalty?: (candidate: Candidate) => number;
  split: 'train' | 'validation';
  /** The split in an order drawn once a run, the same for all candidates and races; false keeps the split's own. */
  shuffle: boolean;
}

/**
 * The settings of a race that names none, as strict as docs/racing.md found them to pay. On graded scores `Tools.race`
 * puts the t test in place of the sign test.
 */
export const defaultRace: RaceOptions = {
  test: 'sign',
  alpha: 0.15,
  holm: false,
  block: 10,
  minBlocks: 1,
  maxBlocks: null,
  rule: 'beaten-by-best',
  split: 'validation',
  shuffle: true,
};

/** Racing as a setting of a whole run: every full score may end early. */
export type Racing = Pick<RaceOptions, 'test' | 'alpha' | 'block' | 'minBlocks'>;

/** For 0/1 scores; graded ones want the t test. */
export const defaultRacing: Racing = { test: 'sign', alpha: 0.1, block: 10, minBlocks: 1 };
