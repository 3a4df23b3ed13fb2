import { deleteDB, openDB } from 'idb';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cdp } from 'vitest/browser';
import type { LoggedEffect } from '../../src/core/log.ts';
import { continueInMemory } from '../../src/storage/continued.ts';
import type { StorageError } from '../../src/storage/errors.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { requestPersistence, storageUsage } from '../../src/storage/quota.ts';
import { VERSION } from '../../src/storage/schema.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { withinQuota } from './bucket.ts';
import { rejection, storeContract } from './contract.ts';
import { effect, effects, experiment, record, task } from './records.ts';

let names = 0;
const newName = () => `storage-test-${Date.now()}-${names++}`;

/** A store on real IndexedDB; its database is deleted when the test ends. */
async function stored(name = newName(), onClosed?: (problem: StorageError) => void): Promise<Store> {
  const { store, problem } = await openStore({ name, ...(onClosed ? { onClosed } : {}) });
  expect(problem).toBeNull();
  onTestFinished(async () => {
    store.close();
    await deleteDB(name);
  });
  return store;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('memory', () => {
  storeContract(async () => memoryStore());
});

describe('IndexedDB', () => {
  storeContract(() => stored());
});

describe('a log survives', () => {
  test('closing and opening again', async () => {
    const name = newName();
    const first = await stored(name);
    await first.saveRun(record());
    for (let seq = 0; seq < 50; seq++) await first.appendEffects('run-1', seq, [effect(seq)]);
    first.close();
    const second = await stored(name);
    expect(await second.run('run-1')).toStrictEqual(record());
    expect((await second.loadEffects('run-1')).items).toStrictEqual(effects(50));
  });

  test('the death of its writer at any moment: every promised outcome is there, without a gap', async () => {
    for (const lifeMs of [1, 5, 20, 60, 150]) {
      const name = newName();
      let promised = -1;
      const worker = new Worker(new URL('./appender.worker.ts', import.meta.url), { type: 'module' });
      const begun = new Promise<void>((resolve) => {
        worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
          promised = Number(data);
          resolve();
        });
      });
      worker.postMessage(name);
      await begun;
      await new Promise((resolve) => setTimeout(resolve, lifeMs));
      worker.terminate();
      const log = await (await stored(name)).loadEffects('run-1');
      expect(log.items.length).toBeGreaterThan(promised);
      expect(log.items).toStrictEqual(effects(log.items.length));
      expect(log.next).toBe(log.items.length);
    }
  });
});

describe('records that this program did not write', () => {
  test('are named and hide nothing', async () => {
    const name = newName();
    const store = await stored(name);
    await store.addRun(record('good'), effects(4));
    const db = await openDB(name);
    await db.put('runs', { ...record('odd'), config: { ...record().config, seed: 'seven' } });
    await db.put('runs', { id: 'foreign' });
    await db.put('effects', { run: 'good', seq: 1, key: 'k', outcome: { kind: 'generate', ms: 1 } });
    await db.put('effects', { run: 'good', seq: 7, stranger: true });
    await db.put('effects', { run: 'good', seq: 'eight', key: 'k' });
    await db.put('tasks', { id: 'half', name: 'Half a task' });
    await db.put('vectors', 'not a vector', ['bge', 'x']);
    db.close();

    const runs = await store.runs();
    expect(runs.items.map(({ id }) => id)).toEqual(['good']);
    expect(runs.problems.map(({ id }) => id)).toEqual(['foreign', 'odd']);
    expect(runs.problems[1]?.message).toMatch(/Run odd .*config\.seed/);
    expect((await rejection(store.run('odd'))).fault).toBe('broken');

    const log = await store.loadEffects('good');
    expect(log.items).toStrictEqual([effect(0), effect(2), effect(3)]);
    expect(log.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/Entry 1 of run good .*outcome\.reply/),
      expect.stringMatching(/Entry 7 of run good/),
    ]);
    expect(log.next).toBe(8);

    expect((await store.tasks()).problems.map(({ id }) => id)).toEqual(['half']);
    await store.deleteRun('odd');
    await store.deleteRun('foreign');
    expect((await store.runs()).problems).toEqual([]);
  });
});

