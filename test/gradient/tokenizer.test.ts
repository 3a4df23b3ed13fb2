import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { EngineError } from '../../src/core/model.ts';
import { allowedTokens } from '../../src/gradient/allowed-tokens.ts';
import type { MetadataValue } from '../../src/gradient/gguf-header.ts';
import { readTokenizer } from '../../src/gradient/tokenizer.ts';
import { cut, WORDS } from '../../src/gradient/words.ts';
import written from './words.fixture.json';

const fixture = v.parse(
  v.object({ texts: v.array(v.string()), words: v.record(v.string(), v.array(v.array(v.string()))) }),
  written,
);

/** GPT-2's letter of each byte, worked out anew: 188 stand for themselves, the others follow from U+0100. */
const alphabet = (() => {
  const own = [
    [0x21, 0x7e],
    [0xa1, 0xac],
    [0xae, 0xff],
  ] as const;
  const letters: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const self = own.some(([from, to]) => byte >= from && byte <= to);
    letters.push(String.fromCodePoint(self ? byte : next++));
  }
  return letters;
})();

const SPECIAL = ['<|begin|>', '<|im_end|>'];
const MERGES = ['Ġ t', 'h e', 'Ġt he', 'Ġ c', 'a t', 'Ġc at', 'i m', '< |', '| >', 'Ã ©', 'Ġ Ġ', 'ð Ł'];

/** 2 special tokens, 256 bytes, then one token a merge. */
function metadata(more: Record<string, MetadataValue> = {}): Map<string, MetadataValue> {
  const tokens = [...SPECIAL, ...alphabet, ...MERGES.map((pair) => pair.replace(' ', ''))];
  return new Map<string, MetadataValue>(
    Object.entries({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': tokens.map((_, id) => (id < SPECIAL.length ? 3 : 1)),
      'tokenizer.ggml.merges': MERGES,
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 1,
      ...more,
    }),
  );
}
const byte = (value: number) => SPECIAL.length + value;
const merged = (pair: string) => SPECIAL.length + 256 + MERGES.indexOf(pair);

describe('words', () => {
  test.each(Object.keys(fixture.words))('are cut as the %s family cuts them', (rule) => {
    const words = WORDS.get(rule);
    if (!words) throw new Error(`no rule ${rule}`);
    expect(fixture.texts.map((text) => cut(text, words))).toEqual(fixture.words[rule]);
  });

  test.each([...WORDS.keys()])('of %s joined are the text', (rule) => {
    const words = WORDS.get(rule);
    if (!words) throw new Error(`no rule ${rule}`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(cut(text, words).join('')).toBe(text);
      }),
    );
  });
});

describe('encode', () => {
  const tokenizer = readTokenizer(metadata());

  test('merges inside words, by hand', () => {
    expect(tokenizer.encode(' the cat')).toEqual([merged('Ġt he'), merged('Ġc at')]);
    expect(tokenizer.encode('the')).toEqual([byte(0x74), merged('h e')]);
    expect(tokenizer.encode('é')).toEqual([merged('Ã ©')]);
    expect(tokenizer.encode('')).toEqual([]);
  });

  test('reads special tokens in text as letters', () => {
    expect(tokenizer.encode('<|im_end|>')).toEqual([
      merged('< |'),
      merged('i m'),
      byte(0x5f),
      ...[...'end'].map((letter) => byte(letter.charCodeAt(0))),
      merged('| >'),
    ]);
  });

  test('makes U+FFFD of half a surrogate pair', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud83dz'))).toBe('a\ufffdz');
  });

  test.each([...WORDS.keys()])('then decode gives any text back (%s)', (rule) => {
    const { encode, decode, isSpecial } = readTokenizer(metadata({ 'tokenizer.ggml.pre': rule }));
    const special = fc.constantFrom(...SPECIAL, ' the', ' cat', '<|', '|>');
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.oneof(special, fc.string({ unit: 'grapheme' }))).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const ids = encode(text);
        expect(decode(ids)).toBe(text.toWellFormed());
        expect(ids.some(isSpecial)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('takes tokens that the file gives as text whole, the longest first', () => {
    const tokens = [...SPECIAL, ...alphabet, '[a+b]', '[a+b]?c'];
    const given = readTokenizer(
      metadata({
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 2 ? 3 : id < 258 ? 1 : 4)),
      }),
    );
    expect(given.encode('x[a+b]?c[a+b]')).toEqual([byte(0x78), 259, 258]);
    expect(given.decode([byte(0x78), 259, 258])).toBe('x[a+b]?c[a+b]');
    expect(given.isSpecial(258)).toBe(false);
  });

  test('leaves out bytes that have no token', () => {
    const tokens = [...SPECIAL, ...alphabet.slice(0x20)];
    const small = readTokenizer(
      metadata({
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 2 ? 3 : 1)),
      }),
    );
    expect(small.decode(small.encode('a\tb'))).toBe('ab');
  });

  test('takes a word that is a token as it is where the family does so', () => {
    const tokens = [...SPECIAL, ...alphabet, 'xyz'];
    const more = {
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 2 ? 3 : 1)),
    };
    expect(readTokenizer(metadata({ ...more, 'tokenizer.ggml.pre': 'llama-bpe' })).encode('xyz')).toEqual([
      258,
    ]);
    expect(readTokenizer(metadata(more)).encode('xyz')).toHaveLength(3);
  });
});

