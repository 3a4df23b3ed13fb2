import { expect, test } from 'vitest';
import { eventsUpTo } from '../../src/ui/marks.ts';
import { recordedEvents } from './recorded.ts';

const events = recordedEvents();

test('a mark is the first event of its kind, or the nth', () => {
  const steps = events.flatMap((event, i) => (event.type === 'step' ? [i + 1] : []));
  expect(eventsUpTo(events, { event: 'step' })).toBe(steps[0]);
  expect(eventsUpTo(events, { event: 'step', nth: 2 })).toBe(steps[1]);
  expect(eventsUpTo(events, { event: 'step', nth: steps.length + 1 })).toBeNull();
});

test('step, stage and candidate narrow it', () => {
  const at = eventsUpTo(events, { event: 'stage', step: 2, stage: 'evaluate' });
  expect(events[(at ?? 0) - 1]).toMatchObject({ type: 'stage', step: 2, stage: 'evaluate' });
  const scored = eventsUpTo(events, { event: 'scored', candidate: 'c1' });
  expect(events[(scored ?? 0) - 1]).toMatchObject({ type: 'scored', candidate: 'c1' });
  expect(eventsUpTo(events, { event: 'scored', candidate: 'nobody' })).toBeNull();
  expect(eventsUpTo(events, { event: 'searched', step: 1 })).toBeNull();
});
