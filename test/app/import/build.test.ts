import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTask } from '../../../src/app/import/build.ts';
import { drawSplits } from '../../../src/app/import/draw.ts';
import { guessAgain, guessPlan } from '../../../src/app/import/guess.ts';
import { guessMetric } from '../../../src/app/import/guess-metric.ts';
import { readSources } from '../../../src/app/import/read.ts';
import { taskId, taskName } from '../../../src/app/import/settings.ts';
import { roleNamed, splitNamed } from '../../../src/app/import/split-names.ts';
import { checkTask } from '../../../src/app/task-file.ts';
import type { SplitName } from '../../../src/core/task.ts';
import { file } from './sources.ts';

const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const table = (rows: readonly object[], path = 'a.jsonl') => readSources([file(path, lines(rows))], {});

/** With the guessed plan, and `change` made to it. */
function built(
  rows: readonly object[],
  change: (plan: ReturnType<typeof guessPlan>['plan']) => object = () => ({}),
) {
  const read = table(rows);
  const { plan } = guessPlan(read);
  return buildTask(read, { ...plan, ...change(plan) });
}

test('splits are told from names', () => {
  const names = [
    'train',
    'my_Train.csv',
    'eval',
    'dev',
    'validation-2',
    'test',
    'TEST',
    'latest',
    'train-test',
    'x',
  ];
  expect(names.map(splitNamed)).toEqual([
    ...['train', 'train', 'validation', 'validation', 'validation', 'test', 'test', null, null, null],
  ]);
  expect(['format.jsonl', 'few_shot_examples.jsonl', 'few-shot.csv', 'formatted.csv'].map(roleNamed)).toEqual(
    [...['out', 'out', 'out', 'rows']],
  );
});

test('ids and names come from any name', () => {
  expect(taskName('boolean_expressions')).toBe('Boolean expressions');
  expect(taskName('')).toBe('Imported task');
  expect(taskId('Boolean expressions', [])).toBe('boolean-expressions');
  expect(taskId('Boolean expressions', ['boolean-expressions', 'boolean-expressions-2'])).toBe(
    'boolean-expressions-3',
  );
  expect(taskId('Ärger & Öl!', [])).toBe('a-rger-o-l');
  expect(taskId('\u{1F345}', [])).toBe('task');
});

describe('columns', () => {
  const mapping = (rows: readonly object[]) => guessPlan(table(rows)).plan.mapping;
  const many = (row: (i: number) => object) => Array.from({ length: 6 }, (_, i) => row(i));

  test.each<[string, (i: number) => object, object]>([
    ['usual names', (i) => ({ label: 'x', text: `t${i}` }), { input: 'text', gold: 'label' }],
    [
      'names in parts',
      (i) => ({ gold_label: 'x', question_text: `t${i}` }),
      { input: 'question_text', gold: 'gold_label' },
    ],
    [
      'worked answers',
      (i) => ({ input: `t${i}`, solution: 'so…', output: i }),
      { input: 'input', gold: 'output' },
    ],
    ['other names', (i) => ({ a: 'x', b: `a longer text ${i}` }), { input: 'b', gold: 'a' }],
    ['an id', (i) => ({ id: i, input: `t${i}`, gold: 'x' }), { id: 'id' }],
    ['an id that repeats', (i) => ({ id: i % 3, input: `t${i}`, gold: 'x' }), { id: null }],
    ['a split', (i) => ({ split: i % 2 ? 'train' : 'dev', input: `t${i}`, gold: 'x' }), { split: 'split' }],
    [
      'a set that is no split',
      (i) => ({ set: i % 2 ? 'red' : 'blue', input: `t${i}`, gold: 'x' }),
      { split: null },
    ],
    ['an empty column', (i) => ({ target: '', output: 'x', input: `t${i}` }), { gold: 'output' }],
    ['nothing to go by', (i) => ({ a: i, b: i, c: i }), { input: null, gold: null }],
  ])('%s', (_name, row, expected) => {
    expect(mapping(many(row))).toMatchObject(expected);
  });
});

