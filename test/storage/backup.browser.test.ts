import { deleteDB, openDB } from 'idb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backup } from '../../src/storage/backup.ts';
import { databaseStore } from '../../src/storage/database.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { restore } from '../../src/storage/restore.ts';
import { STAGED, upgrade, VERSION, type Schema } from '../../src/storage/schema.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { backupContract, contents, fill } from './backup-contract.ts';
import { withinQuota } from './bucket.ts';
import { rejection } from './contract.ts';
import { effects, record } from './records.ts';

let names = 0;
const newName = () => `backup-test-${Date.now()}-${names++}`;

async function stored(name = newName()): Promise<Store> {
  const { store, problem } = await openStore({ name });
  expect(problem).toBeNull();
  onTestFinished(async () => {
    store.close();
    await deleteDB(name);
  });
  return store;
}

describe('over IndexedDB', () => {
  backupContract(() => stored());
});

test('a backup of this version is restored into a database of a later one', async () => {
  const mine = await stored();
  await fill(mine);
  const { file } = await backup(mine);
  // As a later version might have it: one more store, beside those of today.
  const name = newName();
  const db = await openDB<Schema>(name, VERSION + 3, {
    upgrade(next, _from, _to, tx) {
      upgrade(next, 0, tx);
      next.createObjectStore('later' as 'settings');
    },
  });
  const later = databaseStore(db);
  onTestFinished(async () => {
    later.close();
    await deleteDB(name);
  });
  await restore(later, file);
  expect(await contents(later)).toStrictEqual(await contents(mine));
});

test('a restore that does not fit leaves nothing behind, and says so', async () => {
  const mine = memoryStore();
  // Numbers that the database cannot pack much.
  const long = (seed: number) =>
    Array.from({ length: 20_000 }, (_, i) => (seed * 7919 + i * i * 31) % 1_000_003).join(' ');
  for (let i = 0; i < 30; i++)
    await mine.addRun(
      record(`run-${i}`, i),
      [0, 1].map((n) => ({
        key: `k${n}`,
        outcome: { kind: 'refused' as const, reason: long(2 * i + n), ms: 0 },
      })),
    );
  const { file } = await backup(mine);
  await withinQuota(3_000_000);
  const name = newName();
  const { store } = await openStore({ name });
  onTestFinished(() => store.close());
  await store.addRun(record('small', 1), effects(4));
  const refused = await rejection(restore(store, file));
  expect(refused.fault).toBe('full');
  expect(refused.advice).toMatch(/delete old runs/);
  expect((await store.runs()).items.map(({ id }) => id)).toEqual(['small']);
  expect((await store.loadEffects('small')).items).toStrictEqual(effects(4));
  expect(await store.setting(STAGED)).toBeNull();
  for (let i = 0; i < 30; i++) expect((await store.loadEffects(`run-${i}`)).items).toEqual([]);
});

test('what a killed restore left is removed, and what it committed is not', async () => {
  const store = await stored();
  const staging = await store.staging();
  await store.addRun(record('there', 1), effects(3));
  await staging.begin({ runs: ['half', 'there'], tasks: ['half'] });
  await staging.run(record('half', 2), effects(5));
  expect((await store.runs()).items.map(({ id }) => id)).toEqual(['there']);
  expect((await store.loadEffects('half')).items).toHaveLength(5);
  await (await store.staging()).abandon();
  expect((await store.loadEffects('half')).items).toEqual([]);
  expect((await store.loadEffects('there')).items).toHaveLength(3);
  await store.addRun(record('half', 2), effects(5));
});
