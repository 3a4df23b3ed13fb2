import { expect, test } from 'vitest';
import { chart, chartRows, dotAt, outlines, tickAt } from '../../src/ui/chart.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { recordedEvents } from './recorded.ts';

const events = recordedEvents();
const upTo = (count: number) => events.slice(0, count).reduce(reduce, emptyView());
const ended = upTo(events.length);

test('an empty run has axes and nothing else', () => {
  const drawn = chart(emptyView(), 'tokens', 'validation', 600, 300);
  expect(drawn.dots).toEqual([]);
  expect(drawn.bestPath).toBeNull();
  expect(drawn.initialY).toBeNull();
  expect(drawn.yTicks.map((tick) => tick.label)).toEqual(['0 %', '25 %', '50 %', '75 %', '100 %']);
});

test.each(['tokens', 'calls', 'minutes', 'steps'] as const)(
  'by %s every dot is inside the plot and holds its interval',
  (axis) => {
    const drawn = chart(ended, axis, 'validation', 600, 300);
    expect(drawn.dots).toHaveLength(ended.candidates.size);
    for (const dot of drawn.dots) {
      expect(dot.x).toBeGreaterThanOrEqual(drawn.plot.left);
      expect(dot.x).toBeLessThanOrEqual(drawn.plot.right);
      expect(dot.high).toBeLessThanOrEqual(dot.y);
      expect(dot.low).toBeGreaterThanOrEqual(dot.y);
      expect(dot.partial).toBe(false);
    }
    expect(drawn.dots.filter((dot) => dot.best).map((dot) => dot.id)).toEqual([
      ended.bests.at(-1)?.candidate,
    ]);
    for (const tick of drawn.xTicks) expect(tick.x).toBeLessThanOrEqual(drawn.plot.right + 1);
  },
);

test('a candidate that is still being asked is partial', () => {
  const drawn = chart(upTo(10), 'tokens', 'validation', 600, 300);
  expect(drawn.dots).toHaveLength(1);
  expect(drawn.dots[0]?.partial).toBe(true);
  expect(drawn.dots[0]?.label).toContain('so far');
  expect(drawn.initialY).toBeNull();
});

test('the best so far is drawn among the scores that decide it, and not among others', () => {
  const view = upTo(events.length);
  const [id, entry] = [...view.candidates][0] ?? [];
  if (id === undefined || entry?.scores.validation === undefined) throw new Error('no candidate');
  const train = { ...entry.scores.validation, score: 0.25, n: 8 };
  view.candidates.set(id, { ...entry, scores: { ...entry.scores, train } });
  expect(chart(view, 'tokens', 'validation', 600, 300).bestPath).not.toBeNull();
  const minibatches = chart(view, 'tokens', 'train', 600, 300);
  expect(minibatches.dots).toHaveLength(1);
  expect(minibatches.bestPath).toBeNull();
});

test('the table holds all that is drawn: candidates, what was rejected and why, and test scores', () => {
  const drawn = chart(ended, 'calls', 'validation', 600, 300);
  const rows = chartRows(drawn);
  expect(rows).toHaveLength(ended.candidates.size + ended.rejected.length + 2);
  expect(rows[0]).toMatchObject({ candidate: 'c0', step: 0, used: 48 });
  expect(rows[0]?.says).toMatch(/^\d+ % \[\d+, \d+\] n = 48$/);
  const [first] = ended.rejected;
  expect(rows[ended.candidates.size]).toEqual({
    candidate: null,
    step: first?.step,
    used: first?.at.calls,
    says: `rejected: ${first?.reason}`,
  });
  expect(rows.at(-1)).toMatchObject({ candidate: ended.result?.best.candidate, step: null, used: null });
  expect(rows.at(-1)?.says).toMatch(/n = 96 · test$/);
});

test('what was rejected is found by where it stands', () => {
  const ticks = [10, 30, 30, 70].map((x) => ({ x, step: 1, used: 1, reason: '', text: '' }));
  expect(tickAt(ticks, 35, 8)).toBe(1);
  expect(tickAt(ticks, 50, 8)).toBe(-1);
  expect(tickAt(ticks, 900)).toBe(3);
  expect(tickAt([], 10)).toBe(-1);
});

test('test scores appear only when the run has ended', () => {
  expect(chart(upTo(events.length - 1), 'tokens', 'validation', 600, 300).tests).toEqual([]);
  expect(chart(ended, 'tokens', 'validation', 600, 300).tests.map((one) => one.best)).toEqual([false, true]);
});

test('a candidate that left a race says who beat it; one that was taken up again does not', () => {
  const part = upTo(10);
  const id = [...part.candidates.keys()][0] ?? '';
  const asked = part.candidates.get(id)?.tallies.validation?.answers ?? 0;
  const out = { type: 'eliminated', step: 1, candidate: id, by: 'c9', n: asked, p: 0.01 } as const;
  const left = chart(reduce(upTo(10), out), 'tokens', 'validation', 600, 300).dots[0];
  expect(left).toMatchObject({ partial: true, eliminated: { by: 'c9', n: asked } });
  expect(left?.label).toContain('left the race, beaten by c9');
  const again = chart(reduce(upTo(10), { ...out, n: asked - 1 }), 'tokens', 'validation', 600, 300).dots[0];
  expect(again?.eliminated).toBeNull();
  const whole = chart(reduce(upTo(events.length), out), 'tokens', 'validation', 600, 300).dots[0];
  expect(whole?.eliminated).toBeNull();
});

test('many dots are few outlines, by kind, and are found by where they are', () => {
  const [first] = chart(ended, 'tokens', 'validation', 600, 300).dots;
  if (first === undefined) throw new Error('no dot');
  const dot = (x: number, more = {}) => ({ ...first, id: `at ${x}`, x, y: 50, low: 60, high: 40, ...more });
  const some = [
    dot(10),
    dot(30.04),
    dot(50, { partial: true, eliminated: { by: 'c1', n: 8 } }),
    dot(70, { partial: true, eliminated: null }),
  ];
  expect(outlines(some, 4)).toEqual({
    intervals: 'M10 60V40M30 60V40M50 60V40M70 60V40',
    whole: 'M6 50a4 4 0 1 0 8 0a4 4 0 1 0 -8 0M26 50a4 4 0 1 0 8 0a4 4 0 1 0 -8 0',
    left: 'M46 50a4 4 0 1 0 8 0a4 4 0 1 0 -8 0',
    asking: 'M66 50a4 4 0 1 0 8 0a4 4 0 1 0 -8 0',
  });
  expect(dotAt(some, 31, 52)?.x).toBe(30.04);
  expect(dotAt(some, 18, 50)?.x).toBe(10);
  expect(dotAt(some, 90, 50)).toBeNull();
});
