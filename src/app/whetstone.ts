import { limited, optionsOf, run as runOf, type RunConfig } from '../core/run.ts';
import { EngineError } from '../core/model.ts';
import { logged } from '../core/log.ts';
import type { Optimizer } from '../core/optimizer.ts';
import type { Task } from '../core/task.ts';
import { EMBEDDER_ID } from '../embed/bge.ts';
import { optimizers } from '../optimizers/index.ts';
import { requestPersistence, storageUsage } from '../storage/quota.ts';
import { headOf, type RunRecord, type TaskHead } from '../storage/schema.ts';
import { openStore, type Store } from '../storage/store.ts';
import { exportRun } from '../storage/transfer.ts';
import { bundledTask, bundledTasks } from './bundled-tasks.ts';
import { defaultConfig } from './defaults.ts';
import { makeModels } from './engines.ts';
import { bounded } from './estimate.ts';
import { keptVectors } from './kept-vectors.ts';
import { startRun } from './live-run.ts';
import { promptVectors } from './prompt-vectors.ts';
import { holdRun, runsHeld } from './run-lock.ts';
import { workerImporter } from './import/importer.ts';
import { exportTask } from './task-export.ts';
import { parseTask } from './task-file.ts';
import type { Run, RunSummary, TaskSummary, Whetstone } from './types.ts';

/** Events between two breaths of a replay, so that the page stays awake. */
const BREATH = 500;

