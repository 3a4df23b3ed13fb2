import type { Candidate, Scored } from './candidate.ts';
import type { Op } from './events.ts';
import type { Tools } from './optimizer.ts';
import type { RaceOptions, Racing } from './race-options.ts';
import { holm } from './stats/holm.ts';
import { betterBy, type PairedTest } from './stats/paired.ts';

export * from './race-options.ts';

/** How a race came out. Scores are means over the `n` examples that a candidate met in this race. */
export interface Raced {
  /** At most `keep`, best first, all over the same examples; earlier candidates first among equals. */
  kept: Scored[];
  /** The others: first those that were still in the race, best first, then those beaten, the last to leave first. */
  left: Scored[];
}

/** What a race needs of a run. */
export type RaceTools = Pick<Tools, 'task' | 'rng' | 'begun' | 'answers' | 'score'>;

interface Runner {
  candidate: Candidate;
  scores: number[];
  penalty: number;
}

/**
 * Races candidates over the same examples in the same order, block by block; one that is beaten with confidence leaves
 * and is asked no more. Ends when `keep` are left or the blocks are used up. Answers known from earlier cost nothing,
 * but only the blocks of this race are compared, so that all stand on the same examples.
 *
 * A candidate that has met the whole split is scored by `Tools.score` as usual and may become the run's best; one that
 * was kept because the others left earlier has `n` below the split's size, and counts for nothing until it is scored.
 * Candidates named twice run once.
 */
export async function* race(
  tools: RaceTools,
  candidates: readonly Candidate[],
  keep: number,
  options: RaceOptions,
): Op<Raced> {
  const { split, shuffle, minBlocks, maxBlocks } = options;
  const examples = tools.task.splits[split];
  const order = shuffle ? shuffledFor(tools, split) : examples;
  const block = Math.max(1, options.block);
  const places = Math.max(1, keep);
  const blocks = Math.min(Math.ceil(order.length / block), maxBlocks ?? Infinity);
  const unique = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  let running = [...unique.values()].map((candidate): Runner => {
    const penalty = options.test === 'sign' ? 0 : (options.penalty?.(candidate) ?? 0);
    return { candidate, scores: [], penalty };
  });
  const gone: Runner[] = [];

  for (let met = 0; met < blocks && (met < Math.max(1, minBlocks) || running.length > places); met++) {
    yield {
      type: 'stage',
      step: tools.begun,
      stage: 'evaluate',
      detail: `race of ${unique.size}, ${running.length} left, block ${met + 1} of ${blocks}`,
    };
    const next = order.slice(met * block, (met + 1) * block);
    for (const { candidate, scores } of running) {
      const answers = yield* tools.answers(candidate, split, next);
      scores.push(...answers.map(({ score }) => score));
    }
    // After the last block there is nothing left to save: rank decides.
    if (met + 1 < minBlocks || met + 1 === blocks) continue;
    const beaten = beatenOf(running, places, options);
    for (const { runner, by, p } of beaten) {
      const { candidate, scores } = runner;
      yield {
        type: 'eliminated',
        step: tools.begun,
        candidate: candidate.id,
        by: by.id,
        n: scores.length,
        p,
      };
    }
    const out = new Set(beaten.map(({ runner }) => runner));
    running = running.filter((runner) => !out.has(runner));
    gone.unshift(...ranked([...out]));
  }

  const inOrder = [...ranked(running), ...gone];
  const scored: Scored[] = [];
  for (const { candidate, scores } of inOrder) {
    const whole = scores.length > 0 && scores.length === examples.length;
    const [full] = whole ? yield* tools.score([candidate], { split }) : [];
    scored.push(full ?? { candidate, score: mean(scores), n: scores.length });
  }
  const survivors = Math.min(places, running.length);
  return { kept: scored.slice(0, survivors), left: scored.slice(survivors) };
}

