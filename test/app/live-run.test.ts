import { describe, expect, test } from 'vitest';
import { startRun } from '../../src/app/live-run.ts';
import type { RunSignal } from '../../src/app/types.ts';
import type { Engine } from '../../src/core/model.ts';
import { EngineError } from '../../src/core/model.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import type { Store } from '../../src/storage/store.ts';
import { configFor, letters, target, tinyTask } from '../optimizers/harness.ts';

const method: Optimizer = gpo;
const CONFIG = configFor(gpo, { options: { epochs: 2, batch: 4, candidates: 2, exemplars: 2 }, budget: {} });

function newRecord(): RunRecord {
  const task = tinyTask();
  return {
    id: 'run',
    config: CONFIG,
    task,
    started: 0,
    status: 'running',
    steps: 0,
    bestScore: null,
    bestPrompt: null,
    verdict: null,
    effects: 0,
  };
}

/** Proposals that depend on what is asked alone, so that a resumed run gets what an undisturbed one would. */
const writer = () =>
  scriptedEngine({
    id: 'scripted:optimizer:none',
    reply: (ask) => `<START>Judge it carefully, way ${ask.seed % 1000}.<END>`,
  });

interface Started {
  store?: Store;
  record?: RunRecord;
  answerer?: Engine;
  onSignal?: (signal: RunSignal, run: ReturnType<typeof startRun>) => void;
}

async function start({
  store = memoryStore(),
  record = newRecord(),
  answerer = target(),
  onSignal,
}: Started) {
  const { items } = await store.loadEffects(record.id);
  const run = startRun(record, items, {
    store,
    problem: null,
    optimizer: gpo,
    cost: method.cost(CONFIG.options, { train: 8, validation: 6 }),
    models: () => Promise.resolve({ target: answerer, optimizer: writer(), embedder: letters() }),
  });
  const signals: RunSignal[] = [];
  run.subscribe((signal) => {
    signals.push(signal);
    onSignal?.(signal, run);
  });
  return { run, signals, store, record };
}

/** Events without the time that they took. */
const eventsIn = (signals: readonly RunSignal[]): RunEvent[] =>
  signals.flatMap((signal) =>
    signal.type === 'event'
      ? [
          JSON.parse(
            JSON.stringify(signal.event, (key, value: unknown) => (key === 'ms' ? 0 : value)),
          ) as RunEvent,
        ]
      : [],
  );
const statuses = (signals: readonly RunSignal[]) =>
  signals.flatMap((s) => (s.type === 'status' ? [s.status] : []));
const problems = (signals: readonly RunSignal[]) => signals.flatMap((s) => (s.type === 'problem' ? [s] : []));

/** Does something once, when so many examples have been answered. */
function atAnswer(
  n: number,
  act: (run: ReturnType<typeof startRun>) => void,
): NonNullable<Started['onSignal']> {
  let count = 0;
  return (signal, run) => {
    if (signal.type === 'event' && signal.event.type === 'answered' && ++count === n) act(run);
  };
}

describe('a live run', () => {
  test('ends as finished, with its record saved', async () => {
    const { run, signals, store } = await start({});
    await run.ended;
    expect(statuses(signals)).toEqual(['loading', 'running', 'finished']);
    expect(await store.run('run')).toMatchObject({
      status: 'finished',
      steps: 4,
      bestScore: 1,
      verdict: expect.any(String),
    });
  });

  test('stopped and resumed, it is the undisturbed run', async () => {
    const whole = await start({});
    await whole.run.ended;
    const stopped = await start({ onSignal: atAnswer(11, (run) => void run.stop()) });
    await stopped.run.ended;
    expect(statuses(stopped.signals).at(-1)).toBe('stopped');
    const record = await stopped.store.run('run');
    expect(record?.status).toBe('stopped');
    const resumed = await start({ store: stopped.store, record: record ?? newRecord() });
    await resumed.run.ended;
    expect(statuses(resumed.signals).at(-1)).toBe('finished');
    expect(eventsIn(resumed.signals)).toEqual(eventsIn(whole.signals));
  });

  test('a pause holds the next ask back until the run goes on', async () => {
    const answerer = target();
    const { run, signals } = await start({ answerer, onSignal: atAnswer(5, (paused) => paused.pause()) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answerer.asks).toHaveLength(5);
    expect(statuses(signals).at(-1)).toBe('paused');
    run.proceed();
    await run.ended;
    expect(statuses(signals).slice(-2)).toEqual(['running', 'finished']);
  });

  test('finish ends the search and tests the best so far', async () => {
    const { run, signals } = await start({ onSignal: atAnswer(14, (early) => early.finish()) });
    await run.ended;
    const searched = eventsIn(signals).find((event) => event.type === 'searched');
    expect(searched).toMatchObject({ reason: 'asked' });
    expect(eventsIn(signals).at(-1)?.type).toBe('tested');
  });

  test('a full disk is said once; the run goes on in memory and can be exported whole', async () => {
    const disk = memoryStore();
    let room = 10;
    const full: Store = {
      ...disk,
      appendEffect: (id, seq, effect) =>
        room-- > 0
          ? disk.appendEffect(id, seq, effect)
          : Promise.reject(new StorageError('full', 'Saving failed: there is no space left.', 'Export it.')),
    };
    const { run, signals } = await start({ store: full });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('finished');
    expect(problems(signals)).toHaveLength(1);
    expect((await disk.loadEffects('run')).items).toHaveLength(10);
    const { items } = await run.store().loadEffects('run');
    const answered = eventsIn(signals).filter((event) => event.type === 'answered').length;
    expect(items.filter(({ key }) => key.startsWith('target'))).toHaveLength(answered);
  });

  test('another tab writing the same run ends it here, with the reason', async () => {
    const store = memoryStore();
    const taken: Store = {
      ...store,
      appendEffect: () =>
        Promise.reject(new StorageError('conflict', 'The entry exists already.', 'Go on in the other tab.')),
    };
    const { run, signals } = await start({ store: taken });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('failed');
    expect(problems(signals)[0]).toMatchObject({ advice: 'Go on in the other tab.' });
  });

  test('a lost engine ends the run as failed, with advice, and it can be resumed', async () => {
    let answers = 0;
    const dying = scriptedEngine({
      id: 'scripted:target:none',
      reply: () => {
        if (++answers > 9) throw new EngineError('lost', 'The device is gone.', 'Close other tabs.');
        return ' positive';
      },
    });
    const { run, signals, store } = await start({ answerer: dying });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('failed');
    expect(problems(signals)[0]).toMatchObject({
      message: 'The device is gone.',
      advice: 'Close other tabs.',
    });
    expect((await store.loadEffects('run')).items.filter(({ key }) => key.startsWith('target'))).toHaveLength(
      9,
    );
    const record = await store.run('run');
    const resumed = await start({ store, record: record ?? newRecord() });
    await resumed.run.ended;
    expect(statuses(resumed.signals).at(-1)).toBe('finished');
  });

  test('who listens late hears everything from the start', async () => {
    const { run, signals } = await start({});
    await run.ended;
    const late: RunSignal[] = [];
    run.subscribe((signal) => late.push(signal));
    expect(eventsIn(late)).toEqual(eventsIn(signals));
    expect(statuses(late)).toEqual(statuses(signals));
  });
});
