/** Kills in number: a worker is ended in the middle of its work, and what it leaves is looked at. Runs in the page. */
import { deleteDB } from 'idb';
import { startRun } from '../../src/app/live-run.ts';
import type { LoggedEffect } from '../../src/core/log.ts';
import { makeRng, type Rng } from '../../src/core/rng.ts';
import { backup } from '../../src/storage/backup.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { load, manyRuns } from './old-database.ts';
import type { Doing, Order } from './victim.ts';
import { METHOD, recordOf, simulated, TASK, timeless } from './world.ts';

/** What came of some kills. `faults` says of each that was not survived where it was, so that it can be repeated. */
export interface Killed {
  tried: number;
  /** How often the work was not over yet when it was killed. */
  midway: number;
  faults: string[];
}

const same = (a: unknown, b: unknown) => ordered(a) === ordered(b);
/** As text, whatever the order of the fields. */
const ordered = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'number' && !Number.isFinite(one)) return String(one);
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
const plain = ({ key, outcome }: LoggedEffect) => ({ key, outcome: { ...outcome, ms: 0 } });
function one<const T>(rng: Rng, of: readonly [T, ...T[]]): T {
  return of[rng.below(of.length)] ?? of[0];
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function openedStore(name: string): Promise<Store> {
  const { store, problem } = await openStore({ name });
  if (problem !== null) throw problem;
  return store;
}

/** Workers that have started already, so that the next order begins at once. */
function victims(): { give(order: Order): { worker: Worker; heard: Doing[]; on(each: () => void): void } } {
  const start = () => {
    const worker = new Worker(new URL('./victim.ts', import.meta.url), { type: 'module' });
    const heard: Doing[] = [];
    let each = () => undefined as void;
    worker.addEventListener('message', ({ data }: MessageEvent<Doing>) => {
      heard.push(data);
      each();
    });
    return { worker, heard, on: (listener: () => void) => void (each = listener) };
  };
  let spare = [start(), start()];
  return {
    give(order) {
      const [next = start(), ...rest] = spare;
      spare = [...rest, start()];
      // A worker that is not ready yet keeps the order until it is.
      next.worker.postMessage(order);
      return next;
    },
  };
}

/** The run as it is when nobody disturbs it. */
async function undisturbed(seed: number) {
  const store = memoryStore();
  return { ...(await finish(store, 'run', seed)), log: (await store.loadEffects('run')).items.map(plain) };
}

/** Goes on with a run to its end; the events that it tells. */
async function finish(store: Store, id: string, seed: number) {
  const record = (await store.run(id)) ?? recordOf(id, seed);
  const { items, next } = await store.loadEffects(id);
  const run = startRun(record, items, {
    store,
    problem: null,
    next,
    optimizer: METHOD,
    cost: { steps: 1, targetCalls: 1, optimizerCalls: 1 },
    models: () => Promise.resolve(simulated(() => undefined)),
  });
  const events: string[] = [];
  run.subscribe((signal) => {
    if (signal.type === 'event') events.push(timeless(signal.event));
  });
  await run.ended;
  return { events, record: await store.run(id) };
}

/** Ends a worker at the `nth` time that it does something, a moment later; resolves when it is dead. */
async function killAt(
  victim: ReturnType<ReturnType<typeof victims>['give']>,
  doing: Doing,
  nth: number,
  later: number,
) {
  await new Promise<void>((resolve) => {
    const look = () => {
      const times = victim.heard.filter((one) => one === doing).length;
      if (times >= nth || victim.heard.at(-1) === 'done') resolve();
    };
    victim.on(look);
    look();
  });
  if (later > 0) await sleep(later);
  const over = victim.heard.at(-1) === 'done';
  victim.worker.terminate();
  return over;
}

/** Runs, each killed once, at an ask, a score, a write or a save; then taken up again and compared with the undisturbed one. */
export async function killRuns(count: number, seed: number): Promise<Killed> {
  const rng = makeRng(seed, 'kills');
  const waiting = victims();
  const killed: Killed = { tried: 0, midway: 0, faults: [] };
  const wholes = [await undisturbed(1), await undisturbed(2)] as const;
  const most: Partial<Record<Doing, number>> = { ask: 104, score: 6, write: 60, written: 60, save: 7 };
  for (let i = 0; i < count; i++) {
    const own = rng.fork(String(i));
    const whole = wholes[i % 2] ?? wholes[0];
    const runSeed = 1 + (i % 2);
    const doing = one(own, ['ask', 'ask', 'score', 'write', 'written', 'save']);
    const nth = 1 + own.below(most[doing] ?? 1);
    const later = own.below(3);
    const name = `killed-${seed}-${i}`;
    const at = `seed ${seed}, kill ${i}: ${doing} ${nth}, ${later} ms later`;
    const over = await killAt(waiting.give({ do: 'run', name, id: 'run', seed: runSeed }), doing, nth, later);
    killed.tried += 1;
    if (!over) killed.midway += 1;

    const store = await openedStore(name);
    const log = await store.loadEffects('run');
    const runs = await store.runs();
    const record = await store.run('run');
    if (log.problems.length + runs.problems.length > 0) killed.faults.push(`${at}: a record cannot be read`);
    if (log.next !== log.items.length) killed.faults.push(`${at}: the log has a gap`);
    if (!same(log.items.map(plain), whole.log.slice(0, log.items.length)))
      killed.faults.push(`${at}: the log is no beginning of the undisturbed one`);
    if (record === null ? log.items.length > 0 : record.effects > log.items.length)
      killed.faults.push(`${at}: the record speaks of outcomes that are not stored`);
    const resumed = await finish(store, 'run', runSeed);
    if (!same(resumed.events, whole.events)) killed.faults.push(`${at}: the resumed run is another`);
    if (!same((await store.loadEffects('run')).items.map(plain), whole.log))
      killed.faults.push(`${at}: the log of the resumed run is another`);
    if (resumed.record?.bestPrompt !== whole.record?.bestPrompt || resumed.record?.status !== 'finished')
      killed.faults.push(`${at}: the record of the resumed run is another`);
    store.close();
    await deleteDB(name);
  }
  return killed;
}

/** Upgrades from the database of an earlier version with many runs, killed on the way; afterwards all is there. */
export async function killUpgrades(count: number, seed: number): Promise<Killed> {
  const rng = makeRng(seed, 'upgrades');
  const waiting = victims();
  const killed: Killed = { tried: 0, midway: 0, faults: [] };
  for (let i = 0; i < count; i++) {
    const own = rng.fork(String(i));
    const version = 1 + own.below(4);
    const later = own.below(40);
    const name = `upgraded-${seed}-${i}`;
    const at = `seed ${seed}, upgrade ${i} from version ${version}: after ${later} ms`;
    const runs = manyRuns(30);
    await load(name, version, runs);
    const victim = waiting.give({ do: 'open', name });
    const over = await killAt(victim, 'ready', 1, later);
    killed.tried += 1;
    if (!over) killed.midway += 1;
    const store = await openedStore(name);
    for (const { record, effects } of runs) {
      if (!same(await store.run(record.id), record)) killed.faults.push(`${at}: ${record.id} is another`);
      if (!same((await store.loadEffects(record.id)).items, effects))
        killed.faults.push(`${at}: the log of ${record.id} is another`);
    }
    store.close();
    await deleteDB(name);
  }
  return killed;
}

/** Imports of a run and of a task, killed on the way: whole or not at all, and possible again. */
export async function killImports(count: number, seed: number): Promise<Killed> {
  const rng = makeRng(seed, 'imports');
  const waiting = victims();
  const killed: Killed = { tried: 0, midway: 0, faults: [] };
  const { log } = await undisturbed(1);
  const long = Array.from({ length: 20 }, (_, i) =>
    log.map((one) => ({ ...one, key: `${i} ${one.key}` })),
  ).flat();
  const examples = Array.from({ length: 4000 }, (_, i) => ({ id: `t${i}`, input: `Case ${i}`, gold: ['a'] }));
  const large = { ...TASK, id: 'large', splits: { ...TASK.splits, train: examples } };
  for (let i = 0; i < count; i++) {
    const own = rng.fork(String(i));
    const what = one(own, ['add', 'task']);
    const later = own.below(60);
    const name = `imported-${seed}-${i}`;
    const at = `seed ${seed}, import ${i} (${what}): after ${later} ms`;
    const record = recordOf('added', 1);
    const order: Order =
      what === 'add' ? { do: 'add', name, record, effects: long } : { do: 'task', name, task: large };
    const over = await killAt(waiting.give(order), 'opened', 1, later);
    killed.tried += 1;
    if (!over) killed.midway += 1;
    const store = await openedStore(name);
    const there = what === 'add' ? await store.run('added') : await store.task('large');
    const { items } = await store.loadEffects('added');
    if (what === 'add' && items.length !== (there === null ? 0 : long.length))
      killed.faults.push(`${at}: ${items.length} outcomes of ${long.length} are there`);
    if (what === 'task' && there !== null && !same(there, large))
      killed.faults.push(`${at}: a part of the task`);
    if (there === null) {
      if (what === 'add') await store.addRun(record, long);
      else await store.saveTask(large);
    }
    store.close();
    await deleteDB(name);
  }
  return killed;
}

/** Restores of a backup, killed on the way: all of it is there or nothing, and the next one brings the rest. */
export async function killRestores(count: number, seed: number): Promise<Killed> {
  const rng: Rng = makeRng(seed, 'restores');
  const waiting = victims();
  const killed: Killed = { tried: 0, midway: 0, faults: [] };
  const full = memoryStore();
  const { log } = await undisturbed(1);
  for (let i = 0; i < 12; i++) await full.addRun(recordOf(`run-${i}`, i), log);
  await full.saveTask(TASK);
  await full.saveSetting('prompt-tags', { 'a prompt': ['good'] });
  const { file } = await backup(full);
  for (let i = 0; i < count; i++) {
    const later = rng.fork(String(i)).below(120);
    const name = `restored-${seed}-${i}`;
    const at = `seed ${seed}, restore ${i}: after ${later} ms`;
    const over = await killAt(waiting.give({ do: 'restore', name, file }), 'opened', 1, later);
    killed.tried += 1;
    if (!over) killed.midway += 1;
    const store = await openedStore(name);
    const count = (await store.runs()).items.length;
    const tasks = (await store.tasks()).items.length;
    const tags = await store.setting('prompt-tags');
    const all = count === 12 && tasks === 1 && tags !== null;
    if (!all && (count > 0 || tasks > 0 || tags !== null))
      killed.faults.push(`${at}: ${count} runs and ${tasks} tasks are there`);
    const { restore } = await import('../../src/storage/restore.ts');
    await restore(store, file);
    for (let n = 0; n < 12; n++) {
      if (!same(await store.run(`run-${n}`), await full.run(`run-${n}`)))
        killed.faults.push(`${at}: run ${n} is another`);
      if (!same((await store.loadEffects(`run-${n}`)).items, log))
        killed.faults.push(`${at}: log ${n} is another`);
    }
    store.close();
    await deleteDB(name);
  }
  return killed;
}
