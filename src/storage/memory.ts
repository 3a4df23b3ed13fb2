import type { ExperimentRecord } from '../core/experiment.ts';
import { hash } from '../core/hash.ts';
import type { LoggedEffect } from '../core/log.ts';
import type { Task } from '../core/task.ts';
import { storageError } from './errors.ts';
import { memoryReplies } from './replies.ts';
import { headOf, runHeadOf, type RunRecord, type TaskHead } from './schema.ts';
import type { Staging } from './staging.ts';
import type { Store } from './store.ts';

/** A Store that lasts as long as the page: where IndexedDB does not work, and for tests. */
export function memoryStore(): Store {
  const runs = new Map<string, RunRecord>();
  const logs = new Map<string, Map<number, LoggedEffect>>();
  const experiments = new Map<string, ExperimentRecord>();
  const tasks = new Map<string, { head: TaskHead; task: Task }>();
  const vectors = new Map<string, Float32Array>();
  const settings = new Map<string, unknown>();
  const replies = memoryReplies();
  let staging: Staging | null = null;
  let open = true;

  /** Runs `work` as the database would: later, only while open, failing with StorageError. */
  async function later<R>(doing: string, work: () => R | Promise<R>): Promise<R> {
    await null;
    try {
      if (!open) throw new DOMException('closed', 'InvalidStateError');
      return await work();
    } catch (cause) {
      throw storageError(doing, cause);
    }
  }
  const taken = () => new DOMException('taken', 'ConstraintError');
  const vectorKey = (embedder: string, text: string) => `${hash(text)}/${embedder}`;

  const store: Store = {
    saveRun: ({ task, ...rest }) =>
      later('Saving the run', () => {
        const kept = runs.get(rest.id)?.task ?? structuredClone(task);
        runs.set(rest.id, { ...structuredClone(rest), task: kept });
      }),
    addRun: (record, effects) =>
      later('Adding the run', () => {
        if (runs.has(record.id) || logs.has(record.id)) throw taken();
        const log = new Map(structuredClone(effects).entries());
        runs.set(record.id, structuredClone(record));
        logs.set(record.id, log);
      }),
    run: (id) => later('Reading the run', () => structuredClone(runs.get(id)) ?? null),
    runs: () =>
      later('Reading the runs', () => ({
        items: [...runs.values()]
          .sort((a, b) => b.started - a.started)
          .map((record) => structuredClone(runHeadOf(record))),
        problems: [],
      })),
    deleteRun: (id) =>
      later('Deleting the run', () => {
        runs.delete(id);
        logs.delete(id);
      }),

    appendEffects: (run, seq, effects) =>
      later('Writing outcomes', () => {
        const log = logs.get(run) ?? new Map<number, LoggedEffect>();
        if (effects.some((_, i) => log.has(seq + i))) throw taken();
        structuredClone(effects).forEach((effect, i) => log.set(seq + i, effect));
        logs.set(run, log);
      }),
    loadEffects: (run, told) =>
      later('Reading the log', () => {
        const entries = [...(logs.get(run) ?? [])].sort(([a], [b]) => a - b);
        const items = entries.map(([, effect]) => structuredClone(effect));
        told?.(items);
        return { items, problems: [], next: (entries.at(-1)?.[0] ?? -1) + 1 };
      }),

    saveExperiment: (record) =>
      later('Saving the experiment', () => void experiments.set(record.id, structuredClone(record))),
    experiments: () =>
      later('Reading the experiments', () => ({
        items: [...experiments.values()]
          .sort((a, b) => b.started - a.started)
          .map((record) => structuredClone(record)),
        problems: [],
      })),
    deleteExperiment: (id) => later('Deleting the experiment', () => void experiments.delete(id)),

    tasks: () =>
      later('Reading the tasks', () => ({
        items: [...tasks.values()]
          .map(({ head }) => structuredClone(head))
          .sort((a, b) => a.name.localeCompare(b.name)),
        problems: [],
      })),
    task: (id) => later('Reading the task', () => structuredClone(tasks.get(id)?.task) ?? null),
    saveTask: (task) =>
      later('Saving the task', () => {
        const kept = structuredClone(task);
        tasks.set(task.id, { head: headOf(kept), task: kept });
      }),
    deleteTask: (id) => later('Deleting the task', () => void tasks.delete(id)),

    vectors: (embedder, texts) =>
      later('Reading vectors', () =>
        texts.map((text) => structuredClone(vectors.get(vectorKey(embedder, text))) ?? null),
      ),
    saveVectors: (embedder, entries) =>
      later('Saving vectors', () => {
        for (const { text, vector } of entries)
          vectors.set(vectorKey(embedder, text), new Float32Array(vector));
      }),

    async *vectorPages() {
      yield [...vectors].map(([key, vector]) => {
        const at = key.indexOf('/');
        return { textHash: key.slice(0, at), embedder: key.slice(at + 1), vector };
      });
    },
    settings: () => later('Reading the settings', () => structuredClone(settings)),
    setting: (key) => later('Reading a setting', () => structuredClone(settings.get(key)) ?? null),
    saveSetting: (key, value) =>
      later('Saving a setting', () => void settings.set(key, structuredClone(value))),

    replies: {
      asks: (model) => later('Reading kept replies', () => replies.asks(model)),
      find: (model, ask) => later('Reading a kept reply', () => replies.find(model, ask)),
      save: (batch) => later('Keeping replies', () => replies.save(batch)),
      held: () => later('Counting kept replies', () => replies.held()),
      clear: () => later('Clearing kept replies', () => replies.clear()),
    },

    staging: async () => {
      const { memoryStaging } = await import('./staging.ts');
      staging ??= memoryStaging({
        run: store.addRun,
        task: store.saveTask,
        experiment: store.saveExperiment,
        setting: store.saveSetting,
        async vectors(entries) {
          for (const { embedder, textHash, vector } of entries)
            vectors.set(`${textHash}/${embedder}`, new Float32Array(vector));
        },
      });
      return staging;
    },

    close: () => void (open = false),
  };
  return store;
}
