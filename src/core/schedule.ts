/** GPO's step size: how many words of the current prompt a proposal may change (section 3.3 of the paper). */

export type Decay = 'none' | 'fixed' | 'linear' | 'cosine';

export interface StepSizeSchedule {
  decay: Decay;
  /** Words at the first step and at the last. */
  initial: number;
  final: number;
  /** Steps over which the size first grows linearly to `initial`; 0 for none. */
  warmupSteps: number;
  /** Replication: the released code's linear decay without warm-up, which divides by T - 5 and can go below zero. */
  linearQuirk?: boolean;
}

/**
 * Words allowed at step `t` (from 1) of `T`: a whole number of at least 1, or null when no limit is stated. After the
 * warm-up the decay runs over the remaining steps; beyond `T`, or when the warm-up leaves no step, it has ended. Where
 * `used` (0..1) of the run is over already, because something else ends it sooner than its steps, the decay is as far.
 */
export function stepSize(schedule: StepSizeSchedule, t: number, T: number, used = 0): number | null {
  const { decay, initial, final, warmupSteps } = schedule;
  if (decay === 'none') return null;
  if (t < warmupSteps) return whole((initial * t) / warmupSteps);
  if (decay === 'fixed') return whole(initial);
  const at = Math.max(t, used * T);
  const done = T > warmupSteps ? Math.min(1, (at - warmupSteps) / (T - warmupSteps)) : 1;
  if (decay === 'linear' && schedule.linearQuirk === true && warmupSteps === 0 && T > 5) {
    return Math.trunc(initial - ((initial - final) * at) / (T - 5));
  }
  if (decay === 'linear') return whole(initial - (initial - final) * done);
  return whole(final + (initial - final) * 0.5 * (1 + Math.cos(Math.PI * done)));
}

/** Truncated as in the released code; the margin keeps a cosine that is off in its last bit from losing a word. */
const whole = (size: number) => Math.max(1, Math.trunc(size + 1e-9));
