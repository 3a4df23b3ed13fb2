import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstObject, wholeObjectEnd } from '../../src/core/json-object.ts';

test.each([
  ['{"a": 1}', 8],
  ['Here: {"a": {"b": "}"}} and more {', 23],
  ['{x} {"a": 1}\n```', 12],
  // The inner object is whole, but the outer one may still become the answer.
  ['{"note": {"a": 1}', null],
  ['{"a": "{}"', null],
  ['no object', null],
  ['{x} {y', null],
])('%s', (text, end) => {
  expect(wholeObjectEnd(text)).toBe(end);
});

test('a reply that ends with its object is read as the whole reply is', () => {
  const piece = fc.oneof(
    fc.constantFrom('{', '}', '"', '\\', ':', ',', ' ', '\n', '{"a": 1}', '{"b": {"c": "}"}}', 'x'),
    fc.json(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      for (let shown = 1; shown <= text.length; shown++) {
        const end = wholeObjectEnd(text.slice(0, shown));
        if (end === null) continue;
        expect(firstObject(text)).toBe(firstObject(text.slice(0, end)));
        return;
      }
      // It was shown whole and never ended.
      expect(wholeObjectEnd(text)).toBeNull();
    }),
    { numRuns: 500 },
  );
});
