import { describe, expect, test } from 'vitest';
import type { PlannedCell } from '../../src/app/experiments.ts';
import { csvOf } from '../../src/core/csv.ts';
import { freshCells, settingsOf, type CellRecord, type Design } from '../../src/core/experiment.ts';
import { tableOf } from '../../src/core/experiment-table.ts';
import {
  bestWords,
  effortOf,
  experimentState,
  leftOf,
  rowScore,
  settingName,
  shareWords,
  sizeWords,
  timeWords,
} from '../../src/ui/compare-words.ts';
import { cellRows, tableRows } from '../../src/ui/experiment-csv.ts';
import { percentWithInterval } from '../../src/ui/format.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { experiment } from '../storage/records.ts';
import { config, recordedEvents } from './recorded.ts';

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
  const settings = settingsOf(record.design);
  expect(settingName(settings, 1, methods)).toBe('3 · all');
  expect(settingName(settingsOf({ ...record.design, factors: [] }), 0, methods)).toBe('GPO');
  expect(settingName(settings, null, methods)).toBe('the task’s own prompt');
});

test('a search that runs says its best score with interval and n', () => {
  const view = emptyView();
  for (const event of recordedEvents()) reduce(view, event);
  const best = view.bests.at(-1)?.score ?? 0;
  expect(bestWords(view)).toBe(percentWithInterval(best, 48));
  expect(bestWords(emptyView())).toBeNull();
});

describe('what a plan comes to before the start', () => {
  const speed = (role: string) => (role === 'target' ? 100 : 2000);
  const size = (role: string) => (role === 'target' ? 50 : 500);
  const unmeasured = (role: string) => (role === 'target' ? 100 : null);

  test('is calls by measured speed: search and test of each cell', () => {
    // 100 target calls and 10 optimizer calls: 10 s + 20 s; 50 test calls: 5 s. Two cells.
    expect(effortOf([planned({}), planned({})], speed, size)).toEqual({
      targetCalls: 300,
      optimizerCalls: 20,
      ms: 70_000,
      reckoned: false,
    });
  });

  test('is cut by minutes, which do not cut the test', () => {
    const cut = planned({ config: { ...config, budget: { minutes: 0.2 } } });
    // 12 of 30 s: 40 of 100 calls, 4 of 10.
    expect(effortOf([cut], speed, size)).toEqual({
      targetCalls: 90,
      optimizerCalls: 4,
      ms: 17_000,
      reckoned: false,
    });
    expect(effortOf([cut], unmeasured, size).ms).toBe(17_000);
    const gradients = planned({
      ...cut,
      cost: { ...cut.cost, targetCalls: 1, tuned: { steps: 9, measured: 9 } },
    });
    expect(effortOf([gradients], speed, size).ms).toBe(17_000);
  });

  test('is cut by tokens, as far as calls of usual length go', () => {
    // 100 calls of 50 tokens and 10 of 500 are 10,000; a tenth of that is left.
    const cut = planned({ config: { ...config, budget: { tokens: 1000 } } });
    expect(effortOf([cut], speed, size)).toEqual({
      targetCalls: 60,
      optimizerCalls: 1,
      ms: 8000,
      reckoned: true,
    });
  });

  test('has no known time without a measure', () => {
    expect(effortOf([planned({})], () => null, size).ms).toBeNull();
    expect(effortOf([planned({})], unmeasured, size).ms).toBeNull();
    const test = planned({ cost: { steps: 0, targetCalls: 0, optimizerCalls: 0 } });
    expect(effortOf([test], unmeasured, size).ms).toBe(5000);
  });

  test('is said in words', () => {
    const design: Design = { ...record.design, carry: null };
    expect(sizeWords(design, 6)).toBe('6 runs: 2 settings × 1 task × 3 seeds');
    expect(sizeWords(design, 9)).toBe('9 runs: 2 settings × 1 task × 3 seeds and 3 mere tests');
    expect(timeWords(design, [planned({})], { ms: 70_000, reckoned: false })).toMatch(/^At most about 70 s/);
    expect(timeWords(design, [planned({})], { ms: 70_000, reckoned: true })).toMatch(/^About 70 s/);
    const unknown = { ms: null, reckoned: false };
    expect(timeWords(design, [planned({})], unknown)).toBe(
      'At most 31 min of searching, and 50 calls for the final tests.',
    );
    const pool = { unit: 'tokens', total: 5, spare: 'share' } as const;
    expect(timeWords({ ...design, pool }, [planned({})], unknown)).toMatch(/not measured here yet/);
    expect(shareWords({ pool: { ...pool, total: 1_000_000 } }, 6)).toBe('166,666 tokens');
    expect(shareWords({ pool: { ...pool, unit: 'minutes', total: 50 } }, 21)).toBe('2.4 minutes');
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
  const rows = tableRows(tableOf(record.cells), () => 'one', String);
  expect(rows).toHaveLength(1 + tableOf(record.cells).length);
  for (const row of rows) expect(row).toHaveLength(rows[0]?.length ?? 0);
  expect(rows[1]?.slice(0, 8)).toEqual(['one', 'search', 'colours', 'wllama:small:q8_0', 1, 1, 0, 0.75]);
});
