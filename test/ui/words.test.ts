import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharedPart, shotDiff, wordDiff } from '../../src/ui/words.ts';

test('a changed word is one removal and one addition', () => {
  expect(wordDiff('Answer the question.', 'Answer this question.')).toEqual([
    { kind: 'same', text: 'Answer ' },
    { kind: 'removed', text: 'the' },
    { kind: 'added', text: 'this' },
    { kind: 'same', text: ' question.' },
  ]);
});

test('changes that only a word keeps apart are shown as one change', () => {
  expect(wordDiff('You are a critic. Praise it.', 'Decide whether a film is good. Praise it.')).toEqual([
    { kind: 'removed', text: 'You are a critic' },
    { kind: 'added', text: 'Decide whether a film is good' },
    { kind: 'same', text: '. Praise it.' },
  ]);
});

test('the stretches spell both texts, whatever they are', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.string({ maxLength: 80 }), (before, after) => {
      const stretches = wordDiff(before, after);
      const spell = (without: string) =>
        stretches
          .filter((one) => one.kind !== without)
          .map((one) => one.text)
          .join('');
      expect(spell('added')).toBe(before);
      expect(spell('removed')).toBe(after);
    }),
  );
});

test('shared part', () => {
  expect(sharedPart(wordDiff('a b', 'a b'))).toBe(1);
  expect(sharedPart(wordDiff('one', 'two'))).toBe(0);
  expect(sharedPart(wordDiff('gone', ''))).toBe(0);
});

test('worked examples: kept and added in their order, dropped ones last', () => {
  const shot = (id: string) => ({ id, input: id, gold: ['x'] });
  const changes = shotDiff([shot('a'), shot('b')], [shot('c'), shot('a')]);
  expect(changes.map(({ kind, shot: { id } }) => `${kind} ${id}`)).toEqual([
    'added c',
    'same a',
    'removed b',
  ]);
});
