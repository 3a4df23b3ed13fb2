import type { RunEvent } from '../core/events.ts';
import { limited, optionsOf, type RunConfig } from '../core/run-config.ts';
import heads from 'virtual:method-heads';
import type { ModelIds } from '../core/log.ts';
import { EngineError } from '../core/model.ts';
import type { Cost, Optimizer } from '../core/optimizer.ts';
import type { Task } from '../core/task.ts';
import { EMBEDDER_ID } from '../embed/bge.ts';
import { fitTogether } from '../engines/models.ts';
import type { StorageError } from '../storage/errors.ts';
import { requestPersistence, storageUsage } from '../storage/quota.ts';
import { headOf, STAGED, type RunRecord, type TaskHead } from '../storage/schema.ts';
import { openStore, type Store } from '../storage/store.ts';
import { bundledTask, bundledTasks } from './bundled-tasks.ts';
import { defaultConfig } from './defaults.ts';
import { makeModels } from './engines.ts';
import { bounded } from './estimate.ts';
import type { Experiments } from './experiments.ts';
import { keptVectors } from './kept-vectors.ts';
import { lessonFile, listedLessons } from './lessons.ts';
import type { StartedRun } from './live-run.ts';
import { runSummary } from './listed-run.ts';
import { loadMethod } from './methods.ts';
import { promptTags, tagPrompt } from './prompt-tags.ts';
import { promptVectors } from './prompt-vectors.ts';
import type { Recorded, replayed } from './recordings.ts';
import { holdRun, runsHeld, tabsProblem, tryHold, waitToHold } from './run-lock.ts';
import { workerImporter } from './import/importer.ts';
import type { Machine, Recording, Run, TaskSummary, Whetstone } from './types.ts';

/** All that is said of the methods. */
const described = () => import('virtual:methods').then((found) => found.default);

/** Code that only opened runs need. */
const recordings = () => import('./recordings.ts');
const keeping = () => import('./kept-events.ts');

/** How long the browser may take to free a lock that was let go. */
const RELEASE_MS = 2000;

/** One tab at a time restores a backup; held beside the runs. */
const RESTORE = 'restore';

/** Removes what a restore left whose tab was killed; shows nowhere, but takes room. */
async function forgetHalfRestored(store: Store): Promise<void> {
  if ((await store.setting(STAGED)) === null) return;
  const release = await tryHold(RESTORE);
  if (release === null) return;
  try {
    await (await store.staging()).abandon();
  } finally {
    release();
  }
}