describe('when IndexedDB does not work, a memory store stands in and says why', () => {
  const refusing = (error: unknown) => ({
    open: () => {
      throw error;
    },
  });
  test.each([
    ['access is denied', refusing(new DOMException('denied', 'SecurityError')), /private window/],
    ['it is absent', undefined, /current version/],
    ['the disk is full', refusing(new DOMException('full', 'QuotaExceededError')), /Free some space/],
    ['it fails inside', refusing(new DOMException('backing store', 'UnknownError')), /Reload/],
  ])('%s', async (_case, indexedDB, advice) => {
    vi.stubGlobal('indexedDB', indexedDB);
    const { store, problem } = await openStore({ name: newName() });
    expect(problem?.fault).toBe('blocked');
    expect(problem?.advice).toMatch(advice);
    expect(problem?.advice).toMatch(/export/);
    await store.addRun(record(), effects(3));
    expect((await store.loadEffects('run-1')).items).toHaveLength(3);
  });

  test('the database is newer than the program', async () => {
    const name = newName();
    const newer = await openDB(name, VERSION + 1);
    onTestFinished(() => deleteDB(name));
    newer.close();
    const { problem } = await openStore({ name });
    expect(problem?.message).toMatch(/newer version/);
  });

  test('another tab holds an older database open', async () => {
    const name = newName();
    const older = await openDB(name, VERSION);
    onTestFinished(async () => {
      older.close();
      await deleteDB(name);
    });
    // As a program of the next version would open it; `older` does not heed versionchange.
    const real = indexedDB;
    vi.stubGlobal('indexedDB', { open: (of: string, version: number) => real.open(of, version + 1) });
    const { problem } = await openStore({ name });
    expect(problem?.advice).toMatch(/Close the other tabs/);
  });
});

test('a database of version 1, which kept tasks whole, opens with its tasks and runs', async () => {
  const name = newName();
  const old = await openDB(name, 1, {
    upgrade(db) {
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('effects', { keyPath: ['run', 'seq'] });
      db.createObjectStore('tasks', { keyPath: 'id' });
      db.createObjectStore('vectors');
      db.createObjectStore('settings');
    },
  });
  await old.put('tasks', task('colours', 'Colours'));
  await old.put('tasks', { id: 'odd', name: 'Not a task' });
  await old.put('tasks', task('z', 'Apples'));
  await old.put('runs', record());
  old.close();
  const store = await stored(name);
  expect(await store.task('colours')).toStrictEqual(task('colours', 'Colours'));
  expect(await store.task('z')).toStrictEqual(task('z', 'Apples'));
  const { items, problems } = await store.tasks();
  expect(items.map(({ id }) => id)).toEqual(['z', 'colours']);
  expect(problems.map(({ id }) => id)).toEqual(['odd']);
  expect(await store.run('run-1')).toStrictEqual(record());
});

test('a database of version 2, which kept no replies, opens with its tasks and runs and keeps replies', async () => {
  const name = newName();
  const old = await openDB(name, 2, {
    upgrade(db) {
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('effects', { keyPath: ['run', 'seq'] });
      db.createObjectStore('tasks', { keyPath: 'id' });
      db.createObjectStore('vectors');
      db.createObjectStore('settings');
      db.createObjectStore('examples', { keyPath: ['task', 'split', 'page'] });
    },
  });
  await old.put('runs', record());
  await old.put('effects', { run: 'run-1', seq: 0, ...effect(0) });
  await old.put('settings', 'dark', 'theme');
  old.close();
  const store = await stored(name);
  expect(await store.run('run-1')).toStrictEqual(record());
  expect((await store.loadEffects('run-1')).items).toStrictEqual([effect(0)]);
  expect(await store.setting('theme')).toBe('dark');
  expect(await store.replies.held()).toEqual({ count: 0, bytes: 0 });
  const choice = { logProbs: [-1, -2], tokens: { in: 4, cached: 3, out: 1 } };
  const entry = { model: 'm', ask: 'a', kept: { kind: 'choose' as const, choice } };
  await store.replies.save({ fresh: [entry], used: [], now: 0, most: 1e6 });
  expect(await store.replies.find('m', 'a')).toStrictEqual(entry.kept);
});

