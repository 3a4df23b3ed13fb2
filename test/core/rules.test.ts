import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extract } from '../../src/core/extract.ts';
import { scoreAnswer } from '../../src/core/metrics.ts';
import { brokenRules, parseRules } from '../../src/core/rules.ts';

const gold = 'has: sorry | apologise\nlacks: stupid\nstarts: Dear\nends: Regards\nwords: 5-12';
const rules = parseRules(gold) ?? [];

describe('rules', () => {
  test('a reply that keeps all of them', () => {
    expect(brokenRules(rules, 'Dear customer,\nwe are SORRY for the delay.\n\nRegards.')).toEqual([]);
  });

  test('each broken rule is named', () => {
    expect(
      brokenRules(
        rules,
        'Deary me, that was a stupid mistake, my friend, so there you are, again and again.',
      ),
    ).toEqual([
      'should say “sorry” or “apologise”',
      'should not say “stupid”',
      'should begin with “dear”',
      'should end with “regards”',
      'should have 5 to 12 words',
    ]);
  });

  test('whole words only; apostrophes and blanks make no difference', () => {
    const one = parseRules("lacks: can't") ?? [];
    expect(brokenRules(one, 'We can’t do it')).toHaveLength(1);
    expect(brokenRules(one, 'The cant of the roof')).toEqual([]);
    expect(brokenRules(parseRules('has: in  time') ?? [], 'It came in\ntime.')).toEqual([]);
    expect(brokenRules(parseRules('ends: thanks') ?? [], 'No thanks!')).toEqual([]);
    expect(brokenRules(parseRules('words: 2-2') ?? [], "Don't re-send")).toEqual([]);
  });

  test.each(['', 'has:', 'has: |', 'words: 9-3', 'words: few', 'sounds: nice', 'no colon', 'has: a\nbad'])(
    '%j holds no rules',
    (text) => expect(parseRules(text)).toBeNull(),
  );

  test('the score is the share of rules kept, the best over the gold texts', () => {
    const metric = { kind: 'rules' } as const;
    const reply = extract(metric, '  Dear all, so sorry. ', '');
    expect(scoreAnswer(metric, reply, [gold])).toBeCloseTo(3 / 5, 12);
    expect(scoreAnswer(metric, reply, [gold, 'has: all'])).toBe(1);
    expect(scoreAnswer(metric, reply, ['no rules'])).toBe(0);
    expect(extract(metric, '  ', '')).toBeNull();
  });

  test('any texts: never throws, and 0..1', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (reply, text) => {
        const score = scoreAnswer({ kind: 'rules' }, reply, [text, `has: ${text}`, gold]);
        expect(score >= 0 && score <= 1).toBe(true);
      }),
    );
  });
});
