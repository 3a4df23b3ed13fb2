/** Databases as earlier versions of the program made them. */
import { openDB } from 'idb';
import type { LoggedEffect } from '../../src/core/log.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { effects, record } from '../storage/records.ts';

/**
 * All that is in a database. Typed arrays are written as `{ "float32": [1, 2] }`, and numbers that JSON does not have as
 * `{ "number": "NaN" }`.
 */
export interface OldDatabase {
  version: number;
  stores: Record<
    string,
    {
      keyPath: string | string[] | null;
      indexes: { name: string; keyPath: string }[];
      /** `key` only where the records do not hold it. */
      entries: { key?: IDBValidKey; value: unknown }[];
    }
  >;
}

/** Makes the database, in place of one of that name. */
export async function make(name: string, { version, stores }: OldDatabase): Promise<void> {
  const db = await openDB(name, version, {
    upgrade(made) {
      for (const [store, { keyPath, indexes }] of Object.entries(stores)) {
        const own = made.createObjectStore(store, keyPath === null ? {} : { keyPath });
        for (const { name: index, keyPath: path } of indexes) own.createIndex(index, path);
      }
    },
  });
  for (const [store, { entries }] of Object.entries(stores)) {
    const tx = db.transaction(store, 'readwrite');
    await Promise.all([...entries.map(({ key, value }) => tx.store.put(revived(value), key)), tx.done]);
  }
  db.close();
}

/** A value as it was before it was written as JSON. */
export function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if ('float32' in value && Array.isArray(value.float32)) return Float32Array.from(value.float32, Number);
  if ('number' in value) return Number(value.number);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revived(one)]));
}

interface Kept {
  record: RunRecord;
  effects: LoggedEffect[];
}

/** Runs with logs and tasks of some size, each different. */
export function manyRuns(count: number): Kept[] {
  return Array.from({ length: count }, (_, n) => {
    const one = record(`run-${n}`, n);
    const train = Array.from({ length: 300 + n }, (_, i) => ({
      id: `t${i}`,
      input: `thing ${i} of ${n}`,
      gold: ['red'],
    }));
    return {
      record: { ...one, task: { ...one.task, splits: { ...one.task.splits, train } } },
      effects: effects(40 + n),
    };
  });
}

const STORES: readonly (readonly [since: number, name: string, keyPath: string | string[] | null])[] = [
  [1, 'runs', 'id'],
  [1, 'effects', ['run', 'seq']],
  [1, 'tasks', 'id'],
  [1, 'vectors', null],
  [1, 'settings', null],
  [2, 'examples', ['task', 'split', 'page']],
  [3, 'replies', ['model', 'ask']],
  [4, 'experiments', 'id'],
];

/** A database of version 1 to 4, in which a run's record holds its whole task, with these runs. */
export function load(name: string, version: number, runs: readonly Kept[]): Promise<void> {
  const stores: OldDatabase['stores'] = {};
  for (const [since, store, keyPath] of STORES)
    if (version >= since)
      stores[store] = {
        keyPath,
        indexes: store === 'replies' ? [{ name: 'used', keyPath: 'used' }] : [],
        entries: [],
      };
  const put = (store: string, values: unknown[]) =>
    stores[store]?.entries.push(...values.map((value) => ({ value })));
  for (const { record: one, effects: log } of runs) {
    put('runs', [one]);
    put(
      'effects',
      log.map((effect, seq) => ({ run: one.id, seq, ...effect })),
    );
  }
  return make(name, { version, stores });
}
