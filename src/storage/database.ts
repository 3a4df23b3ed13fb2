import * as v from 'valibot';
import { hash } from '../core/hash.ts';
import type { LoggedEffect, Outcome } from '../core/log.ts';
import type { Example, SplitName, Task } from '../core/task.ts';
import { effectCheck, examplesCheck, firstIssue, headCheck, outlineCheck, runHeadCheck } from './checks.ts';
import { experimentCheck } from './experiment-checks.ts';
import { broken, storageError, type StorageError } from './errors.ts';
import { databaseReplies, HELD } from './replies.ts';
import {
  headOf,
  pagesOf,
  runHeadOf,
  SPLITS,
  STAGED,
  type Database,
  type EffectRecord,
  type Page,
  type RunRecord,
  type TaskOutline,
} from './schema.ts';
import type { EffectLog, Listed, Store } from './store.ts';

/**
 * How sure a write is when its promise resolves.
 * `relaxed`: the operating system has it. Death of the tab or the browser loses nothing, loss of power the last moments.
 * `strict`: the disk has it, and with it all that was written before.
 * Outcomes are many and can be asked again, so they are relaxed. Records are few and are strict: a run's first and last
 * record fence its log. Measured in Chromium with its profile on a disk that flushes in 0.1 ms: 0.9 ms an outcome when
 * relaxed, 1.0 to 1.5 ms when strict (19 of 20 within 3 and 6 ms); a slower disk adds its flush to each strict write.
 */
const RELAXED = { durability: 'relaxed' } as const;
export const STRICT = { durability: 'strict' } as const;

/** Entries read at once: enough that the round trips do not count, few enough to keep the peak of memory low. */
const PAGE = 2000;

/** Vectors read at once: some 400 numbers each. */
const VECTORS = 500;

/** Settings by which the store itself remembers something. */
const OWN = [HELD, STAGED];

/** All pages of a split of a task, or of a run's. */
export const pagesIn = (owner: string, split: SplitName) =>
  IDBKeyRange.bound([owner, split, 0], [owner, split, Infinity]);

/** All entries of a run: numbers lie between the two infinities, other kinds of keys do not. */
export const logOf = (run: string, after = -Infinity) =>
  IDBKeyRange.bound([run, after], [run, Infinity], true);

const storedEffect = effectCheck(
  v.instance(Float32Array),
  // Minus infinity is the log-probability of an option that cannot be; valibot's number() takes it, but not NaN.
  v.union([v.number(), v.nan()]),
);

