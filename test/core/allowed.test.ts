import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedAnswers, answerGrammar, listedOptions } from '../../src/core/allowed.ts';

describe('listedOptions', () => {
  it('reads letters and texts, one a line or all on one line', () => {
    expect(listedOptions('Which?\n(A) x y\n(B) z.\n')).toEqual([
      { letter: 'A', text: 'x y' },
      { letter: 'B', text: 'z.' },
    ]);
    expect(listedOptions('Which? (A) x (B) y (C) z').map((option) => option.text)).toEqual(['x', 'y', 'z']);
  });
  it('is not misled by a mention in running text', () => {
    expect(listedOptions('As in figure (A), who?\n(A) me\n(B) you').map((option) => option.text)).toEqual([
      'me',
      'you',
    ]);
    expect(listedOptions('Is (B) right?')).toEqual([]);
    expect(listedOptions('Only (A) here')).toEqual([]);
    expect(listedOptions('(A) x (C) y (B) z').map((option) => option.letter)).toEqual(['A', 'B']);
  });
});

describe('allowedAnswers', () => {
  it('lists what a closed metric admits, and null for an open one', () => {
    expect(allowedAnswers({ kind: 'boolean', yes: 'True', no: 'False' }, '')).toEqual(['True', 'False']);
    expect(allowedAnswers({ kind: 'choice', options: ['a', 'b'] }, '(A) x (B) y')).toEqual(['a', 'b']);
    expect(allowedAnswers({ kind: 'choice' }, '(A) x (B) y')).toEqual(['(A)', '(B)']);
    expect(allowedAnswers({ kind: 'choice' }, 'none')).toBeNull();
    expect(allowedAnswers({ kind: 'number', decimals: 0 }, '')).toBeNull();
    expect(allowedAnswers({ kind: 'exact' }, '')).toBeNull();
  });
});

describe('answerGrammar', () => {
  it('spells out closed answers', () => {
    expect(answerGrammar({ kind: 'choice' }, '(A) x (B) y')).toBe('root ::= " "? ("(A)" | "(B)")');
    expect(answerGrammar({ kind: 'boolean', yes: 'Yes', no: 'No' }, '')).toBe('root ::= " "? ("Yes" | "No")');
  });
  it('escapes quotes, backslashes and control characters', () => {
    const options = ['say "hi"', 'a\\b', 'two\nlines', '\u0007'];
    expect(answerGrammar({ kind: 'choice', options }, '')).toBe(
      String.raw`root ::= " "? ("say \"hi\"" | "a\\b" | "two\nlines" | "\x07")`,
    );
  });
  it('gives numbers a fraction only when the metric has decimals', () => {
    expect(answerGrammar({ kind: 'number', decimals: 0 }, '')).toBe('root ::= " "? "-"? [0-9]{1,15}');
    expect(answerGrammar({ kind: 'number', decimals: 2 }, '')).toBe(
      'root ::= " "? "-"? [0-9]{1,15} ("." [0-9]{1,2})?',
    );
  });
  it('names every field of a JSON object, in order', () => {
    const grammar = answerGrammar({ kind: 'json', fields: ['total', 'due "date"'] }, '') ?? '';
    expect(grammar.split('\n')[0]).toBe(
      String.raw`root ::= " "? "{" " "? "\"total\"" ":" " "? value "," " "? "\"due \\\"date\\\"\"" ":" " "? value " "? "}"`,
    );
  });
  it('has none for open answers', () => {
    for (const kind of ['exact', 'contains', 'rouge-l'] as const)
      expect(answerGrammar({ kind }, '')).toBeNull();
    expect(answerGrammar({ kind: 'choice' }, 'no options')).toBeNull();
  });
  it('closes every literal, whatever the options hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (options) => {
        const grammar = answerGrammar({ kind: 'choice', options }, '') ?? '';
        const literals = grammar.match(/"(?:[^"\\\n]|\\.)*"/g) ?? [];
        expect(literals).toHaveLength(options.length + 1);
        expect(grammar.replace(/"(?:[^"\\\n]|\\.)*"/g, '').replaceAll(/[ |]/g, '')).toBe('root::=?()');
      }),
    );
  });
});
