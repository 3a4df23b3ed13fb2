import * as v from 'valibot';
import type { Segment } from './webllm-template.ts';

/** Text to token ids by the model's tokenizer, which turns a special token spelled out in the text into its id. */
export type Encode = (text: string) => number[];

/** The part of tokenizer.json that says which texts are special tokens. */
const tokenizerSchema = v.object({
  added_tokens: v.optional(
    v.array(v.object({ content: v.string(), special: v.optional(v.boolean(), false) })),
    [],
  ),
});

/**
 * Texts that the tokenizer treats as control tokens. Added tokens that are not special (runs of spaces, `<think>`) are
 * ordinary text and stay whole.
 */
export function specialTokens(tokenizerJson: unknown): string[] {
  const { added_tokens } = v.parse(tokenizerSchema, tokenizerJson);
  return added_tokens
    .filter((token) => token.special && token.content.length > 1)
    .map((token) => token.content);
}

/**
 * Token ids of a segment. It is encoded whole, as web-llm does, unless a special token would be recognised that touches
 * inert text: there the text is cut after the special token's first character, so that it can only be read as letters.
 */
export function encodeSegment(segment: Segment, encode: Encode, specials: readonly string[]): number[] {
  const text = segment.map((piece) => piece.text).join('');
  const cuts = inertSpecials(segment, text, specials);
  const ids: number[] = [];
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    if (cut > from) ids.push(...encode(text.slice(from, cut)));
    from = cut;
  }
  return ids;
}

/** Places to cut, ascending and without repeats. */
function inertSpecials(segment: Segment, text: string, specials: readonly string[]): number[] {
  const inert: { from: number; to: number }[] = [];
  let at = 0;
  for (const piece of segment) {
    if (piece.inert) inert.push({ from: at, to: at + piece.text.length });
    at += piece.text.length;
  }
  const cuts = new Set<number>();
  for (const special of specials) {
    for (let i = text.indexOf(special); i >= 0; i = text.indexOf(special, i + 1)) {
      const end = i + special.length;
      if (inert.some(({ from, to }) => i < to && end > from)) cuts.add(i + 1);
    }
  }
  return [...cuts].sort((a, b) => a - b);
}

/**
 * Token ids of an option as the continuation of a segment: what the tokenizer adds when the option follows, else (when
 * the two would melt into one token, which a model that has read the prompt can no longer produce) the option alone.
 */
export function encodeOption(
  option: string,
  segment: Segment,
  encode: Encode,
  specials: readonly string[],
): number[] {
  const before = encodeSegment(segment, encode, specials);
  const piece = { text: option, inert: true };
  const whole = encodeSegment([...segment, piece], encode, specials);
  const follows = before.length < whole.length && before.every((id, i) => whole[i] === id);
  return follows ? whole.slice(before.length) : encodeSegment([piece], encode, specials);
}