/** A Store over an open database. `gone` says why it was closed under the program, where it was. */
export function databaseStore(db: Database, gone: () => StorageError | null = () => null): Store {
  const guarded = guardedBy(gone);
  const kept = databaseReplies(db);
  return {
    saveRun: guarded('Saving the run', async (record) => {
      const tx = db.transaction(['runs', 'runExamples'], 'readwrite', STRICT);
      const found = await tx.objectStore('runs').get(record.id);
      const known = v.safeParse(outlineCheck, found?.task);
      const requests = function* () {
        const head = runHeadOf(record);
        yield tx.objectStore('runs').put(known.success ? { ...head, task: known.output } : head);
        if (known.success) return;
        for (const page of runPagesOf(record)) yield tx.objectStore('runExamples').put(page);
      };
      await written(tx, requests());
    }),
    addRun: guarded('Adding the run', async (record, effects) => {
      const tx = db.transaction(['runs', 'runExamples', 'effects'], 'readwrite', STRICT);
      const requests = function* () {
        yield tx.objectStore('runs').add(runHeadOf(record));
        for (const page of runPagesOf(record)) yield tx.objectStore('runExamples').add(page);
        for (const [seq, effect] of effects.entries())
          yield tx.objectStore('effects').add(entry(record.id, seq, effect));
      };
      await written(tx, requests());
    }),
    run: guarded('Reading the run', async (id) => {
      const tx = db.transaction(['runs', 'runExamples']);
      const found: unknown = await tx.objectStore('runs').get(id);
      if (found === undefined) return null;
      const { task, ...rest } = checked(runHeadCheck, found, `Run ${id}`, id);
      const examples = tx.objectStore('runExamples');
      return { ...rest, task: await wholeTask(task, `run ${id}`, id, (key) => examples.get([id, ...key])) };
    }),
    runs: guarded('Reading the runs', async () => {
      const found = await list(runHeadCheck, 'Run', db.transaction('runs').store);
      found.items.sort((a, b) => b.started - a.started);
      return found;
    }),
    deleteRun: guarded('Deleting the run', async (id) => {
      const tx = db.transaction(['runs', 'runExamples', 'effects'], 'readwrite', STRICT);
      const requests = function* () {
        yield tx.objectStore('runs').delete(id);
        for (const split of SPLITS) yield tx.objectStore('runExamples').delete(pagesIn(id, split));
        yield tx.objectStore('effects').delete(logOf(id));
      };
      await written(tx, requests());
    }),

    appendEffects: guarded('Writing outcomes', async (run, seq, effects) => {
      const tx = db.transaction('effects', 'readwrite', RELAXED);
      const requests = function* () {
        for (const [i, effect] of effects.entries()) yield tx.store.add(entry(run, seq + i, effect));
      };
      await written(tx, requests());
    }),
    loadEffects: guarded('Reading the log', async (run, told) => {
      const log: EffectLog = { items: [], problems: [], next: 0 };
      let reading = db.getAll('effects', logOf(run), PAGE);
      for (;;) {
        const page = await reading;
        const last = page.length < PAGE ? undefined : page.at(-1);
        // The next page is on its way while this one is checked. The database itself vouches for `seq`: it is of the
        // key by which the record was found.
        if (last !== undefined) reading = db.getAll('effects', logOf(run, last.seq), PAGE);
        const before = log.items.length;
        for (const record of page) take(log, record);
        told?.(log.items.slice(before));
        if (last === undefined) return log;
      }
    }),

    saveExperiment: guarded('Saving the experiment', async (record) => {
      const tx = db.transaction('experiments', 'readwrite', STRICT);
      await written(tx, [tx.store.put(record)]);
    }),
    experiments: guarded('Reading the experiments', async () => {
      const found = await list(experimentCheck, 'Experiment', db.transaction('experiments').store);
      found.items.sort((a, b) => b.started - a.started);
      return found;
    }),
    deleteExperiment: guarded('Deleting the experiment', async (id) => {
      const tx = db.transaction('experiments', 'readwrite', STRICT);
      await written(tx, [tx.store.delete(id)]);
    }),

    tasks: guarded('Reading the tasks', async () => {
      const found = await list(headCheck, 'Task', db.transaction('tasks').store);
      found.items.sort((a, b) => a.name.localeCompare(b.name));
      return found;
    }),
    task: guarded('Reading the task', async (id) => {
      // One transaction, so that no other tab can replace the task between two pages.
      const tx = db.transaction(['tasks', 'examples']);
      const found: unknown = await tx.objectStore('tasks').get(id);
      if (found === undefined) return null;
      const { revision: _, ...outline } = checked(headCheck, found, `Task ${id}`, id);
      const examples = tx.objectStore('examples');
      return wholeTask(outline, `task ${id}`, id, (key) => examples.get([id, ...key]));
    }),
    saveTask: guarded('Saving the task', async (task) => {
      const tx = db.transaction(['tasks', 'examples'], 'readwrite', STRICT);
      const requests = function* () {
        for (const split of SPLITS) yield tx.objectStore('examples').delete(pagesIn(task.id, split));
        yield tx.objectStore('tasks').put(headOf(task));
        for (const page of pagesOf(task)) yield tx.objectStore('examples').put({ task: task.id, ...page });
      };
      await written(tx, requests());
    }),
    deleteTask: guarded('Deleting the task', async (id) => {
      const tx = db.transaction(['tasks', 'examples'], 'readwrite', STRICT);
      const requests = function* () {
        yield tx.objectStore('tasks').delete(id);
        for (const split of SPLITS) yield tx.objectStore('examples').delete(pagesIn(id, split));
      };
      await written(tx, requests());
    }),

    vectors: guarded('Reading vectors', async (embedder, texts) => {
      const { store } = db.transaction('vectors');
      const found: unknown[] = await Promise.all(texts.map((text) => store.get([embedder, hash(text)])));
      // They can be computed again, so a broken one is simply absent.
      return found.map((vector) => (vector instanceof Float32Array ? vector : null));
    }),
    saveVectors: guarded('Saving vectors', async (embedder, entries) => {
      const tx = db.transaction('vectors', 'readwrite', RELAXED);
      const requests = function* () {
        for (const { text, vector } of entries) yield tx.store.put(compact(vector), [embedder, hash(text)]);
      };
      await written(tx, requests());
    }),

    async *vectorPages() {
      const page = guarded('Reading vectors', async (after: [string, string] | null) => {
        const range = after === null ? null : IDBKeyRange.lowerBound(after, true);
        const [keys, values] = await Promise.all([
          db.getAllKeys('vectors', range, VECTORS),
          db.getAll('vectors', range, VECTORS),
        ]);
        return { keys, values };
      });
      let after: [string, string] | null = null;
      for (;;) {
        const { keys, values }: { keys: [string, string][]; values: unknown[] } = await page(after);
        yield keys.flatMap(([embedder, textHash], i) => {
          const vector = values[i];
          return vector instanceof Float32Array ? [{ embedder, textHash, vector }] : [];
        });
        after = keys.at(-1) ?? null;
        if (after === null || keys.length < VECTORS) return;
      }
    },

    settings: guarded('Reading the settings', async () => {
      const tx = db.transaction('settings');
      const [keys, values] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
      const all = new Map<string, unknown>(keys.map((key, i) => [key, values[i]]));
      for (const own of OWN) all.delete(own);
      return all;
    }),
    setting: guarded('Reading a setting', async (key) => (await db.get('settings', key)) ?? null),
    saveSetting: guarded('Saving a setting', async (key, value) => {
      const tx = db.transaction('settings', 'readwrite', STRICT);
      await written(tx, [tx.store.put(value, key)]);
    }),

    replies: {
      asks: guarded('Reading kept replies', kept.asks),
      find: guarded('Reading a kept reply', kept.find),
      save: guarded('Keeping replies', kept.save),
      held: guarded('Counting kept replies', kept.held),
      clear: guarded('Clearing kept replies', kept.clear),
    },

    async staging() {
      const staging = (await import('./staging.ts')).databaseStaging(db);
      return {
        begin: guarded('Preparing a restore', staging.begin),
        run: guarded('Restoring a run', staging.run),
        task: guarded('Restoring a task', staging.task),
        vectors: guarded('Restoring vectors', staging.vectors),
        commit: guarded('Restoring', staging.commit),
        abandon: guarded('Clearing a restore that was broken off', staging.abandon),
      };
    },

    close: () => db.close(),
  };
}