describe('the metric', () => {
  const of = (golds: readonly (string | string[])[], input = 'Which?') =>
    guessMetric(golds.map((gold) => ({ input, gold: typeof gold === 'string' ? [gold] : gold })));
  const times = (answers: readonly string[], n: number) => Array.from({ length: n }, () => answers).flat();

  test.each<[string, ReturnType<typeof of>, object]>([
    ['listed letters', of(['(A)', '(B)', 'A'], 'Which?\n(A) x\n(B) y'), { kind: 'choice' }],
    ['letters that are not listed', of(times(['A', 'B'], 4)), { kind: 'choice', options: ['A', 'B'] }],
    ['a pair', of(['Yes', 'No', 'yes', 'Yes']), { kind: 'boolean', yes: 'Yes', no: 'No' }],
    ['one half of a pair', of(['INVALID', 'INVALID']), { kind: 'boolean', yes: 'VALID', no: 'INVALID' }],
    ['a pair in JSON', of(['true', 'false']), { kind: 'boolean', yes: 'true', no: 'false' }],
    ['numbers', of(['12', '-3.50', '$1,200.5']), { kind: 'number', decimals: 2 }],
    ['ones and noughts', of(['1', '0', '1']), { kind: 'number', decimals: 0 }],
    ['labels', of(times(['red', 'green', 'Green'], 4)), { kind: 'choice', options: ['green', 'red'] }],
    ['names that hardly repeat', of(['Ada', 'Grace', 'Alan', 'Ada']), { kind: 'exact' }],
    ['objects', of(['{"a":1,"b":"x"}', '{"b":"y","a":2,"c":3}']), { kind: 'json', fields: ['a', 'b'] }],
    ['references', of([['It is a town.', 'A town it is.'], ['He won it all.']]), { kind: 'rouge-l' }],
    [
      'names with several spellings',
      of([
        ['NYC', 'New York'],
        ['LA', 'Los Angeles'],
      ]),
      { kind: 'exact' },
    ],
    [
      'sentences',
      of([
        'They met in May, and parted in June of that year.',
        'Nobody knows why she left so early, or how.',
      ]),
      { kind: 'rouge-l' },
    ],
    [
      'words in a row',
      of(['ant bee cat dog elk fox gnu hen', 'ape bat cow doe eel fly goat hog ibis']),
      { kind: 'exact' },
    ],
    ['brackets', of(times([') ]', '> }', ']'], 9)), { kind: 'exact' }],
    ['small letters, which replies use as words', of(times(['a', 'b'], 9)), { kind: 'exact' }],
    ['nothing', of([]), { kind: 'exact' }],
  ])('%s', (_name, { metric, why }, expected) => {
    expect(metric).toEqual(expected);
    expect(why).toMatch(/^[A-Z0-9].*\.$/);
  });

  test('is guessed again for other columns', () => {
    const read = table(
      Array.from({ length: 9 }, (_, i) => ({ input: `t${i}`, label: i % 2 ? 'red' : 'green', length: i })),
    );
    const { plan } = guessPlan(read);
    expect(plan.settings.metric.kind).toBe('choice');
    const again = guessAgain(read, { ...plan, mapping: { ...plan.mapping, gold: 'length' } });
    expect(again.plan.settings.metric).toEqual({ kind: 'number', decimals: 0 });
    expect(again.plan.settings.initialPrompt).toContain('number');
  });
});

