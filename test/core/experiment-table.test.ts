import { describe, expect, test } from 'vitest';
import {
  freshCells,
  settingsOf,
  type CellOutcome,
  type CellRecord,
  type Design,
} from '../../src/core/experiment.ts';
import { ranksOver, tableOf } from '../../src/core/experiment-table.ts';
import { wilson } from '../../src/core/stats/proportion.ts';

const DESIGN: Design = {
  name: 'Trial',
  question: '',
  preset: null,
  method: 'gpo',
  options: {},
  factors: [{ name: 'k', levels: [3, 7, 15].map((k) => ({ name: `${k}`, change: { options: { k } } })) }],
  tasks: ['a'],
  target: 't',
  optimizer: 't',
  seeds: [1, 2],
  pool: { unit: 'tokens', total: 1000, spare: 'share' },
  limits: null,
  carry: null,
};

/** `right` of `n` test examples, the first ones. */
function outcome(right: number, n = 10, part: Partial<CellOutcome> = {}): CellOutcome {
  const scores = Array.from({ length: n }, (_, i) => (i < right ? 1 : 0));
  return {
    score: right / n,
    initial: 0.5,
    scores,
    initialScores: scores,
    on: 'same',
    binary: true,
    prompt: 'p',
    found: null,
    verdict: null,
    steps: 3,
    targetCalls: 100,
    optimizerCalls: 5,
    tokens: 2000,
    ms: 1000,
    ...part,
  };
}

function ended(design: Design, results: Record<string, CellOutcome>): CellRecord[] {
  return freshCells(design).map((cell) => {
    const found = results[cell.id];
    return found === undefined ? cell : { ...cell, state: 'done', outcome: found };
  });
}

