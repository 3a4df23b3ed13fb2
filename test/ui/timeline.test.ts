import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import { emptyView, reduce, type RunView } from '../../src/ui/run-view.ts';
import { timeline } from '../../src/ui/timeline.ts';
import { doubtfulEvents, recordedEvents } from './recorded.ts';

/** A plain copy, so that a later fold cannot change it. */
const frozen = (view: RunView) => structuredClone(view);

function folded(events: readonly RunEvent[], count: number): RunView {
  const view = emptyView();
  for (const event of events.slice(0, count)) reduce(view, event);
  return view;
}

/** Some events of every kind that a recorded run here lacks. */
const others: RunEvent[] = [
  { type: 'recovered', text: 'back' },
  { type: 'budget', budget: { steps: 3 } },
  { type: 'refused', ask: 1, reason: 'too long' },
  { type: 'eliminated', step: 1, candidate: 'c1', by: 'c0', n: 8, p: 0.04 },
  { type: 'note', step: 1, text: 'a note' },
];

test('a moment reached from anywhere is the fold from the start', () => {
  const recorded = [...doubtfulEvents().slice(0, 400), ...others, ...recordedEvents().slice(400, 520)];
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: recorded.length }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 300 }),
      (moments, apart) => {
        const line = timeline(recorded, apart);
        for (const moment of moments) {
          expect(frozen(line.at(moment))).toEqual(frozen(folded(recorded, moment)));
        }
      },
    ),
    { numRuns: 12 },
  );
});

test('a view that was left backwards does not change with the one that is shown', () => {
  const events = recordedEvents();
  const line = timeline(events, 100);
  const late = line.at(900);
  const before = frozen(late);
  line.at(350);
  line.at(600);
  expect(frozen(late)).toEqual(before);
});

test('ends of stages come before the next stage, step or end of the search', () => {
  const stage = (step: number, name: 'evaluate' | 'propose'): RunEvent => ({
    type: 'stage',
    step,
    stage: name,
    detail: '',
  });
  const note: RunEvent = { type: 'note', step: 1, text: '' };
  const events: RunEvent[] = [
    stage(0, 'evaluate'), // 0
    note,
    { type: 'step', step: 1, of: 2 }, // 2
    stage(1, 'propose'), // 3
    note,
    stage(1, 'evaluate'), // 5
    note,
    { type: 'searched', reason: 'done', best: 'c0' }, // 7
  ];
  const line = timeline(events);
  expect([0, 2, 5, 7].map((at) => line.stageEnd(at, 1))).toEqual([2, 5, 7, 8]);
  expect([8, 7, 6, 5, 2, 1].map((at) => line.stageEnd(at, -1))).toEqual([7, 5, 5, 2, 0, 0]);
  expect(line.stageEnd(8, 1)).toBe(8);
  expect([line.stepStart(0, 1), line.stepStart(2, 1), line.stepStart(5, -1), line.stepStart(2, -1)]).toEqual([
    2, 8, 2, 0,
  ]);
});

test('the end of an empty run is its start', () => {
  const line = timeline([]);
  expect(line.at(5).events).toBe(0);
  expect(line.stageEnd(0, 1)).toBe(0);
});

test('in 50,000 events one step back takes a fraction of folding all', () => {
  const events = recordedEvents();
  const many = Array.from({ length: 50_000 }, (_, i) => events[i % events.length] ?? events[0]).filter(
    (event) => event !== undefined,
  );
  const line = timeline(many);
  const from = performance.now();
  line.at(50_000);
  const all = performance.now() - from;
  const times = Array.from({ length: 20 }, (_, i) => {
    const began = performance.now();
    line.at(49_990 - i * 37);
    return performance.now() - began;
  });
  const median = times.toSorted((a, b) => a - b)[10] ?? NaN;
  // Folding all takes 25 times as much as the most that a step back may fold.
  expect(median).toBeLessThan(Math.max(all / 2, 50));
});
