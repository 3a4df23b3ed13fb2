import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepSize, type StepSizeSchedule } from '../../src/core/schedule.ts';

const schedule = (decay: StepSizeSchedule['decay'], warmupSteps = 0): StepSizeSchedule => ({
  decay,
  initial: 50,
  final: 10,
  warmupSteps,
});
const all = (of: StepSizeSchedule, T: number) => Array.from({ length: T }, (_, i) => stepSize(of, i + 1, T));

describe('stepSize', () => {
  // What GPO's released code computes for its default sizes, 50 to 10 words, in 18 and in 9 steps.
  it('is the cosine of the released code', () => {
    expect(all(schedule('cosine'), 18)).toEqual([
      49, 48, 47, 45, 42, 40, 36, 33, 30, 26, 23, 20, 17, 14, 12, 11, 10, 10,
    ]);
    expect(all(schedule('cosine'), 9)).toEqual([48, 45, 40, 33, 26, 20, 14, 11, 10]);
  });
  // int(50 - 40 * t / 18)
  it('is the line of the released code', () => {
    expect(all(schedule('linear'), 18)).toEqual([
      47, 45, 43, 41, 38, 36, 34, 32, 30, 27, 25, 23, 21, 18, 16, 14, 12, 10,
    ]);
  });
  it('stays when fixed, and is absent when none', () => {
    expect(all(schedule('fixed'), 4)).toEqual([50, 50, 50, 50]);
    expect(all(schedule('none', 2), 3)).toEqual([null, null, null]);
  });
  // int(50 * t / 4) before step 4, then int(50 - 40 * (t - 4) / 6).
  it('grows during the warm-up, then decays over the steps that remain', () => {
    expect(all(schedule('linear', 4), 10)).toEqual([12, 25, 37, 50, 43, 36, 30, 23, 16, 10]);
    expect(all(schedule('fixed', 4), 6)).toEqual([12, 25, 37, 50, 50, 50]);
    expect(all(schedule('cosine', 2), 6)).toEqual([25, 50, 44, 30, 15, 10]);
  });
  it('has an end when the warm-up is as long as the run', () => {
    expect(all(schedule('linear', 4), 4)).toEqual([12, 25, 37, 10]);
    expect(all(schedule('cosine', 9), 3)).toEqual([5, 11, 16]);
  });

  it('is as far as the run is, where something else than its steps ends it', () => {
    // 400 steps of which the budget allows four: 10 + 40 * (1 + cos(pi d)) / 2 for d = 0, 1/4, 1/2, 3/4.
    const sizes = [0, 0.25, 0.5, 0.75].map((used, i) => stepSize(schedule('cosine'), i + 1, 400, used));
    expect(sizes).toEqual([49, 44, 30, 15]);
    expect(stepSize(schedule('linear', 2), 1, 400, 0.5)).toBe(25);
    expect(stepSize(schedule('cosine'), 9, 9, 0.1)).toBe(10);
  });

  it('is always a whole number between 1 and the larger size', () => {
    const size = fc.integer({ min: 0, max: 200 });
    const count = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(
        fc.constantFrom<StepSizeSchedule['decay']>('fixed', 'linear', 'cosine'),
        ...([size, size, count, fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 60 })] as const),
        (decay, initial, final, warmupSteps, t, T) => {
          const words = stepSize({ decay, initial, final, warmupSteps }, t, T);
          expect(Number.isInteger(words)).toBe(true);
          expect(words).toBeGreaterThanOrEqual(1);
          expect(words).toBeLessThanOrEqual(Math.max(1, initial, final));
        },
      ),
    );
  });
});
