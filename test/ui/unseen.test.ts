import { expect, test } from 'vitest';
import { unseenSigns } from '../../src/ui/unseen.ts';

test.each([
  ['Judge the item.\n\tTwice.', null],
  ['שלום, مرحبا, naïve, e\u0301', null],
  ['a family \u{1F469}\u200D\u{1F469}\u200D\u{1F467} and \u2764\uFE0F\u200D\u{1F525}', null],
  ['a\u200Bb\u200B\u202Ec', 'zero width space (U+200B) 2 times, right-to-left override (U+202E)'],
  ['in\u200Dvisible', 'zero width joiner (U+200D)'],
  ['\u001B[31mred', 'U+001B'],
  ['tags \u{E0041}\u{E0042}', 'U+E0041, U+E0042'],
  [
    '\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008',
    'U+0001, U+0002, U+0003, U+0004, U+0005, U+0006 and 2 more kinds',
  ],
])('%j', (text, told) => expect(unseenSigns(text)).toBe(told));
