import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proposedLines } from '../../src/core/proposed-lines.ts';

test.each([
  ['nothing', '', []],
  ['blanks', ' \n\t\n', []],
  ['a bare list', 'Judge the mood.\nWeigh each word.', ['Judge the mood.', 'Weigh each word.']],
  [
    'marks of every kind',
    '- Judge the mood.\n* Weigh it\n• Look\n1. First\n2) Second\n(3) Third\n4: Fourth',
    ['Judge the mood.', 'Weigh it', 'Look', 'First', 'Second', 'Third', 'Fourth'],
  ],
  // The published parser fails on a line of one character and on an empty list.
  ['lines of one character', '-\n*\na\n1\n.', ['a', '1']],
  [
    'quotation marks',
    '"Judge the mood."\n1. “Weigh it”\n\'Look twice\',',
    ['Judge the mood.', 'Weigh it', 'Look twice'],
  ],
  ['a quotation inside', 'Say "yes" or "no"', ['Say "yes" or "no"']],
  [
    'labels and bold',
    '**Prompt 1:** Judge it.\nTemplate: Weigh it.\n1. Prompt #2: "Look"',
    ['Judge it.', 'Weigh it.', 'Look'],
  ],
  ['an announcement and a fence', 'Here are three new prompts:\n```text\nJudge it.\n```', ['Judge it.']],
  ['tags', 'Here: <prompt>Judge\nit.</prompt> and <prompt>"Weigh it"</prompt>', ['Judge\nit.', 'Weigh it']],
  ['an open tag', 'So <prompt>Judge it.', ['Judge it.']],
  ['other line ends', 'Judge it.\r\nWeigh it.\rLook.', ['Judge it.', 'Weigh it.', 'Look.']],
  ['a repetition', 'Judge it.\n- Judge it.', ['Judge it.']],
])('%s', (_case, reply, texts) => {
  expect(proposedLines(reply)).toEqual(texts);
});

test('any reply gives distinct texts with a letter or a digit, which read again come back as they are', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('\n', '- ', '1. ', '"', '<prompt>', '</prompt>', ':'),
        ),
      ),
      (pieces) => {
        const texts = proposedLines(pieces.join(''));
        expect(new Set(texts).size).toBe(texts.length);
        for (const text of texts) expect(text).toMatch(/[\p{L}\p{N}]/u);
      },
    ),
    { numRuns: 500 },
  );
});