describe('drawn splits', () => {
  const shares = { train: 25, validation: 25, test: 50 };

  test('are the same for the same seed, of the sizes asked for, and even in every beginning', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'a', 'a', 'b', 'c'), { minLength: 3, maxLength: 200 }),
        fc.nat(),
        (strata, seed) => {
          const items = strata.map((stratum, i) => ({ key: String(i), stratum }));
          const drawn = drawSplits(items, { shares, seed });
          expect(drawSplits(items, { shares, seed })).toEqual(drawn);
          const size = (split: SplitName) => drawn.filter((each) => each.split === split).length;
          for (const split of ['train', 'validation', 'test'] as const) {
            expect(size(split)).toBeGreaterThan(0);
            expect(Math.abs(size(split) - (shares[split] / 100) * items.length)).toBeLessThanOrEqual(1.5);
          }
          // In the drawn order, each beginning holds each stratum as often as it should, to within one.
          const order = drawn.map(({ place }, i) => ({ place, i })).toSorted((a, b) => a.place - b.place);
          for (const stratum of ['a', 'b', 'c']) {
            const all = strata.filter((each) => each === stratum).length;
            let seen = 0;
            order.forEach(({ i }, n) => {
              if (strata[i] === stratum) seen += 1;
              const others = new Set(strata).size;
              expect(Math.abs(seen - (all * (n + 1)) / items.length)).toBeLessThanOrEqual(others);
            });
          }
        },
      ),
    );
  });

  test('differ by seed', () => {
    const items = Array.from({ length: 40 }, (_, i) => ({ key: String(i), stratum: 'a' }));
    const of = (seed: number) => drawSplits(items, { shares, seed }).map(({ split }) => split);
    expect(of(1)).not.toEqual(of(2));
  });

  test('never part two copies of an input', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      input: i % 2 ? `Item ${i % 10}` : ` item  ${i % 10}`,
      gold: 'x',
    }));
    const { splits, copies, repeats } = built(rows);
    expect(copies).toEqual([]);
    expect(repeats).toBe(50);
    expect(splits.train.length + splits.validation.length + splits.test.length).toBe(60);
  });

  test('fill a split that the files lack from train', () => {
    const rows = [
      ...Array.from({ length: 40 }, (_, i) => ({
        split: 'train',
        input: `a${i}`,
        gold: i % 2 ? 'red' : 'green',
      })),
      ...Array.from({ length: 10 }, (_, i) => ({ split: 'test', input: `b${i}`, gold: 'red' })),
    ];
    const { splits, drawn } = built(rows);
    expect(drawn).toEqual([{ split: 'validation', from: 'train', size: 20 }]);
    expect(splits.test.map(({ input }) => input)).toEqual(rows.slice(40).map(({ input }) => input));
    expect(splits.validation.filter(({ gold }) => gold[0] === 'red')).toHaveLength(10);
  });
});

describe('copies', () => {
  const rows = [
    { split: 'train', input: 'Hello  there', gold: 'x' },
    { split: 'train', input: 'only here', gold: 'x' },
    { split: 'train', input: 'both', gold: 'y' },
    { split: 'dev', input: 'hello THERE', gold: 'x' },
    { split: 'dev', input: 'Both ', gold: 'z' },
    { split: 'test', input: ' Hello there', gold: 'x' },
    { split: 'test', input: 'other', gold: 'z' },
    { split: 'test', input: 'Other', gold: 'z' },
  ];

  test('across splits go, but for the one in the split that judges', () => {
    const { splits, copies, repeats } = built(rows);
    expect(copies.map(({ left, kept, agree }) => [left, kept, agree])).toEqual([
      ['line 1 of a.jsonl', 'line 6 of a.jsonl', true],
      ['line 3 of a.jsonl', 'line 5 of a.jsonl', false],
      ['line 4 of a.jsonl', 'line 6 of a.jsonl', true],
    ]);
    expect(splits.train.map(({ input }) => input)).toEqual(['only here']);
    expect(splits.validation.map(({ input }) => input)).toEqual(['Both ']);
    expect(splits.test).toHaveLength(3);
    expect(repeats).toBe(1);
  });

  test('that take all of a split are a reason to stop', () => {
    const { stops } = built(rows.filter(({ input }) => input !== 'only here'));
    expect(stops).toEqual([expect.stringContaining('No example is left for train')]);
  });
});