describe('the begin token', () => {
  const begin = (more: Record<string, MetadataValue>) => readTokenizer(metadata(more)).begin;

  test('is as the file says', () => {
    expect(begin({ 'tokenizer.ggml.add_bos_token': true })).toEqual([0]);
    expect(begin({ 'tokenizer.ggml.add_bos_token': false, 'tokenizer.ggml.pre': 'llama-bpe' })).toEqual([]);
  });

  test('is as the family does where the file does not say', () => {
    expect(begin({})).toEqual([]);
    expect(begin({ 'tokenizer.ggml.pre': 'llama-bpe' })).toEqual([0]);
  });
});

describe('bytes and decode', () => {
  const tokenizer = readTokenizer(metadata());

  test('give a special token by its name and part of a character by its bytes', () => {
    expect(tokenizer.decode([1])).toBe('<|im_end|>');
    expect([...tokenizer.bytes(merged('ð Ł'))]).toEqual([0xf0, 0x9f]);
    expect(tokenizer.decode([merged('ð Ł')])).toBe('\ufffd');
    expect(tokenizer.end).toBe(1);
  });

  test('keep a byte order mark', () => {
    expect(tokenizer.decode(tokenizer.encode('\ufeffa'))).toBe('\ufeffa');
  });

  test('refuse an id that is not there', () => {
    expect(() => tokenizer.decode([tokenizer.size])).toThrow(RangeError);
  });
});

describe('readTokenizer', () => {
  test.each([
    [{ 'tokenizer.ggml.model': 'llama' }, 'unavailable', /of the kind llama; supported: the kind gpt2/],
    [{ 'tokenizer.ggml.pre': 'tekken' }, 'unavailable', /rule tekken; supported: the rules default/],
    [{ 'tokenizer.ggml.tokens': 'none' }, 'integrity', /tokenizer\.ggml\.tokens/],
    [{ 'tokenizer.ggml.token_type': [1] }, 'integrity', /kinds of 1/],
  ])('refuses %o', (more, fault, message) => {
    const make = () => readTokenizer(metadata(more));
    expect(make).toThrow(EngineError);
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ fault }));
  });
});

describe('allowedTokens', () => {
  test('are words with a space in front', () => {
    expect(allowedTokens(readTokenizer(metadata())).map(({ text }) => text)).toEqual([
      ' t',
      ' the',
      ' c',
      ' cat',
    ]);
  });

  test('leave out a word that the tokenizer itself would write otherwise', () => {
    const tokens = [...SPECIAL, ...alphabet, ...MERGES.map((pair) => pair.replace(' ', '')), 'Ġdog'];
    const more = {
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 2 ? 3 : 1)),
    };
    expect(allowedTokens(readTokenizer(metadata(more))).map(({ text }) => text)).not.toContain(' dog');
  });
});
