import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import { gradientChart } from '../../src/ui/gradient-chart.ts';
import {
  descents,
  gradientPath,
  lossWords,
  lowest,
  measuredWords,
  wordRows,
} from '../../src/ui/gradient-view.ts';
import { copyView, emptyView, reduce, type RunView } from '../../src/ui/run-view.ts';
import { gradientEvents } from './recorded-gradient.ts';

const fold = (events: readonly RunEvent[]): RunView => events.reduce(reduce, emptyView());

const near = (...texts: string[]) => texts.map((text, i) => ({ text, similarity: 1 - i / 10 }));
const restart = (id: number, gradientStep: number, more = {}) =>
  ({
    type: 'restart',
    step: id,
    gradientStep,
    id,
    source: id === 0 ? 'initial' : 'language model',
    text: `place ${id}`,
    candidate: null,
    loss: 2,
    accuracy: 0.5,
    ...more,
  }) satisfies RunEvent;
const tuned = (gradientStep: number, id: number, loss: number, words: string[], more = {}) =>
  ({
    type: 'tuned',
    step: id,
    gradientStep,
    restart: id,
    loss: null,
    rate: 0.01,
    validation: { loss, accuracy: 0.75 },
    text: words.join(' '),
    candidate: null,
    projected: null,
    words: words.map((word) => near(` ${word}`, ' other')),
    ...more,
  }) satisfies RunEvent;

const small = [
  restart(0, 0),
  tuned(0, 0, 2, ['a', 'b']),
  tuned(5, 0, 1, ['a', 'c'], { loss: 1.5 }),
  restart(1, 5, { loss: 3 }),
  tuned(5, 1, 3, ['x', 'y']),
  tuned(10, 1, 1, ['x', 'y'], { loss: 2, projected: { loss: 2.5, accuracy: 0.25 } }),
];

describe('the words of virtual tokens', () => {
  test('stand by restart and measurement, with what changed', () => {
    const { rows, tokens } = wordRows(fold(small).gradient);
    expect(tokens).toBe(2);
    expect(
      rows.map((row) =>
        row.kind === 'restart'
          ? row.restart.text
          : row.cells.map(({ word, changed }) => (changed ? `${word}!` : word)).join(' '),
      ),
    ).toEqual(['place 0', 'a b', 'a c!', 'place 1', 'x y', 'x y']);
  });

  test('name the first of the lowest losses', () => {
    const { gradient } = fold(small);
    expect(lowest(gradient.tuned)).toBe(1);
    const rows = wordRows(gradient).rows.filter((row) => row.kind === 'words');
    expect(rows.map((row) => row.lowest)).toEqual([false, true, false, false]);
    expect(rows.map((row) => row.index)).toEqual([0, 1, 2, 3]);
  });

  test('have no lowest without a number', () => {
    expect(lowest([])).toBeNull();
    expect(lowest(fold([tuned(0, 0, Infinity, [])]).gradient.tuned)).toBeNull();
  });

  test('are empty where nothing was near', () => {
    const { rows } = wordRows(fold([tuned(0, 0, 1, ['a'], { words: [[]] })]).gradient);
    expect(rows[0]).toMatchObject({ kind: 'words', cells: [{ word: '', changed: false, nearest: [] }] });
  });
});

test('losses and accuracies in words', () => {
  expect(lossWords(0.69315)).toBe('0.693');
  expect(lossWords(Infinity)).toBe('no number');
  expect(lossWords(null)).toBe('');
  expect(measuredWords({ loss: 1, accuracy: 0.75 })).toBe('loss 1.000, 75 % right');
  expect(measuredWords({ loss: 1, accuracy: null })).toBe('loss 1.000');
});

test('descents hold their own measurements, also one whose beginning was not told', () => {
  const { gradient } = fold([...small, tuned(12, 4, 1, ['z'])]);
  expect(descents(gradient).map(({ id, begun, tuned: own }) => [id, begun?.id, own.length])).toEqual([
    [0, 0, 2],
    [1, 1, 2],
    [4, undefined, 1],
  ]);
});

test('the way among prompts goes through what was measured and begins anew at restarts', () => {
  const { gradient } = fold([
    restart(0, 0, { candidate: 'c0' }),
    tuned(0, 0, 2, [], { candidate: 'c1' }),
    tuned(5, 0, 1, []),
    restart(1, 5, { candidate: 'c2' }),
    tuned(10, 1, 1, [], { candidate: 'c3' }),
    restart(2, 10),
    tuned(15, 2, 1, [], { candidate: 'c4' }),
  ]);
  expect(gradientPath(gradient).map(({ candidate, step, anew }) => [candidate, step, anew])).toEqual([
    ['c0', 0, false],
    ['c1', 0, false],
    ['c2', 5, true],
    ['c3', 10, false],
    ['c4', 15, true],
  ]);
});

