import { describe, expect, test } from 'vitest';
import type { Recording } from '../../src/app/types.ts';
import { csvOf } from '../../src/core/csv.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { forest } from '../../src/ui/forest.ts';
import { runsChart } from '../../src/ui/runs-chart.ts';
import { budgetRows, pairRows, sideRows } from '../../src/ui/side-csv.ts';
import {
  budgetsFor,
  curveOf,
  named,
  pairsOf,
  ranksOfSettings,
  scoreAt,
  sideOf,
  type Side,
} from '../../src/ui/side-by-side.ts';
import { config, recordedEvents, task } from './recorded.ts';
import { summary } from './stand-in.ts';

const recording = (id: string, events: readonly RunEvent[], part: Partial<Recording> = {}): Recording => ({
  summary: summary({ id }),
  config,
  task,
  events,
  ...part,
});
const a = sideOf(recording('a', recordedEvents({ seed: 3 })), 'A', 'GPO');
const b = sideOf(recording('b', recordedEvents({ seed: 5, steps: 3 })), 'B', 'OPRO');

describe('a recording as a side', () => {
  test('has the final test of its best prompt, example by example', () => {
    const { result } = a.view;
    if (result === null) throw new Error('The recording has no test.');
    expect(a.test?.n).toBe(96);
    expect(a.test?.scores).toHaveLength(96);
    const sum = a.test?.scores.reduce((total, score) => total + score, 0) ?? 0;
    expect(sum / 96).toBeCloseTo(result.best.score, 12);
    expect(a.prompt).toBe(a.view.candidates.get(result.best.candidate)?.candidate.prompt);
  });

  test('that was cut short has no test', () => {
    const cut = sideOf(recording('c', recordedEvents().slice(0, 300)), 'C', 'GPO');
    expect(cut.test).toBeNull();
    expect(pairsOf([a, cut])[0]).toMatchObject({ why: 'C has no final test.', comparison: null });
  });
});

describe('runs aligned by budget', () => {
  test('rise where a best was found and end where the search did', () => {
    const { rises, end } = curveOf(a.view, 'calls');
    expect(rises[0]?.at).toBe(48);
    expect(rises.map(({ score }) => score)).toEqual(a.view.bests.map(({ score }) => score));
    expect(end).toBe(a.view.usage.targetCalls);
    expect(curveOf(a.view, 'minutes').end).toBeCloseTo(a.view.usage.ms / 60_000, 9);
  });

  test('are read at a budget, and not beyond their end', () => {
    const curve = {
      rises: [
        { at: 10, score: 0.4 },
        { at: 30, score: 0.6 },
      ],
      end: 50,
    };
    expect([5, 10, 29, 30, 50, 51].map((used) => scoreAt(curve, used))).toEqual([
      null,
      0.4,
      0.4,
      0.6,
      0.6,
      null,
    ]);
    expect(budgetsFor([curve, { end: 120 }], 4)).toEqual([30, 60, 90, 120]);
    expect(budgetsFor([{ end: 0 }])).toEqual([]);
  });

  test('share one scale: the shorter run ends further left', () => {
    const { lines, plot } = runsChart([a, b], 'tokens', 640, 300);
    const [one, two] = lines;
    expect(one?.end.x).toBeGreaterThan(two?.end.x ?? Infinity);
    for (const { end } of lines) {
      expect(end.x).toBeLessThanOrEqual(plot.right);
      expect(end.y).toBeGreaterThanOrEqual(plot.top);
    }
    expect(runsChart([a, b], 'tokens', 640, 300).legend.map(({ letter, name }) => [letter, name])).toEqual([
      ['A', a.name],
      ['B', b.name],
    ]);
    // Letters of runs that end at one score do not cover each other.
    const same = runsChart([a, { ...a, id: 'z', letter: 'Z' }], 'tokens', 640, 300).lines;
    expect(Math.abs((same[0]?.labelY ?? 0) - (same[1]?.labelY ?? 0))).toBeGreaterThan(14.9);
  });
});

/** A run whose best prompt is right on the first `right` of ten examples. */
function side(letter: string, right: number, part: Partial<Side> = {}): Side {
  const scores = Array.from({ length: 10 }, (_, i) => (i < right ? 1 : 0));
  return {
    ...a,
    id: letter,
    letter,
    test: { score: right / 10, n: 10, scores, on: 'same', binary: true },
    ...part,
  };
}

describe('paired tests', () => {
  test('are of every pair, adjusted together', () => {
    const pairs = pairsOf([side('A', 1), side('B', 9), side('C', 2)]);
    // B against A: 8 gained, p = 2 / 2^8; C against B: 7 lost, p = 2 / 2^7; C against A: 1 gained, p = 1.
    expect(pairs.map(({ old, other }) => `${other.letter}-${old.letter}`)).toEqual(['B-A', 'C-A', 'C-B']);
    expect(pairs.map(({ p }) => p)).toEqual([
      expect.closeTo(3 / 128, 10),
      expect.closeTo(1, 10),
      expect.closeTo(2 / 64, 10),
    ]);
    expect(pairs.map(({ verdict }) => verdict)).toEqual(['better', 'not shown', 'worse']);
  });

  test('that several pairs together do not show are not shown', () => {
    const one = side('B', 7);
    // 6 gained of 10: p = 2 / 2^6 = 0.031 alone, 0.094 among three.
    expect(pairsOf([side('A', 1), one])[0]?.verdict).toBe('better');
    expect(pairsOf([side('A', 1), one, side('C', 4)])[0]?.verdict).toBe('not shown');
  });

  test('are not made of different examples, and say why', () => {
    const elsewhere = side('B', 9, { test: { score: 0.9, n: 10, scores: [1], on: 'other', binary: true } });
    const [same] = pairsOf([side('A', 1), elsewhere]);
    expect(same).toMatchObject({ comparison: null, verdict: 'not shown' });
    expect(same?.why).toMatch(/different examples of the task/);
    expect(pairsOf([side('A', 1), { ...elsewhere, task: 'other' }])[0]?.why).toMatch(/different tasks/);
  });
});