/** `work` whose every failure is a StorageError. */
function guardedBy(gone: () => StorageError | null) {
  return <A extends unknown[], R>(doing: string, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await work(...args);
      } catch (cause) {
        const error = storageError(doing, cause);
        throw error.fault === 'closed' ? (gone() ?? error) : error;
      }
    };
}

/**
 * Resolves when all requests and their transaction are through; otherwise none of them has changed anything. Makes the
 * requests itself, one by one, so that a value that cannot be stored undoes those made before it.
 */
export async function written(
  tx: { done: Promise<void>; error: DOMException | null; abort(): void },
  requests: Iterable<Promise<unknown>>,
): Promise<void> {
  const pending: Promise<unknown>[] = [tx.done];
  try {
    for (const request of requests) pending.push(request);
    await Promise.all(pending);
  } catch (cause) {
    // When the browser aborts (no space left), requests only say AbortError; the transaction knows why.
    const why = tx.error ?? cause;
    for (const promise of pending) promise.catch(() => undefined);
    try {
      tx.abort();
    } catch {
      // It has ended already.
    }
    throw why;
  }
}

export function entry(run: string, seq: number, { key, outcome }: LoggedEffect): EffectRecord {
  return { run, seq, key, outcome: compacted(outcome) };
}

function compacted(outcome: Outcome): Outcome {
  if (outcome.kind === 'embed') return { ...outcome, vectors: outcome.vectors.map(compact) };
  if (outcome.kind !== 'tune') return outcome;
  const { result } = outcome;
  if (result.did === 'measure' || result.did === 'project') return outcome;
  const prompt = { ...result.prompt, values: compact(result.prompt.values) };
  if (result.did !== 'steps') return { ...outcome, result: { ...result, prompt } };
  const { first, second, count } = result.moments;
  const moments = { first: compact(first), second: compact(second), count };
  return { ...outcome, result: { ...result, prompt, moments } };
}

/**
 * The vector in a buffer of its own. A view into a larger buffer would be stored with the whole of it, and one into
 * memory shared with a WASM thread not at all.
 */
function compact(vector: Float32Array): Float32Array {
  return new Float32Array(vector);
}

export function* runPagesOf({ id, task }: RunRecord): Generator<Page & { run: string }> {
  for (const page of pagesOf(task)) yield { run: id, ...page };
}

/** A task with its examples, read a page at a time; `owner` names what is read, where a page is missing or broken. */
async function wholeTask(
  { sizes, ...rest }: TaskOutline,
  owner: string,
  id: string,
  pageAt: (key: readonly [split: SplitName, page: number]) => Promise<Page | undefined>,
): Promise<Task> {
  const splits: Record<SplitName, Example[]> = { train: [], validation: [], test: [] };
  for (const split of SPLITS) {
    for (let page = 0; splits[split].length < sizes[split]; page++) {
      const place = `Page ${page + 1} of the ${split} examples of ${owner}`;
      const record = await pageAt([split, page]);
      if (record === undefined) throw broken(place, 'it is missing', id);
      for (const example of checked(examplesCheck, record.examples, place, id)) splits[split].push(example);
    }
  }
  return { ...rest, splits };
}

function take(log: EffectLog, { run, seq, ...rest }: EffectRecord): void {
  const result = v.safeParse(storedEffect, rest);
  if (result.success) log.items.push(result.output);
  else log.problems.push(broken(`Entry ${seq} of run ${run}`, firstIssue(result.issues), run));
  log.next = seq + 1;
}

function checked<T>(check: v.GenericSchema<unknown, T>, value: unknown, what: string, id: string): T {
  const result = v.safeParse(check, value);
  if (!result.success) throw broken(what, firstIssue(result.issues), id);
  return result.output;
}

/** Everything in a store whose keys are texts. */
async function list<T>(
  check: v.GenericSchema<unknown, T>,
  what: string,
  store: { getAllKeys(): Promise<string[]>; getAll(): Promise<unknown[]> },
): Promise<Listed<T>> {
  const [ids, values] = await Promise.all([store.getAllKeys(), store.getAll()]);
  const found: Listed<T> = { items: [], problems: [] };
  ids.forEach((id, i) => {
    const result = v.safeParse(check, values[i]);
    if (result.success) found.items.push(result.output);
    else found.problems.push(broken(`${what} ${id}`, firstIssue(result.issues), id));
  });
  return found;
}
