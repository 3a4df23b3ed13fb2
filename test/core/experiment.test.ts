import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cellCount,
  designProblems,
  expand,
  freshCells,
  settingsOf,
  shareOf,
  type CellRecord,
  type Design,
  type Factor,
} from '../../src/core/experiment.ts';
import { optimizers } from '../../src/optimizers/index.ts';

const design = (part: Partial<Design> = {}): Design => ({
  name: 'Trial',
  question: '',
  preset: null,
  method: 'gpo',
  options: { epochs: 2 },
  factors: [],
  tasks: ['a'],
  target: 't',
  optimizer: 'o',
  seeds: [1],
  pool: { unit: 'tokens', total: 1000, spare: 'share' },
  limits: null,
  carry: null,
  ...part,
});

const LENGTH: Factor = {
  name: 'Length',
  levels: [3, 7].map((k) => ({ name: `${k} prompts`, change: { options: { k } } })),
};
const METHOD: Factor = {
  name: 'Method',
  levels: [
    { name: 'GPO', change: { method: 'gpo' } },
    { name: 'OPRO', change: { method: 'opro', options: { steps: 5 } } },
  ],
};

describe('settings', () => {
  test('are all combinations, the last factor fastest', () => {
    const start: Factor = {
      name: 'Start',
      levels: [
        { name: 'empty', change: { initialPrompt: '' } },
        { name: 'own', change: {} },
      ],
    };
    expect(
      settingsOf(design({ factors: [LENGTH, start] })).map(({ name, options, initialPrompt }) => [
        name,
        options,
        initialPrompt,
      ]),
    ).toEqual([
      ['3 prompts · empty', { epochs: 2, k: 3 }, ''],
      ['3 prompts · own', { epochs: 2, k: 3 }, null],
      ['7 prompts · empty', { epochs: 2, k: 7 }, ''],
      ['7 prompts · own', { epochs: 2, k: 7 }, null],
    ]);
  });

  test('of another method begin with its own options', () => {
    expect(settingsOf(design({ factors: [METHOD] })).map(({ method, options }) => [method, options])).toEqual(
      [
        ['gpo', { epochs: 2 }],
        ['opro', { steps: 5 }],
      ],
    );
  });

  test('leave alone what has not the option that they change', () => {
    const only = {
      ...LENGTH,
      levels: LENGTH.levels.map((one) => ({ ...one, change: { ...one.change, of: 'gpo' } })),
    };
    const settings = settingsOf(design({ factors: [METHOD, only] }));
    expect(settings.map(({ name, method, options }) => [name, method, options['k'] ?? null])).toEqual([
      ['GPO · 3 prompts', 'gpo', 3],
      ['GPO · 7 prompts', 'gpo', 7],
      ['OPRO', 'opro', null],
    ]);
    expect(designProblems(design({ factors: [METHOD, only] }), optimizers)).toEqual([]);
  });

  test('that come to the same are one, whatever the order of their options', () => {
    const twice: Factor = {
      name: 'Twice',
      levels: [
        { name: 'one', change: { options: { k: 3, batch: 4 } } },
        { name: 'two', change: { options: { batch: 4, k: 3 } } },
      ],
    };
    expect(settingsOf(design({ factors: [twice] })).map(({ name }) => name)).toEqual(['one']);
  });
});

describe('cells', () => {
  test('go through all settings and tasks with one seed before the next', () => {
    const cells = expand(design({ factors: [LENGTH], tasks: ['a', 'b'], seeds: [1, 5] }));
    expect(cells.map(({ id }) => id)).toEqual([
      'search/0/a/1',
      'search/1/a/1',
      'search/0/b/1',
      'search/1/b/1',
      'search/0/a/5',
      'search/1/a/5',
      'search/0/b/5',
      'search/1/b/5',
    ]);
  });

  test('carry each best prompt elsewhere, beside the prompt that was there', () => {
    const cells = expand(design({ seeds: [1, 2], carry: { tasks: ['a', 'b'], targets: ['t', 'u'] } }));
    expect(cells.map(({ id, kind, from }) => [kind, id, from])).toEqual([
      ['search', 'search/0/a/1', null],
      ['own', 'own/a/u', null],
      ['carried', 'carried/a/u/search/0/a/1', 'search/0/a/1'],
      ['own', 'own/b/t', null],
      ['carried', 'carried/b/t/search/0/a/1', 'search/0/a/1'],
      ['own', 'own/b/u', null],
      ['carried', 'carried/b/u/search/0/a/1', 'search/0/a/1'],
      ['search', 'search/0/a/2', null],
      ['carried', 'carried/a/u/search/0/a/2', 'search/0/a/2'],
      ['carried', 'carried/b/t/search/0/a/2', 'search/0/a/2'],
      ['carried', 'carried/b/u/search/0/a/2', 'search/0/a/2'],
    ]);
  });

  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
  const factor = fc
    .record({
      name: fc.constantFrom('k', 'batch', 'epochs', 'candidates'),
      values: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ name, values }): Factor => ({
      name,
      levels: values.map((value) => ({ name: `${name} ${value}`, change: { options: { [name]: value } } })),
    }));
  const designs = fc
    .record({
      factors: fc.uniqueArray(factor, { maxLength: 2, selector: ({ name }) => name }),
      tasks: names,
      seeds: fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 3 }),
      carry: fc.option(fc.record({ tasks: names, targets: names })),
    })
    .map((part) => design(part));

  test('property: ids are unique, every combination is there once, a prompt is carried only after it is found', () => {
    fc.assert(
      fc.property(designs, (given) => {
        const cells = expand(given);
        expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
        expect(cellCount(given)).toBe(cells.length);
        const searches = cells.filter(({ kind }) => kind === 'search');
        const settings = given.factors.reduce((product, { levels }) => product * levels.length, 1);
        expect(settingsOf(given)).toHaveLength(settings);
        expect(new Set(searches.map(({ setting, task, seed }) => `${setting}/${task}/${seed}`)).size).toBe(
          settings * given.tasks.length * given.seeds.length,
        );
        cells.forEach(({ from }, i) => {
          if (from !== null) expect(cells.findIndex(({ id }) => id === from)).toBeLessThan(i);
        });
        expect(expand(given)).toEqual(cells);
      }),
    );
  });

  test('too many are counted without being made', () => {
    const many: Factor = {
      name: 'k',
      levels: Array.from({ length: 100 }, (_, k) => ({ name: `${k}`, change: { options: { k } } })),
    };
    const huge = design({ factors: [many, many, many, many], seeds: [1, 2] });
    expect(cellCount(huge)).toBe(200_000_000);
    expect(designProblems(huge, optimizers)[0]).toMatch(/at most 2000/);
  });
});