test('names tell runs apart by the options in which those of one method differ', () => {
  const gpo = optimizers.find(({ id }) => id === 'gpo');
  const options = { trajectory: 'none', k: 3, reflection: false };
  const sides = [
    { ...a, options },
    { ...a, options: { ...options, trajectory: 'recency', k: 7 } },
    { ...b, options: { steps: 5 } },
  ];
  const names = named(sides, (method) => (method === 'GPO' ? (gpo?.options ?? {}) : {}), String);
  expect(names.map(({ letter, name }) => [letter, name])).toEqual([
    ['A', 'GPO, none, Past prompts shown: 3, seed 7'],
    ['B', 'GPO, the latest, Past prompts shown: 7, seed 7'],
    ['C', 'OPRO, seed 7'],
  ]);
});

test('names tell runs apart by models and initial prompt too, and settings have no seed', () => {
  const long = 'Read the whole of it first, then weigh what it says.';
  const sides = [
    a,
    { ...a, target: 'm' },
    { ...a, initialPrompt: '' },
    { ...a, initialPrompt: long, seed: 8 },
  ];
  const found = named(
    sides,
    () => ({}),
    (id) => (id === 'm' ? 'Large' : 'Small'),
  );
  expect(found.map(({ name }) => name)).toEqual([
    `GPO, target Small, optimizer Small, from “${a.initialPrompt}”, seed 7`,
    `GPO, target Large, optimizer Small, from “${a.initialPrompt}”, seed 7`,
    'GPO, target Small, optimizer Small, from the empty prompt, seed 7',
    'GPO, target Small, optimizer Small, from “Read the whole of it first, then weigh wha…, seed 8',
  ]);
  expect(named([a, { ...a, seed: 8 }], () => ({}), String).map(({ setting }) => setting)).toEqual([
    'GPO',
    'GPO',
  ]);
});

test('settings are ranked over tasks by the mean of their runs, on the same examples of each', () => {
  const of = (setting: string, task: string) => ({ setting, task });
  const sides = [
    side('A', 5, of('GPO, none', 'x')),
    side('B', 9, of('GPO, none', 'x')),
    side('C', 6, of('GPO, the latest', 'x')),
    side('D', 8, of('GPO, none', 'y')),
    side('E', 3, of('GPO, the latest', 'y')),
    side('F', 3, of('APO', 'y')),
  ];
  const ranks = {
    items: [
      { name: 'GPO, none', rank: 1 },
      { name: 'GPO, the latest', rank: 2 },
    ],
    tasks: ['x', 'y'],
  };
  expect(ranksOfSettings(sides)).toMatchObject({ ...ranks, leftOut: [] });
  expect(ranksOfSettings(sides.slice(0, 3))).toBeNull();
  // One that was tested on other examples would turn the ranks on y.
  const elsewhere = side('G', 10, of('GPO, the latest', 'y'));
  if (elsewhere.test) elsewhere.test = { ...elsewhere.test, on: 'other' };
  expect(ranksOfSettings([...sides, elsewhere])).toMatchObject({ ...ranks, leftOut: [{ letter: 'G' }] });
});

test('the worked examples that a best prompt carries are part of the side', () => {
  const shots = task.splits.train.slice(0, 2);
  const events = recordedEvents({ seed: 3 }).map((event): RunEvent =>
    event.type === 'proposed' ? { ...event, candidate: { ...event.candidate, shots } } : event,
  );
  expect(sideOf(recording('s', events), 'S', 'CAPO').shots).toEqual(shots);
  expect(a.shots).toEqual([]);
});

test('tables for other programs have a value for every column', () => {
  const pairs = pairsOf([side('A', 1), side('B', 9), side('C', 2, { test: null })]);
  const curves = [a, b].map(({ view }) => curveOf(view, 'tokens'));
  const byBudget = budgetRows([a, b], curves, budgetsFor(curves), 'tokens');
  expect(byBudget).toHaveLength(3);
  expect(byBudget[1]?.slice(0, 3)).toEqual(['A', a.name, 48]);
  expect(csvOf(sideRows([a, b]))).toContain(a.target);
  for (const rows of [sideRows([a, b]), pairRows(pairs), byBudget])
    for (const row of rows) expect(row).toHaveLength(rows[0]?.length ?? 0);
  expect(csvOf(pairRows(pairs))).toContain('C has no final test.');
});

test('a forest plot keeps its marks inside and cuts labels that have no room', () => {
  const rows = ['short', 'a very long name of a setting that has no room where labels stand'].map(
    (label, i) => ({
      key: label,
      label,
      words: '',
      score: i === 0 ? 0.5 : null,
      low: 0.25,
      high: 1,
      each: [0.4, 0.6],
    }),
  );
  for (const width of [240, 500, 640, 1100]) {
    const drawn = forest(rows, width);
    const { left, right } = drawn.plot;
    expect(right - left).toBeGreaterThan(100);
    const [first, second] = drawn.rows;
    expect(first?.x).toBeCloseTo((left + right) / 2, 9);
    expect(first?.low).toBeCloseTo(left + (right - left) / 4, 9);
    expect(first?.high).toBeCloseTo(right, 9);
    expect(second?.x).toBeNull();
    expect(second?.label.length).toBeLessThanOrEqual(width / 7);
  }
});
