/** A worker that works on a database until it is killed, and says what it is doing, so that the moment can be chosen. */
import { startRun } from '../../src/app/live-run.ts';
import type { LoggedEffect } from '../../src/core/log.ts';
import type { Task } from '../../src/core/task.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { METHOD, recordOf, simulated } from './world.ts';

export type Order =
  | { do: 'run'; name: string; id: string; seed: number }
  | { do: 'open'; name: string }
  | { do: 'add'; name: string; record: RunRecord; effects: LoggedEffect[] }
  | { do: 'task'; name: string; task: Task }
  | { do: 'restore'; name: string; file: Blob };

export type Doing = 'ready' | 'opened' | 'ask' | 'score' | 'write' | 'written' | 'save' | 'done';

const say = (doing: Doing) => postMessage(doing);

async function opened(name: string): Promise<Store> {
  const { store, problem } = await openStore({ name });
  if (problem !== null) throw problem;
  say('opened');
  return store;
}

async function work(order: Order): Promise<void> {
  const store = await opened(order.name);
  switch (order.do) {
    case 'run':
      await runIn(store, order.id, order.seed);
      break;
    case 'add':
      await store.addRun(order.record, order.effects);
      break;
    case 'task':
      await store.saveTask(order.task);
      break;
    case 'restore': {
      const { restore } = await import('../../src/storage/restore.ts');
      await restore(store, order.file);
      break;
    }
    case 'open':
      break;
  }
  store.close();
  say('done');
}

async function runIn(store: Store, id: string, seed: number): Promise<void> {
  const told: Store = {
    ...store,
    async appendEffects(run, seq, effects) {
      say('write');
      await store.appendEffects(run, seq, effects);
      say('written');
    },
    async saveRun(record) {
      say('save');
      await store.saveRun(record);
    },
  };
  const record = (await store.run(id)) ?? recordOf(id, seed);
  const { items, next } = await store.loadEffects(id);
  const run = startRun(record, items, {
    store: told,
    problem: null,
    next,
    optimizer: METHOD,
    cost: { steps: 1, targetCalls: 1, optimizerCalls: 1 },
    models: () => Promise.resolve(simulated(() => say('ask'))),
  });
  run.subscribe((signal) => {
    if (signal.type === 'event' && signal.event.type === 'scored') say('score');
  });
  await run.ended;
}

addEventListener('message', ({ data }: MessageEvent<Order>) => void work(data));
say('ready');
