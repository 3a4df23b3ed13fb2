import { expect, test } from 'vitest';
import { readingWords } from '../../src/ui/reading-words.ts';

const check = { examples: 20, compared: 20, readable: 19, agreed: 18, tokens: 1904, ms: 12_300 };

test('says why answers are read as they are, and what it cost to find out', () => {
  // 18 of 19 are 94.7 %: less than 95 %, and not rounded up to it.
  expect(readingWords(check)).toBe(
    'The likeliest answer was the written one in only 18 of 19 readable replies (94 %), less than 95 %, so answers are written. Measured once: 40 calls, 1,904 tokens, 12 s.',
  );
  expect(readingWords({ ...check, agreed: 19 })).toMatch(/in 19 of 19 readable replies \(100 %\)\. M/);
  expect(readingWords({ ...check, readable: 9, agreed: 0 })).toMatch(
    /Only 9 of 20 .* no measure: the likeliest/,
  );
  expect(readingWords({ ...check, compared: 0, readable: 3 })).toMatch(/cannot compare answers/);
});