/** The program behind the page: everything is put together here and nowhere else. */
export function makeWhetstone(): Whetstone {
  const opened = openStore();
  const storeOpened = opened.then(({ store }) => store);
  const models = makeModels(storeOpened);
  const vectors = promptVectors(models.embedder, storeOpened);
  /** Runs of this tab; one whose store is full reads from memory. */
  const live = new Map<string, ReturnType<typeof startRun>>();

  /** The imported task that was last read: the form asks for it at every change. */
  let recent: { revision: string; task: Task } | null = null;

  const storeOf = async (id: string): Promise<Store> => live.get(id)?.store() ?? (await storeOpened);

  function methodOf(id: string): Optimizer {
    const method = optimizers.find((one) => one.id === id);
    if (method === undefined)
      throw new EngineError(
        'unavailable',
        `There is no method called ${id}.`,
        `Choose one of ${optimizers.map((one) => one.id).join(', ')}.`,
      );
    return method;
  }

  async function taskOf(id: string): Promise<Task> {
    const bundled = await bundledTask(id);
    if (bundled !== null) return bundled;
    const store = await storeOpened;
    const revision = (await store.tasks()).items.find((head) => head.id === id)?.revision;
    if (recent !== null && recent.revision === revision) return recent.task;
    const task = await store.task(id);
    if (task !== null && revision !== undefined) recent = { revision, task };
    if (task === null)
      throw new EngineError(
        'unavailable',
        `There is no task called ${id}.`,
        'Choose another task, or import it again.',
      );
    return task;
  }

  async function recordOf(id: string): Promise<RunRecord> {
    const record = await (await storeOf(id)).run(id);
    if (record === null)
      throw new EngineError('unavailable', 'This run is no longer stored.', 'Choose another run.');
    return record;
  }

  function costOf(config: RunConfig, task: Task) {
    const method = methodOf(config.optimizer);
    const { splits } = limited(task, config.limits);
    return method.cost(optionsOf(method, config.options), {
      train: splits.train.length,
      validation: splits.validation.length,
    });
  }

  /** Goes on with `record` from its log; an empty log is a fresh start. */
  async function begin(record: RunRecord): Promise<Run> {
    const { store, problem } = await opened;
    const method = methodOf(record.config.optimizer);
    const cost = costOf(record.config, record.task);
    const release = await holdRun(record.id);
    const { items } = await store.loadEffects(record.id).catch((error: unknown) => {
      release();
      throw error;
    });
    record.status = 'running';
    const started = startRun(record, items, {
      store,
      problem,
      optimizer: method,
      cost,
      async models(report, signal, notice) {
        const { target, optimizer } = record.config.models;
        const engines = await models.engines({ target, optimizer }, notice);
        await engines.target.load(report('target', target), signal);
        if (optimizer !== target) await engines.optimizer.load(report('optimizer', optimizer), signal);
        const embeds = method.embeds(optionsOf(method, record.config.options));
        const embedder = embeds ? keptVectors(models.embedder(), store) : null;
        await embedder?.load(report('embedder', EMBEDDER_ID), signal);
        void models.downloads.refresh();
        return { ...engines, embedder };
      },
    });
    live.set(record.id, started);
    void started.ended.then(release);
    return started;
  }

  async function importTask(text: string): Promise<TaskSummary> {
    const task = parseTask(text);
    if (bundledTasks.some(({ id }) => id === task.id))
      throw new Error(
        `The task's id ${task.id} is that of a bundled task. Give it another id and import it again.`,
      );
    await (await storeOpened).saveTask(task);
    return summaryOf(task, headOf(task).sizes);
  }

  return {
    async machine() {
      const [{ webgpu, isolated, threads }, { problem }, usage] = await Promise.all([
        models.probe(),
        opened,
        storageUsage(),
      ]);
      return {
        webgpu,
        isolated,
        threads,
        storage:
          problem === null
            ? {
                works: true,
                persisted: usage?.persisted ?? false,
                usedBytes: usage?.usedBytes ?? 0,
                quotaBytes: usage?.quotaBytes ?? 0,
              }
            : { works: false, why: problem.message, advice: problem.advice },
      };
    },
    models: models.choices,
    addModel: models.add,
    removeModel: models.remove,
    downloads: models.downloads,
    vectors,
    methods: () => optimizers,

    async tasks() {
      const { items } = await (await storeOpened).tasks();
      return [...bundledTasks, ...items.map((head) => summaryOf(head, head.sizes))];
    },
    task: taskOf,
    importTask,
    importer: () =>
      workerImporter(
        async () => (await opened).problem === null,
        async (text) => void (await importTask(text)),
      ),
    exportTask: async (id, format) => exportTask(await taskOf(id), format),
    deleteTask: async (id) => (await storeOpened).deleteTask(id),

    async defaults({ task, target, optimizer, method }) {
      const [theTask, theTarget, theOptimizer] = await Promise.all([
        taskOf(task),
        models.choice(target),
        models.choice(optimizer),
      ]);
      const ids = { target, optimizer, embedder: EMBEDDER_ID };
      return defaultConfig(theTask, methodOf(method), theTarget, theOptimizer, ids);
    },
    cost: async (config) => bounded(costOf(config, await taskOf(config.task)), config.budget),

    async start(config) {
      const task = await taskOf(config.task);
      void requestPersistence();
      return begin({
        id: crypto.randomUUID(),
        config,
        task,
        started: Date.now(),
        status: 'running',
        steps: 0,
        bestScore: null,
        bestPrompt: null,
        verdict: null,
        effects: 0,
      });
    },
    resume: async (id) => begin(await recordOf(id)),

    async *replay(id) {
      const record = await recordOf(id);
      const { items } = await (await storeOf(id)).loadEffects(id);
      const past = new Map(items.map(({ key, outcome }) => [key, outcome]));
      const log = logged(past, record.config.models, null, () => Promise.resolve());
      const effects = vectors.hear(record.config.models.embedder, log);
      let count = 0;
      for await (const event of runOf(
        record.config,
        record.task,
        methodOf(record.config.optimizer),
        effects,
      )) {
        yield event;
        if ((count += 1) % BREATH === 0) await new Promise((resolve) => setTimeout(resolve));
      }
    },

    async runs() {
      const [{ items }, held] = await Promise.all([(await storeOpened).runs(), runsHeld()]);
      return items.map((record) => runSummary(record, held.has(record.id)));
    },
    async deleteRun(id) {
      await live.get(id)?.stop();
      await (await storeOf(id)).deleteRun(id);
      live.delete(id);
    },
    keptReplies: async () => (await storeOpened).replies.held(),
    clearReplies: async () => (await storeOpened).replies.clear(),
    async exportRun(id) {
      const store = await storeOf(id);
      const [record, { items }] = await Promise.all([recordOf(id), store.loadEffects(id)]);
      return exportRun(record, items);
    },
  };
}

function summaryOf({ id, name, description }: Omit<Task, 'splits'>, sizes: TaskHead['sizes']): TaskSummary {
  const examples = sizes.train + sizes.validation + sizes.test;
  return { id, name, description, examples, bundled: false };
}

/** `held`: an open tab works on it. A record that says `running` without one was interrupted. */
function runSummary(record: RunRecord, held: boolean): RunSummary {
  const { id, task, config, started, steps, bestScore, bestPrompt, verdict } = record;
  const status = record.status === 'running' && !held ? 'interrupted' : record.status;
  return {
    id,
    task: task.id,
    taskName: task.name,
    optimizer: config.optimizer,
    target: config.models.target,
    started,
    status,
    steps,
    bestScore,
    bestPrompt,
    verdict,
  };
}
