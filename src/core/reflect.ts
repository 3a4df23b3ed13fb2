import type { Candidate } from './candidate.ts';
import type { Op } from './events.ts';
import { casesOf, wrongOf, type Case } from './feedback.ts';
import type { Tools } from './optimizer.ts';
import { escapePattern } from './pattern.ts';
import { between } from './tags.ts';
import type { Example } from './task.ts';

/** What methods share that learn from mistakes: finding some, and reading what the optimizer says of them. */

/** What was answered, and the wrong ones of it. */
export interface Mistakes {
  seen: Case[];
  wrong: Case[];
}

/** Examples asked between two looks at how many were wrong. */
const CHUNK = 4;

/**
 * Train examples that a candidate gets wrong: answers `examples` in their order until `enough` were wrong, and no more
 * than it takes to know. An example that the model cannot be asked is neither seen nor wrong.
 */
export async function* mistakes(
  tools: Tools,
  candidate: Candidate,
  examples: readonly Example[],
  enough: number,
): Op<Mistakes> {
  const seen: Case[] = [];
  let wrong: Case[] = [];
  for (let done = 0; done < examples.length && wrong.length < enough; done += CHUNK) {
    const cases = yield* casesOf(tools, candidate, 'train', examples.slice(done, done + CHUNK));
    seen.push(...cases.filter(({ answer }) => answer.refused === undefined));
    wrong = wrongOf(seen);
  }
  return { seen, wrong: wrong.slice(0, enough) };
}

/** Words kept of a remark that came without its tags, which may ramble. */
const REMARK_WORDS = 60;

/**
 * What stands between each pair of tags, in order, at most `count`. A reply without tags counts as one remark, cut to
 * its first 60 words: a remark, unlike a prompt, may be taken from anywhere. None for a reply without a word.
 */
export function remarks(reply: string, open: string, close: string, count: number): string[] {
  const pieces = reply.split(new RegExp(escapePattern(open), 'iu')).slice(1);
  const found = pieces.flatMap((piece) => between(open + piece, open, close) ?? []).slice(0, count);
  if (found.length > 0) return found;
  const whole = shortened(reply);
  return /[\p{L}\p{N}]/u.test(whole) ? [whole] : [];
}

/** The first 60 words of a text, on one line. */
export function shortened(text: string): string {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  return words.slice(0, REMARK_WORDS).join(' ');
}
