import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goldChecker } from '../../src/app/task-checks.ts';
import { extract } from '../../src/core/extract.ts';
import { scoreAnswer } from '../../src/core/metrics.ts';

test('a listed letter is read from a reply of just this letter, whatever the options say', () => {
  const option = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('B', '(A)', 'a', 'B) x', 'option c', 'not (B)', 'no', '(C) (A)'),
  );
  fc.assert(
    fc.property(
      fc.array(option, { minLength: 2, maxLength: 5 }),
      fc.nat(4),
      fc.boolean(),
      (options, at, brackets) => {
        const question = `Which?\n${options.map((text, i) => `(${'ABCDE'[i]}) ${text}`).join('\n')}`;
        const letter = 'ABCDE'[at % options.length] ?? 'A';
        const gold = brackets ? `(${letter})` : letter;
        const metric = { kind: 'choice' } as const;
        if (goldChecker(metric)(question, gold) !== null) return;
        expect(scoreAnswer(metric, extract(metric, gold, question), [gold])).toBe(1);
      },
    ),
    { numRuns: 500 },
  );
});

test('a reference has words exactly if it overlaps with itself', () => {
  const metric = { kind: 'rouge-l' } as const;
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
      const scores = scoreAnswer(metric, extract(metric, text, ''), [text]) === 1;
      expect(goldChecker(metric)('', text) === null).toBe(scores);
    }),
  );
});
