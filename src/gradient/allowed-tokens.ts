import type { Tokenizer } from './tokenizer.ts';

/** A token that a virtual token may be shown as. */
export interface AllowedToken {
  id: number;
  /** With its space in front. */
  text: string;
}

/** The published method takes 14,996 of RoBERTa's tokens, those that its vocabulary learned first. */
const COMMON = 15_000;

/**
 * The tokens that a soft prompt is projected to: common words (and beginnings of words, which a vocabulary does not tell
 * apart). These are the tokens among the first 15,000 that are not special (a byte-level BPE learns pairs in the order of
 * their frequency, so early ones are common) whose text is a space and letters, and which the tokenizer makes of that
 * very text. So any sequence of them joined is words with spaces between, and reads back as the same tokens; no
 * character is ever cut and nothing invisible is shown. SmolLM2 has 9,626.
 */
export function allowedTokens(tokenizer: Tokenizer): AllowedToken[] {
  const allowed: AllowedToken[] = [];
  for (let id = 0, seen = 0; id < tokenizer.size && seen < COMMON; id++) {
    if (tokenizer.isSpecial(id)) continue;
    seen++;
    const text = tokenizer.decode([id]);
    // A cut character decodes to U+FFFD, which is no letter.
    if (!/^ [\p{L}\p{M}]+$/u.test(text)) continue;
    const ids = tokenizer.encode(text);
    if (ids.length === 1 && ids[0] === id) allowed.push({ id, text });
  }
  return allowed;
}
