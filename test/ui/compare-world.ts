import { eventsOf, replayed } from '../../src/app/recordings.ts';
import { runSummary } from '../../src/app/listed-run.ts';
import type { ModelChoice, Whetstone } from '../../src/app/types.ts';
import type { Design } from '../../src/core/experiment.ts';
import type { Engine } from '../../src/core/model.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { Store } from '../../src/storage/store.ts';
import { experimentsIn } from '../app/experiment-world.ts';
import { LANDSCAPES, taskOf } from '../landscape/landscape.ts';
import { wordBags } from '../landscape/play.ts';
import { simulatedTarget } from '../landscape/target.ts';
import { simulatedWriter } from '../landscape/writer.ts';
import { handDownloads, handRun, models as listed, standIn } from './stand-in.ts';

/** The program over simulated models that answer at once: real runs and real experiments, kept in memory. */

const NAMES = ['Case sorting', 'Ticket routing', 'Claim grouping'];
const places = LANDSCAPES.slice(0, NAMES.length).map((land, i) => ({
  land,
  task: {
    ...taskOf(land, 1, { train: 24, validation: 24, test: 60 }),
    name: NAMES[i] ?? land.id,
  },
}));
export const tasks = places.map(({ task }) => task);

/** The first runs here; the second is larger. */
export const models: ModelChoice[] = [
  ...listed.filter(({ usable }) => usable),
  ...listed
    .filter(({ usable }) => usable)
    .slice(0, 1)
    .map((model) => ({
      ...model,
      id: 'wllama:qwen2.5-0.5b',
      name: 'Qwen2.5 0.5B Instruct',
      memoryBytes: 850_000_000,
      recommended: false,
    })),
];
export const model = models[0]?.id ?? '';

/** Some settings with some seeds, large enough that intervals say something. */
export function designOf(part: Partial<Design> = {}): Design {
  return {
    name: 'Which past prompts',
    question: 'Should the optimizer see the most similar past prompts, the latest, the best, or none?',
    preset: 'trajectory',
    method: 'gpo',
    options: { epochs: 2, batch: 8, candidates: 4 },
    factors: [
      {
        name: 'Trajectory',
        levels: ['none', 'relevance', 'recency', 'importance'].map((trajectory) => ({
          name: trajectory,
          change: { options: { trajectory } },
        })),
      },
    ],
    tasks: [tasks[0]?.id ?? ''],
    target: model,
    optimizer: '',
    seeds: [1, 2, 3],
    pool: { unit: 'tokens', total: 1_200_000, spare: 'share' },
    limits: null,
    carry: null,
    ...part,
  };
}

/** Each answer takes `delayMs`; with 0 a run of the design above takes about a second. */
function slowed(engine: Engine, delayMs: number): Engine {
  if (delayMs === 0) return engine;
  return {
    ...engine,
    async generate(ask, signal) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return engine.generate(ask, signal);
    },
  };
}

export interface CompareWorld extends Whetstone {
  calls: string[];
  store: Store;
  /** Milliseconds of every answer from now on. */
  delayMs: number;
}

export function compareWorld(store: Store = memoryStore()): CompareWorld {
  const base = standIn(() => handRun(), [], { models, downloads: handDownloads() });
  const recordOf = async (id: string) => {
    const record = await store.run(id);
    if (record === null) throw new Error('This run is no longer stored.');
    return record;
  };
  const bundled = tasks.map(({ id, name, description }) => ({
    id,
    name,
    description,
    examples: 108,
    bundled: true,
  }));
  const world: CompareWorld = {
    ...base,
    store,
    delayMs: 0,
    bundled,
    tasks: async () => bundled,
    task: async (id) => tasks.find((one) => one.id === id) ?? base.task(id),
    experiments: async () =>
      experimentsIn({
        store,
        tasks,
        base: {
          rendering: { style: 'chat', position: 'before', read: 'decode', maxTokens: 64 },
        },
        models(config) {
          const land = places.find(({ task }) => task.id === config.task)?.land ?? places[0]?.land;
          if (land === undefined) return Promise.reject(new Error('There is no landscape.'));
          return Promise.resolve({
            target: slowed(simulatedTarget(land), world.delayMs),
            optimizer: slowed(simulatedWriter(), world.delayMs),
            embedder: wordBags(),
          });
        },
      }),
    runs: async () => {
      const { items } = await store.runs();
      return Promise.all(items.map(async ({ id }) => runSummary(await recordOf(id), true)));
    },
    deleteRun: (id) => store.deleteRun(id),
    async recording(id) {
      const record = await recordOf(id);
      const { items } = await store.loadEffects(id);
      const method = optimizers.find((one) => one.id === record.config.optimizer);
      if (method === undefined) throw new Error('There is no such method.');
      const events = await eventsOf(replayed({ record, effects: items }, method));
      return { summary: runSummary(record, true), config: record.config, task: record.task, events };
    },
  };
  return world;
}
