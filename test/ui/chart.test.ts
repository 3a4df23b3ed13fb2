import { expect, test } from 'vitest';
import { chart } from '../../src/ui/chart.ts';
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
