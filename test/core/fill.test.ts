import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fill, joinParts } from '../../src/core/fill.ts';

const text = (template: string, slots: Record<string, string>) => joinParts(fill(template, slots));

describe('fill', () => {
  it('keeps where each stretch came from', () => {
    const parts = fill('Improve:\n{current}\n{limit}.', {
      current: { origin: 'current', text: 'Think.' },
      limit: { origin: 'step-size', text: 'At most 5 words' },
    });
    expect(parts).toEqual([
      { origin: 'rule', text: 'Improve:\n' },
      { origin: 'current', text: 'Think.' },
      { origin: 'rule', text: '\n' },
      { origin: 'step-size', text: 'At most 5 words' },
      { origin: 'rule', text: '.' },
    ]);
  });
  it('joins neighbours of one origin', () => {
    expect(fill('a{b}c', { b: 'B' })).toEqual([{ origin: 'rule', text: 'aBc' }]);
    expect(fill('', {})).toEqual([]);
  });
  it('leaves unknown words in braces, and names of the language, alone', () => {
    expect(text('{unknown} {constructor} {toString} {} { a } {1}', { a: 'x' })).toBe(
      '{unknown} {constructor} {toString} {} { a } {1}',
    );
  });
  it.each([
    ['a\n{x}\nb', 'a\nb'],
    ['a\n {x} {y} \nb', 'a\nb'],
    ['a {x} b', 'a  b'],
    ['{x}.', '.'],
    ['a\n\n{x}\n\nb', 'a\n\nb'],
    ['a\n\n{x}\n\n{y}\n\nb', 'a\n\nb'],
    ['a\n{x}\n\nb', 'a\n\nb'],
    ['{x}\n\na', 'a'],
    ['a\n\n{x}', 'a'],
    ['a\n{x}', 'a'],
    ['a\n{x}\n', 'a\n'],
    ['{x}', ''],
    ['{unknown}\n{x}', '{unknown}'],
  ])('%j with empty slots becomes %j', (template, filled) => {
    expect(text(template, { x: '', y: '' })).toBe(filled);
  });

  const wild = fc.oneof(
    fc.constantFrom('{b}', '{a}', '$&', '$1', '$`', '<Prompt>', '{', '}', '{{a}}', '\\', '{b}\n\n{b}', '\n'),
    fc.string({ unit: 'binary', minLength: 1 }),
  );
  it('brings every value through as it stands, once', () => {
    fc.assert(
      fc.property(wild, wild, (a, b) => {
        expect(text('<{a}|{b}|{a}>', { a, b })).toBe(`<${a}|${b}|${a}>`);
        expect(fill('{a}', { a: { origin: 'current', text: a } })).toEqual([{ origin: 'current', text: a }]);
      }),
    );
  });
  it('changes no template without slots of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (template) => {
        expect(text(template, {})).toBe(template);
      }),
    );
  });
});
