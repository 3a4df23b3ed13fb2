import type { Candidate, Scored } from './candidate.ts';
import type { Op } from './events.ts';
import { advanced, choice, decimal, whole } from './option.ts';
import type { Option, Tools } from './optimizer.ts';
import type { Rng } from './rng.ts';

/**
 * Finding the best of several candidates without answering every example under each: the best-arm algorithms of
 * ProTeGi (section 2.2.2) and APE. An arm is a candidate; a pull answers its next examples. All arms meet the
 * examples in one order, so that arms with as many pulls are compared on the same ones, and an arm that has answered
 * all examples is known exactly and is not pulled again.
 */

export type Policy = 'ucb' | 'ucb-e' | 'rejects' | 'halving' | 'uniform';

/** For a method's form. */
export const POLICIES: Record<Policy, string> = {
  ucb: 'UCB',
  'ucb-e': 'UCB-E',
  rejects: 'successive rejects',
  halving: 'successive halving',
  uniform: 'as many examples for each',
};

/** What can be pulled. */
export interface Arms {
  count: number;
  /** Pulls after which an arm is known exactly. */
  most: number;
  /** Mean score of the arm over its first `n` pulls; called with growing `n`. */
  mean(arm: number, n: number): Op<number>;
}

export interface Search {
  policy: Policy;
  /** How many of the best are wanted; only the eliminating policies use it. */
  keep: number;
  /** Pulls over all arms, at most. */
  budget: number;
  /** Pulls at a time (UCB, UCB-E). */
  block: number;
  /** Arms pulled in a round (UCB, UCB-E). */
  perRound: number;
  /** Weight of the exploration term (UCB, UCB-E). */
  c: number;
}

/** An arm after the search; an arm never pulled has `n` 0 and mean 0. */
export interface Pulled {
  arm: number;
  mean: number;
  n: number;
}

/**
 * All arms, best first. UCB: by mean, then by pulls; arms never pulled stand last. Eliminating policies: those that
 * are left, by mean, then the others, the last eliminated first. Ties keep the order of the arms.
 */
export async function* rank(arms: Arms, search: Search): Op<Pulled[]> {
  const { policy, keep, budget } = search;
  const pulled: Pulled[] = Array.from({ length: arms.count }, (_, arm) => ({ arm, mean: 0, n: 0 }));
  async function* pullTo(arm: Pulled, n: number): Op<void> {
    const to = Math.min(arms.most, n);
    if (to <= arm.n) return;
    arm.mean = yield* arms.mean(arm.arm, to);
    arm.n = to;
  }
  switch (policy) {
    case 'ucb':
    case 'ucb-e': {
      for (let left = budget; left > 0;) {
        const open = pulled.filter((arm) => arm.n < arms.most);
        if (open.length === 0) break;
        const total = pulled.reduce((sum, arm) => sum + arm.n, 0);
        const bound = new Map(open.map((arm) => [arm, upperBound(arm, total, search)]));
        open.sort((a, b) => descending(bound.get(a) ?? 0, bound.get(b) ?? 0));
        for (const arm of open.slice(0, Math.max(1, search.perRound))) {
          const more = Math.min(search.block, arms.most - arm.n, left);
          yield* pullTo(arm, arm.n + more);
          left -= more;
        }
      }
      return pulled.sort(byMean);
    }
    case 'rejects':
    case 'halving': {
      const phases =
        policy === 'rejects'
          ? rejectPhases(arms.count, keep, budget)
          : halvingPhases(arms.count, keep, budget);
      // Nothing to eliminate, but the order among the arms is still asked for.
      if (phases.length === 0) return yield* rank(arms, { ...search, policy: 'uniform' });
      let left = pulled;
      const out: Pulled[] = [];
      for (const { pulls, survivors } of phases) {
        for (const arm of left) yield* pullTo(arm, pulls);
        left = [...left].sort(byMean);
        out.unshift(...left.slice(survivors));
        left = left.slice(0, survivors).sort((a, b) => a.arm - b.arm);
      }
      return [...left.sort(byMean), ...out];
    }
    case 'uniform': {
      const each = Math.max(1, Math.floor(budget / Math.max(1, arms.count)));
      for (const arm of pulled) yield* pullTo(arm, each);
      return pulled.sort(byMean);
    }
  }
}

const byMean = (a: Pulled, b: Pulled) =>
  Number(b.n > 0) - Number(a.n > 0) || b.mean - a.mean || b.n - a.n || a.arm - b.arm;

/** Infinity counts as equal to itself, which a difference would not. */
const descending = (a: number, b: number) => (a === b ? 0 : b > a ? 1 : -1);

