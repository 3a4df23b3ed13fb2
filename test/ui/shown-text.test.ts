import { expect, test } from 'vitest';
import { shownText } from '../../src/ui/shown-text.ts';

test('a reply of any sensible length is shown whole, an endless one is cut between letters', () => {
  expect(shownText('')).toBe('');
  const whole = 'a'.repeat(50_000);
  expect(shownText(whole)).toBe(whole);
  expect(shownText(`${whole}b`)).toBe(`${whole}… (cut here: 50,001 characters in all)`);
  const pair = `${'a'.repeat(49_999)}\u{1F345}b`;
  expect(shownText(pair)).toBe(`${'a'.repeat(49_999)}… (cut here: 50,002 characters in all)`);
});
