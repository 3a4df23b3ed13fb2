import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { Outcome } from '../core/log.ts';
import type { RunConfig } from '../core/run.ts';
import type { Comparison } from '../core/stats.ts';
import type { Task } from '../core/task.ts';

/** A run without its log: what it is made of, how far it came, what it found. */
export interface RunRecord {
  id: string;
  config: RunConfig;
  /** As it was when the run began; later edits of the task do not touch it. */
  task: Task;
  /** Milliseconds since the epoch. */
  started: number;
  /** `running` in a record that no open tab works on means that the run was interrupted. */
  status: 'running' | 'stopped' | 'failed' | 'finished';
  steps: number;
  bestScore: number | null;
  bestPrompt: string | null;
  verdict: Comparison['verdict'] | null;
  /** Outcomes in the log when this was saved. After a kill the log may hold more. */
  effects: number;
}

/** One outcome of a run's log. `seq` counts from 0 in the order of arrival. */
export interface EffectRecord {
  run: string;
  seq: number;
  key: string;
  outcome: Outcome;
}

/** The whole database. */
export interface Schema extends DBSchema {
  runs: { key: string; value: RunRecord };
  effects: { key: [run: string, seq: number]; value: EffectRecord };
  tasks: { key: string; value: Task };
  /** Embeddings that later runs may use again. */
  vectors: { key: [embedder: string, textHash: string]; value: Float32Array };
  settings: { key: string; value: unknown };
}

export type Database = IDBPDatabase<Schema>;
type Upgrade = IDBPTransaction<Schema, StoreNames<Schema>[], 'versionchange'>;

/** Step `i` brings a database of version `i` to version `i + 1`. A released step is never edited: add another. */
const STEPS: readonly ((db: Database, tx: Upgrade) => void)[] = [
  (db) => {
    db.createObjectStore('runs', { keyPath: 'id' });
    db.createObjectStore('effects', { keyPath: ['run', 'seq'] });
    db.createObjectStore('tasks', { keyPath: 'id' });
    db.createObjectStore('vectors');
    db.createObjectStore('settings');
  },
];

export const VERSION = STEPS.length;

/** Runs the steps that a database of version `from` (0 for a new one) lacks. */
export function upgrade(db: Database, from: number, tx: Upgrade): void {
  for (const step of STEPS.slice(from)) step(db, tx);
}
