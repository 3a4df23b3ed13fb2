import type { LoggedEffect } from '../../src/core/log.ts';
import { describe, expect, test } from 'vitest';
import { StorageError } from '../../src/storage/errors.ts';
import type { KeptReply } from '../../src/storage/replies.ts';
import type { Store } from '../../src/storage/store.ts';
import { effect, effects, experiment, record, task } from './records.ts';

/** The error that a promise rejects with; fails when it resolves or rejects with something else. */
export async function rejection(work: Promise<unknown>): Promise<StorageError> {
  const thrown: unknown = await work.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  if (!(thrown instanceof StorageError)) expect.fail(`expected a StorageError, got ${String(thrown)}`);
  expect(thrown.message).not.toBe('');
  expect(thrown.advice).not.toBe('');
  return thrown;
}

/** What every Store keeps to, on a fresh one each time. */
export function storeContract(fresh: () => Promise<Store>): void {
  test('is empty at first', async () => {
    const store = await fresh();
    expect(await store.runs()).toEqual({ items: [], problems: [] });
    expect(await store.run('run-1')).toBeNull();
    expect(await store.loadEffects('run-1')).toEqual({ items: [], problems: [], next: 0 });
    expect(await store.tasks()).toEqual({ items: [], problems: [] });
    expect(await store.vectors('bge', ['a'])).toEqual([null]);
    expect(await store.setting('theme')).toBeNull();
  });

  test('keeps a run and replaces it', async () => {
    const store = await fresh();
    await store.saveRun(record());
    expect(await store.run('run-1')).toStrictEqual(record());
    await store.saveRun({ ...record(), status: 'finished', verdict: 'not shown' });
    expect(await store.run('run-1')).toMatchObject({ status: 'finished', verdict: 'not shown' });
    expect((await store.runs()).items).toHaveLength(1);
  });

  test("keeps a run's task as it was with the first record, however large, and lists it without examples", async () => {
    const store = await fresh();
    const many = Array.from({ length: 1203 }, (_, i) => ({
      id: `t${i}`,
      input: `thing ${i}`,
      gold: ['red'],
    }));
    const large = { ...task(), splits: { ...task().splits, train: many } };
    await store.saveRun({ ...record(), task: large });
    await store.saveRun({ ...record(), task: task('other', 'Others'), steps: 2 });
    expect(await store.run('run-1')).toStrictEqual({ ...record(), task: large, steps: 2 });
    await store.addRun({ ...record('run-2', 5), task: large }, effects(2));
    const [first, second] = (await store.runs()).items;
    const { splits: _, ...rest } = task();
    expect(first).toStrictEqual({
      ...record(),
      steps: 2,
      task: { ...rest, sizes: { train: 1203, validation: 1, test: 1 } },
    });
    expect(second?.task.sizes.train).toBe(1203);
    await store.deleteRun('run-1');
    expect(await store.run('run-2')).toStrictEqual({ ...record('run-2', 5), task: large });
    // Nothing of the deleted one is left for a run of its id.
    await store.saveRun(record());
    expect(await store.run('run-1')).toStrictEqual(record());
  });

  test('keeps copies: later changes outside do not reach in', async () => {
    const store = await fresh();
    const mine = record();
    await store.saveRun(mine);
    mine.steps = 99;
    expect((await store.run('run-1'))?.steps).toBe(1);
    const theirs = await store.run('run-1');
    if (theirs) theirs.steps = 98;
    expect((await store.run('run-1'))?.steps).toBe(1);
  });

  test('lists runs newest first', async () => {
    const store = await fresh();
    for (const [id, started] of [['b', 20] as const, ['c', 30] as const, ['a', 10] as const])
      await store.saveRun(record(id, started));
    expect((await store.runs()).items.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  test('keeps a log in order of seq, whatever the order of arrival', async () => {
    const store = await fresh();
    for (const seq of [2, 0, 10, 1, 9]) await store.appendEffects('run-1', seq, [effect(seq)]);
    const log = await store.loadEffects('run-1');
    expect(log.items).toStrictEqual([0, 1, 2, 9, 10].map(effect));
    expect(log).toMatchObject({ problems: [], next: 11 });
  });

  test('reads back more entries than it reads at once', async () => {
    const store = await fresh();
    await store.addRun(record(), effects(4001));
    const told: LoggedEffect[] = [];
    const log = await store.loadEffects('run-1', (page) => told.push(...page));
    expect(log.items).toStrictEqual(effects(4001));
    expect(log.next).toBe(4001);
    expect(told).toStrictEqual(log.items);
  });

  test('keeps several entries at once, or none of them', async () => {
    const store = await fresh();
    await store.appendEffects('run-1', 0, effects(3));
    await store.appendEffects('run-1', 3, []);
    expect((await store.loadEffects('run-1')).items).toStrictEqual(effects(3));
    // The middle one of these is taken.
    await store.appendEffects('run-1', 5, [effect(5)]);
    const clash = store.appendEffects('run-1', 4, [effect(4), effect(50), effect(6)]);
    expect((await rejection(clash)).fault).toBe('conflict');
    expect((await store.loadEffects('run-1')).items).toStrictEqual([...effects(3), effect(5)]);
  });

  test('never overwrites an outcome', async () => {
    const store = await fresh();
    await store.appendEffects('run-1', 0, [effect(0)]);
    expect((await rejection(store.appendEffects('run-1', 0, [effect(1)]))).fault).toBe('conflict');
    expect((await store.loadEffects('run-1')).items).toStrictEqual([effect(0)]);
  });

  test('deletes a run with its whole log and nothing else', async () => {
    const store = await fresh();
    // Ids that are prefixes of one another must not share a log.
    for (const id of ['run', 'run-1', 'run-10']) await store.addRun(record(id), effects(5));
    await store.deleteRun('run-1');
    await store.deleteRun('run-1');
    expect(await store.run('run-1')).toBeNull();
    expect((await store.loadEffects('run-1')).items).toEqual([]);
    expect((await store.loadEffects('run')).items).toHaveLength(5);
    expect((await store.loadEffects('run-10')).items).toHaveLength(5);
  });

  test('adds a run whole or not at all', async () => {
    const store = await fresh();
    await store.addRun(record(), effects(3));
    expect((await rejection(store.addRun(record(), effects(5)))).fault).toBe('conflict');
    expect((await store.loadEffects('run-1')).items).toHaveLength(3);

    // The third outcome holds something that no storage can copy.
    const bad = effects(5);
    const uncopied = { kind: 'refused' as const, reason: 'too long', ms: 0, held: () => 0 };
    bad[2] = { key: 'k', outcome: uncopied };
    expect((await rejection(store.addRun(record('run-2'), bad))).message).toContain('DataCloneError');
    expect(await store.run('run-2')).toBeNull();
    expect((await store.loadEffects('run-2')).items).toEqual([]);
  });

  test('keeps experiments, newest first, and deletes one without its runs', async () => {
    const store = await fresh();
    await store.saveRun(record());
    const older = experiment('e1', 10);
    const newer = experiment('e2', 20);
    for (const one of [older, newer]) await store.saveExperiment(one);
    expect(await store.experiments()).toStrictEqual({ items: [newer, older], problems: [] });
    await store.saveExperiment({ ...older, status: 'finished' });
    expect((await store.experiments()).items[1]).toStrictEqual({ ...older, status: 'finished' });
    await store.deleteExperiment('e2');
    await store.deleteExperiment('e2');
    expect((await store.experiments()).items.map(({ id }) => id)).toEqual(['e1']);
    expect((await store.runs()).items).toHaveLength(1);
  });

  test('keeps tasks, by name', async () => {
    const store = await fresh();
    await store.saveTask(task('z', 'Apples'));
    await store.saveTask(task('a', 'Pears'));
    const { items } = await store.tasks();
    expect(items.map(({ id, name }) => [id, name])).toEqual([
      ['z', 'Apples'],
      ['a', 'Pears'],
    ]);
    const { splits, ...rest } = task('z', 'Apples');
    expect(splits.train).toHaveLength(1);
    expect(items[0]).toMatchObject({ ...rest, sizes: { train: 1, validation: 1, test: 1 } });
    expect(items[0]).not.toHaveProperty('splits');
    expect(await store.task('z')).toStrictEqual(task('z', 'Apples'));
    await store.deleteTask('z');
    await store.deleteTask('z');
    expect(await store.task('z')).toBeNull();
    expect((await store.tasks()).items.map(({ id }) => id)).toEqual(['a']);
    expect(await store.task('a')).toStrictEqual(task('a', 'Pears'));
  });

  test('keeps a task of many pages in order, and a smaller one in its place leaves nothing of it', async () => {
    const store = await fresh();
    const many = Array.from({ length: 1203 }, (_, i) => ({
      id: `t${i}`,
      input: `thing ${i}`,
      gold: ['red'],
    }));
    const large = { ...task(), splits: { ...task().splits, train: many } };
    await store.saveTask(large);
    const first = (await store.tasks()).items[0];
    expect(first?.sizes.train).toBe(1203);
    expect(await store.task(large.id)).toStrictEqual(large);
    await store.saveTask(task());
    expect(await store.task(large.id)).toStrictEqual(task());
    expect((await store.tasks()).items[0]?.revision).not.toBe(first?.revision);
    await store.saveTask(large);
    expect(await store.task(large.id)).toStrictEqual(large);
  });

  test('keeps vectors by embedder and text, each in a buffer of its own', async () => {
    const store = await fresh();
    const batch = new Float32Array([1, 2, 3, 4]);
    await store.saveVectors('bge', [
      { text: 'one', vector: batch.subarray(0, 2) },
      { text: 'two', vector: batch.subarray(2) },
    ]);
    const [two, none, one] = await store.vectors('bge', ['two', 'three', 'one']);
    expect([two, none, one]).toEqual([new Float32Array([3, 4]), null, new Float32Array([1, 2])]);
    expect(two?.buffer.byteLength).toBe(8);
    expect(await store.vectors('other', ['one'])).toEqual([null]);
  });

  test('keeps settings', async () => {
    const store = await fresh();
    await store.saveSetting('theme', { dark: true });
    expect(await store.setting('theme')).toEqual({ dark: true });
    await store.saveSetting('theme', null);
    expect(await store.setting('theme')).toBeNull();
  });

  describe('replies', () => {
    const HOUR = 3_600_000;
    const tokens = { in: 4, cached: 3, out: 1 };
    const kept = (n: number): KeptReply =>
      n % 2 === 0
        ? { kind: 'generate', reply: { text: `reply ${n}`, tokens, finish: 'stop' } }
        : { kind: 'choose', choice: { logProbs: [-n, -Infinity], tokens } };
    const entry = (n: number, model = 'm1') => ({ model, ask: `a${n}`, kept: kept(n) });
    const at = (hour: number, most = 1e9) => ({ now: hour * HOUR + 5, most });

    test('are kept by model and ask', async () => {
      const { replies } = await fresh();
      expect(await replies.held()).toEqual({ count: 0, bytes: 0 });
      await replies.save({ fresh: [entry(0), entry(1), entry(1), entry(2, 'm10')], used: [], ...at(1) });
      expect(await replies.find('m1', 'a0')).toStrictEqual(kept(0));
      expect(await replies.find('m1', 'a1')).toStrictEqual(kept(1));
      expect(await replies.find('m1', 'a2')).toBeNull();
      expect((await replies.asks('m1')).toSorted()).toEqual(['a0', 'a1']);
      expect(await replies.asks('m10')).toEqual(['a2']);
      expect((await replies.held()).count).toBe(3);
    });

    test('stay as they were first given', async () => {
      const { replies } = await fresh();
      await replies.save({ fresh: [entry(0)], used: [], ...at(1) });
      const before = await replies.held();
      await replies.save({ fresh: [{ ...entry(0), kept: kept(1) }], used: [], ...at(2) });
      expect(await replies.find('m1', 'a0')).toStrictEqual(kept(0));
      expect(await replies.held()).toEqual(before);
    });

    test('make room by giving up those that were of no use for the longest time', async () => {
      const { replies } = await fresh();
      for (const n of [0, 2, 4, 6]) await replies.save({ fresh: [entry(n)], used: [], ...at(n) });
      const { bytes } = await replies.held();
      // The oldest is of use again; the second oldest is now the first to go.
      await replies.save({ fresh: [], used: [{ model: 'm1', ask: 'a0' }], ...at(9) });
      await replies.save({ fresh: [entry(8)], used: [], ...at(10, bytes) });
      expect((await replies.asks('m1')).toSorted()).toEqual(['a0', 'a6', 'a8']);
      const held = await replies.held();
      expect(held.count).toBe(3);
      expect(held.bytes).toBe((bytes * 3) / 4);
    });

    test('are cleared, and nothing else is', async () => {
      const store = await fresh();
      await store.saveSetting('theme', 'dark');
      await store.replies.save({ fresh: [entry(0)], used: [], ...at(1) });
      await store.replies.clear();
      expect(await store.replies.held()).toEqual({ count: 0, bytes: 0 });
      expect(await store.replies.asks('m1')).toEqual([]);
      expect(await store.setting('theme')).toBe('dark');
    });
  });

  test('rejects when closed', async () => {
    const store = await fresh();
    store.close();
    store.close();
    expect((await rejection(store.runs())).fault).toBe('closed');
    expect((await rejection(store.appendEffects('run-1', 0, [effect(0)]))).fault).toBe('closed');
    expect((await rejection(store.replies.held())).fault).toBe('closed');
  });
}
