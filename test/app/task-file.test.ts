import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTask, TaskError, taskText } from '../../src/app/task-file.ts';

/** A small valid file; each call a new object, so that a test may spoil it. */
function valid() {
  return {
    version: 1,
    id: 'weather-words',
    name: 'Weather words',
    description: 'Good or bad weather.',
    initialPrompt: 'Is the weather good or bad?',
    metric: { kind: 'choice', options: ['good', 'bad'] } as Record<string, unknown>,
    position: 'before',
    markers: { input: 'Sentence', answer: 'Weather' },
    answerTokens: 4,
    splits: {
      train: [
        { id: 'a', input: 'Sun', gold: 'good' },
        { id: 'b', input: 'Hail', gold: ['bad'] },
      ] as Record<string, unknown>[],
      validation: [{ id: 'c', input: 'Fog', gold: 'bad' }] as Record<string, unknown>[],
      test: [{ id: 'd', input: 'A breeze', gold: ['good', 'bad'] }] as Record<string, unknown>[],
    },
  };
}

/** The problems of the file after `spoil`; fails when it is accepted. */
function problems(spoil: (file: ReturnType<typeof valid>) => unknown): readonly string[] {
  const file = valid();
  const replaced = spoil(file);
  try {
    parseTask(JSON.stringify(replaced !== null && typeof replaced === 'object' ? replaced : file));
  } catch (error) {
    if (error instanceof TaskError) return error.problems;
    throw error;
  }
  throw new Error('The file was accepted.');
}

/** With another metric and one example whose gold answer is this. */
const withGold = (metric: Record<string, unknown>, gold: unknown, input = 'Q') =>
  problems((file) => {
    file.metric = metric;
    const [train, validation, test] = [gold, gold, gold].map((gold, i) => [{ input: `${input}${i}`, gold }]);
    return { ...file, splits: { train, validation, test } };
  });

describe('a valid file', () => {
  test('is read, with gold always a list', () => {
    const task = parseTask(JSON.stringify(valid()));
    expect(task.splits.train).toEqual([
      { id: 'a', input: 'Sun', gold: ['good'] },
      { id: 'b', input: 'Hail', gold: ['bad'] },
    ]);
    expect(task.splits.test[0]?.gold).toEqual(['good', 'bad']);
    expect(task).not.toHaveProperty('version');
    expect(task).not.toHaveProperty('note');
  });

  test('may begin with a byte order mark', () => {
    expect(parseTask(`\uFEFF${JSON.stringify(valid())}`)).toEqual(parseTask(JSON.stringify(valid())));
  });

  test('may leave out ids, which then name split and place', () => {
    const file = valid();
    file.splits.train = [
      { input: 'Sun', gold: 'good' },
      { input: 'Hail', gold: 'bad' },
    ];
    expect(parseTask(JSON.stringify(file)).splits.train.map((example) => example.id)).toEqual([
      'train-1',
      'train-2',
    ]);
  });

  test('keeps text as it is, whatever stands in it', () => {
    const file = valid();
    const odd = ' $& {input} <b>"\u2028\ud83c\udf26\n';
    file.splits.train[0] = { id: '__proto__', input: odd, gold: 'good' };
    const task = parseTask(JSON.stringify({ ...file, note: odd, initialPrompt: odd }));
    expect(task.splits.train[0]).toEqual({ id: '__proto__', input: odd, gold: ['good'] });
    expect([task.note, task.initialPrompt]).toEqual([odd, odd]);
    expect(parseTask(taskText(task))).toEqual(task);
  });
});