test('a database of version 3, which knew no experiments, opens with its runs and replies and keeps experiments', async () => {
  const name = newName();
  const old = await openDB(name, 3, {
    upgrade(db) {
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('effects', { keyPath: ['run', 'seq'] });
      db.createObjectStore('tasks', { keyPath: 'id' });
      db.createObjectStore('vectors');
      db.createObjectStore('settings');
      db.createObjectStore('examples', { keyPath: ['task', 'split', 'page'] });
      db.createObjectStore('replies', { keyPath: ['model', 'ask'] }).createIndex('used', 'used');
    },
  });
  await old.put('runs', record());
  await old.put('settings', { count: 3, bytes: 900 }, 'replies-held');
  old.close();
  const store = await stored(name);
  expect(await store.run('run-1')).toStrictEqual(record());
  expect(await store.replies.held()).toEqual({ count: 3, bytes: 900 });
  expect(await store.experiments()).toEqual({ items: [], problems: [] });
  await store.saveExperiment(experiment());
  expect((await store.experiments()).items).toStrictEqual([experiment()]);
});

test('a database of version 4, which kept the whole task in each record of a run, opens with its runs', async () => {
  const name = newName();
  const old = await openDB(name, 4, {
    upgrade(db) {
      db.createObjectStore('runs', { keyPath: 'id' });
      db.createObjectStore('effects', { keyPath: ['run', 'seq'] });
      db.createObjectStore('tasks', { keyPath: 'id' });
      db.createObjectStore('vectors');
      db.createObjectStore('settings');
      db.createObjectStore('examples', { keyPath: ['task', 'split', 'page'] });
      db.createObjectStore('replies', { keyPath: ['model', 'ask'] }).createIndex('used', 'used');
      db.createObjectStore('experiments', { keyPath: 'id' });
    },
  });
  const many = Array.from({ length: 1203 }, (_, i) => ({ id: `t${i}`, input: `thing ${i}`, gold: ['red'] }));
  const large = { ...task(), splits: { ...task().splits, train: many } };
  await old.put('runs', { ...record('large', 3), task: large });
  await old.put('runs', record('small', 2));
  await old.put('runs', { ...record('odd', 1), steps: 'many' });
  await old.put('runs', { id: 'foreign' });
  await old.put('effects', { run: 'large', seq: 0, ...effect(0) });
  old.close();
  const store = await stored(name);
  expect(await store.run('large')).toStrictEqual({ ...record('large', 3), task: large });
  expect(await store.run('small')).toStrictEqual(record('small', 2));
  expect((await store.loadEffects('large')).items).toStrictEqual([effect(0)]);
  const { items, problems } = await store.runs();
  expect(items.map(({ id, task: { sizes } }) => [id, sizes.train])).toEqual([
    ['large', 1203],
    ['small', 1],
  ]);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/Run foreign /),
    expect.stringMatching(/Run odd .*steps/),
  ]);
  await store.saveRun({ ...record('large', 3), task: large, status: 'finished' });
  expect((await store.run('large'))?.task.splits.train).toHaveLength(1203);
  await store.deleteRun('large');
  const db = await openDB(name);
  expect((await db.getAllKeys('runExamples')).map(String)).toEqual([
    'odd,test,0',
    'odd,train,0',
    'odd,validation,0',
    'small,test,0',
    'small,train,0',
    'small,validation,0',
  ]);
  db.close();
});

