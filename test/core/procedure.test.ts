import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adherence,
  leadingNumber,
  majorityStep,
  parseDemonstration,
  parseStep,
  parseSteps,
  parseVerdict,
  stepLines,
  verdictOf,
} from '../../src/core/procedure.ts';

describe('a list of steps', () => {
  test.each([
    ['1. Read.\n2. Count.', ['Read.', 'Count.']],
    ['Here:\nStep 1: Read.\n\nStep 2 - Count\n  all of them.', ['Read.', 'Count all of them.']],
    ['- 1) Read **well**\n- 2) Count 2.5 times', ['Read well', 'Count 2.5 times']],
    [
      '1. Read\n2.5 litres belong to the line above\n2. Count',
      ['Read 2.5 litres belong to the line above', 'Count'],
    ],
    ['1.\n2. Count', ['Count']],
    ['Read.\n\nThen count. ', ['Read.', 'Then count.']],
    ['', []],
  ])('%j', (text, steps) => {
    expect(parseSteps(text, 5)).toEqual(steps);
  });

  test('at most as many as allowed; written out it reads back', () => {
    const steps = ['Read.', 'Count.', 'Say it.'];
    expect(parseSteps(stepLines(steps), 2)).toEqual(['Read.', 'Count.']);
    expect(parseSteps(stepLines(steps), 9)).toEqual(steps);
  });
});

describe('one step', () => {
  test.each([
    ['Step 3: Count\neach once.', 'Count each once.'],
    [' 2) Count', 'Count'],
    ['Count', 'Count'],
    ['  ', null],
    ['Step 2:', null],
    ['Count. Step 3: Say it.', null],
  ])('%j', (text, step) => {
    expect(parseStep(text)).toBe(step);
  });
});

test('adherence is the share of steps named, over all replies', () => {
  expect(adherence(['Step 1: x Step 2: y', 'STEP 2 only', ''], 2)).toBeCloseTo(3 / 6, 14);
  expect(adherence(['Step 12'], 2)).toBe(0);
  expect(adherence([], 2)).toBe(0);
  expect(adherence(['x'], 0)).toBe(0);
});

describe('a demonstration', () => {
  test('the work of each step and the answer', () => {
    expect(parseDemonstration('Step 1: two cows\nStep 2: **2** + 1\n= 3\nAnswer: 3', 2)).toEqual({
      work: ['two cows', '2 + 1 = 3'],
      answer: '3',
    });
    expect(parseDemonstration('Step 1: a Step 2: b. So the answer is 4.', 2)).toEqual({
      work: ['a', 'b.'],
      answer: '4.',
    });
  });

  test.each([
    ['Step 1: a\nAnswer: 3'],
    ['Step 2: a\nStep 1: b\nAnswer: 3'],
    ['Step 1: a\nStep 2: b'],
    ['Step 1:\nStep 2: b\nAnswer: 3'],
    ['Step 1: a\nStep 2: b\nAnswer:'],
    ['Step 1: a\nStep 2: b\nStep 3: c\nAnswer: 3'],
    [''],
  ])('null where something is missing: %j', (text) => {
    expect(parseDemonstration(text, 2)).toBeNull();
  });
});

describe('a verdict', () => {
  test.each([
    ['{"step": 2, "kind": "not followed", "reason": "It skipped it."}', 2, 'not followed', 'It skipped it.'],
    ['```json\n{"Step": "Step 1", "kind": "not_followed"}\n```', 1, 'not followed', ''],
    ['Well: {"step": 3, "kind": "wrong", "reason": 5} and so on', 3, 'wrong', ''],
    ['{"step": 0, "kind": "missing", "reason": "x"}', 4, 'missing', 'x'],
    ['{"step": 9, "kind": "wrong", "reason": "x"}', 4, 'missing', 'x'],
    ['{"step": 2, "kind": "missing"}', 4, 'missing', ''],
    ['{"step": 2, "kind": "who knows"}', 2, 'ambiguous', ''],
    ['{"kind": "wrong"} {"step": 1}', 1, 'ambiguous', ''],
    ["{'step': 2, 'kind': 'wrong'}", 2, 'wrong', ''],
    ['The first failing step is step 3, which was not followed.', 3, 'not followed', ''],
    ['Step number 2', 2, 'ambiguous', ''],
  ] as const)('%j', (reply, step, fault, reason) => {
    expect(parseVerdict(reply, 3)).toEqual({ step, fault, reason });
  });

  test.each(['', '{}', '[1]', '{"step": null}', 'no idea', '{"step": {"a": 1}}', '{{{'])(
    'none in %j',
    (reply) => {
      expect(parseVerdict(reply, 3)).toBeNull();
    },
  );

  test('never throws, names a step that can be rewritten or added, and takes time in proportion', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
        fc.integer({ min: 1, max: 9 }),
        (text, n) => {
          const verdict = parseVerdict(text, n);
          if (verdict === null) return;
          expect(verdict.step).toBeGreaterThanOrEqual(1);
          expect(verdict.step).toBeLessThanOrEqual(n + 1);
          expect(verdict.fault === 'missing').toBe(verdict.step === n + 1);
        },
      ),
    );
    for (const unit of ['{', '{"step":', 'step ', 'step \n', '}{', '"'])
      expect(parseVerdict(unit.repeat(200_000), 3)).toBeNull();
    expect(parseSteps('1 '.repeat(100_000), 3)).toHaveLength(1);
    expect(parseDemonstration('Step 1: '.repeat(50_000), 2)).toBeNull();
  });

  test('a continued sentence begins with the number', () => {
    expect(leadingNumber(' 2, because')).toBe(2);
    expect(leadingNumber('#3.')).toBe(3);
    expect(leadingNumber('two')).toBeNull();
    expect(leadingNumber('')).toBeNull();
  });

  test('a reason is one line of bounded length', () => {
    const { reason } = verdictOf(1, 'wrong', `a\nb ${'x'.repeat(9999)}`, 3);
    expect(reason.startsWith('a b x')).toBe(true);
    expect(reason).toHaveLength(400);
  });

  test('the majority, and of equals the earliest', () => {
    const of = (...steps: number[]) => steps.map((step) => verdictOf(step, 'wrong', '', 9));
    expect(majorityStep(of(3, 1, 3))).toBe(3);
    expect(majorityStep(of(4, 2, 2, 4))).toBe(2);
    expect(majorityStep([])).toBeNull();
  });
});
