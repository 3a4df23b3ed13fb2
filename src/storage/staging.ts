import * as v from 'valibot';
import type { ExperimentRecord } from '../core/experiment.ts';
import type { LoggedEffect } from '../core/log.ts';
import type { Task } from '../core/task.ts';
import { entry, logOf, pagesIn, runPagesOf, STRICT, written } from './database.ts';
import {
  pagesOf,
  SPLITS,
  STAGED,
  type Database,
  type RunHead,
  type RunRecord,
  type TaskHead,
} from './schema.ts';

/** A vector by the embedder and the hash of its text. */
export interface KeptVector {
  embedder: string;
  textHash: string;
  vector: Float32Array;
}

/** The small records of what was staged, and all that is small anyway. */
export interface Heads {
  runs: readonly RunHead[];
  tasks: readonly TaskHead[];
  experiments: readonly ExperimentRecord[];
  settings: readonly (readonly [key: string, value: unknown])[];
}

/**
 * Puts much away that is to appear at once or not at all. What is large (logs, examples) is written first, piece by
 * piece, where nothing looks for it while its run or task is not there; `commit` then writes all small records in one
 * transaction. What a killed tab left behind is written down, and removed by the next `begin` or `abandon`.
 */
export interface Staging {
  begin(ids: { runs: readonly string[]; tasks: readonly string[] }): Promise<void>;
  run(record: RunRecord, effects: readonly LoggedEffect[]): Promise<void>;
  task(task: Task): Promise<void>;
  /** They show nothing by themselves, so they may stay when the rest does not come. */
  vectors(entries: readonly KeptVector[]): Promise<void>;
  commit(heads: Heads): Promise<void>;
  /** Removes what was staged and not committed. Idempotent. */
  abandon(): Promise<void>;
}

/** Outcomes that are written at once. */
const PORTION = 2000;

const idsCheck = v.object({ runs: v.array(v.string()), tasks: v.array(v.string()) });

/** Staging in an open database; its failures are the browser's. */
export function databaseStaging(db: Database): Staging {
  async function abandon(): Promise<void> {
    const tx = db.transaction(
      ['settings', 'runs', 'tasks', 'effects', 'runExamples', 'examples'],
      'readwrite',
      STRICT,
    );
    const found = v.safeParse(idsCheck, await tx.objectStore('settings').get(STAGED));
    const { runs, tasks } = found.success ? found.output : { runs: [], tasks: [] };
    const [runKeys, taskKeys] = await Promise.all([
      Promise.all(runs.map((id) => tx.objectStore('runs').getKey(id))),
      Promise.all(tasks.map((id) => tx.objectStore('tasks').getKey(id))),
    ]);
    const requests = function* () {
      for (const [i, id] of runs.entries()) {
        if (runKeys[i] !== undefined) continue;
        yield tx.objectStore('effects').delete(logOf(id));
        for (const split of SPLITS) yield tx.objectStore('runExamples').delete(pagesIn(id, split));
      }
      for (const [i, id] of tasks.entries()) {
        if (taskKeys[i] !== undefined) continue;
        for (const split of SPLITS) yield tx.objectStore('examples').delete(pagesIn(id, split));
      }
      yield tx.objectStore('settings').delete(STAGED);
    };
    await written(tx, requests());
  }

  return {
    abandon,
    async begin(ids) {
      await abandon();
      const tx = db.transaction('settings', 'readwrite', STRICT);
      await written(tx, [tx.store.put({ runs: [...ids.runs], tasks: [...ids.tasks] }, STAGED)]);
    },
    async run(record, effects) {
      for (let from = 0; from === 0 || from < effects.length; from += PORTION) {
        const tx = db.transaction(['runExamples', 'effects'], 'readwrite');
        const requests = function* () {
          if (from === 0)
            for (const page of runPagesOf(record)) yield tx.objectStore('runExamples').put(page);
          for (const [i, effect] of effects.slice(from, from + PORTION).entries())
            yield tx.objectStore('effects').put(entry(record.id, from + i, effect));
        };
        await written(tx, requests());
      }
    },
    async task(task) {
      const tx = db.transaction('examples', 'readwrite');
      const requests = function* () {
        for (const page of pagesOf(task)) yield tx.store.put({ task: task.id, ...page });
      };
      await written(tx, requests());
    },
    async vectors(entries) {
      const tx = db.transaction('vectors', 'readwrite');
      const requests = function* () {
        for (const { embedder, textHash, vector } of entries)
          yield tx.store.put(vector, [embedder, textHash]);
      };
      await written(tx, requests());
    },
    async commit({ runs, tasks, experiments, settings }) {
      const tx = db.transaction(['runs', 'tasks', 'experiments', 'settings'], 'readwrite', STRICT);
      const requests = function* () {
        for (const run of runs) yield tx.objectStore('runs').add(run);
        for (const task of tasks) yield tx.objectStore('tasks').add(task);
        for (const experiment of experiments) yield tx.objectStore('experiments').add(experiment);
        for (const [key, value] of settings) yield tx.objectStore('settings').put(value, key);
        yield tx.objectStore('settings').delete(STAGED);
      };
      await written(tx, requests());
    },
  };
}

/** The same over what a memory store offers, which nobody can kill halfway. */
export function memoryStaging(keep: {
  run(record: RunRecord, effects: readonly LoggedEffect[]): Promise<void>;
  task(task: Task): Promise<void>;
  experiment(record: ExperimentRecord): Promise<void>;
  setting(key: string, value: unknown): Promise<void>;
  vectors(entries: readonly KeptVector[]): Promise<void>;
}): Staging {
  let staged: (() => Promise<void>)[] = [];
  const forget = async () => void (staged = []);
  return {
    begin: forget,
    abandon: forget,
    run: async (record, effects) => void staged.push(() => keep.run(record, effects)),
    task: async (task) => void staged.push(() => keep.task(task)),
    vectors: keep.vectors,
    async commit({ experiments, settings }) {
      for (const work of staged) await work();
      for (const one of experiments) await keep.experiment(one);
      for (const [key, value] of settings) await keep.setting(key, value);
      staged = [];
    },
  };
}
