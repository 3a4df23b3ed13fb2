import { deleteDB, openDB } from 'idb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { replayed } from '../../src/app/recordings.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { backup } from '../../src/storage/backup.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { restore } from '../../src/storage/restore.ts';
import { VERSION } from '../../src/storage/schema.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { make, revived, type OldDatabase } from '../kept/old-database.ts';
import { experiment, task } from './records.ts';
import one from './versions/1.json';
import two from './versions/2.json';
import three from './versions/3.json';
import four from './versions/4.json';

/**
 * Databases of every earlier version, each written by the last code of that version: a run with every kind of outcome, a
 * played run of GPO, tasks, vectors, a setting, and what else that version kept.
 */
const OLD: readonly OldDatabase[] = [one, two, three, four];

let names = 0;
async function opened(old: OldDatabase): Promise<Store> {
  const name = `version-${old.version}-${Date.now()}-${names++}`;
  await make(name, old);
  const { store, problem } = await openStore({ name });
  expect(problem).toBeNull();
  onTestFinished(async () => {
    store.close();
    await deleteDB(name);
  });
  return store;
}

const found = (old: OldDatabase, store: string): unknown[] =>
  (old.stores[store]?.entries ?? []).map(({ value }) => revived(value));
const field = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

test('there is one of each earlier version', () => {
  expect(OLD.map(({ version }) => version)).toEqual(Array.from({ length: VERSION - 1 }, (_, i) => i + 1));
});

describe.each(OLD.map((old) => [old.version, old] as const))('a database of version %i', (version, old) => {
  test('opens with its runs and their logs', async () => {
    const store = await opened(old);
    const { items, problems } = await store.runs();
    expect(problems).toEqual([]);
    expect(items.map(({ id }) => id)).toEqual(['played', 'run-1']);
    for (const kept of found(old, 'runs')) {
      const id = String(field(kept, 'id'));
      expect(await store.run(id)).toStrictEqual(kept);
      const log = found(old, 'effects').filter((entry) => field(entry, 'run') === id);
      expect(log.length).toBeGreaterThan(10);
      const { items: effects, problems: lost, next } = await store.loadEffects(id);
      expect(lost).toEqual([]);
      expect(next).toBe(log.length);
      expect(effects).toStrictEqual(
        log.map((entry) => ({ key: field(entry, 'key'), outcome: field(entry, 'outcome') })),
      );
    }
  });

  test('opens with its tasks, vectors, settings and what else it kept', async () => {
    const store = await opened(old);
    expect((await store.tasks()).items.map(({ id }) => id)).toEqual(['colours', 'large']);
    expect(await store.task('colours')).toStrictEqual(task());
    const large = await store.task('large');
    expect(large?.splits.train).toHaveLength(503);
    expect(large?.splits.train[502]).toEqual({ id: 't502', input: 'thing 502', gold: ['red'] });
    expect(await store.vectors('bge', ['one', 'two', 'three'])).toEqual([
      new Float32Array([1, 0.5]),
      new Float32Array([0, 1]),
      null,
    ]);
    expect(await store.setting('theme')).toEqual({ dark: true });
    const reply = await store.replies.find('m', 'a');
    if (version >= 3) expect(reply).toMatchObject({ kind: 'choose', choice: { logProbs: [-1, -2] } });
    else expect(reply).toBeNull();
    expect((await store.replies.held()).count).toBe(version >= 3 ? 1 : 0);
    const experiments = await store.experiments();
    expect(experiments.problems).toEqual([]);
    expect(experiments.items).toStrictEqual(version >= 4 ? found(old, 'experiments') : []);
    // What it did not know can be kept from now on.
    await store.saveExperiment(experiment('later', 5));
    expect((await store.experiments()).items.map(({ id }) => id)).toContain('later');
  });

  test('plays its run to the end with no model', async () => {
    const store = await opened(old);
    const record = await store.run('played');
    if (record === null) expect.fail('there is no run');
    const { items } = await store.loadEffects('played');
    const types: string[] = [];
    for await (const event of replayed({ record, effects: items }, gpo)) types.push(event.type);
    expect(types.at(-1)).toBe('tested');
    expect(types.filter((type) => type === 'step')).toHaveLength(record.steps);
  });

  test('goes into a backup that today’s program restores', async () => {
    const store = await opened(old);
    const { file, counts, problems } = await backup(store);
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ runs: 2, tasks: 2, experiments: version >= 4 ? 1 : 0, vectors: 2 });
    const other = memoryStore();
    await restore(other, file);
    for (const id of ['run-1', 'played']) {
      expect(await other.run(id)).toStrictEqual(await store.run(id));
      expect((await other.loadEffects(id)).items).toStrictEqual((await store.loadEffects(id)).items);
    }
  });
});

test('a database of a version to come is left alone, and its page is named', async () => {
  const name = `version-next-${Date.now()}`;
  (await openDB(name, VERSION + 1)).close();
  onTestFinished(() => deleteDB(name));
  const { problem } = await openStore({ name });
  expect(problem?.message).toMatch(/newer version of this page/);
  const db = await openDB(name);
  expect(db.version).toBe(VERSION + 1);
  db.close();
});
