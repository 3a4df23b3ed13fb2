import { exhausted, tokensUsed, type Budget, type Usage } from '../core/budget.ts';
import type { Role } from '../core/log.ts';
import type { Cost } from '../core/optimizer.ts';

/** Asks after which a measured speed is trusted; a reply of the optimizer is long, so few of them tell. */
const ENOUGH: Record<Role, number> = { target: 12, optimizer: 3 };

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

/** Asks of the search that took time, and what they took. Replies of earlier runs are not among them. */
export interface Pace {
  asks: Record<Role, number>;
  ms: Record<Role, number>;
}

export const noPace = (): Pace => ({ asks: { target: 0, optimizer: 0 }, ms: { target: 0, optimizer: 0 } });

/**
 * Milliseconds until the run ends, from what it has used so far: the search up to the nearest limit, then the final
 * test. Null before anything is measured; `atLeast` while a role that is still to be asked was measured on few asks,
 * or on none: then it is taken to be as fast as the other. `tuned` is part of the usage.
 */
export function timeLeft(
  cost: Cost,
  budget: Budget,
  usage: Usage,
  { asks, ms }: Pace,
  testCalls: number,
  searching: boolean,
  tuned = noTuning(),
): { ms: number | null; atLeast: boolean } {
  if (asks.target + asks.optimizer === 0 || ms.target + ms.optimizer <= 0) return { ms: null, atLeast: true };
  const mean = (role: Role) => (asks[role] > 0 ? ms[role] / asks[role] : null);
  const target = mean('target') ?? mean('optimizer') ?? 0;
  const optimizer = mean('optimizer') ?? target;
  const sure = (role: Role) => asks[role] >= ENOUGH[role];
  const test = testCalls * target;
  if (!searching || exhausted(budget, usage) !== null) return { ms: test, atLeast: !sure('target') };
  const whole = bounded(cost, budget);
  const targetCalls = Math.max(0, whole.targetCalls - usage.targetCalls);
  const optimizerCalls = Math.max(0, whole.optimizerCalls - usage.optimizerCalls);
  const limits = [targetCalls * target + optimizerCalls * optimizer + tuningLeft(whole.tuned, tuned)];
  if (budget.minutes !== undefined) limits.push(budget.minutes * 60_000 - usage.ms);
  if (budget.tokens !== undefined) {
    const used = tokensUsed(usage);
    const took = usage.targetCalls * target + usage.optimizerCalls * optimizer;
    if (used > 0) limits.push(((budget.tokens - used) / used) * took);
  }
  return {
    ms: Math.max(0, Math.min(...limits)) + test,
    atLeast: !sure('target') || (optimizerCalls > 0 && !sure('optimizer')),
  };
}