describe('what is wrong is said with its place', () => {
  test.each<[string, (file: ReturnType<typeof valid>) => unknown, string]>([
    ['a list', () => [], "'version' is missing"],
    ['no version', ({ version: _, ...rest }) => rest, "'version' is missing"],
    [
      'another version',
      (file) => ({ ...file, version: 2 }),
      "'version' must be 1, the only version of the format that this program reads",
    ],
    [
      'an unknown field',
      (file) => ({ ...file, promt: 'x' }),
      "'promt' is not a known field (known: version, id,",
    ],
    [
      'a field called nothing',
      (file) => ({ ...file, '': 'x' }),
      "'' is not a known field (known: version, id,",
    ],
    ['an odd id', (file) => void (file.id = '../x'), "'id' must be lower-case words joined by hyphens"],
    ['no prompt', (file) => void (file.initialPrompt = ' '), "'initialPrompt' must not be empty"],
    [
      'a wrong position',
      (file) => void (file.position = 'end'),
      "'position' must be one of before, question-begin,",
    ],
    [
      'half a token',
      (file) => void (file.answerTokens = 0.5),
      "'answerTokens' must be a whole number from 1 to 4096",
    ],
    [
      'a wrong metric',
      (file) => void (file.metric = { kind: 'bleu' }),
      "'metric.kind' must be one of choice, boolean,",
    ],
    ['no kind', (file) => void (file.metric = {}), "'metric.kind' must be one of choice, boolean,"],
    [
      'a field of another metric',
      (file) => void (file.metric = { kind: 'exact', options: ['a', 'b'] }),
      "'metric.options' is not a known field (known: kind)",
    ],
    [
      'one option',
      (file) => void (file.metric = { kind: 'choice', options: ['good'] }),
      "'metric.options' must have at least 2 options",
    ],
    [
      'an empty option',
      (file) => void (file.metric = { kind: 'choice', options: ['good', ''] }),
      "entry 2 of 'metric.options' must not be empty",
    ],
    [
      'an option twice',
      (file) => void (file.metric = { kind: 'choice', options: ['good', 'Good '] }),
      "'metric.options' must not repeat any of its options",
    ],
    [
      'an empty split',
      (file) => void (file.splits.test = []),
      "'splits.test' must have at least one example",
    ],
    [
      'a bare text',
      (file) => void (file.splits.train[1] = 'Hail' as never),
      'train example 2: must be an object with id,',
    ],
    [
      'an empty gold list',
      (file) => void (file.splits.validation[0] = { input: 'Fog', gold: [] }),
      "validation example 1: 'gold' must be a text or a non-empty list of texts",
    ],
    [
      'a number as gold',
      (file) => void (file.splits.validation[0] = { input: 'Fog', gold: 3 }),
      "validation example 1: 'gold' must be a text or a non-empty list of texts",
    ],
    [
      'a misspelled field',
      (file) => void (file.splits.train[0] = { input: 'Sun', gold: 'good', lable: 'x' }),
      "train example 1: 'lable' is not a known field (known: id, input, gold)",
    ],
    [
      'no input',
      (file) => void (file.splits.train[1] = { gold: 'good' }),
      "train example 2: 'input' is missing",
    ],
    [
      'an input that is too long',
      (file) => void (file.splits.train[1] = { input: 'x'.repeat(100_001), gold: 'good' }),
      "train example 2: 'input' is longer than 100000 characters",
    ],
    [
      'an id twice',
      (file) => void (file.splits.test[0] = { id: 'a', input: 'Wind', gold: 'bad' }),
      'test example 1: \'id\' "a" is already that of train example 1',
    ],
    [
      'an input in two splits',
      (file) => void (file.splits.test[0] = { id: 'e', input: ' Hail\n', gold: 'bad' }),
      "test example 1 has the same 'input' as train example 2; an example may be in one split only",
    ],
    [
      'a gold answer that is no option',
      (file) => void (file.splits.train[0] = { input: 'Sun', gold: 'Good' }),
      'train example 1: \'gold\' must be one of good, bad, not "Good"',
    ],
  ])('%s', (_name, spoil, message) => {
    expect(problems(spoil)[0]?.slice(0, message.length)).toBe(message);
  });

  test('an input may be repeated within a split', () => {
    const file = valid();
    file.splits.train[1] = { id: 'b', input: 'Sun', gold: 'good' };
    expect(parseTask(JSON.stringify(file)).splits.train).toHaveLength(2);
  });

  test('no JSON', () => {
    expect(() => parseTask('{"version": 1,')).toThrow(/^The file is not valid JSON: /);
    expect(() => parseTask('')).toThrow(TaskError);
  });

  test('no object', () => {
    for (const text of ['null', '3', '"task"', 'true'])
      expect(() => parseTask(text)).toThrow(/^The file must be an object with version, id,/);
  });

  test('five problems are shown, the others counted', () => {
    const file = valid();
    file.splits.train = Array.from({ length: 8 }, (_, i) => ({ input: `${i}`, gold: '?' }));
    const shown = /^(train example \d: 'gold' .*\n){5}and 3 more problems$/;
    expect(() => parseTask(JSON.stringify(file))).toThrow(shown);
  });

  test('a file beyond the limit is not even read', () => {
    expect(() => parseTask(' '.repeat(256_000_001))).toThrow(
      'The file has 256000001 characters; at most 256000000',
    );
  });
});

