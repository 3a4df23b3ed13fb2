import { afterEach, expect, test } from 'vitest';
import { dropEvents, keepEvents, keptEvents } from '../../src/app/kept-events.ts';
import type { RunEvent } from '../../src/core/events.ts';

/** Against the browser's own cache. */

const RUN = { id: 'a/../run of ünïcode?', status: 'finished', effects: 3000 } as const;
const told: RunEvent[] = Array.from({ length: 2500 }, (_, step) => ({
  type: 'note',
  step,
  text: `${step} 🙂`,
}));

const entries = async () => (await caches.open('whetstone/events')).keys();

afterEach(() => caches.delete('whetstone/events'));

test('are read by the code that wrote them, and by no other', async () => {
  await keepEvents(RUN, told, 'now');
  expect(await keptEvents(RUN, 'now')).toStrictEqual(told);
  expect(await keptEvents(RUN, 'later')).toBeNull();
  expect(await keptEvents(RUN, '')).toBeNull();
  expect(await keptEvents({ ...RUN, id: 'another' }, 'now')).toBeNull();
  expect(await keptEvents({ ...RUN, effects: 3001 }, 'now')).toBeNull();
  expect(await keptEvents({ ...RUN, status: 'stopped' }, 'now')).toBeNull();
});

test('take the place of what earlier code has kept', async () => {
  await keepEvents(RUN, told, 'before');
  await keepEvents(RUN, told.toReversed(), 'now');
  expect(await entries()).toHaveLength(1);
  expect(await keptEvents(RUN, 'now')).toStrictEqual(told.toReversed());
});

test('go with their run', async () => {
  const other = { ...RUN, id: 'other' };
  await keepEvents(RUN, told, 'now');
  await keepEvents(other, told, 'now');
  await dropEvents(RUN.id);
  await dropEvents(RUN.id);
  expect(await keptEvents(RUN, 'now')).toBeNull();
  expect(await keptEvents(other, 'now')).toStrictEqual(told);
});

test('are not kept of a run that is short, goes on, or whose code may change', async () => {
  await keepEvents(RUN, told.slice(0, 100), 'now');
  await keepEvents({ ...RUN, status: 'running' }, told, 'now');
  await keepEvents(RUN, told, '');
  expect(await entries()).toEqual([]);
});

test('are as good as absent where they are damaged', async () => {
  await keepEvents(RUN, told, 'now');
  const cache = await caches.open('whetstone/events');
  const [place] = await cache.keys();
  if (place === undefined) expect.fail('nothing was kept');
  const file = await (await cache.match(place))?.blob();
  await cache.put(place, new Response(file?.slice(0, file.size - 20)));
  expect(await keptEvents(RUN, 'now')).toBeNull();
  await cache.put(place, new Response('[]'));
  expect(await keptEvents(RUN, 'now')).toBeNull();
});
