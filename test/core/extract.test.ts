import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { extract } from '../../src/core/extract.ts';
import { scoreAnswer } from '../../src/core/metrics.ts';
import type { Metric } from '../../src/core/task.ts';

const TRUTH: Metric = { kind: 'boolean', yes: 'True', no: 'False' };
const YES: Metric = { kind: 'boolean', yes: 'Yes', no: 'No' };
const VALID: Metric = { kind: 'boolean', yes: 'valid', no: 'invalid' };
const LETTERS: Metric = { kind: 'choice' };
const MOOD: Metric = { kind: 'choice', options: ['positive', 'negative'] };
const DESK: Metric = { kind: 'choice', options: ['billing', 'billing dispute', 'technical', 'other'] };
const WHOLE: Metric = { kind: 'number', decimals: 0 };
const EXACT: Metric = { kind: 'exact' };
const TOTAL: Metric = { kind: 'json', fields: ['total'] };

const MOVIES =
  'Find a movie similar to The Mask:\nOptions:\n(A) Babe\n(B) The House\n(C) Saving Santa\n(D) Experimenter';

function table(metric: Metric, rows: readonly (readonly [string, string | null])[], question = '') {
  test.each(rows)('%j gives %j', (reply, answer) => {
    expect(extract(metric, reply, question)).toBe(answer);
  });
}

describe('a boolean', () => {
  describe('Yes/No', () => {
    table(YES, [
      ['Yes', 'Yes'],
      [' yes.', 'Yes'],
      ['yes because no steps are left', 'Yes'],
      ['No, it does not. Yes would need another turn.', 'No'],
      ['**No**', 'No'],
      ['The answer is no.', 'No'],
      ['The answer is that you do not return, so No.', 'No'],
      ['Yes? Let me see.\nThe final answer is: No', 'No'],
      ['Step 1 says yes.\nStep 2 says no.\n\nNo', 'No'],
      ['The answer is yes. I hope that this answer is helpful.', 'Yes'],
      ['Yes is the correct answer, although no comes close.', 'Yes'],
      ['<answer>Yes</answer>', 'Yes'],
      // Nothing to be read:
      ['Yes or no', null],
      ['- Yes\n- No', null],
      ['There is no reason to believe it.', null],
      ['I think yes, on the other hand no.', null],
      ['The answer is either yes or no.', null],
      ['Yesterday and nobody', null],
      ['1', null],
    ]);
  });
  describe('True/False', () => {
    table(TRUTH, [
      ['False', 'False'],
      ['1', 'True'],
      ['0.', 'False'],
      ['The answer is 1', 'True'],
      ['It is False.', 'False'],
      ['not True is False', null],
      ['True and not False is', null],
      ['True and False is False. So the answer is\n\n**True**', 'True'],
      ['10', null],
      ['1. First evaluate the brackets.', null],
    ]);
  });
  describe('valid/invalid', () => {
    table(VALID, [
      ['The argument is invalid.', 'invalid'],
      ['The argument is not valid.', 'invalid'],
      ["This isn't valid", 'invalid'],
      ['deductively valid', 'valid'],
    ]);
  });
});

describe('a letter among those that the question lists', () => {
  table(
    LETTERS,
    [
      ['(B)', '(B)'],
      ['b)', '(B)'],
      ['B', '(B)'],
      ['(B) The House, because (A) is about a pig', '(B)'],
      ['Option C', '(C)'],
      ['The answer is (D).', '(D)'],
      ['The answer is D', '(D)'],
      ['The best option is Saving Santa.', '(C)'],
      ['The answer is not (A) but (B)', '(B)'],
      ['(A) is wrong; (C) is the correct answer because (B) is older.', '(C)'],
      ['I compared (A) and (B).\n\n(B) The House', '(B)'],
      ['What is the right answer: (C)', '(C)'],
      ['The final answer is \\boxed{(A)}', '(A)'],
      // A letter that the question does not offer, prose, and an echo of the list:
      ['(E)', null],
      ['A movie like this is hard to find.', null],
      ['(A) Babe\n(B) The House\n(C) Saving Santa\n(D) Experimenter', null],
      ['The films are:\n(A) Babe\n(B) The House', null],
      ['(C) Something\n(D) Experimenter', null],
      ['Both (A) and (B) fit.', null],
    ],
    MOVIES,
  );
  it('takes the letters from the question, not from the prompt around it', () => {
    expect(extract(LETTERS, '(C)', 'Which?\n(A) x\n(B) y')).toBeNull();
    expect(extract(LETTERS, '(B)', 'No options here')).toBeNull();
  });
});

