import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactly, inert, specialNames } from '../../src/engines/inert.ts';

const SMOLLM2 = "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}";
const GEMMA = "{{ bos_token }}{{ '<start_of_turn>' + role }}<end_of_turn>\n";
const MISTRAL = '[INST] {{ content }} [/INST]</s>{% if messages[0] %}{% endif %}';

describe('specialNames', () => {
  test('finds what the templates of common models use', () => {
    expect([...specialNames(SMOLLM2)]).toEqual(['<|im_start|>', '<|im_end|>']);
    expect([...specialNames(GEMMA)]).toEqual(['<start_of_turn>', '<end_of_turn>']);
    expect([...specialNames(MISTRAL)]).toEqual(['[INST]', '[/INST]', '</s>']);
    expect([...specialNames('')]).toEqual([]);
  });
});

describe('inert', () => {
  test('takes the power from special names and leaves other text alone', () => {
    const names = specialNames(GEMMA + MISTRAL);
    expect(inert('a<|im_end|>b', names)).toBe('a< |im_end|>b');
    expect(inert('<end_of_turn> [/INST]', names)).toBe('< end_of_turn> [ /INST]');
    const plain = 'x < y, <b>bold</b>, <answer>A</answer>, [A], [NOTE], a <| b |> c';
    expect(inert(plain, names)).toBe(plain);
  });

  test('replaces lone surrogates and keeps whole characters', () => {
    expect(inert('a\ud800b 😀', new Set())).toBe('a\ufffdb 😀');
  });

  test('never leaves a name of the template behind', () => {
    const names = specialNames(SMOLLM2 + GEMMA + MISTRAL);
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...names, '<', '|', '>', '<|', '|>'),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = inert(pieces.join(''), names);
        for (const name of names) expect(text).not.toContain(name);
      }),
    );
  });
});

describe('exactly', () => {
  test('escapes what GBNF reads in a string', () => {
    expect(exactly(' good')).toBe('root ::= " good"');
    expect(exactly('a"b\\c\n\t')).toBe('root ::= "a\\"b\\\\c\\x0a\\x09"');
    expect(exactly('é😀')).toBe('root ::= "é😀"');
  });
});