test('a missing page of a run is named', async () => {
  const name = newName();
  const store = await stored(name);
  await store.addRun(record(), effects(1));
  const db = await openDB(name);
  await db.delete('runExamples', ['run-1', 'validation', 0]);
  db.close();
  const refused = await rejection(store.run('run-1'));
  expect(refused).toMatchObject({ fault: 'broken', id: 'run-1' });
  expect(refused.message).toMatch(/Page 1 of the validation examples of run run-1 .*missing/);
  expect((await store.runs()).items).toHaveLength(1);
});

test('an experiment that this program did not write is named and hides no other', async () => {
  const name = newName();
  const store = await stored(name);
  await store.saveExperiment(experiment('good'));
  const db = await openDB(name);
  await db.put('experiments', { ...experiment('odd'), status: 'paused' });
  db.close();
  const { items, problems } = await store.experiments();
  expect(items.map(({ id }) => id)).toEqual(['good']);
  expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(/Experiment odd .*status/)]);
});

test('another tab that upgrades the database gets it, and this one is told', async () => {
  const name = newName();
  const told: StorageError[] = [];
  const store = await stored(name, (problem) => told.push(problem));
  await store.saveRun(record());
  const newer = await openDB(name, VERSION + 1);
  newer.close();
  expect(told.map(({ fault }) => fault)).toEqual(['superseded']);
  expect(told[0]?.message).toMatch(/another tab/);
  expect((await rejection(store.appendEffects('run-1', 0, [effect(0)]))).fault).toBe('superseded');
});

test('clearing the site data under an open store is told', async () => {
  const told: StorageError[] = [];
  const store = await stored(newName(), (problem) => told.push(problem));
  await store.saveRun(record());
  await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' });
  await expect.poll(() => told.map(({ fault }) => fault)).toEqual(['closed']);
  expect(told[0]?.message).toMatch(/data were cleared/);
  expect((await rejection(store.runs())).fault).toBe('closed');
});

describe('when there is no space left', () => {
  const bulky = (seq: number) => {
    const { key } = effect(seq);
    const text = Array.from({ length: 100_000 }, (_, i) => (seq * 7919 + i * 31) % 1_000_003).join(' ');
    const tokens = { in: 1, cached: 0, out: 1 };
    return {
      key,
      outcome: { kind: 'generate' as const, reply: { text, tokens, finish: 'stop' as const }, ms: 1 },
    };
  };

  test('the append that does not fit says so, and all before it is intact', async () => {
    await withinQuota(4_000_000);
    const store = await stored();
    await store.saveRun(record());

    let written = 0;
    let refused: StorageError | null = null;
    while (refused === null && written < 100) {
      try {
        await store.appendEffects('run-1', written, [bulky(written)]);
        written += 1;
      } catch (error) {
        refused = await rejection(Promise.reject(error));
      }
    }
    expect(refused?.fault).toBe('full');
    expect(refused?.advice).toMatch(/delete old runs/);
    expect(written).toBeGreaterThan(0);
    const kept = await store.loadEffects('run-1');
    expect(kept.items).toStrictEqual(Array.from({ length: written }, (_, seq) => bulky(seq)));

    // The run goes on in memory and reads as one whole.
    const going = continueInMemory(store, 'run-1');
    await going.appendEffects('run-1', written, [bulky(written)]);
    await going.saveRun({ ...record(), status: 'finished' });
    const whole = await going.loadEffects('run-1');
    expect(whole.items).toStrictEqual(Array.from({ length: written + 1 }, (_, seq) => bulky(seq)));
    expect(whole.next).toBe(written + 1);
    expect((await going.run('run-1'))?.status).toBe('finished');
    expect((await going.runs()).items.map(({ status }) => status)).toEqual(['finished']);
    expect((await store.run('run-1'))?.status).toBe('running');

    // Deleting makes room again.
    await going.deleteRun('run-1');
    expect((await going.loadEffects('run-1')).items).toEqual([]);
    expect(await going.run('run-1')).toBeNull();
  });
});