describe('gold answers must be answers for their metric', () => {
  test.each<[Record<string, unknown>, unknown, string]>([
    [
      { kind: 'number', decimals: 0 },
      'twelve eggs',
      'must be a number such as 12 or -3.50, not "twelve eggs"',
    ],
    [{ kind: 'number', decimals: 0 }, '1.2.3', 'must be a number such as 12 or -3.50, not "1.2.3"'],
    [{ kind: 'boolean', yes: 'True', no: 'False' }, 'Yes', 'must be one of True, False, not "Yes"'],
    [{ kind: 'json', fields: ['city'] }, 'Rome', 'must be a JSON object as text'],
    [{ kind: 'json', fields: ['city'] }, '[1]', 'must be a JSON object as text'],
    [{ kind: 'json', fields: ['city', 'year'] }, '{"city":"Rome"}', "has no 'year'"],
    [{ kind: 'json', fields: ['toString'] }, '{"city":"Rome"}', "has no 'toString'"],
    [
      { kind: 'choice' },
      '(A)',
      "needs options (A), (B) and so on in its 'input', or 'options' in the metric",
    ],
    [{ kind: 'rouge-l' }, '!!!', '"!!!" cannot be scored as rouge-l'],
  ])('%o %s', (metric, gold, message) => {
    expect(withGold(metric, gold)[0]).toContain(`train example 1: 'gold' ${message}`);
  });

  test('a letter that the input does not list', () => {
    expect(withGold({ kind: 'choice' }, 'C', '(A) one (B) two ')[0]).toBe(
      "train example 1: 'gold' must be a letter that its 'input' lists, such as (A), not \"C\"",
    );
  });

  test('two objects', () => {
    expect(withGold({ kind: 'json', fields: ['a'] }, ['{"a":1}', '{"a":2}'])[0]).toBe(
      "train example 1: 'gold' must be one object as text, not 2",
    );
  });

  test('an object nested beyond all reason is refused, not fatal', () => {
    const deep = `{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}`;
    // Whether it can be compared depends on the stack; either way nothing else than TaskError comes out.
    expect(['accepted', 'refused']).toContain(outcome(fileWith({ kind: 'json', fields: ['a'] }, deep)));
  });

  test('a yes that is also the no', () => {
    expect(withGold({ kind: 'boolean', yes: 'True', no: 'true' }, 'True')).toContain(
      "'metric': 'yes' and 'no' must differ",
    );
  });

  test.each<[Record<string, unknown>, unknown, string?]>([
    [{ kind: 'number', decimals: 2 }, '-1,234.50'],
    [{ kind: 'boolean', yes: 'True', no: 'False' }, 'False'],
    [{ kind: 'json', fields: ['a'] }, '{"a":null,"b":2}'],
    [{ kind: 'choice' }, 'B', '(A) one (B) two '],
    [{ kind: 'choice' }, '(B)', '(A) one (B) two '],
    [{ kind: 'exact' }, 'apple banana cherry'],
    [{ kind: 'contains' }, 'Paris'],
    [{ kind: 'rouge-l' }, ['The cat sat.', 'A cat was sitting.']],
  ])('accepted: %o %s', (metric, gold, input) => {
    expect(outcome(fileWith(metric, gold, input))).toBe('accepted');
  });
});

describe('any text', () => {
  const json = fc.jsonValue({ maxDepth: 6 });

  test('that is JSON, or no JSON, gives a task or a TaskError', () => {
    fc.assert(fc.property(json, (value) => outcome(JSON.stringify(value)) === 'refused'));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => outcome(text) === 'refused'));
  });

  test('that is a valid file with one value replaced or one key added gives a task or a TaskError', () => {
    const key = fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'id',
      'gold',
      'kind',
      'x',
    );
    fc.assert(
      fc.property(fc.nat(), fc.option(key, { nil: null }), json, (at, added, value) => {
        const spots: ((value: unknown) => void)[] = [];
        const file: unknown = valid();
        visit(file, spots, added);
        spots[at % spots.length]?.(value);
        return outcome(JSON.stringify(file)) !== null;
      }),
      { numRuns: 1000 },
    );
  });

  test('that is a valid file with characters cut out gives a task or a TaskError', () => {
    const text = JSON.stringify(valid());
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.nat(20),
        (at, length) => outcome(text.slice(0, at) + text.slice(at + length)) !== null,
      ),
    );
  });

  test('cannot reach the prototype of objects', () => {
    const source = JSON.stringify(valid());
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      for (const opening of ['{"version"', '{"kind"', '{"input"', '{"train"', '{"id":"a"'])
        expect(() =>
          parseTask(source.replace(opening, `{"${key}":{"polluted":1},${opening.slice(1)}`)),
        ).toThrow(`${key}' is not a known field`);
    }
    expect({}).not.toHaveProperty('polluted');
  });
});

test('what is written can be read again', () => {
  const text = fc.string({ minLength: 1, unit: 'binary' }).filter((value) => value.trim() !== '');
  fc.assert(
    fc.property(text, text, fc.boolean(), (prompt, note, noted) => {
      const task = parseTask(
        JSON.stringify({ ...valid(), initialPrompt: prompt, ...(noted ? { note } : {}) }),
      );
      expect(parseTask(taskText(task))).toEqual(task);
    }),
  );
});

function fileWith(metric: Record<string, unknown>, gold: unknown, input = 'Q'): string {
  const [train, validation, test] = [0, 1, 2].map((i) => [{ input: `${input}${i}`, gold }]);
  return JSON.stringify({ ...valid(), metric, splits: { train, validation, test } });
}

/** Whether the file is taken; any other error than TaskError comes through and fails the test. */
function outcome(text: string): 'accepted' | 'refused' {
  try {
    parseTask(text);
    return 'accepted';
  } catch (error) {
    if (error instanceof TaskError && error.message !== '' && error.problems.length > 0) return 'refused';
    throw error;
  }
}

/** Collects a setter for every value in a tree, or, given a key, for that key of every object in it. */
function visit(value: unknown, spots: ((value: unknown) => void)[], added: string | null): void {
  if (typeof value !== 'object' || value === null) return;
  const define = (key: string) => (next: unknown) =>
    Object.defineProperty(value, key, { value: next, enumerable: true, configurable: true, writable: true });
  if (added !== null) spots.push(define(added));
  for (const [key, child] of Object.entries(value)) {
    if (added === null) spots.push(define(key));
    visit(child, spots, added);
  }
}
