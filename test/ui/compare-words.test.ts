import { describe, expect, test } from 'vitest';
import type { PlannedCell } from '../../src/app/experiments.ts';
import { csvOf } from '../../src/core/csv.ts';
import { freshCells, type CellRecord, type Design } from '../../src/core/experiment.ts';
import { tableOf } from '../../src/core/experiment-table.ts';
import {
  experimentState,
  leftOf,
  longest,
  rowScore,
  settingName,
  sizeWords,
  timeWords,
} from '../../src/ui/compare-words.ts';
import { cellRows, tableRows } from '../../src/ui/experiment-csv.ts';
import { experiment } from '../storage/records.ts';
import { config } from './recorded.ts';

const record = experiment();
const planned = (part: Partial<PlannedCell>): PlannedCell => ({
  id: 'x',
  kind: 'search',
  setting: 0,
  task: 'a',
  target: 't',
  seed: 1,
  from: null,
  config: { ...config, budget: {} },
  cost: { steps: 3, targetCalls: 100, optimizerCalls: 10 },
  tests: 50,
  ...part,
});

test('an experiment says how far it is', () => {
  expect(experimentState(record)).toBe('stopped, 1 of 3 done, 1 failed');
  expect(experimentState({ ...record, status: 'finished' })).toBe('finished, 1 failed');
});

test('a row says its score with interval and n', () => {
  expect(rowScore({ score: 0.62, low: 0.541, high: 0.69, n: 48 })).toBe('62 % [54, 69] n = 48');
  expect(rowScore({ score: null, low: 0, high: 1, n: 0 })).toBe('–');
});

test('a setting has the name of its levels, or of its method where nothing is varied', () => {
  const methods = [{ id: 'gpo', name: 'GPO' }];
  expect(settingName(record.design, 1, methods)).toBe('3 · all');
  expect(settingName({ ...record.design, factors: [] }, 0, methods)).toBe('GPO');
  expect(settingName(record.design, null, methods)).toBe('the task’s own prompt');
});

describe('the time before the start', () => {
  const speed = (role: string) => (role === 'target' ? 100 : 2000);

  test('is calls by measured speed: search and test of each cell', () => {
    // 100 target calls and 10 optimizer calls: 10 s + 20 s; 50 test calls: 5 s. Two cells.
    expect(longest([planned({}), planned({})], speed)).toBe(70_000);
  });

  test('is cut by minutes, which do not cut the test', () => {
    const cut = planned({ config: { ...config, budget: { minutes: 0.2 } } });
    expect(longest([cut], speed)).toBe(12_000 + 5000);
    expect(longest([cut], (role) => (role === 'target' ? 100 : null))).toBe(17_000);
  });

  test('is not known without a measure', () => {
    expect(longest([planned({})], () => null)).toBeNull();
    expect(longest([planned({})], (role) => (role === 'target' ? 100 : null))).toBeNull();
    const test = planned({ cost: { steps: 0, targetCalls: 0, optimizerCalls: 0 } });
    expect(longest([test], (role) => (role === 'target' ? 100 : null))).toBe(5000);
  });

  test('is said in words', () => {
    const design: Design = { ...record.design, carry: null };
    expect(sizeWords(design, 6)).toBe('6 runs: 2 settings × 1 task × 3 seeds');
    expect(sizeWords(design, 9)).toBe('9 runs: 2 settings × 1 task × 3 seeds and 3 mere tests');
    expect(timeWords(design, [planned({})], 70_000)).toMatch(/^At most about 70 s/);
    expect(timeWords(design, [planned({})], null)).toBe(
      'At most 31 min of searching, and 50 calls for the final tests.',
    );
    const pool = { unit: 'tokens', total: 5, spare: 'share' } as const;
    expect(timeWords({ ...design, pool }, [planned({})], null)).toMatch(/not measured here yet/);
  });
});

test('the time left is that of the present run and the mean of ended ones for each that waits', () => {
  expect(leftOf(record.cells, 5000)).toBe(61_000.5 + 5000);
  expect(leftOf(freshCells(record.design), null)).toBeNull();
  expect(leftOf(record.cells.slice(0, 1), 700)).toBe(700);
});

test('tables for other programs: a value for every column, formulas made harmless', () => {
  const [first] = record.cells;
  const hostile: CellRecord[] = first?.outcome
    ? [
        { ...first, outcome: { ...first.outcome, prompt: '=HYPERLINK("http://x")' } },
        ...record.cells.slice(1),
      ]
    : [];
  expect(hostile).toHaveLength(3);
  const cells = cellRows({ ...record, cells: hostile }, (setting) => `setting ${setting}`);
  for (const row of cells) expect(row).toHaveLength(cells[0]?.length ?? 0);
  expect(csvOf(cells)).toContain(`"'=HYPERLINK(""http://x"")"`);
  const rows = tableRows(record, () => 'one');
  expect(rows).toHaveLength(1 + tableOf(record.cells).length);
  for (const row of rows) expect(row).toHaveLength(rows[0]?.length ?? 0);
  expect(rows[1]?.slice(0, 7)).toEqual(['one', 'search', 'colours', 'wllama:small:q8_0', 1, 1, 0.75]);
});
