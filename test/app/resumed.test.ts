import { expect, test } from 'vitest';
import { startRun } from '../../src/app/live-run.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { Store } from '../../src/storage/store.ts';
import { METHOD, recordOf, simulated, timeless } from '../kept/world.ts';

/** Goes on with the run of a store to its end: its events, how many asks it made, and its log. */
async function finish(store: Store, seed: number) {
  let asks = 0;
  const record = (await store.run('run')) ?? recordOf('run', seed);
  const { items, next } = await store.loadEffects('run');
  const run = startRun(record, items, {
    store,
    problem: null,
    next,
    optimizer: METHOD,
    cost: { steps: 1, targetCalls: 1, optimizerCalls: 1 },
    models: () => Promise.resolve(simulated(() => void (asks += 1))),
  });
  const events: string[] = [];
  run.subscribe((signal) => {
    if (signal.type === 'event') events.push(timeless(signal.event));
  });
  await run.ended;
  const log = (await store.loadEffects('run')).items.map(({ key, outcome }) =>
    JSON.stringify({ key, outcome: { ...outcome, ms: 0 } }),
  );
  return { events, asks, log };
}

test('a run goes on from any beginning of its log to the identical run, and asks nothing twice', async () => {
  const first = memoryStore();
  const whole = await finish(first, 5);
  const { items } = await first.loadEffects('run');
  expect(items.length).toBeGreaterThan(80);
  for (let length = 0; length <= items.length; length++) {
    const store = memoryStore();
    await store.addRun(recordOf('run', 5), items.slice(0, length));
    const resumed = await finish(store, 5);
    expect(resumed.events, `from ${length} outcomes`).toEqual(whole.events);
    expect(resumed.log, `from ${length} outcomes`).toEqual(whole.log);
    const embeds = items.slice(length).filter(({ key }) => key.startsWith('embed')).length;
    expect(resumed.asks).toBe(items.length - length - embeds);
  }
});
