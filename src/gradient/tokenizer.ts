import * as v from 'valibot';
import { EngineError } from '../core/model.ts';
import { broken, type MetadataValue } from './gguf-header.ts';
import { merge } from './merges.ts';
import { cut, split, WORDS } from './words.ts';

/** A model's tokenizer, read from its own file. */
export interface Tokenizer {
  /** Tokens of the vocabulary; ids are below it. */
  readonly size: number;
  /** What every text must begin with where the model was trained so: the begin token, or nothing. */
  readonly begin: readonly number[];
  /** The token at which a reply ends; null where the file names none. */
  readonly end: number | null;
  /**
   * Token ids of a text, without `begin`. A special token spelled out in the text is read as letters. The text comes
   * back from `decode`, but for two things: half a surrogate pair, which no bytes can carry, becomes U+FFFD, and bytes
   * that the vocabulary has no token for are left out, as llama.cpp does (SmolLM2: six control characters and some
   * planes of Unicode in which no character is assigned).
   */
  encode(text: string): number[];
  /** Text of token ids; bytes that are no whole character become U+FFFD. Throws RangeError for an id not below `size`. */
  decode(ids: readonly number[]): string;
  /** The bytes that a token stands for; of a special token, its name's. */
  bytes(id: number): Uint8Array<ArrayBuffer>;
  /** Special tokens are never made from text. */
  isSpecial(id: number): boolean;
}

/** GGML's kinds of token. Those that are neither normal nor given by the user are never made from text. */
const NORMAL = 1;
const USER_DEFINED = 4;

const schema = v.object({
  'tokenizer.ggml.model': v.string(),
  'tokenizer.ggml.pre': v.optional(v.string(), 'default'),
  'tokenizer.ggml.tokens': v.array(v.string()),
  'tokenizer.ggml.token_type': v.optional(v.array(v.number())),
  'tokenizer.ggml.merges': v.array(v.string()),
  'tokenizer.ggml.bos_token_id': v.optional(v.number()),
  'tokenizer.ggml.eos_token_id': v.optional(v.number()),
  'tokenizer.ggml.add_bos_token': v.optional(v.boolean()),
});
const modelSchema = v.object({ 'tokenizer.ggml.model': v.string() });

/**
 * The tokenizer of a model file. Throws EngineError: `unavailable` for a kind that is not byte-level BPE or cuts words
 * by a rule not known here, `integrity` where the metadata are broken.
 */
export function readTokenizer(metadata: ReadonlyMap<string, MetadataValue>): Tokenizer {
  const all = Object.fromEntries(metadata);
  const kind = v.safeParse(modelSchema, all);
  if (kind.success && kind.output['tokenizer.ggml.model'] !== 'gpt2') {
    throw unsupported(
      `is of the kind ${kind.output['tokenizer.ggml.model']}`,
      'the kind gpt2 (byte-level BPE)',
    );
  }
  const read = v.safeParse(schema, all);
  if (!read.success) {
    const [issue] = read.issues;
    throw broken(`its tokenizer is not as expected (${v.getDotPath(issue) ?? 'all'}: ${issue.message})`);
  }
  const facts = read.output;
  const rule = facts['tokenizer.ggml.pre'];
  const words = WORDS.get(rule);
  if (!words)
    throw unsupported(`cuts words by the rule ${rule}`, `the rules ${[...WORDS.keys()].join(', ')}`);

  const tokens = facts['tokenizer.ggml.tokens'];
  const kinds = facts['tokenizer.ggml.token_type'] ?? tokens.map(() => NORMAL);
  if (kinds.length !== tokens.length) {
    throw broken(`its tokenizer has ${tokens.length} tokens and kinds of ${kinds.length}`);
  }
  /** By the token's letters, one a byte; without specials, so that no text can become one. */
  const normal = new Map<string, number>();
  const given = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (kinds[id] === NORMAL) normal.set(token, id);
    if (kinds[id] === USER_DEFINED && token !== '') given.set(token, id);
  });
  const ranks = new Map(facts['tokenizer.ggml.merges'].map((pair, rank) => [pair, rank] as const));
  const rankOf = (left: string, right: string) =>
    normal.has(left + right) ? ranks.get(`${left} ${right}`) : undefined;

  const utf8 = new TextEncoder();
  const remembered = new Map<string, readonly number[]>();
  /** Ids of one word. Words repeat a great deal, so the latest are kept. */
  function ofWord(word: string): readonly number[] {
    const known = remembered.get(word);
    if (known) return known;
    const letters = Array.from(utf8.encode(word), (byte) => LETTERS[byte] ?? '');
    const whole = letters.join('');
    const parts = words?.wholeFirst && normal.has(whole) ? [whole] : merge(letters, rankOf);
    const ids = parts.flatMap((part) => normal.get(part) ?? []);
    if (remembered.size >= REMEMBERED) remembered.clear();
    if (word.length < 64) remembered.set(word, ids);
    return ids;
  }

  /** The longest first, as llama.cpp looks for them. */
  const givenPattern = [...given.keys()]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('|');
  const anyGiven = givenPattern === '' ? null : new RegExp(givenPattern, 'gu');
  const pieces = (text: string) => (anyGiven ? split(text, anyGiven) : [text]);

  const bytes = (id: number): Uint8Array<ArrayBuffer> => {
    const token = tokens[id];
    if (token === undefined)
      throw new RangeError(`There is no token ${id}; the vocabulary has ${tokens.length}.`);
    if (kinds[id] !== NORMAL) return utf8.encode(token);
    return Uint8Array.from(token, (letter) => BYTES.get(letter) ?? 0);
  };

  const bos = idWithin(facts['tokenizer.ggml.bos_token_id'], tokens.length);
  return {
    size: tokens.length,
    begin: bos !== null && (facts['tokenizer.ggml.add_bos_token'] ?? words.begins) ? [bos] : [],
    end: idWithin(facts['tokenizer.ggml.eos_token_id'], tokens.length),
    encode(text) {
      return pieces(text.toWellFormed()).flatMap((piece) => {
        const id = given.get(piece);
        return id === undefined ? cut(piece, words).flatMap(ofWord) : [id];
      });
    },
    decode(ids) {
      const parts = ids.map(bytes);
      const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole);
    },
    bytes,
    isSpecial: (id) => kinds[id] !== NORMAL && kinds[id] !== USER_DEFINED,
  };
}

const REMEMBERED = 20_000;

/** Token ids stand in files as unsigned numbers; one outside the vocabulary means that there is none. */
function idWithin(id: number | undefined, size: number): number | null {
  return id !== undefined && Number.isInteger(id) && id >= 0 && id < size ? id : null;
}

/**
 * GPT-2 writes each byte as one printable letter: bytes that print in Latin-1 as themselves, the others, in order, as
 * the letters from U+0100 up (a space is Ġ).
 */
const LETTERS: readonly string[] = (() => {
  const prints = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : 256 + others++));
})();
const BYTES: ReadonlyMap<string, number> = new Map(LETTERS.map((letter, byte) => [letter, byte] as const));

function unsupported(what: string, supported: string): EngineError {
  return new EngineError(
    'unavailable',
    `The model's tokenizer ${what}; supported: ${supported}.`,
    'Choose a model with a byte-level BPE tokenizer, such as SmolLM2 or Llama 3.',
  );
}