/** UCB: mean + c sqrt(ln(pulls of all arms) / pulls); UCB-E: mean + sqrt(c / pulls). An arm never pulled comes first. */
function upperBound({ mean, n }: Pulled, total: number, { policy, c }: Search): number {
  if (n === 0) return Infinity;
  return mean + (policy === 'ucb-e' ? Math.sqrt(c / n) : c * Math.sqrt(Math.log(total) / n));
}

/** One phase: every arm left is pulled until it has had `pulls` in all, then all but the best `survivors` go. */
export interface Phase {
  pulls: number;
  survivors: number;
}

/**
 * Successive rejects (Audibert & Bubeck 2010): one arm goes a phase. n_k = ceil((B - K) / (D (K + 1 - k))) with
 * D = 1/2 + 1/2 + 1/3 + ... + 1/K for one arm wanted. For m wanted the same with D = m/(m+1) + 1/(m+1) + ... + 1/K,
 * which is that number for m = 1 and keeps the pulls of all arms within the budget.
 */
export function rejectPhases(arms: number, keep: number, budget: number): Phase[] {
  const m = Math.max(1, keep);
  if (arms <= m) return [];
  let d = m / (m + 1);
  for (let i = m + 1; i <= arms; i++) d += 1 / i;
  return Array.from({ length: arms - m }, (_, i) => ({
    pulls: Math.max(1, Math.ceil((budget - arms) / (d * (arms - i)))),
    survivors: arms - i - 1,
  }));
}

/**
 * Successive halving (Karnin et al. 2013): ceil(log2(arms / keep)) phases share the budget, the arms left share a
 * phase, and the better half stays. (Pulls of earlier phases count on.)
 */
export function halvingPhases(arms: number, keep: number, budget: number): Phase[] {
  const m = Math.max(1, keep);
  const rounds = Math.ceil(Math.log2(arms / m));
  const phases: Phase[] = [];
  let pulls = 0;
  for (let left = arms; left > m;) {
    pulls += Math.max(1, Math.floor(budget / (left * rounds)));
    left = Math.max(m, Math.ceil(left / 2));
    phases.push({ pulls, survivors: left });
  }
  return phases;
}

/**
 * Ranks candidates on validation, best first, with the mean over what each was asked. What has been answered before
 * costs nothing but counts against the budget. All calls of a run meet the examples in one order, so that what one has
 * answered serves the next. `rng` decides who is pulled first among equals.
 */
export async function* rankCandidates(
  tools: Tools,
  candidates: readonly Candidate[],
  search: Search,
  rng: Rng,
): Op<Scored[]> {
  const order = tools.rng.fork('bandit/examples').shuffled(tools.task.splits.validation);
  // When the budget does not reach all, which ones are left out is chance.
  const shuffled = rng.shuffled(candidates);
  const ranked = yield* rank(
    {
      count: shuffled.length,
      most: order.length,
      async *mean(arm, n) {
        const candidate = shuffled[arm];
        if (candidate === undefined) return 0;
        const [scored] = yield* tools.score([candidate], { examples: order.slice(0, n) });
        return scored?.score ?? 0;
      },
    },
    search,
  );
  return ranked.flatMap(({ arm, mean, n }) => {
    const candidate = shuffled[arm];
    return candidate === undefined ? [] : [{ candidate, score: mean, n }];
  });
}

/** Settings of a selection by bandit, as a method's options name them. */
export interface BanditOptions {
  evaluator: string;
  evaluations: number;
  block: number;
  share: number;
  c: number;
}

/** These settings as data; `full`, answering everything, is the method's to do. */
export function banditOptions(defaults: BanditOptions & { evaluator: Policy | 'full' }): {
  [K in keyof BanditOptions]: Option<BanditOptions[K]>;
} {
  return {
    evaluator: choice(
      'Selection',
      'How the validation examples are shared out among the prompts to find the best.',
      defaults.evaluator,
      { ...POLICIES, full: 'all examples' },
    ),
    evaluations: whole(
      'Evaluations a prompt',
      'Validation examples answered for each prompt on average; a bandit gives the better ones more of them.',
      defaults.evaluations,
      1,
      1000,
    ),
    block: advanced(
      whole('Examples a pull', 'How many examples UCB asks before it thinks again.', defaults.block, 1, 256),
    ),
    share: advanced(
      whole('Prompts a round', 'UCB pulls one in this many prompts in each round.', defaults.share, 1, 100),
    ),
    c: advanced(decimal('Exploration', 'How much UCB is drawn to prompts known little.', defaults.c, 0, 10)),
  };
}

/** What these settings mean for `count` candidates of which `keep` are wanted. */
export function searchOf(options: BanditOptions, count: number, keep: number): Search {
  return {
    policy: isPolicy(options.evaluator) ? options.evaluator : 'uniform',
    keep,
    budget: options.evaluations * count,
    block: options.block,
    perRound: Math.ceil(count / options.share),
    c: options.c,
  };
}

const isPolicy = (name: string): name is Policy => Object.hasOwn(POLICIES, name);
