import { openDB } from 'idb';
import type { ExperimentRecord } from '../core/experiment.ts';
import type { LoggedEffect } from '../core/log.ts';
import type { Task } from '../core/task.ts';
import { databaseStore } from './database.ts';
import { blocked, closed, superseded, type StorageError } from './errors.ts';
import type { Replies } from './replies.ts';
import type { KeptVector, Staging } from './staging.ts';
import {
  upgrade,
  VERSION,
  type Database,
  type RunHead,
  type RunRecord,
  type Schema,
  type TaskHead,
} from './schema.ts';

/** What could be read, and one error for each record that could not: a broken record never hides the others. */
export interface Listed<T> {
  items: T[];
  problems: StorageError[];
}

/** A run's log in order. `next` is the `seq` of the entry to append next. */
export interface EffectLog extends Listed<LoggedEffect> {
  next: number;
}

/**
 * Where runs, imported tasks, vectors and settings are kept. Values must be plain data (no proxies, no functions) and
 * are copied both ways. Every method rejects with StorageError and with nothing else; a write that rejects has
 * changed nothing.
 */
export interface Store {
  /**
   * Creates the record or replaces it, all but its task: that is written with the first record and stays as it was, so
   * that a save costs the same whatever the size of the task.
   */
  saveRun(record: RunRecord): Promise<void>;
  /** A run that was made elsewhere, with its log: all or nothing. Rejects with `conflict` if the id is taken. */
  addRun(record: RunRecord, effects: readonly LoggedEffect[]): Promise<void>;
  /** Null if absent. Its task is read a page at a time. */
  run(id: string): Promise<RunRecord | null>;
  /** Newest first, without their logs and the examples of their tasks. */
  runs(): Promise<Listed<RunHead>>;
  /** The record and its whole log, or neither. Idempotent. */
  deleteRun(id: string): Promise<void>;
  /**
   * Entries from `seq` on, all or nothing. Resolves when they survive the death of the tab. Rejects with `conflict` if
   * a number is taken.
   */
  appendEffects(run: string, seq: number, effects: readonly LoggedEffect[]): Promise<void>;
  /** Empty for an unknown run. `told` hears the entries in order, a page at a time, as they are read. */
  loadEffects(run: string, told?: (page: readonly LoggedEffect[]) => void): Promise<EffectLog>;

  /** Creates the experiment or replaces it. */
  saveExperiment(record: ExperimentRecord): Promise<void>;
  /** Newest first. */
  experiments(): Promise<Listed<ExperimentRecord>>;
  /** Its runs stay. Idempotent. */
  deleteExperiment(id: string): Promise<void>;

  /** Imported tasks without their examples, by name. */
  tasks(): Promise<Listed<TaskHead>>;
  /** Null if absent. Read a page at a time, so that a task of any size does not hold up the caller's thread. */
  task(id: string): Promise<Task | null>;
  /** The whole task in place of an earlier one of the same id, or nothing. */
  saveTask(task: Task): Promise<void>;
  /** Idempotent. */
  deleteTask(id: string): Promise<void>;

  /** Known vectors of texts, same order; null where there is none. */
  vectors(embedder: string, texts: readonly string[]): Promise<(Float32Array | null)[]>;
  saveVectors(embedder: string, entries: readonly { text: string; vector: Float32Array }[]): Promise<void>;

  /** All of them, some hundred at once. */
  vectorPages(): AsyncIterable<KeptVector[]>;

  /** All of them, but what the store itself remembers there. */
  settings(): Promise<Map<string, unknown>>;
  /** Null if absent. The caller checks the value: an older version may have written it. */
  setting(key: string): Promise<unknown>;
  saveSetting(key: string, value: unknown): Promise<void>;

  /** Replies that later runs may use again. */
  readonly replies: Replies;

  /** For much that is to appear at once or not at all. */
  staging(): Promise<Staging>;

  /** Idempotent; later calls reject with `closed`. */
  close(): void;
}

export interface OpenOptions {
  /** Default `whetstone`. */
  name?: string;
  /** The store closed under the program: another tab upgraded it, or the site's data were cleared. */
  onClosed?: (problem: StorageError) => void;
}

/** How long an open may take, and how long after the browser says that another tab stands in its way. */
const OPEN_MS = 15_000;
const BLOCKED_MS = 2_000;

/** Opens the database, or a memory store with the same behaviour and the `problem` to show at once. Never rejects. */
export async function openStore(
  options: OpenOptions = {},
): Promise<{ store: Store; problem: StorageError | null }> {
  try {
    let gone: StorageError | null = null;
    const db = await openDatabase(options.name ?? 'whetstone', (problem) => {
      gone = problem;
      options.onClosed?.(problem);
    });
    return { store: databaseStore(db, () => gone), problem: null };
  } catch (cause) {
    const { memoryStore } = await import('./memory.ts');
    return { store: memoryStore(), problem: whyBlocked(cause) };
  }
}

const IN_THE_WAY = 'another tab holds an older version of the database open';

async function openDatabase(name: string, onClosed: (problem: StorageError) => void): Promise<Database> {
  const { promise: late, reject: giveUp } = Promise.withResolvers<never>();
  let timer = setTimeout(() => giveUp(new Error('the browser did not open its database')), OPEN_MS);
  let opening: Promise<Database> | null = null;
  try {
    opening = openDB<Schema>(name, VERSION, {
      upgrade: (db, from, _to, tx) => upgrade(db, from, tx),
      blocked() {
        clearTimeout(timer);
        timer = setTimeout(() => giveUp(new Error(IN_THE_WAY)), BLOCKED_MS);
      },
      blocking() {
        // Holding on would keep the newer tab from opening; runs here stop at their next outcome and can go on there.
        void opening?.then((db) => db.close());
        onClosed(superseded());
      },
      terminated: () => onClosed(closed('the browser closed the database or its data were cleared')),
    });
    return await Promise.race([opening, late]);
  } catch (cause) {
    // It may still open once nobody waits for it; an open connection would stand in other tabs' way.
    opening?.then(
      (db) => db.close(),
      () => undefined,
    );
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}

function whyBlocked(cause: unknown): StorageError {
  const name = cause instanceof Error ? cause.name : '';
  const message = cause instanceof Error ? cause.message : String(cause);
  if (message === IN_THE_WAY)
    return blocked(message, 'Close the other tabs of this page and reload this one.');
  if (name === 'VersionError')
    return blocked(
      'its records were made by a newer version of this page',
      'Reload the page to get that version.',
    );
  if (name === 'SecurityError' || name === 'InvalidStateError')
    return blocked(
      'it does not let this site store data',
      'Leave the private window or allow this site to store data, then reload the page.',
    );
  if (name === 'QuotaExceededError')
    return blocked('the disk is full', 'Free some space and reload the page.');
  if (name === 'TypeError' || name === 'ReferenceError')
    return blocked('it has no IndexedDB', 'Use a current version of Chrome, Edge, Firefox or Safari.');
  return blocked(message, 'Reload the page.');
}