/** The program behind the page: everything is put together here and nowhere else. `make` gives other models to tests. */
export function makeWhetstone(make = makeModels): Whetstone {
  const problemListeners = new Set<(problem: { message: string; advice: string }) => void>();
  const opened = openStore({
    onClosed: ({ message, advice }) => problemListeners.forEach((listener) => listener({ message, advice })),
  });
  void opened.then(({ store }) => forgetHalfRestored(store)).catch(() => undefined);
  const storeOpened = opened.then(({ store }) => store);
  const models = make(storeOpened);
  const vectors = promptVectors(models.embedder, storeOpened);
  /** The models of the runs that go on in this tab: they must stay loaded. */
  const going = new Set<ModelIds>();
  /** Runs that go on in this tab, and those that ended on a full disk, which are read from memory. */
  const live = new Map<string, StartedRun>();
  /** Ids of all that began in this tab. */
  const begun = new Set<string>();

  /** Runs of lessons that were opened: replayed and branched from, not stored. */
  const lent = new Map<string, Recorded>();

  /** The imported task that was last read: the form asks for it at every change. */
  let recent: { revision: string; task: Task } | null = null;

  const storeOf = async (id: string): Promise<Store> => live.get(id)?.store() ?? (await storeOpened);

  async function methodOf(id: string): Promise<Optimizer> {
    const method = await loadMethod(id);
    if (method === null)
      throw new EngineError(
        'unavailable',
        `There is no method called ${id}.`,
        `Choose one of ${heads.map((one) => one.id).join(', ')}.`,
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

  /** From the store, or a lesson that was opened. */
  async function recordedOf(id: string): Promise<Recorded> {
    const own = lent.get(id);
    if (own !== undefined) return own;
    const store = await storeOf(id);
    const [record, { items }] = await Promise.all([recordOf(id), store.loadEffects(id)]);
    return { record, effects: items };
  }

  async function replayOf(recorded: Parameters<typeof replayed>[0]): Promise<AsyncGenerator<RunEvent>> {
    const { optimizer, models: asked } = recorded.record.config;
    const [{ replayed }, method] = await Promise.all([recordings(), methodOf(optimizer)]);
    return replayed(recorded, method, (effects) => vectors.hear(asked.embedder, effects));
  }

  async function recording(id: string): Promise<Recording> {
    const own = lent.get(id);
    const [{ keptEvents }, record, runs] = await Promise.all([
      keeping(),
      own?.record ?? recordOf(id),
      runsHeld(),
    ]);
    const held = runs.has(id);
    const kept = await keptEvents(record);
    if (kept !== null) return recordingOf({ record, events: kept }, held);
    const [{ growing, readingOf }, store] = await Promise.all([recordings(), storeOf(id)]);
    const effects = own?.effects ?? readingOf((told) => store.loadEffects(id, told));
    const { events, first, whole } = growing(await replayOf({ record, effects }));
    // A run from elsewhere is replayed each time if its map needs the vectors of its log, which are in no other place.
    if (own === undefined && !embedsIn(record.config, await methodOf(record.config.optimizer)))
      void whole.then((toTheEnd) => (toTheEnd ? keep(record, events) : undefined));
    await first;
    return { ...recordingOf({ record, events }, held), whole };
  }

  async function keep(record: RunRecord, events: readonly RunEvent[]): Promise<void> {
    const { dropEvents, keepEvents } = await keeping();
    await keepEvents(record, events);
    // It may have been deleted meanwhile.
    await recordOf(record.id).catch(() => dropEvents(record.id));
  }

  /** Keeps what a run of this tab has told, now that it has ended. */
  async function keepTold(run: StartedRun): Promise<void> {
    const events: RunEvent[] = [];
    run.subscribe((signal) => {
      if (signal.type === 'event') events.push(signal.event);
    })();
    await keep(await recordOf(run.id), events);
  }

  async function costOf(config: RunConfig, task: Task) {
    const method = await methodOf(config.optimizer);
    const sizes = sizesOf(config, task);
    return greatest(allOptions(config).map((options) => method.cost(optionsOf(method, options), sizes)));
  }

  /** Goes on with `record`, which this tab holds, from its log; an empty log is a fresh start. */
  async function begin(record: RunRecord, release: () => void, unattended = false): Promise<StartedRun> {
    try {
      return await beginHeld(record, release, unattended);
    } catch (error) {
      release();
      throw error;
    }
  }

  async function beginHeld(record: RunRecord, release: () => void, unattended: boolean) {
    const { store, problem } = await opened;
    const [method, cost, liveRun, { shareRun }] = await Promise.all([
      methodOf(record.config.optimizer),
      costOf(record.config, record.task),
      import('./live-run.ts'),
      import('./shared-run.ts'),
    ]);
    const { items, problems, next } = await store.loadEffects(record.id);
    const tabs = tabsProblem();
    record.status = 'running';
    const started = liveRun.startRun(record, items, {
      store,
      problem,
      next,
      notices: [...problems.map(asked), ...(tabs === null ? [] : [tabs])],
      optimizer: method,
      cost,
      unattended,
      async models(report, signal, notice) {
        const { target, optimizer } = record.config.models;
        // Before anything is fetched: a target without gradients is found out at once.
        const tuner = await models.tuner(method.tunes ? target : null);
        const engines = await models.engines({ target, optimizer }, notice);
        await engines.target.load(report('target', target), signal);
        if (optimizer !== target) await engines.optimizer.load(report('optimizer', optimizer), signal);
        const embedder = embedsIn(record.config, method) ? keptVectors(models.embedder(), store) : null;
        await embedder?.load(report('embedder', EMBEDDER_ID), signal);
        await tuner?.load(report('tuner', record.config.models.tuner ?? target), signal);
        void models.downloads.refresh();
        return { ...engines, embedder, tuner };
      },
    });
    live.set(record.id, started);
    begun.add(record.id);
    shareRun(started, problem === null);
    const { models: inUse } = record.config;
    going.add(inUse);
    void started.ended.then(() => {
      going.delete(inUse);
      release();
      // With all that it has told: a tab that is open for days begins many runs.
      if (started.store() === store) live.delete(record.id);
      keepTold(started).catch(() => undefined);
    });
    return started;
  }

  /** As `tryHold`, but waits a moment for what a run of this tab held until now. */
  async function holdAgain(id: string): Promise<(() => void) | null> {
    if (!begun.has(id)) return tryHold(id);
    await live.get(id)?.ended;
    return waitToHold(id, AbortSignal.timeout(RELEASE_MS)).catch(() => null);
  }

  const beginNew = async (record: RunRecord) => begin(record, await holdRun(record.id));

  /** The record is read while the run is held: until then the other tab may have written it. */
  async function resumeHeld(id: string, release: () => void): Promise<StartedRun> {
    const record = await recordOf(id).catch((error: unknown) => {
      release();
      throw error;
    });
    return begin(record, release);
  }

  async function watch(id: string): Promise<Run> {
    const { watchRun } = await import('./shared-run.ts');
    const store = await storeOpened;
    return watchRun(id, {
      record: () => recordOf(id),
      async *events() {
        yield* await replayOf({ record: await recordOf(id), effects: (await store.loadEffects(id)).items });
      },
      resume: (release) => resumeHeld(id, release),
    });
  }

  /** A run of an experiment. */
  async function beginCell(id: string, config: () => Promise<RunConfig>) {
    const store = await storeOpened;
    const stored = await store.run(id);
    const given = stored === null ? await config() : null;
    const record = given === null ? stored : { ...newRecord(given, await taskOf(given.task)), id };
    return begin(record ?? (await recordOf(id)), await holdRun(id), true);
  }

  const defaults: Whetstone['defaults'] = async ({ task, target, optimizer, method }) => {
    const [theTask, theTarget, theOptimizer] = await Promise.all([
      taskOf(task),
      models.choice(target),
      models.choice(optimizer),
    ]);
    const ids = { target, optimizer, embedder: EMBEDDER_ID };
    const theMethod = await methodOf(method);
    const gradient = theMethod.tunes
      ? (await import('./gradient-fit.ts')).gradientFit(
          theTarget,
          await models.choices(),
          await models.probe(),
        ).text
      : '';
    return {
      ...defaultConfig(theTask, theMethod, theTarget, theOptimizer, ids, gradient),
      crowded: target === optimizer ? '' : fitTogether([theTarget, theOptimizer], await models.probe()),
    };
  };
  const cost: Whetstone['cost'] = async (config) =>
    bounded(await costOf(config, await taskOf(config.task)), config.budget);

  async function storageNow(): Promise<Machine['storage']> {
    const [{ problem }, usage] = await Promise.all([opened, storageUsage()]);
    if (problem !== null) return { works: false, why: problem.message, advice: problem.advice };
    return {
      works: true,
      ...(usage ?? { persisted: false, usedBytes: 0, quotaBytes: 0, recordBytes: null }),
    };
  }

  let experiments: Promise<Experiments> | null = null;

  async function importTask(text: string): Promise<TaskSummary> {
    const { parseTask } = await import('./task-file.ts');
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
      const [{ webgpu, isolated, threads }, storage] = await Promise.all([models.probe(), storageNow()]);
      return { webgpu, isolated, threads, storage };
    },
    async keepStorage() {
      await requestPersistence();
      return storageNow();
    },
    onStorageProblem(listener) {
      problemListeners.add(listener);
      return () => void problemListeners.delete(listener);
    },
    models: models.choices,
    addModel: models.add,
    removeModel: models.remove,
    downloads: models.downloads,
    vectors,
    methods: () => heads,
    described,
    method: methodOf,
    bundled: bundledTasks,

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
    exportTask: async (id, format) => (await import('./task-export.ts')).exportTask(await taskOf(id), format),
    deleteTask: async (id) => (await storeOpened).deleteTask(id),

    defaults,
    cost,

    async stepSizes(config, task) {
      const method = await methodOf(config.optimizer);
      return method.stepSizes?.(optionsOf(method, config.options), sizesOf(config, task)) ?? [];
    },

    async start(config) {
      const task = await taskOf(config.task);
      void requestPersistence();
      return beginNew(newRecord(config, task));
    },
    async resume(id) {
      const release = await holdAgain(id);
      return release === null ? watch(id) : resumeHeld(id, release);
    },

    async *replay(id) {
      yield* await replayOf(await recordedOf(id));
    },
    recording,
    async openBundle(file) {
      const { openedBundle, shelfFor } = await recordings();
      const opened = await openedBundle(file, loadMethod, vectors.hear);
      const store = await storeOpened;
      const { id, kept } = await shelfFor(opened, store);
      if (kept) return recording(id);
      opened.record = { ...opened.record, id };
      await store.addRun(opened.record, opened.effects);
      return recordingOf(opened, false);
    },
    lessons: listedLessons,
    async openLesson(id) {
      const { openedBundle } = await recordings();
      const opened = await openedBundle(await lessonFile(id), loadMethod, vectors.hear);
      lent.set(opened.record.id, opened);
      return recordingOf(opened, false);
    },
    async branch(id, change) {
      const of = await recordedOf(id);
      const method = await methodOf(of.record.config.optimizer);
      const { config, effects } = await (await recordings()).branchOf(of, method, change);
      const builds = of.record.builds?.filter(({ from }) => from < effects.length);
      const record = { ...newRecord(config, of.record.task), ...(builds && { builds }) };
      void requestPersistence();
      await (await storeOpened).addRun(record, effects);
      return beginNew(record);
    },

    experiments: () =>
      (experiments ??= Promise.all([import('./experiments.ts'), described()]).then(
        ([{ makeExperiments }, methods]) =>
          makeExperiments({
            store: storeOpened,
            methods,
            task: taskOf,
            defaults,
            cost,
            begin: beginCell,
            hold: holdRun,
            held: runsHeld,
          }),
        (error: unknown) => {
          experiments = null;
          throw error;
        },
      )),

    async runs() {
      const [{ items }, held] = await Promise.all([(await storeOpened).runs(), runsHeld()]);
      return items.map((record) => runSummary(record, held.has(record.id)));
    },
    async deleteRun(id) {
      await live.get(id)?.stop();
      // Another tab would go on writing what is deleted here.
      const release = (await holdAgain(id)) ?? (await holdRun(id));
      try {
        await (await storeOf(id)).deleteRun(id);
        await (await keeping()).dropEvents(id);
      } finally {
        release();
      }
      live.delete(id);
    },
    async tryOut(target, trial, { loading, heard }, signal) {
      const [used] = going;
      if (used !== undefined && used.target !== target && used.optimizer !== target)
        throw new EngineError(
          'refused',
          'A run with other models is going on in this tab.',
          'Try it when that run has ended, or stop it first.',
        );
      const { target: engine } = await models.engines(
        {
          target,
          optimizer: used === undefined ? target : used.optimizer === target ? used.target : used.optimizer,
        },
        () => undefined,
      );
      await engine.load(loading, signal);
      return (await import('./try-out.ts')).tryOut(engine, trial, heard, signal);
    },
    async testSpeed(model, loading, signal) {
      if (going.size > 0)
        throw new EngineError(
          'refused',
          'A run is going on in this tab.',
          'Test the speed when it has ended: both would slow each other down.',
        );
      const style = (await models.choice(model)).runtime === 'openai' ? 'chat' : 'completion';
      const { target: engine } = await models.engines({ target: model, optimizer: model }, () => undefined);
      await engine.load(loading, signal);
      const { measureSpeed } = await import('./model-speed.ts');
      return measureSpeed(engine, style, crypto.randomUUID().slice(0, 8), () => performance.now(), signal);
    },
    promptTags: async () => promptTags(await storeOpened),
    tagPrompt: async (key, tags) => tagPrompt(await storeOpened, key, tags),
    keptReplies: async () => (await storeOpened).replies.held(),
    clearReplies: async () => (await storeOpened).replies.clear(),
    async exportRun(id) {
      const { record, effects } = await recordedOf(id);
      return (await import('../storage/transfer.ts')).exportRun(record, effects);
    },
    async backup(told) {
      const { backup } = await import('../storage/backup.ts');
      const { problems, ...saved } = await backup(await storeOpened, told);
      return { ...saved, problems: problems.map(({ message }) => message) };
    },
    async restore(file, told) {
      const release = await tryHold(RESTORE);
      if (release === null) throw new Error('Another tab restores a backup. Wait until it is done.');
      try {
        const { restore } = await import('../storage/restore.ts');
        return await restore(await storeOpened, file, new Set(bundledTasks.map(({ id }) => id)), told);
      } finally {
        release();
      }
    },
  };
}

function summaryOf({ id, name, description }: Omit<Task, 'splits'>, sizes: TaskHead['sizes']): TaskSummary {
  const examples = sizes.train + sizes.validation + sizes.test;
  return { id, name, description, examples, bundled: false };
}

function newRecord(config: RunConfig, task: Task): RunRecord {
  return {
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
  };
}

const recordingOf = (
  { record, events }: Pick<Recorded, 'record'> & { events: readonly RunEvent[] },
  held: boolean,
): Recording => ({
  summary: runSummary(record, held),
  config: record.config,
  task: record.task,
  events,
});

function sizesOf(config: RunConfig, task: Task) {
  const { train, validation } = limited(task, config.limits).splits;
  return { train: train.length, validation: validation.length };
}

/** Those of the start and those of each branch. */
const allOptions = ({ options, branches = [] }: RunConfig) => [
  options,
  ...branches.map((one) => one.options),
];

const embedsIn = (config: RunConfig, method: Optimizer) =>
  allOptions(config).some((options) => method.embeds(optionsOf(method, options)));

/** An upper bound of them all. */
function greatest(costs: readonly Cost[]): Cost {
  const most = (part: 'steps' | 'targetCalls' | 'optimizerCalls') =>
    Math.max(...costs.map((cost) => cost[part]));
  const tuned = costs.flatMap((cost) => cost.tuned ?? []);
  return {
    steps: most('steps'),
    targetCalls: most('targetCalls'),
    optimizerCalls: most('optimizerCalls'),
    ...(tuned.length > 0 && {
      tuned: {
        steps: Math.max(...tuned.map(({ steps }) => steps)),
        measured: Math.max(...tuned.map(({ measured }) => measured)),
      },
    }),
  };
}

/** What to tell of an outcome that cannot be read when its run goes on. */
const asked = ({ message }: StorageError) => ({
  message,
  advice: 'It is left out: the run asks for it again and goes on.',
});
