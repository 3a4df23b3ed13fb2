import { exhausted, tokensUsed, type Budget, type Usage } from '../core/budget.ts';
import type { Cost } from '../core/optimizer.ts';

/** Asks of each role after which a measured speed is trusted. */
const ENOUGH = 12;

/** Upper bound of the work that a configuration asks for, with its budget applied. */
export function bounded(cost: Cost, budget: Budget): Cost {
  const steps = Math.min(cost.steps, budget.steps ?? Infinity);
  const share = cost.steps === 0 ? 1 : steps / cost.steps;
  return {
    steps,
    targetCalls: Math.min(Math.ceil(cost.targetCalls * share), budget.targetCalls ?? Infinity),
    optimizerCalls: Math.ceil(cost.optimizerCalls * share),
    ...(cost.tuned && {
      tuned: { steps: Math.ceil(cost.tuned.steps * share), measured: Math.ceil(cost.tuned.measured * share) },
    }),
  };
}

/** What a differentiable model has done so far: milliseconds and examples of gradient steps and of measurements. */
export interface Tuned {
  ms: { steps: number; measured: number };
  examples: { steps: number; measured: number };
}

export const noTuning = (): Tuned => ({
  ms: { steps: 0, measured: 0 },
  examples: { steps: 0, measured: 0 },
});

/** A gradient costs about three times what a measurement of the same example does. */
const GRADIENT_FACTOR = 3;

/** Milliseconds that the rest of `whole` takes at the pace so far; 0 where none is planned or measured. */
function tuningLeft(whole: Cost['tuned'], { ms, examples }: Tuned): number {
  if (whole === undefined) return 0;
  const steps = examples.steps > 0 ? ms.steps / examples.steps : null;
  const measured = examples.measured > 0 ? ms.measured / examples.measured : null;
  const each = {
    steps: steps ?? (measured ?? 0) * GRADIENT_FACTOR,
    measured: measured ?? (steps ?? 0) / GRADIENT_FACTOR,
  };
  return (
    Math.max(0, whole.steps - examples.steps) * each.steps +
    Math.max(0, whole.measured - examples.measured) * each.measured
  );
}

/**
 * Milliseconds until the run ends, from what it has used so far: the search up to the nearest limit, then the final
 * test. Null before anything is measured; `atLeast` while the measure rests on few asks. Of the search's asks, `reused`
 * took no time; `tuned` is part of the usage.
 */
export function timeLeft(
  cost: Cost,
  budget: Budget,
  usage: Usage,
  testCalls: number,
  searching: boolean,
  reused = 0,
  tuned = noTuning(),
): { ms: number | null; atLeast: boolean } {
  const asks = usage.targetCalls + usage.optimizerCalls - reused;
  const asked = usage.ms - tuned.ms.steps - tuned.ms.measured;
  if (asks <= 0 || asked <= 0) return { ms: null, atLeast: true };
  const perAsk = asked / asks;
  const test = testCalls * perAsk;
  if (!searching || exhausted(budget, usage) !== null) return { ms: test, atLeast: false };
  const whole = bounded(cost, budget);
  const limits = [
    Math.max(0, whole.targetCalls - usage.targetCalls) * perAsk +
      Math.max(0, whole.optimizerCalls - usage.optimizerCalls) * perAsk +
      tuningLeft(whole.tuned, tuned),
  ];
  if (budget.minutes !== undefined) limits.push(budget.minutes * 60_000 - usage.ms);
  if (budget.tokens !== undefined) {
    const used = tokensUsed(usage);
    if (used > 0) limits.push(((budget.tokens - used) / used) * perAsk * (asks + reused));
  }
  return { ms: Math.max(0, Math.min(...limits)) + test, atLeast: asks < ENOUGH };
}
