import fc from 'fast-check';
import { expect, test } from 'vitest';
import { optimizers } from '../../src/optimizers/index.ts';
import { slotChanges, slotOrigin, templatePieces } from '../../src/ui/origins.ts';

test('pieces join to the template, whatever it holds', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('{a}', '{', '}', '{{b}}', ' x ', '{1}', '\n', '$&')), (parts) => {
      const template = parts.join('');
      expect(
        templatePieces(template)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(template);
    }),
  );
});

test('slots are found and coloured by what fills them', () => {
  expect(templatePieces('Do {task} now')).toEqual([
    { kind: 'text', text: 'Do ' },
    { kind: 'slot', text: '{task}', slot: 'task' },
    { kind: 'text', text: ' now' },
  ]);
  expect(slotOrigin('stepSize')).toBe('step-size');
  expect(slotOrigin('trajectory')).toBe('trajectory');
  expect(slotOrigin('position')).toBe('rule');
});

test('an edited template says which slots it lost and which it invented', () => {
  expect(slotChanges('{a} and {b}', '{b} and {c}')).toEqual({ lost: ['a'], unknown: ['c'] });
  for (const { prompts } of optimizers)
    for (const text of Object.values(prompts))
      expect(slotChanges(text, text)).toEqual({ lost: [], unknown: [] });
});
