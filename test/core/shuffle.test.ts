import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRng } from '../../src/core/rng.ts';
import { movableOptions, otherOrders, reorderListed, reorderNamed } from '../../src/core/shuffle.ts';

describe('otherOrders', () => {
  test('all different, none the present one, no more than there are', () => {
    expect(otherOrders(2, 5, makeRng(1))).toEqual([[1, 0]]);
    expect(otherOrders(3, 9, makeRng(1)).map((order) => order.join(''))).toHaveLength(5);
    expect(otherOrders(1, 3, makeRng(1))).toEqual([]);
    expect(otherOrders(0, 3, makeRng(1))).toEqual([]);
    expect(otherOrders(4, 0, makeRng(1))).toEqual([]);
    const orders = otherOrders(8, 6, makeRng(1)).map((order) => order.join(''));
    expect(new Set(orders).size).toBe(6);
    expect(orders).not.toContain('01234567');
  });
});

describe('listed options', () => {
  const turned = (question: string, order: number[]) => {
    const places = movableOptions(question);
    return places === null ? null : reorderListed(question, places, order);
  };
  test('on lines of their own', () => {
    expect(turned('Who?\nOptions:\n(A) Ann\n(B) Bob, too\n(C) Cy\n', [2, 0, 1])).toBe(
      'Who?\nOptions:\n(A) Cy\n(B) Ann\n(C) Bob, too\n',
    );
  });
  test('on the last line, whose commas, words and full stop stay', () => {
    expect(turned('Who is it: (A) Ann, (B) Bob or (C) Cy.', [1, 2, 0])).toBe(
      'Who is it: (A) Bob, (B) Cy or (C) Ann.',
    );
  });
  test.each([
    ['text behind an inline list', 'Is it (A) red or (B) blue?\nAnswer now.'],
    ['an option that speaks of the others', 'Which?\n(A) a cat\n(B) a dog\n(C) none of the above'],
    ['an option that names letters', 'Which?\n(A) a cat\n(B) a dog\n(C) both (A) and (B)'],
    ['a question that names a letter', 'As in figure (A), who?\n(A) me\n(B) you'],
    ['an empty option', 'Which?\n(A) \n(B) b'],
    ['no list', 'Which?'],
  ])('%s: not moved', (_what, question) => {
    expect(movableOptions(question)).toBeNull();
  });
  test('there and back again is the same question', () => {
    const option = fc.stringMatching(/^[a-z][a-z0-9 $&]{0,8}[a-z]$/);
    fc.assert(
      fc.property(fc.array(option, { minLength: 2, maxLength: 6 }), fc.integer(), (options, seed) => {
        const question = `Which?\n${options.map((each, i) => `(${'ABCDEF'[i] ?? ''}) ${each}`).join('\n')}`;
        const places = movableOptions(question);
        if (places === null) return;
        const [order = []] = otherOrders(options.length, 1, makeRng(seed));
        const there = reorderListed(question, places, order);
        const back = order.map((_, i) => order.indexOf(i));
        expect(turned(there, back)).toBe(question);
      }),
    );
  });
});

describe('named options', () => {
  const options = ['positive', 'negative', 'neutral'];
  test.each([
    ['Is it positive, negative or neutral?', 'Is it neutral, positive or negative?'],
    ['Say "positive", "negative", or "neutral".', 'Say "neutral", "positive", or "negative".'],
    ['Options:\n- positive\n- negative\n- neutral', 'Options:\n- neutral\n- positive\n- negative'],
    ['One of [positive/negative/neutral]', 'One of [neutral/positive/negative]'],
    [
      'negative, neutral, positive! Or: positive, neutral, negative.',
      'positive, negative, neutral! Or: negative, positive, neutral.',
    ],
  ])('%j', (text, expected) => {
    expect(reorderNamed(text, options, [2, 0, 1])).toBe(expected);
  });
  test.each([
    'Say positive if it praises, negative if it blames, else neutral.',
    'Is it positive or negative?',
    'positive, positive, negative',
    'Judge it.',
  ])('%j is no list of all', (text) => {
    expect(reorderNamed(text, options, [2, 0, 1])).toBeNull();
  });
  test('an option inside another is not mistaken for it', () => {
    expect(reorderNamed('Answer valid or invalid.', ['valid', 'invalid'], [1, 0])).toBe(
      'Answer invalid or valid.',
    );
    expect(reorderNamed('Yes or not yes?', ['yes', 'not yes'], [1, 0])).toBe('not yes or Yes?');
  });
});
