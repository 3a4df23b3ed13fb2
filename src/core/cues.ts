/** Where a reply says that its answer comes, and the stretch of text in which to look for it. */

export interface Cued {
  /** Text beside the cue, on one line, never reaching into the next cue. */
  text: string;
  /** `after` the cue ("the answer is …") or `before` it ("… is the correct answer"). */
  side: 'after' | 'before';
  /** On the cue's own line, not on the next one with text. */
  sameLine: boolean;
  /** After a cue: everything up to the next cue, for answers of several lines. Empty before a cue. */
  below: string;
}

// Every repetition is bounded and every alternative starts with a fixed word, so a scan is linear in the text.
const VERB = String.raw`(?:is|are|was|would\sbe|should\sbe|must\sbe|will\sbe)\b`;
const JOIN = String.raw`(?:\*\*|__)?\s{0,3}(?:${VERB}(?:\s{0,3}:)?|[:=]|[-–—]\s)`;
const BEHIND = String.raw`\b${VERB}\s{1,3}(?:the|my|our)\s{1,3}(?:(?:correct|right|final|best|likely|most)\s{1,3}){0,3}(?:answer|choice|option)\b(?:\s{0,3}:)?`;
const AHEAD = String.raw`\b(?:answers?|(?:correct|right|final|best)\s{1,3}(?:option|choice|label|category|result|number|value|total))\b(?:\s{1,3}(?:to|for)\s{1,3}(?:the|this|that|your)\s{1,3}\p{L}{1,20}\b)?${JOIN}`;
const NOUN = String.raw`\b(?:label|category|class|classification|sentiment|result|total|sum|output|prediction|choice|verdict|conclusion|decision)\b${JOIN}`;

/** "The answer is", "Answer:", "#### ", "\boxed{", "<answer>", "… is the correct answer". */
export const PRIMARY = new RegExp(
  String.raw`(?<behind>${BEHIND})|####|\\boxed\{|<(?:final[_ -]?)?answer>|${AHEAD}`,
  'giu',
);
/** "… is:", "Sentiment:", "The total is": asked only when no primary cue leads to an answer. */
export const WEAK = new RegExp(String.raw`\b(?:is|are|be)\s{0,3}:|${NOUN}`, 'giu');
/** The same, and an equals sign. */
export const WEAK_NUMBER = new RegExp(`${WEAK.source}|=`, 'giu');

/** Cues further back are not looked at; a reply that repeats itself without end is no reason to read it all. */
const LOOK_BACK = 100;

/**
 * The stretches beside the matches of `cues`, the last cue first. A stretch after a cue is the rest of its line, or
 * the next line with text when nothing follows on the cue's own.
 */
export function* cued(text: string, cues: RegExp): Generator<Cued, void> {
  const found: RegExpExecArray[] = [];
  for (const match of text.matchAll(cues)) {
    found.push(match);
    if (found.length > 2 * LOOK_BACK) found.splice(0, LOOK_BACK);
  }
  for (let i = found.length - 1; i >= Math.max(0, found.length - LOOK_BACK); i--) {
    const cue = found[i];
    if (cue === undefined) continue;
    const behind = cue.groups?.behind !== undefined;
    if (behind) {
      const previous = found[i - 1];
      const from = previous === undefined ? 0 : previous.index + previous[0].length;
      const before = text.slice(from, cue.index);
      yield { text: before.slice(before.lastIndexOf('\n') + 1), side: 'before', sameLine: true, below: '' };
    }
    // "What is the right answer: …" reads as a cue on either side.
    if (!behind || cue[0].endsWith(':')) {
      const after = text.slice(cue.index + cue[0].length, found[i + 1]?.index);
      const skipped = /^[\s*_`:]*/u.exec(after)?.[0] ?? '';
      const rest = after.slice(skipped.length);
      const below = cue[0].endsWith('{') ? (rest.split('}', 1)[0] ?? '') : rest;
      const sameLine = !skipped.includes('\n');
      yield { text: below.split('\n', 1)[0] ?? '', side: 'after', sameLine, below };
    }
  }
}