describe('the table', () => {
  test('has one row a setting, the mean over its seeds, and what it used', () => {
    const rows = tableOf(
      ended(DESIGN, {
        'search/0/a/1': outcome(4, 10, { tokens: 1000 }),
        'search/0/a/2': outcome(4, 10, { tokens: 3000 }),
        'search/1/a/1': outcome(9),
      }),
    );
    expect(rows.map(({ setting, done, score, tokens }) => [setting, done, score, tokens])).toEqual([
      [0, 2, 0.4, 2000],
      [1, 1, 0.9, 2000],
      [2, 0, null, null],
    ]);
    // Both seeds agree: the same ten examples, so Wilson's interval of 4 in 10.
    expect(rows[0]).toMatchObject({ ...wilson(4, 10), n: 10 });
  });

  test('compares with the first setting: one seed by McNemar, Holm over both comparisons', () => {
    const rows = tableOf(
      ended(
        { ...DESIGN, seeds: [1] },
        {
          'search/0/a/1': outcome(2),
          'search/1/a/1': outcome(10),
          'search/2/a/1': outcome(3),
        },
      ),
    );
    expect(rows[0]?.against).toBeNull();
    // 8 gained, 0 lost: 2 / 2^8 = 0.0078125, times two comparisons; the other 1 gained: p = 1.
    expect(rows[1]?.against).toMatchObject({
      difference: 0.8,
      p: expect.closeTo(0.015625, 10),
      verdict: 'better',
      seeds: 1,
      n: 10,
    });
    expect(rows[2]?.against).toMatchObject({ p: 1, verdict: 'not shown' });
  });

  test('pairs seed with seed', () => {
    const rows = tableOf(
      ended(DESIGN, {
        'search/0/a/1': outcome(2),
        'search/0/a/2': outcome(4),
        'search/1/a/2': outcome(4),
        'search/2/a/1': outcome(3),
        'search/2/a/2': outcome(5),
      }),
    );
    // Only seed 2 is in both: no difference.
    expect(rows[1]?.against).toMatchObject({ difference: 0, seeds: 1 });
    expect(rows[2]?.against?.seeds).toBe(2);
    expect(rows[2]?.against?.difference).toBeCloseTo(0.1, 12);
  });

  test('never pairs or averages runs on other examples', () => {
    const rows = tableOf(
      ended(DESIGN, {
        'search/0/a/1': outcome(2),
        'search/1/a/1': outcome(9, 10, { on: 'other' }),
        'search/2/a/1': outcome(2),
        'search/2/a/2': outcome(10, 12, { on: 'other' }),
      }),
    );
    expect(rows[1]?.against).toBeNull();
    expect(rows[2]).toMatchObject({ score: 0.2, n: 10 });
  });

  test('keeps to the examples of the first pair where the task grew between two seeds, and says what is left out', () => {
    const rows = tableOf(
      ended(DESIGN, {
        'search/0/a/1': outcome(2),
        'search/0/a/2': outcome(9, 12, { on: 'grown' }),
        'search/1/a/1': outcome(4),
        'search/1/a/2': outcome(2, 12, { on: 'grown' }),
      }),
    );
    expect(rows[1]).toMatchObject({ score: 0.4, n: 10, leftOut: 1 });
    expect(rows[1]?.against).toMatchObject({ seeds: 1, n: 10, difference: expect.closeTo(0.2, 12) });
    expect(rows[2]?.leftOut).toBe(0);
  });

  test('compares with any setting that is asked for', () => {
    const rows = tableOf(
      ended(
        { ...DESIGN, seeds: [1] },
        { 'search/0/a/1': outcome(2), 'search/1/a/1': outcome(10), 'search/2/a/1': outcome(3) },
      ),
      1,
    );
    expect(rows.map(({ against }) => against?.verdict ?? null)).toEqual(['worse', null, 'worse']);
    expect(rows[2]?.against?.difference).toBeCloseTo(-0.7, 12);
  });

  test('has the score that the searches began with', () => {
    const rows = tableOf(ended(DESIGN, { 'search/0/a/1': outcome(2, 10, { initial: 0.3 }) }));
    expect(rows.map(({ initial }) => initial)).toEqual([0.3, null, null]);
  });

  test('grows by a cell without computing the others again', () => {
    const graded = (seed: number) =>
      outcome(0, 120, {
        binary: false,
        scores: Array.from({ length: 120 }, (_, i) => Math.sin(seed * 7 + i * i) ** 2),
      });
    const cells = ended(
      { ...DESIGN, seeds: [1] },
      { 'search/0/a/1': graded(1), 'search/1/a/1': graded(2), 'search/2/a/1': graded(3) },
    );
    const timed = () => {
      const start = performance.now();
      const rows = tableOf(cells);
      return { rows, ms: performance.now() - start };
    };
    const first = timed();
    const again = timed();
    expect(again.rows).toEqual(first.rows);
    expect(again.ms).toBeLessThan(first.ms / 5);
  });

  test('sets a carried prompt beside the task’s own', () => {
    const carry = { tasks: ['b'], targets: ['t'] };
    const rows = tableOf(
      ended(
        { ...DESIGN, factors: [], seeds: [1], carry },
        {
          'search/0/a/1': outcome(9),
          'own/b/t': outcome(1),
          'carried/b/t/search/0/a/1': outcome(10),
        },
      ),
    );
    expect(rows.map(({ kind, task, from }) => [kind, task, from])).toEqual([
      ['search', 'a', null],
      ['own', 'b', null],
      ['carried', 'b', { task: 'a', target: 't' }],
    ]);
    expect(rows[0]?.against).toBeNull();
    // 9 gained, 0 lost: 2 / 2^9.
    expect(rows[2]?.against).toMatchObject({ p: expect.closeTo(0.00390625, 10), verdict: 'better' });
  });

  test('counts failures beside the scores', () => {
    const cells = freshCells(DESIGN).map((cell): CellRecord => ({
      ...cell,
      state: 'failed',
      reason: 'lost',
    }));
    expect(tableOf(cells)[0]).toMatchObject({ done: 0, failed: 2, score: null });
  });
});

test('ranks over tasks, by hand', () => {
  const design = { ...DESIGN, tasks: ['a', 'b'], seeds: [1] };
  const cells = ended(design, {
    'search/0/a/1': outcome(5),
    'search/1/a/1': outcome(8),
    'search/2/a/1': outcome(2),
    'search/0/b/1': outcome(6),
    'search/1/b/1': outcome(6),
    'search/2/b/1': outcome(1),
  });
  const settings = settingsOf(design);
  // Ranks on a: 2, 1, 3; on b: 1.5, 1.5, 3.
  expect(ranksOver(tableOf(cells), settings)).toMatchObject({
    items: [
      { setting: 1, rank: 1.25 },
      { setting: 0, rank: 1.75 },
      { setting: 2, rank: 3 },
    ],
    tasks: 2,
  });
  expect(ranksOver(tableOf(cells.slice(0, 3)), settings)).toBeNull();
});
