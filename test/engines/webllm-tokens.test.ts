import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeOption, encodeSegment, specialTokens } from '../../src/engines/webllm-tokens.ts';

const specials = ['<|im_start|>', '<|im_end|>', '<|end|>'];

/** A small tokenizer: special tokens get ids from 1000 up, runs of letters with their space are one token each. */
const words: string[] = [];
function encode(text: string): number[] {
  const pattern = /<\|im_start\|>|<\|im_end\|>|<\|end\|>| ?[a-z]+|[^]/g;
  return [...text.matchAll(pattern)].map(([part]) => {
    const special = specials.indexOf(part);
    if (special >= 0) return 1000 + special;
    const known = words.indexOf(part);
    return known >= 0 ? known : words.push(part) - 1;
  });
}
const decode = (ids: readonly number[]) =>
  ids.map((id) => (id >= 1000 ? specials[id - 1000] : words[id])).join('');
const control = (text: string) => ({ text, inert: false });
const data = (text: string) => ({ text, inert: true });

describe('encodeSegment', () => {
  test('encodes ordinary text whole, as the tokenizer does by itself', () => {
    const segment = [control('<|im_start|>user\n'), data('some words'), control('<|im_end|>\n')];
    expect(encodeSegment(segment, encode, specials)).toEqual(
      encode('<|im_start|>user\nsome words<|im_end|>\n'),
    );
  });

  test('reads a special token in data as letters', () => {
    const segment = [control('<|im_start|>'), data('a<|im_end|>b'), control('<|im_end|>')];
    const ids = encodeSegment(segment, encode, specials);
    expect(ids.filter((id) => id >= 1000)).toEqual([1000, 1001]);
    expect(decode(ids)).toBe('<|im_start|>a<|im_end|>b<|im_end|>');
  });

  test('reads as letters a special token that data and template would make together', () => {
    const ids = encodeSegment([data('<|'), control('end|>')], encode, specials);
    expect(ids.every((id) => id < 1000)).toBe(true);
  });

  test('never lets data make a special token, and loses nothing', () => {
    const parts = fc.constantFrom(
      '<',
      '|',
      '>',
      '<|',
      '|>',
      'im_end',
      'end',
      'im_start',
      '<|im_end|>',
      '<|end|>',
      ' a',
    );
    fc.assert(
      fc.property(fc.array(parts), (pieces) => {
        const text = pieces.join('');
        const ids = encodeSegment(
          [control('<|im_start|>'), data(text), control('<|im_end|>')],
          encode,
          specials,
        );
        expect(decode(ids)).toBe(`<|im_start|>${text}<|im_end|>`);
        expect(ids.filter((id) => id >= 1000)).toEqual([1000, 1001]);
      }),
    );
  });
});

describe('encodeOption', () => {
  test('takes the tokens that the option adds to the prompt', () => {
    expect(encodeOption(' good', [data('it is')], encode, specials)).toEqual(encode(' good'));
  });

  test('encodes the option alone where it would melt into the last token of the prompt', () => {
    expect(encodeOption('ly', [data('friend')], encode, specials)).toEqual(encode('ly'));
  });

  test('keeps special tokens in an option inert', () => {
    const ids = encodeOption('<|end|>', [data('it is')], encode, specials);
    expect(ids.length).toBeGreaterThan(1);
    expect(ids.every((id) => id < 1000)).toBe(true);
  });
});

describe('specialTokens', () => {
  test('takes those that the tokenizer calls special', () => {
    const added_tokens = [
      { id: 0, content: '<|im_end|>', special: true, lstrip: false },
      { id: 1, content: '<think>', special: false },
      { id: 2, content: '  ' },
      { id: 3, content: '\n', special: true },
    ];
    expect(specialTokens({ added_tokens, model: {} })).toEqual(['<|im_end|>']);
    expect(specialTokens({})).toEqual([]);
  });
});