describe('one of fixed options', () => {
  describe('two moods', () => {
    table(MOOD, [
      ['negative', 'negative'],
      ['The sentiment of this review is Positive!', 'positive'],
      ['positive, negative', null],
      ['Sentiment: negative. The positive words are ironic.', 'negative'],
      ['negative, not positive', 'negative'],
      ['not positive', null],
      ['The answer is positive or negative', null],
      ['non-positive', null],
      ['Positively great', null],
      ['_negative_', 'negative'],
      ['It is good', null],
      ['First cue: the answer is positive. On reflection the answer is negative.', 'negative'],
    ]);
  });
  describe('options that contain one another', () => {
    table(DESK, [
      ['billing dispute', 'billing dispute'],
      ['Billing', 'billing'],
      ['The category is: billing  dispute', 'billing dispute'],
      ['It is billing rather than technical', null],
      ['billing_issue', null],
    ]);
  });
  it('takes signs in options as they stand', () => {
    const signs: Metric = { kind: 'choice', options: ['C', 'C++', 'a.b', '$&', '1', '1.5'] };
    for (const option of ['C', 'C++', 'a.b', '$&', '1', '1.5'])
      expect(extract(signs, `The answer is ${option}`, '')).toBe(option);
    expect(extract(signs, 'axb', '')).toBeNull();
  });
});

describe('a number', () => {
  table(WHOLE, [
    ['12', '12'],
    ['There are 4 snails, 32 in all and 7 fish', '7'],
    ['28/2 is <<28/2=14>>14, half is 7.\n#### 7', '7'],
    ['The answer is 12 apples, 3 more than before.', '12'],
    ['The answer is 3 + 4 = 7', '7'],
    ['so 5 + 7 = 12', '12'],
    ['= 12 objects', '12'],
    ['The answer is $1,234.50.', '1234.5'],
    ['The answer is -5', '-5'],
    ['The answer is −$5', '-5'],
    ['10-5', '5'],
    ['Total: 1.234,56 €', '1234.56'],
    ['You have three vegetables.', '3'],
    ['You have eleven of them, counting each one.', '11'],
    ['The answer is twenty-one', '21'],
    ['The answer is two hundred and five', '205'],
    ['The answer is 3 million', '3000000'],
    ['The answer is 50%', '50'],
    ['**12**', '12'],
    ['12 is the correct answer', '12'],
    ['The answer is 3/4', '0.75'],
    ['The final answer is \\boxed{9}.', '9'],
    ['I count 3 and then 4.\nAnswer: 8\nI hope the answer is clear.', '8'],
    ['x2', null],
    ['on 05/04/2004', null],
    ['none at all', null],
    ['1e999', null],
  ]);
});

describe('an exact text', () => {
  table(EXACT, [
    ['Paris', 'Paris'],
    ['"Paris".', 'Paris'],
    ['The answer is **Paris**.', 'Paris'],
    ['**Answer: Paris**', 'Paris'],
    ['Let me think.\nIt is in France.\nAnswer: Paris\nThat is all.', 'Paris'],
    ['Paris is the correct answer', 'Paris'],
    ['1. abutted\n2. agamemnon\n3. aquatic', 'abutted agamemnon aquatic'],
    ['The answer is:\n\nabutted\nagamemnon', 'abutted agamemnon'],
    ['The sorted list is: abutted agamemnon', 'abutted agamemnon'],
    ['] } >', '] } >'],
    ['}', '}'],
    ['The answer is > }.', '> }'],
    ['} is the correct answer', '}'],
    ['It is \\boxed{Paris}.', 'Paris'],
    ['<answer>Paris</answer>', 'Paris'],
    ['Well, this is long.\nAnd it never says.', null],
  ]);
});

describe('a JSON object', () => {
  table(TOTAL, [
    ['{"total": 5}', '{"total": 5}'],
    ['Here it is:\n```json\n{"total": {"a": "}"}}\n```\nDone {really}', '{"total": {"a": "}"}}'],
    ['Use {braces}: {"total": 5} and {"total": 6}', '{"total": 5}'],
    ['{ "quote": "a \\" } b" }', '{ "quote": "a \\" } b" }'],
    ['{"total": 5', null],
    ['{total: 5}', null],
    ['5', null],
  ]);
});

describe('free text', () => {
  it('is the trimmed reply', () => {
    expect(extract({ kind: 'contains' }, ' a b \n', '')).toBe('a b');
    expect(extract({ kind: 'rouge-l' }, 'The answer is: x', '')).toBe('The answer is: x');
  });
});