test('a run that does not fit is not added in part', async () => {
  await withinQuota(2_000_000);
  const store = await stored();
  const { key } = effect(0);
  const long: LoggedEffect = { key, outcome: { kind: 'refused', reason: 'x'.repeat(50_000), ms: 0 } };
  const refused = await rejection(
    store.addRun(
      record('big'),
      Array.from({ length: 200 }, () => long),
    ),
  );
  expect(refused.fault).toBe('full');
  expect(await store.run('big')).toBeNull();
  expect((await store.loadEffects('big')).items).toEqual([]);
  await store.addRun(record('small'), effects(4));
  expect((await store.loadEffects('small')).items).toStrictEqual(effects(4));
});

test('continuing in memory leaves other runs on the disk', async () => {
  const store = await stored();
  const going = continueInMemory(store, 'run-1');
  await going.addRun(record('run-2'), effects(2));
  await going.appendEffects('run-2', 2, [effect(2)]);
  expect((await store.loadEffects('run-2')).items).toStrictEqual(effects(3));
});

test('the browser says how much room there is', async () => {
  const usage = await storageUsage();
  expect(usage?.quotaBytes).toBeGreaterThan(0);
  expect(usage?.persisted).toBe((await requestPersistence()) || usage?.persisted);
});

test('cost of writing and reading a log', { timeout: 120_000 }, async () => {
  const store = await stored();
  const timed = async (what: string, count: number, work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    const ms = performance.now() - start;
    console.info(`${what}: ${ms.toFixed(0)} ms for ${count}, ${((ms / count) * 1000).toFixed(0)} µs each`);
  };
  await timed('append one after another', 1000, async () => {
    for (let seq = 0; seq < 1000; seq++) await store.appendEffects('one', seq, [effect(seq)]);
  });
  const many = effects(20_000);
  await timed('add a run at once', many.length, () => store.addRun(record('many'), many));
  await timed('load a log', many.length, async () => {
    expect((await store.loadEffects('many')).items).toHaveLength(many.length);
  });
  const inMemory = memoryStore();
  await inMemory.addRun(record('many'), many);
  await timed('load a log from memory', many.length, () => inMemory.loadEffects('many'));
  const replies = Array.from({ length: 20_000 }, (_, i) => ({
    model: 'm',
    ask: `${i}`.padStart(32, '0'),
    kept: {
      kind: 'choose' as const,
      choice: { logProbs: [-0.1 * i, -0.7], tokens: { in: 40, cached: 30, out: 2 } },
    },
  }));
  const most = 1e9;
  await timed('keep replies, 256 at a time', replies.length, async () => {
    for (let i = 0; i < replies.length; i += 256)
      await store.replies.save({ fresh: replies.slice(i, i + 256), used: [], now: 0, most });
  });
  await timed('list what was asked', replies.length, () => store.replies.asks('m'));
  await timed('find replies one after another', 2000, async () => {
    for (const { model, ask } of replies.slice(0, 2000)) await store.replies.find(model, ask);
  });
  const examples = Array.from({ length: 450 }, (_, i) => ({
    id: `e${i}`,
    input: 'x'.repeat(150),
    gold: ['y'],
  }));
  for (let i = 0; i < 100; i++) {
    const one = record(`r${i}`, i);
    await store.saveRun({ ...one, task: { ...one.task, splits: { ...one.task.splits, test: examples } } });
  }
  await timed('list runs with 450 examples each', 100, () => store.runs());
  const rows = Array.from({ length: 100_000 }, (_, i) => ({
    id: `e${i}`,
    input: 'x'.repeat(150),
    gold: ['y'],
  }));
  const wide = record('wide');
  const large = { ...wide, task: { ...wide.task, splits: { ...wide.task.splits, train: rows } } };
  await timed('save a run of 100,000 examples at first', 1, () => store.saveRun(large));
  await timed('save it again', 10, async () => {
    for (let steps = 0; steps < 10; steps++) await store.saveRun({ ...large, steps });
  });
  await timed('read it', 1, () => store.run('wide'));
  await timed('delete the run', many.length, () => store.deleteRun('many'));
});