describe('the budget', () => {
  const cells = (...spent: (number | null)[]) =>
    spent.map((used): Pick<CellRecord, 'kind' | 'state' | 'spent' | 'share'> => ({
      kind: 'search',
      state: used === null ? 'waiting' : 'done',
      spent: used ?? 0,
      share: null,
    }));

  test('is shared equally among the cells left', () => {
    const pool = { unit: 'tokens', total: 1200, spare: 'share' } as const;
    expect(shareOf(pool, cells(null, null, null))).toBe(400);
    // The first left 300 over: 1100 for two.
    expect(shareOf(pool, cells(100, null, null))).toBe(550);
    expect(shareOf(pool, cells(100, 600, null))).toBe(500);
    expect(shareOf(pool, cells(900, 600, null))).toBe(0);
  });

  test('is the same for every cell where what is left over stays unused', () => {
    const pool = { unit: 'tokens', total: 1200, spare: 'leave' } as const;
    expect(shareOf(pool, cells(100, null, null))).toBe(400);
    expect(shareOf(pool, cells(410, 100, null))).toBe(400);
  });

  test('counts what failed cells used, and nothing for mere tests', () => {
    const pool = { unit: 'minutes', total: 90, spare: 'share' } as const;
    const given = [
      { kind: 'search', state: 'failed', spent: 30, share: 30 },
      { kind: 'own', state: 'done', spent: 0, share: null },
      { kind: 'search', state: 'waiting', spent: 0, share: null },
      { kind: 'search', state: 'waiting', spent: 0, share: null },
    ] as const;
    expect(shareOf(pool, given)).toBe(30);
  });

  test('keeps the part of a failed cell for another try', () => {
    const pool = { unit: 'tokens', total: 8000, spare: 'share' } as const;
    const [first, ...left] = cells(0, null);
    if (first === undefined) throw new Error('There is no cell.');
    expect(shareOf(pool, [{ ...first, state: 'failed', share: 4000 }, ...left])).toBe(4000);
  });

  test('property: a queue never hands out more than there is, save what a search overran', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }),
        (used) => {
          const pool = { unit: 'tokens', total: 1000, spare: 'share' } as const;
          const queue = freshCells(design({ seeds: used.map((_, i) => i), pool }));
          let spent = 0;
          queue.forEach((cell, i) => {
            cell.spent = shareOf(pool, queue) * (used[i] ?? 0);
            cell.state = 'done';
            spent += cell.spent;
          });
          expect(spent).toBeLessThanOrEqual(1000 + 1e-6);
        },
      ),
    );
  });
});

test('a design says what is wrong with it', () => {
  const wrong = (part: Partial<Design>) => designProblems(design(part), optimizers);
  expect(wrong({})).toEqual([]);
  expect(wrong({ tasks: [], seeds: [], target: '' })).toHaveLength(3);
  expect(wrong({ pool: { unit: 'minutes', total: Number.NaN, spare: 'share' } })).toEqual([
    'Give a budget above 0.',
  ]);
  expect(wrong({ options: { epochs: 0 } })).toEqual(['GPO: Epochs cannot be 0.']);
  expect(wrong({ options: { epochs: 1.5 } })).toEqual(['GPO: Epochs cannot be 1.5.']);
  expect(wrong({ options: { trajectory: 'toString' } })).toEqual(['GPO: Trajectory cannot be toString.']);
  expect(wrong({ options: { reflection: 1 } })).toEqual(['GPO: Reflection cannot be 1.']);
  expect(wrong({ options: { hurry: 1 } })).toEqual(['GPO has no option called hurry.']);
  expect(wrong({ method: 'sgd' })).toEqual(['There is no method called sgd.']);
  expect(wrong({ factors: [{ name: 'k', levels: [] }] })).toEqual(['k: choose at least one value.']);
});
