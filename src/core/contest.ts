import type { Candidate, Scored } from './candidate.ts';
import type { Op } from './events.ts';
import { exceeds, hardestFirst, tally, type Hardness } from './exceed.ts';
import { casesOf, wrongOf } from './feedback.ts';
import type { Tools } from './optimizer.ts';
import type { Rng } from './rng.ts';
import type { Example } from './task.ts';

/**
 * Places given to the best by full validation score. Once all places are held, a challenger is answered only for as
 * long as it can still take one, which changes nothing about who gets them.
 */

/**
 * Before the first step: the initial prompt on all of validation, and how hard it found each example. `scored` holds
 * the one score.
 */
export async function* opening(
  tools: Tools,
  detail = 'the initial prompt',
): Op<{ scored: Scored[]; hardness: Hardness }> {
  yield { type: 'stage', step: 0, stage: 'evaluate', detail };
  const scored = yield* tools.score([tools.initial]);
  const hardness: Hardness = new Map();
  tally(hardness, tools.known(tools.initial, 'validation'));
  return { scored, hardness };
}

export interface Terms {
  places: number;
  step: number;
  /** Which examples are hard, learnt over the run: they decide soonest. */
  hardness: Hardness;
  /** A challenger as good as the last holder takes its place. Default false: it must be better. */
  ties?: boolean;
  /** Also turns away challengers that would have made it: a look at a few examples first. Default: none. */
  gate?: { examples: number; rng: Rng };
}

/** The holders after all challengers had their turn, best first; earlier ones first among equals unless `ties`. */
export async function* contest(
  tools: Tools,
  held: readonly Scored[],
  challengers: readonly Candidate[],
  terms: Terms,
): Op<Scored[]> {
  const { places, ties = false } = terms;
  const holders = [...held].sort((a, b) => b.score - a.score).slice(0, places);
  for (const challenger of challengers) {
    if (holders.some(({ candidate }) => candidate.id === challenger.id)) continue;
    const last = holders.length < places ? null : (holders.at(-1) ?? null);
    const scored = yield* challenge(tools, challenger, last, terms);
    if (scored === null) continue;
    const at = holders.findIndex(({ score }) => (ties ? score <= scored.score : score < scored.score));
    if (at === -1) holders.push(scored);
    else holders.splice(at, 0, scored);
    holders.length = Math.min(holders.length, places);
  }
  return holders;
}

/** Examples asked between two looks at whether a challenger can still make it. */
const CHUNK = 4;

/** Less than any difference of sums of scores that means something. */
const SLACK = 1e-6;

/** Its full score when the challenger takes the place of `holder` (null: the place is free); null when turned away. */
async function* challenge(
  tools: Tools,
  challenger: Candidate,
  holder: Scored | null,
  { step, hardness, ties = false, gate }: Terms,
): Op<Scored | null> {
  if (holder !== null) {
    const all = tools.task.splits.validation;
    const slack = ties ? SLACK : 0;
    // Where nothing can be won there is nothing to look at.
    const open = holder.score < 1 || ties;
    const first = gate === undefined || !open ? [] : yield* firstExamples(tools, holder.candidate, gate);
    let reason: string | null = null;
    if (first.length > 0 && !(yield* looksBetter(tools, challenger, holder.candidate, first, slack))) {
      reason = `not better than ${holder.candidate.id} on ${first.length} examples`;
    } else {
      const rest = hardestFirst(all, hardness).filter((example) => !first.includes(example));
      const of = { split: 'validation', examples: [...first, ...rest], chunk: CHUNK, hardness } as const;
      if (!(yield* exceeds(tools, challenger, holder.score * all.length - slack, of)))
        reason = `cannot score higher than ${holder.candidate.id}`;
    }
    if (reason !== null) {
      yield { type: 'rejected', step, text: challenger.prompt, reason, parents: challenger.parents };
      return null;
    }
  }
  const [scored] = yield* tools.score([challenger]);
  return scored ?? null;
}

async function* looksBetter(
  tools: Tools,
  challenger: Candidate,
  holder: Candidate,
  examples: readonly Example[],
  slack: number,
): Op<boolean> {
  const [own] = yield* tools.score([challenger], { examples });
  const [other] = yield* tools.score([holder], { examples });
  return (own?.score ?? 0) + slack > (other?.score ?? 0);
}

/**
 * Examples on which a difference shows soonest: half of them missed by the holder, where a challenger can gain, half
 * not, where it can lose; more of one kind where the other has too few.
 */
async function* firstExamples(
  tools: Tools,
  holder: Candidate,
  { examples, rng }: NonNullable<Terms['gate']>,
): Op<Example[]> {
  const cases = yield* casesOf(tools, holder, 'validation', tools.task.splits.validation);
  const weak = rng.shuffled(wrongOf(cases));
  const strong = rng.shuffled(cases.filter(({ answer }) => answer.score >= 1));
  const fromWeak = Math.max(Math.ceil(examples / 2), examples - strong.length);
  const chosen = [...weak.slice(0, fromWeak), ...strong.slice(0, examples - Math.min(fromWeak, weak.length))];
  return chosen.map(({ example }) => example);
}

/** The better of the best so far and the first `leaders` of a ranking by partial scores, in full. */
export async function* crown(
  tools: Tools,
  best: Scored,
  ranked: readonly Scored[],
  leaders: number,
  hardness: Hardness,
): Op<Scored> {
  let crowned = best;
  const all = tools.task.splits.validation;
  for (const { candidate } of ranked.filter(({ n }) => n > 0).slice(0, leaders)) {
    const examples = hardestFirst(all, hardness);
    const of = { split: 'validation', examples, chunk: CHUNK, hardness } as const;
    if (candidate.id === crowned.candidate.id) continue;
    if (!(yield* exceeds(tools, candidate, crowned.score * all.length, of))) continue;
    const [scored] = yield* tools.score([candidate]);
    if (scored !== undefined) crowned = scored;
  }
  return crowned;
}
