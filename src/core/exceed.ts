import type { Candidate } from './candidate.ts';
import type { Answer, Op } from './events.ts';
import type { Tools } from './optimizer.ts';
import type { Example } from './task.ts';

/**
 * Comparing without answering everything: a candidate that must beat a given score is answered only until it has, or
 * until the examples left cannot bring it there. The outcome is the one that answering everything would have given.
 */

/** How hard each example has been so far, by id: score lost and answers seen. */
export type Hardness = Map<string, { lost: number; seen: number }>;

/** Counts answers into `hardness`, in place. */
export function tally(hardness: Hardness, answers: readonly Answer[]): void {
  for (const { example, score } of answers) {
    const { lost, seen } = hardness.get(example) ?? { lost: 0, seen: 0 };
    hardness.set(example, { lost: lost + 1 - score, seen: seen + 1 });
  }
}

/** Examples in the order in which they decide soonest: most often missed first, ties in their own order. */
export function hardestFirst(examples: readonly Example[], hardness: Hardness): Example[] {
  const rate = ({ id }: Example) => {
    const { lost, seen } = hardness.get(id) ?? { lost: 0, seen: 0 };
    return (lost + 1) / (seen + 2);
  };
  return [...examples].sort((a, b) => rate(b) - rate(a));
}

/** Sums of scores such as 1/3 come with rounding. */
const ROUNDING = 1e-9;

/**
 * Whether the candidate's scores over `examples` sum to more than `floor`. Asks `chunk` examples at a time, in the
 * order given, and none beyond the answer that settles it. A candidate that the model refuses does not exceed.
 */
export async function* exceeds(
  tools: Tools,
  candidate: Candidate,
  floor: number,
  of: { split: 'train' | 'validation'; examples: readonly Example[]; chunk: number; hardness?: Hardness },
): Op<boolean> {
  const { split, examples, chunk } = of;
  let sum = 0;
  for (let done = 0; sum + Math.max(0, examples.length - done) > floor + ROUNDING; done += chunk) {
    if (sum > floor + ROUNDING) return true;
    const answers = yield* tools.answers(candidate, split, examples.slice(done, done + chunk));
    if (answers.some((answer) => answer.refused !== undefined)) {
      // Whether the candidate or the example is to blame is the score's to say.
      const [scored] = yield* tools.score([candidate], { split, examples });
      return scored !== undefined && scored.score * examples.length > floor + ROUNDING;
    }
    if (of.hardness !== undefined) tally(of.hardness, answers);
    sum += answers.reduce((total, { score }) => total + score, 0);
  }
  return false;
}