describe('bad rows', () => {
  test('are listed with row, column and reason, and all counted', () => {
    const good = Array.from({ length: 20 }, (_, i) => ({
      id: `g${i}`,
      input: `t${i}`,
      gold: i % 2 ? 'red' : 'green',
    }));
    const read = table([
      ...good,
      { id: 'x', input: ' ', gold: 'red' },
      { id: 'y', input: 't', gold: '' },
      { id: 'z', input: 't', gold: ['blue'] },
      { id: 'g3', input: 't', gold: 'red' },
      { id: '', input: null },
    ]);
    const { plan } = guessPlan(read);
    const { faults, badRows, splits } = buildTask(read, {
      ...plan,
      mapping: { input: 'input', gold: 'gold', id: 'id', split: null },
      settings: { ...plan.settings, metric: { kind: 'choice', options: ['green', 'red'] } },
    });
    expect(badRows).toBe(5);
    expect(faults).toEqual([
      { where: 'line 21 of a.jsonl', column: 'input', what: 'is empty' },
      { where: 'line 22 of a.jsonl', column: 'gold', what: 'is empty' },
      { where: 'line 23 of a.jsonl', column: 'gold', what: 'must be one of green, red, not "blue"' },
      { where: 'line 24 of a.jsonl', column: 'id', what: '"g3" is already that of line 4 of a.jsonl' },
      { where: 'line 25 of a.jsonl', column: 'input', what: 'is empty' },
      { where: 'line 25 of a.jsonl', column: 'gold', what: 'is empty' },
      { where: 'line 25 of a.jsonl', column: 'id', what: 'is empty' },
    ]);
    expect(Object.values(splits).flat()).toHaveLength(20);
  });

  test('say a split that is none', () => {
    const read = table(
      Array.from({ length: 9 }, (_, i) => ({ input: `t${i}`, gold: 'x', part: i ? 'train' : 'traun' })),
    );
    const { plan } = guessPlan(read);
    const { faults } = buildTask(read, { ...plan, mapping: { ...plan.mapping, split: 'part' } });
    expect(faults).toEqual([
      {
        where: 'line 1 of a.jsonl',
        column: 'part',
        what: 'says "traun", which is none of train, validation, test',
      },
    ]);
  });

  test('are not those whose answers are only spelled another way', () => {
    const answers = ['Yes', 'Yes', 'no ', 'yes', 'No', 'No', 'NO'];
    const { faults, splits } = built(answers.map((gold, i) => ({ input: `t${i}`, gold })));
    expect(faults).toEqual([]);
    const golds = Object.values(splits).flatMap((split) => split.map(({ gold }) => gold[0]));
    expect([...new Set(golds)].toSorted()).toEqual(['No', 'Yes']);
  });
});

test('without columns for input and answer nothing is built, and it is said', () => {
  const rows = [{ a: 1, b: 2, c: 3 }];
  expect(built(rows).stops).toEqual(['Choose the column that holds the input.']);
  const same = built(rows, (plan) => ({ mapping: { ...plan.mapping, input: 'a', gold: 'a' } }));
  expect(same.stops).toEqual(['Input and answer are the same column. Choose two different ones.']);
});

test('whatever the rows, what is built without a stop is a task', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const row = fc.record(
    {
      input: cell,
      target: fc.oneof(cell, fc.array(cell, { maxLength: 3 })),
      split: fc.constantFrom('train', 'eval', 'test', ''),
      id: cell,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.boolean(), (rows, drawn) => {
      const read = table(rows);
      const { plan } = guessPlan(read);
      const result = buildTask(read, { ...plan, splits: { ...plan.splits, how: drawn ? 'drawn' : 'given' } });
      const bad = new Set(result.faults.map(({ where }) => where)).size;
      expect(result.badRows).toBe(bad);
      if (result.stops.length > 0) return;
      const { train, validation, test } = result.splits;
      expect(train.length + validation.length + test.length + bad + result.copies.length).toBe(rows.length);
      const value = { version: 1, ...plan.settings, id: 'any', splits: result.splits };
      expect(checkTask(value).splits).toEqual(result.splits);
    }),
    { numRuns: 500 },
  );
});
