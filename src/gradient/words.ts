/**
 * Cutting text into the words inside which byte-pair merges happen. Each family of models has its own rule, which must
 * be followed to the character. A rule is a list of patterns: what one finds becomes pieces of their own, what lies
 * between stays a piece, and the next pattern looks inside every piece alone.
 */
export interface Words {
  patterns: readonly RegExp[];
  /** A word that is itself in the vocabulary is not built by merges. */
  wholeFirst: boolean;
  /** Texts begin with the begin token unless the file says otherwise. */
  begins: boolean;
}

/** GPT-2's words. `\s` of the original is Unicode's white space, which JavaScript's `\s` is not. */
const GPT2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const LLAMA3 =
  /'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const gpt2: Words = { patterns: [GPT2], wholeFirst: false, begins: false };
const digits: Words = { patterns: [/\p{N}/gu, GPT2], wholeFirst: false, begins: false };
const llama3: Words = { patterns: [LLAMA3], wholeFirst: true, begins: true };
/** What llama.cpp does with a file that names no rule. */
const unnamed: Words = {
  patterns: [/[\p{P}$+<=>^~|]+/gu, GPT2, /\p{N}+/gu, /[0-9]{3}/g],
  wholeFirst: false,
  begins: false,
};

/** By the file's `tokenizer.ggml.pre`. */
export const WORDS: ReadonlyMap<string, Words> = new Map([
  ['default', unnamed],
  ['gpt-2', gpt2],
  ['smollm', digits],
  ['starcoder', digits],
  ['refact', digits],
  ['command-r', digits],
  ['codeshell', digits],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
]);

/** Text in its words; joined again they are the text. */
export function cut(text: string, { patterns }: Words): string[] {
  return patterns.reduce((pieces, pattern) => pieces.flatMap((piece) => split(piece, pattern)), [text]);
}

/** What a global pattern finds, and what lies between. */
export function split(text: string, pattern: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > from) pieces.push(text.slice(from, found.index));
    pieces.push(found[0]);
    from = found.index + found[0].length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}
