import * as v from 'valibot';
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { Outcome } from '../core/log.ts';
import type { ExperimentRecord } from '../core/experiment.ts';
import type { RunConfig } from '../core/run.ts';
import type { Comparison } from '../core/stats/compare.ts';
import type { Example, SplitName, Task } from '../core/task.ts';
import { taskCheck } from './checks.ts';
import type { ReplyRecord } from './replies.ts';

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
  /** What answered, one entry each time that it was something else; absent in records of before it was noted. */
  builds?: readonly Builds[];
}

/** A run without its log and the examples of its task, as it is listed and written again and again. */
export type RunHead = Omit<RunRecord, 'task'> & { task: TaskOutline };

/** What made the outcomes from number `from` on. Models by their `build`; null where that cannot be known. */
export interface Builds {
  from: number;
  target: string | null;
  optimizer: string | null;
  /** Absent in runs that use none, and in records of before it was noted. */
  embedder?: string | null;
  tuner?: string | null;
  /** The program's own (`__RUN_CODE__`); absent where it may change while it runs, and in records of before it was noted. */
  code?: string;
}

/** One outcome of a run's log. `seq` counts from 0 in the order of arrival. */
export interface EffectRecord {
  run: string;
  seq: number;
  key: string;
  outcome: Outcome;
}

/** A task without its examples. */
export type TaskOutline = Omit<Task, 'splits'> & {
  /** Examples of each split. */
  sizes: Record<SplitName, number>;
};

/** The same of an imported task, so that listing tasks reads no examples. */
export type TaskHead = TaskOutline & {
  /** Another text each time the task is saved. */
  revision: string;
};

/** Some examples of one split. `page` counts from 0; all pages but a split's last are full. */
export interface Page {
  split: SplitName;
  page: number;
  examples: readonly Example[];
}

export const SPLITS = ['train', 'validation', 'test'] as const satisfies readonly SplitName[];

/** Small enough that reading a page takes the page's thread a few milliseconds. */
export const PAGE_EXAMPLES = 500;

/** The whole database. */
export interface Schema extends DBSchema {
  runs: { key: string; value: RunHead };
  /** The examples of each run's task: written once, with its first record. */
  runExamples: { key: [run: string, split: SplitName, page: number]; value: Page & { run: string } };
  effects: { key: [run: string, seq: number]; value: EffectRecord };
  tasks: { key: string; value: TaskHead };
  examples: { key: [task: string, split: SplitName, page: number]; value: Page & { task: string } };
  /** Embeddings that later runs may use again. */
  vectors: { key: [embedder: string, textHash: string]; value: Float32Array };
  settings: { key: string; value: unknown };
  /** What models answered, for later runs that ask the same. */
  replies: { key: [model: string, ask: string]; value: ReplyRecord; indexes: { used: number } };
  experiments: { key: string; value: ExperimentRecord };
}

/** The setting under which what is being staged is written down. */
export const STAGED = 'staged';

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
  (db, tx) => {
    db.createObjectStore('examples', { keyPath: ['task', 'split', 'page'] });
    void splitTasks(tx);
  },
  (db) => {
    db.createObjectStore('replies', { keyPath: ['model', 'ask'] }).createIndex('used', 'used');
  },
  (db) => {
    db.createObjectStore('experiments', { keyPath: 'id' });
  },
  (db, tx) => {
    db.createObjectStore('runExamples', { keyPath: ['run', 'split', 'page'] });
    void splitRuns(tx);
  },
];

/** Version 1 kept each task whole. A task that cannot be taken apart stays as it is and is told of when it is read. */
async function splitTasks(tx: Upgrade): Promise<void> {
  const examples = tx.objectStore('examples');
  for await (const cursor of tx.objectStore('tasks')) {
    const whole: unknown = cursor.value;
    const result = v.safeParse(taskCheck, whole);
    if (!result.success) continue;
    void cursor.update(headOf(result.output));
    for (const page of pagesOf(result.output)) void examples.put({ task: result.output.id, ...page });
  }
}

const withTask = v.looseObject({ id: v.string(), task: taskCheck });

/** Up to version 4 a run's record held its whole task. The rest of it is looked at when it is read. */
async function splitRuns(tx: Upgrade): Promise<void> {
  const examples = tx.objectStore('runExamples');
  for await (const cursor of tx.objectStore('runs')) {
    const whole: unknown = cursor.value;
    const result = v.safeParse(withTask, whole);
    if (!result.success) continue;
    const { id, task } = result.output;
    void cursor.update({ ...cursor.value, task: outlineOf(task) });
    for (const page of pagesOf(task)) void examples.put({ run: id, ...page });
  }
}

export function outlineOf({ splits, ...rest }: Task): TaskOutline {
  const { train, validation, test } = splits;
  return { ...rest, sizes: { train: train.length, validation: validation.length, test: test.length } };
}

export const headOf = (task: Task): TaskHead => ({ ...outlineOf(task), revision: crypto.randomUUID() });

export const runHeadOf = ({ task, ...rest }: RunRecord): RunHead => ({ ...rest, task: outlineOf(task) });

export function* pagesOf({ splits }: Pick<Task, 'splits'>): Generator<Page> {
  for (const split of SPLITS)
    for (let page = 0; page * PAGE_EXAMPLES < splits[split].length; page++)
      yield {
        split,
        page,
        examples: splits[split].slice(page * PAGE_EXAMPLES, (page + 1) * PAGE_EXAMPLES),
      };
}

export const VERSION = STEPS.length;

/** Runs the steps that a database of version `from` (0 for a new one) lacks. */
export function upgrade(db: Database, from: number, tx: Upgrade): void {
  for (const step of STEPS.slice(from)) step(db, tx);
}
