import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutEnd } from '../../src/core/trim.ts';

test('takes off what a regular expression would', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '.', ',', ' ', '\n', '\u00a0', ';', '!') });
  fc.assert(
    fc.property(text, (given) => {
      expect(withoutEnd(given, '.;,')).toBe(given.replace(/[.;,]+$/, ''));
      expect(withoutEnd(given, ' .,!?')).toBe(given.replace(/[\s.,!?]+$/u, ''));
    }),
  );
});
