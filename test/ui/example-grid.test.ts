import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import {
  cells,
  cellWidth,
  exampleGrid,
  growingGrid,
  HEAD,
  moved,
  ROW_HEIGHT,
  windowOf,
} from '../../src/ui/example-grid.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { recordedEvents } from './recorded.ts';

const proposed = (id: string): RunEvent => ({
  type: 'proposed',
  candidate: { id, prompt: id, shots: [], parents: [], origin: 'x', step: 0 },
  edit: 0,
});
const answered = (candidate: string, example: string, score: number, more = {}): RunEvent => ({
  type: 'answered',
  answer: {
    candidate,
    example,
    split: 'validation',
    reply: 'x',
    answer: 'x',
    score,
    tokens: { in: 1, cached: 0, out: 1 },
    ms: 1,
    ...more,
  },
});
const fold = (events: readonly RunEvent[]) => events.reduce(reduce, emptyView());

const small = fold([
  ...['c0', 'c1', 'c2', 'c3'].map(proposed),
  answered('c0', 'a', 1),
  answered('c0', 'b', 1),
  answered('c0', 'c', 0),
  answered('c0', 'd', 0),
  answered('c1', 'a', 1),
  answered('c1', 'b', 0),
  answered('c1', 'c', 0, { answer: null }),
  answered('c1', 'd', 0.5),
  answered('c2', 'b', 0),
  answered('c2', 'a', 1, { split: 'train' }),
]);

test('rows by how much candidates disagree, columns in order of creation, gaps where none was asked', () => {
  const grid = exampleGrid(small, 'validation');
  expect(grid.columns).toEqual(['c0', 'c1', 'c2']);
  // b: 1, 0, 0 has variance 2/9; d: 0, 0.5 has 1/16; a and c have none and keep their order.
  expect(grid.rows.map(({ example, spread }) => [example, spread])).toEqual([
    ['b', expect.closeTo(2 / 9, 12)],
    ['d', 1 / 16],
    ['a', 0],
    ['c', 0],
  ]);
  expect(grid.rows.map(({ right, asked, mean }) => [right, asked, mean])).toEqual([
    [1, 3, 1 / 3],
    [0, 2, 0.25],
    [2, 2, 1],
    [0, 2, 0],
  ]);
  expect(grid.rows[2]?.answers.map((answer) => answer?.score ?? null)).toEqual([1, 1, null]);
  expect(grid).toMatchObject({ decide: 2, allRight: 1, allWrong: 1 });
});

test('as asked, and by split', () => {
  expect(exampleGrid(small, 'validation', 'asked').rows.map((row) => row.example)).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
  expect(exampleGrid(small, 'train')).toMatchObject({ columns: ['c2'], allRight: 1 });
  expect(exampleGrid(small, 'test')).toMatchObject({ columns: [], rows: [], decide: 0 });
});

test('equal graded scores disagree in nothing, whatever their digits', () => {
  const thirds = fold([
    ...['c0', 'c1', 'c2'].map(proposed),
    ...['c0', 'c1', 'c2'].map((id) => answered(id, 'a', 0.1)),
  ]);
  expect(exampleGrid(thirds, 'validation').rows[0]?.spread).toBe(0);
});

test('each cell in view is drawn once, by kind', () => {
  const grid = exampleGrid(small, 'validation', 'asked');
  const whole = { firstRow: 0, lastRow: 4, firstColumn: 0, lastColumn: 3 };
  const drawn = cells(grid, 20, whole);
  const count = (path: string) => path.split('M').length - 1;
  expect(count(drawn.right)).toBe(3);
  // A cross is drawn in one stroke and a move.
  expect(count(drawn.wrong)).toBe(4);
  expect(count(drawn.unreadable)).toBe(1);
  expect([...drawn.partly.keys()]).toEqual([5]);
  expect(drawn.refused).toBe('');
  // The first cell of the second row, inside its borders.
  expect(drawn.right).toContain(`M1 ${ROW_HEIGHT + 1}h18v${ROW_HEIGHT - 2}h-18z`);
  expect(cells(grid, 20, { ...whole, firstRow: 1, lastRow: 2, lastColumn: 1 }).right).toBe(
    `M1 ${ROW_HEIGHT + 1}h18v${ROW_HEIGHT - 2}h-18z`,
  );
});

test('a refused answer has a sign of its own', () => {
  const view = fold([proposed('c0'), answered('c0', 'a', 0, { answer: null, refused: 'too long' })]);
  const drawn = cells(exampleGrid(view, 'validation'), 20, {
    firstRow: 0,
    lastRow: 1,
    firstColumn: 0,
    lastColumn: 1,
  });
  expect(drawn.refused).not.toBe('');
  expect(drawn.unreadable).toBe('');
});

