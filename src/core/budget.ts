import type { Tokens } from './model.ts';
import type { Role } from './log.ts';

/** Whichever limit is met first ends the search; an absent one does not limit. The final test is not charged. */
export interface Budget {
  steps?: number;
  targetCalls?: number;
  /** Prompt tokens computed (cached ones are free) and generated tokens, of both roles. */
  tokens?: number;
  /** Minutes of model time. */
  minutes?: number;
  /** Set when the user ends a search early: how often the budget had been consulted, so that a replay ends there too. */
  endAt?: number;
}

/** What a run has used so far. Milliseconds are wall-clock time that replies added to the run. */
export interface Usage {
  targetCalls: number;
  optimizerCalls: number;
  target: Tokens;
  optimizer: Tokens;
  ms: number;
}

export function noUsage(): Usage {
  return {
    targetCalls: 0,
    optimizerCalls: 0,
    target: { in: 0, cached: 0, out: 0 },
    optimizer: { in: 0, cached: 0, out: 0 },
    ms: 0,
  };
}

/** Adds one ask to `usage`, in place. */
export function charge(usage: Usage, role: Role, tokens: Tokens, ms: number): void {
  const side = usage[role];
  side.in += tokens.in;
  side.cached += tokens.cached;
  side.out += tokens.out;
  if (role === 'target') usage.targetCalls += 1;
  else usage.optimizerCalls += 1;
  usage.ms += ms;
}

/** Tokens computed by both roles: prompt tokens that were not cached, and generated ones. */
export function tokensUsed(usage: Usage): number {
  const { target, optimizer } = usage;
  return target.in - target.cached + target.out + (optimizer.in - optimizer.cached + optimizer.out);
}

/** Whether it lets a search ask nothing at all, so that the run is its final test alone. */
export function testOnly({ steps, targetCalls, tokens, minutes }: Budget): boolean {
  return [steps, targetCalls, tokens, minutes].includes(0);
}

/** How much of the run is over by its budget, 0..1: the largest part of any limit that is used; 0 without a limit. */
export function partUsed(budget: Budget, usage: Usage, step: number): number {
  const part = (used: number, limit: number | undefined) =>
    limit === undefined ? 0 : limit > 0 ? Math.min(1, used / limit) : 1;
  return Math.max(
    part(step, budget.steps),
    part(usage.targetCalls, budget.targetCalls),
    part(tokensUsed(usage), budget.tokens),
    part(usage.ms, budget.minutes === undefined ? undefined : budget.minutes * 60_000),
  );
}

/** Which limit is met, or null. Steps are the run loop's to count. */
export function exhausted(budget: Budget, usage: Usage): 'targetCalls' | 'tokens' | 'minutes' | null {
  if (budget.targetCalls !== undefined && usage.targetCalls >= budget.targetCalls) return 'targetCalls';
  if (budget.tokens !== undefined && tokensUsed(usage) >= budget.tokens) return 'tokens';
  if (budget.minutes !== undefined && usage.ms >= budget.minutes * 60_000) return 'minutes';
  return null;
}