/** Drawn once a run: the same for all candidates and races. */
const shuffledFor = (tools: RaceTools, split: 'train' | 'validation') =>
  tools.rng.fork(`race/${split}`).shuffled(tools.task.splits[split]);

/**
 * Answers a split block by block until the candidate is beaten with confidence by the incumbent, whose answers to all
 * of it are known. The candidate's score is then an estimate: the incumbent's, less what the candidate lost to it on
 * the examples that it met. Null when it met all without being beaten, or when the model refused one of its asks
 * (whose fault that is, a full score tells).
 */
export async function* holdOut(
  tools: RaceTools,
  candidate: Candidate,
  incumbent: Scored,
  split: 'train' | 'validation',
  { test, alpha, block, minBlocks }: Racing,
): Op<Scored | null> {
  const order = shuffledFor(tools, split);
  const size = Math.max(1, block);
  const differences: number[] = [];
  for (let met = 0; met + size < order.length; met += size) {
    const next = order.slice(met, met + size);
    const own = yield* tools.answers(candidate, split, next);
    if (own.some(({ refused }) => refused !== undefined)) return null;
    const others = yield* tools.answers(incumbent.candidate, split, next);
    differences.push(...others.map(({ score }, i) => score - (own[i]?.score ?? 0)));
    const n = differences.length;
    const p = betterBy(test, differences);
    if (n < minBlocks * size || p >= alpha) continue;
    yield {
      type: 'eliminated',
      step: tools.begun,
      candidate: candidate.id,
      by: incumbent.candidate.id,
      n,
      p,
    };
    // The sign test counts examples; on graded scores the mean may lie on the other side.
    const lost = Math.max(0, mean(differences));
    return { candidate, score: Math.max(0, incumbent.score - lost), n };
  }
  return null;
}

const mean = (scores: readonly number[]) =>
  scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;

/** Best first by mean less penalty; the order given among equals. */
function ranked(runners: readonly Runner[]): Runner[] {
  const worth = ({ scores, penalty }: Runner) => mean(scores) - penalty;
  return [...runners].sort((a, b) => worth(b) - worth(a));
}

/**
 * Probability that `rival` would look so much better than `runner` if it were not. Scores are compared on the examples
 * that both have met; identical score vectors under equal penalties give 1.
 */
function pAgainst(runner: Runner, rival: Runner, test: PairedTest): number {
  const common = Math.min(runner.scores.length, rival.scores.length);
  const handicap = rival.penalty - runner.penalty;
  const differences = rival.scores
    .slice(0, common)
    .map((score, i) => score - (runner.scores[i] ?? 0) - handicap);
  return betterBy(test, differences);
}

/** Those that leave at this look, in the order of the race, with the rival that beat each the clearest. */
function beatenOf(
  running: readonly Runner[],
  keep: number,
  { test, alpha, holm: corrected, rule }: RaceOptions,
): { runner: Runner; by: Candidate; p: number }[] {
  const order = ranked(running);
  const adjust = (ps: number[]) => (corrected ? holm(ps) : ps);
  const [leader] = order;
  if (leader === undefined) return [];
  if (rule === 'beaten-by-best') {
    const rivals = order.slice(1);
    const ps = adjust(rivals.map((runner) => pAgainst(runner, leader, test)));
    return order.slice(keep).flatMap((runner) => {
      const p = ps[rivals.indexOf(runner)] ?? 1;
      return p < alpha ? [{ runner, by: leader.candidate, p }] : [];
    });
  }
  return order.slice(keep).flatMap((runner) => {
    const rivals = order.filter((other) => other !== runner);
    const ps = adjust(rivals.map((rival) => pAgainst(runner, rival, test)));
    const p = Math.min(...ps);
    const by = rivals[ps.indexOf(p)];
    return by !== undefined && ps.filter((each) => each < alpha).length >= keep
      ? [{ runner, by: by.candidate, p }]
      : [];
  });
}
