import { makeExperiments, type Experiments } from '../../src/app/experiments.ts';
import { startRun, type RunSurroundings } from '../../src/app/live-run.ts';
import type { Run } from '../../src/app/types.ts';
import type { Cost, Optimizer } from '../../src/core/optimizer.ts';
import { limited, optionsOf, type RunConfig } from '../../src/core/run.ts';
import type { Task } from '../../src/core/task.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import type { Store } from '../../src/storage/store.ts';

/** Experiments over a store and models that a test brings along; the runs are real. */
export interface World {
  store: Store;
  tasks: readonly Task[];
  /** Engines for one run. */
  models(config: RunConfig): ReturnType<RunSurroundings['models']>;
  /** What is special about runs here: the way to put the prompt, the models' ids. */
  base: Partial<RunConfig>;
  /** Told of each run as it begins; may throw, as a machine without the model does. */
  onBegin?: (run: Run, config: RunConfig) => void;
}

function methodOf(id: string): Optimizer {
  const method = optimizers.find((one) => one.id === id);
  if (method === undefined) throw new Error(`There is no method called ${id}.`);
  return method;
}

export function costOf(config: RunConfig, task: Task): Cost {
  const method = methodOf(config.optimizer);
  const { train, validation } = limited(task, config.limits).splits;
  return method.cost(optionsOf(method, config.options), {
    train: train.length,
    validation: validation.length,
  });
}

export function experimentsIn({ store, tasks, models, base, onBegin }: World): Experiments {
  const taskOf = (id: string) => {
    const task = tasks.find((one) => one.id === id);
    return task === undefined
      ? Promise.reject(new Error(`There is no task called ${id}.`))
      : Promise.resolve(task);
  };
  return makeExperiments({
    store: Promise.resolve(store),
    methods: optimizers,
    task: taskOf,
    async defaults({ task, target, optimizer, method }) {
      const own = await taskOf(task);
      const config: RunConfig = {
        version: 1,
        task,
        optimizer: method,
        options: optionsOf(methodOf(method), {}),
        prompts: {},
        initialPrompt: own.initialPrompt,
        models: { target, optimizer, embedder: 'scripted:embedder:none' },
        rendering: {
          style: 'completion',
          position: own.position,
          read: 'decode',
          maxTokens: own.answerTokens,
        },
        metaStyle: 'chat',
        budget: {},
        limits: {},
        parallel: 1,
        seed: 1,
        ...base,
      };
      return { config };
    },
    cost: async (config) => costOf(config, await taskOf(config.task)),
    async begin(id, given) {
      const stored = await store.run(id);
      const config = stored?.config ?? (await given());
      const fresh: RunRecord = {
        id,
        config,
        task: await taskOf(config.task),
        started: Date.now(),
        status: 'running',
        steps: 0,
        bestScore: null,
        bestPrompt: null,
        verdict: null,
        effects: 0,
      };
      const record = stored ?? fresh;
      const { items } = await store.loadEffects(id);
      record.status = 'running';
      const run = startRun(record, items, {
        store,
        problem: null,
        optimizer: methodOf(config.optimizer),
        cost: costOf(config, record.task),
        unattended: true,
        models: () => models(config),
      });
      onBegin?.(run, config);
      return run;
    },
    hold: async () => () => undefined,
    held: async () => new Set(),
  });
}