const METRICS: readonly Metric[] = [
  TRUTH,
  YES,
  LETTERS,
  MOOD,
  DESK,
  WHOLE,
  EXACT,
  TOTAL,
  { kind: 'contains' },
  { kind: 'rouge-l' },
];

describe('every metric', () => {
  it.each(METRICS)('$kind reads blank replies as null', (metric) => {
    for (const reply of ['', ' ', '\n\t\n']) expect(extract(metric, reply, MOVIES)).toBeNull();
  });

  // Words that make up cues and answers, so that random replies meet the interesting branches.
  const pieces = fc.constantFrom(
    ...['the answer is', 'answer:', 'is the correct answer', '####', '=', '(A)', 'B', 'Babe', 'yes', 'no'],
    ...['True', '0', '1', '12', '1,234', '-5', 'three', 'not', 'positive', 'negative', 'billing', ' ', '\n'],
    ...['.', ', ', '{', '}', '"', '**', '{"total": 1}', ' or ', '\\', '$&', '（', '𝟙', '\ud800'],
  );
  const reply = fc.oneof(
    fc.array(pieces, { maxLength: 30 }).map((list) => list.join('')),
    fc.array(pieces, { maxLength: 30 }).map((list) => list.join(' ')),
    fc.string({ unit: 'binary' }),
  );

  it('never throws, and reads only answers that the metric admits', () => {
    fc.assert(
      fc.property(reply, fc.constantFrom(...METRICS), (text, metric) => {
        const answer = extract(metric, text, MOVIES);
        if (answer === null) return;
        if (metric.kind === 'boolean') expect([metric.yes, metric.no]).toContain(answer);
        if (metric.kind === 'choice')
          expect(metric.options ?? ['(A)', '(B)', '(C)', '(D)']).toContain(answer);
        if (metric.kind === 'number') expect(Number.isFinite(Number(answer))).toBe(true);
        if (metric.kind === 'json') expect(typeof JSON.parse(answer)).toBe('object');
        expect(answer.trim()).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a bare allowed answer as itself, and after a cue whatever went before', () => {
    const closed = fc.constantFrom(
      ...[YES, TRUTH, MOOD, DESK, LETTERS].flatMap((metric) => {
        const allowed =
          metric.kind === 'boolean'
            ? [metric.yes, metric.no]
            : metric.kind === 'choice'
              ? (metric.options ?? ['(A)', '(B)', '(C)', '(D)'])
              : [];
        return allowed.map((answer) => ({ metric, answer }));
      }),
    );
    fc.assert(
      fc.property(closed, reply, ({ metric, answer }, before) => {
        expect(extract(metric, answer, MOVIES)).toBe(answer);
        expect(extract(metric, `${before}\n\nThe final answer is: ${answer}.`, MOVIES)).toBe(answer);
      }),
    );
  });

  it('reads any number after a cue as it was written', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => Number(x.toFixed(2)));
    fc.assert(
      fc.property(number, reply, (value, before) => {
        for (const text of [String(value), value.toLocaleString('en-US')]) {
          const answer = extract(WHOLE, `${before}\n\nThe answer is ${text} units.`, '');
          expect(scoreAnswer({ kind: 'number', decimals: 2 }, answer, [String(value)])).toBe(1);
        }
      }),
    );
  });

  const FLOODS = [
    ...['a', ' ', '\n', '1', '1.111', ',111', '{', '{"', '}', '"', '.', '*', '<', '(', '(A)', '(A) ', 'one-'],
    ...[
      'one ',
      'answer is ',
      'answer: ',
      '####',
      'is the answer ',
      '=',
      '= 1 ',
      'is: ',
      'yes ',
      'no ',
      'not ',
    ],
    ...[
      'yes\n',
      'true or false ',
      'word\n',
      'billing dispute ',
      'is the best best best ',
      '1/1/',
      '\\boxed{',
    ],
  ];

  it.each(FLOODS)('reads %j without end in linear time', { timeout: 60_000 }, (piece) => {
    const text = piece.repeat(Math.ceil(150_000 / piece.length));
    for (const metric of METRICS) {
      const started = performance.now();
      extract(metric, text, MOVIES);
      // Linear takes some 50 ms; quadratic would take far longer than this margin for a busy machine.
      expect(performance.now() - started, metric.kind).toBeLessThan(4000);
    }
  });

  it('reads a megabyte of prose', { timeout: 60_000 }, () => {
    const prose = 'It has 12 rooms, and (A) is not the right one; true or false? '.repeat(16_000);
    for (const metric of METRICS) {
      const started = performance.now();
      extract(metric, prose, MOVIES);
      expect(performance.now() - started, metric.kind).toBeLessThan(10_000);
    }
  });
});