describe('the chart of a descent', () => {
  const chart = gradientChart(fold(small).gradient, 640, 340);

  test('lays losses out between the lowest and the highest', () => {
    // Losses from 1 to 3: the first restart at 2 is in the middle.
    expect(chart.initial).toBeCloseTo((chart.loss.top + chart.loss.bottom) / 2, 6);
    expect(chart.points.map(({ loss }) => loss)).toEqual([
      chart.initial,
      chart.loss.bottom,
      chart.loss.top,
      chart.loss.bottom,
    ]);
    expect(chart.loss.ticks.map(({ label }) => label)).toEqual(['1.0', '1.5', '2.0', '2.5', '3.0']);
  });

  test('lays gradient steps out from left to right', () => {
    const [first, second, third, fourth] = chart.points.map(({ x }) => x);
    expect(first).toBe(chart.left + 6);
    expect(fourth).toBe(chart.right);
    expect(second).toBe(third);
    expect(second).toBeCloseTo((chart.left + 6 + chart.right) / 2, 6);
    expect(chart.along).toBe('gradient step');
  });

  test('draws one line a descent, of the training loss where it is known', () => {
    expect(chart.lines.map(({ loss, train, projected }) => [loss !== null, train, projected])).toEqual([
      [true, null, null],
      [true, null, null],
    ]);
    const long = gradientChart(fold(gradientEvents()).gradient, 640, 340);
    expect(long.lines.every(({ train, projected }) => train !== null && projected !== null)).toBe(true);
  });

  test('puts accuracy below, from nothing to all', () => {
    expect(chart.accuracy?.ticks.map(({ label }) => label)).toEqual(['0 %', '50 %', '100 %']);
    const { top = 0, bottom = 0 } = chart.accuracy ?? {};
    expect(top).toBeGreaterThan(chart.loss.bottom);
    expect(chart.points[0]?.accuracy).toBeCloseTo(bottom - 0.75 * (bottom - top), 6);
    expect(chart.points[3]?.projectedAccuracy).toBeCloseTo(bottom - 0.25 * (bottom - top), 6);
  });

  test('has no accuracy where answers are free', () => {
    const free = gradientChart(
      fold([
        restart(0, 0, { accuracy: null }),
        tuned(0, 0, 1, ['a'], { validation: { loss: 1, accuracy: null } }),
      ]).gradient,
      640,
      340,
    );
    expect(free.accuracy).toBeNull();
    expect(free.points[0]?.accuracy).toBeNull();
  });

  test('names restarts as there is room', () => {
    expect(chart.restarts.map(({ flag }) => flag)).toEqual(['', '1 language model']);
    const narrow = gradientChart(fold(gradientEvents(2)).gradient, 300, 300);
    expect(narrow.restarts.map(({ flag }) => flag)).toEqual(['', '1', '2 noise', '3']);
    expect(chart.restarts[1]?.label).toBe(
      'Restart 1 by language model at gradient step 5, loss 3.000, 50 % right: place 1',
    );
  });

  test('counts restarts where no gradient steps are made', () => {
    const only = gradientChart(fold([restart(0, 0), restart(1, 0), restart(2, 0)]).gradient, 640, 340);
    expect(only.along).toBe('restart');
    expect(only.restarts.map(({ x }) => x)).toEqual([
      only.left + 6,
      (only.left + 6 + only.right) / 2,
      only.right,
    ]);
    expect(only.xTicks.map(({ label }) => label)).toEqual(['0', '1', '2']);
  });

  test('stays inside its frame when a loss is no number, and when there is nothing', () => {
    const odd = gradientChart(fold([restart(0, 0), tuned(0, 0, Infinity, ['a'])]).gradient, 640, 340);
    expect(odd.points[0]?.loss).toBe(odd.loss.top);
    const empty = gradientChart(emptyView().gradient, 320, 280);
    expect(empty.points).toEqual([]);
    expect(empty.initial).toBeNull();
    expect(empty.loss.ticks.every(({ y }) => Number.isFinite(y))).toBe(true);
  });

  test('marks what was undone', () => {
    const long = gradientChart(fold(gradientEvents()).gradient, 640, 340);
    expect(long.undone).toHaveLength(1);
    expect(long.undone[0]?.reason).toContain('no number');
  });
});

test('a copied view keeps what it had of a descent', () => {
  const view = fold(small);
  const kept = copyView(view);
  reduce(view, tuned(15, 1, 0.5, ['q']));
  reduce(view, restart(2, 15));
  expect(kept.gradient.tuned).toHaveLength(4);
  expect(kept.gradient.restarts).toHaveLength(2);
  expect(view.gradient.tuned).toHaveLength(5);
});