test('the window holds every cell that the box shows, and no row or column that is not there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 200, max: 1200 }),
      (rows, columns, left, top, width) => {
        const grid = {
          rows: Array.from({ length: rows }, (_, i) => ({
            example: `e${i}`,
            asked: 0,
            right: 0,
            mean: 0,
            spread: 0,
            answers: [],
          })),
          columns: Array.from({ length: columns }, (_, i) => `c${i}`),
        };
        const cell = cellWidth(columns, width);
        const height = 400;
        const seen = windowOf(grid, cell, { left, top, width, height });
        expect(cell).toBeGreaterThanOrEqual(16);
        expect(seen.lastRow).toBeLessThanOrEqual(rows);
        expect(seen.lastColumn).toBeLessThanOrEqual(columns);
        for (let row = 0; row < rows; row++) {
          const visible = (row + 1) * ROW_HEIGHT > top && row * ROW_HEIGHT < top + height - HEAD;
          if (visible) expect(row >= seen.firstRow && row < seen.lastRow).toBe(true);
        }
        // Nothing far outside is drawn.
        expect(seen.lastRow - seen.firstRow).toBeLessThanOrEqual((height - HEAD) / ROW_HEIGHT + 2);
      },
    ),
  );
});

test('keys move within the grid and stop at its edges', () => {
  const go = (key: string, whole = false) => moved({ row: 2, column: 1 }, key, whole, 10, 3, 5);
  expect(go('ArrowUp')).toEqual({ row: 1, column: 1 });
  expect(go('ArrowDown')).toEqual({ row: 3, column: 1 });
  expect(go('PageUp')).toEqual({ row: 0, column: 1 });
  expect(go('PageDown')).toEqual({ row: 7, column: 1 });
  expect(go('Home')).toEqual({ row: 2, column: 0 });
  expect(go('End')).toEqual({ row: 2, column: 2 });
  expect(go('Home', true)).toEqual({ row: 0, column: 0 });
  expect(go('End', true)).toEqual({ row: 9, column: 2 });
  expect(go('x')).toBeNull();
});

test('every answer of a recorded run is in one cell, and 200 × 300 are arranged in moments', () => {
  const view = fold(recordedEvents());
  const grid = exampleGrid(view, 'validation');
  const filled = grid.rows.reduce((sum, row) => sum + row.answers.filter((one) => one !== null).length, 0);
  expect(filled).toBe(view.usage.targetCalls);
  const large = fold([
    ...Array.from({ length: 200 }, (_, c) => proposed(`c${c}`)),
    ...Array.from({ length: 60_000 }, (_, i) =>
      answered(`c${i % 200}`, `e${Math.floor(i / 200)}`, (i * 7) % 3 ? 1 : 0),
    ),
  ]);
  exampleGrid(large, 'validation');
  const from = performance.now();
  expect(exampleGrid(large, 'validation').rows).toHaveLength(300);
  const took = performance.now() - from;
  console.info(`200 × 300 answers arranged in ${took.toFixed(1)} ms`);
  expect(took).toBeLessThan(500);
});

test('a grid that grows with its run is at every moment the grid of the whole view, also after going back', () => {
  const events = recordedEvents();
  const moments = fc.array(
    fc.record({ at: fc.nat({ max: events.length }), split: fc.constantFrom('validation', 'train', 'test') }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(moments, fc.constantFrom('disagreement', 'asked'), (some, order) => {
      const grow = growingGrid();
      for (const { at, split } of some) {
        const view = fold(events.slice(0, at));
        const grown = grow(view, split, order);
        expect(grown).toEqual(exampleGrid(view, split, order));
        expect(grown.rows.every(({ answers }) => answers.length === grown.columns.length)).toBe(true);
      }
    }),
    { numRuns: 20 },
  );
});

test('columns stand in order of creation, whoever is asked first', () => {
  const grow = growingGrid();
  const begun = [...['c0', 'c1', 'c2'].map(proposed), answered('c0', 'a', 1), answered('c2', 'a', 0)];
  expect(grow(fold(begun), 'validation').columns).toEqual(['c0', 'c2']);
  const view = begun.reduce(reduce, emptyView());
  const first = grow(view, 'validation');
  reduce(view, answered('c1', 'a', 1));
  reduce(view, answered('nobody', 'a', 1));
  const grown = grow(view, 'validation');
  expect(grown.columns).toEqual(['c0', 'c1', 'c2']);
  expect(grown.rows[0]?.answers.map((answer) => answer?.score)).toEqual([1, 1, 0]);
  expect([first.rows[0]?.right, grown.rows[0]?.right]).toEqual([1, 2]);
});
