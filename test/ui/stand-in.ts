import type {
  Downloads,
  Machine,
  ModelChoice,
  ModelFiles,
  PromptVectors,
  Run,
  RunSignal,
  RunStatus,
  RunSummary,
  Whetstone,
} from '../../src/app/types.ts';
import { workerImporter } from '../../src/app/import/importer.ts';
import { exportTask } from '../../src/app/task-export.ts';
import { parseTask } from '../../src/app/task-file.ts';
import type { Task } from '../../src/core/task.ts';
import { noUsage } from '../../src/core/budget.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { optionsOf, type RunConfig } from '../../src/core/run.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { experimentsIn } from '../app/experiment-world.ts';
import { config, recordedEvents, task } from './recorded.ts';

/** The program behind the page, without models: it plays recorded events. For tests and for looking at the page. */

function methodOf(id: string): Optimizer {
  const found = optimizers.find((one) => one.id === id);
  if (found === undefined) throw new Error(`There is no method called ${id}.`);
  return found;
}

const choice = (id: string, name: string, part: Partial<ModelChoice>): ModelChoice => ({
  id,
  runtime: 'webllm',
  name,
  downloadBytes: 869_000_000,
  downloadEstimated: true,
  memoryBytes: 1_709_000_000,
  contextTokens: 4096,
  licence: 'Apache-2.0',
  bits: 4,
  precision: 'f16',
  recommended: false,
  added: false,
  usable: true,
  note: '',
  small: false,
  parallel: 1,
  ...part,
});

export const models: ModelChoice[] = [
  choice('webllm:llama-3.2-1b', 'Llama 3.2 1B Instruct', {
    downloadBytes: 879_000_000,
    memoryBytes: 1_130_000_000,
    licence: 'Llama 3.2 Community',
    usable: false,
    note: 'Needs 1.1 GB on the graphics card; this one offers 0.3 GB.',
  }),
  choice('wllama:smollm2-135m', 'SmolLM2 135M Instruct', {
    runtime: 'wllama',
    downloadBytes: 145_000_000,
    downloadEstimated: false,
    memoryBytes: 260_000_000,
    contextTokens: 2048,
    bits: 8,
    precision: null,
    recommended: true,
    note: 'Served with the page; small, so it continues text better than it chats.',
    small: true,
  }),
];

/** Models of every kind, as a machine with a small GPU lists them. */
export const manyModels: ModelChoice[] = [
  choice('webllm:custom:My tuned model', 'My tuned model', {
    added: true,
    licence: 'your own choice',
    downloadEstimated: false,
    memoryBytes: null,
    contextTokens: null,
  }),
  choice('webllm:qwen2.5-1.5b-f16', 'Qwen2.5 1.5B Instruct (4 bit, f16)', { recommended: true }),
  ...models.map((model) => ({ ...model, recommended: false })),
  choice('wllama:qwen2.5-0.5b', 'Qwen2.5 0.5B Instruct (CPU, 4 bit)', {
    runtime: 'wllama',
    precision: null,
    downloadBytes: 491_400_032,
    downloadEstimated: false,
    memoryBytes: 850_000_000,
  }),
  choice('webllm:qwen2.5-0.5b-f32', 'Qwen2.5 0.5B Instruct (4 bit, f32)', {
    precision: 'f32',
    downloadBytes: 309_000_000,
    memoryBytes: 1_112_000_000,
  }),
  choice('webllm:qwen3-4b-f16', 'Qwen3 4B (4 bit, f16)', {
    downloadBytes: 2_262_000_000,
    memoryBytes: 3_598_000_000,
    note: 'May not fit: it needs 3.6 GB of GPU memory; this GPU gives at most 1.1 GB at once.',
  }),
  choice('webllm:qwen2.5-7b-f16', 'Qwen2.5 7B Instruct (4 bit, f16)', {
    downloadBytes: 4_284_000_000,
    memoryBytes: 5_354_000_000,
    usable: false,
    note: 'Does not fit: it needs 272 MB of GPU memory in one piece; this GPU lends pieces of at most 134 MB.',
  }),
  choice('openai:llama3@http://localhost:11434/v1', 'llama3 (server)', {
    runtime: 'openai',
    downloadBytes: 0,
    downloadEstimated: false,
    memoryBytes: null,
    contextTokens: null,
    licence: 'your own choice',
    bits: null,
    precision: null,
    added: true,
    note: 'A server on this machine.',
    parallel: 4,
  }),
];

/** A shelf of files that a test fills by `set`. What the page asks of it is listed in `calls`. */
export function handDownloads(
  first: Iterable<readonly [string, ModelFiles]> = [],
): Downloads & { set(id: string, files: ModelFiles): void; calls: string[] } {
  let files: ReadonlyMap<string, ModelFiles> = new Map(first);
  const listeners = new Set<(files: ReadonlyMap<string, ModelFiles>) => void>();
  const calls: string[] = [];
  return {
    calls,
    set(id, state) {
      files = new Map([...files, [id, state]]);
      for (const listener of listeners) listener(files);
    },
    watch(listener) {
      listeners.add(listener);
      listener(files);
      return () => void listeners.delete(listener);
    },
    refresh: async () => undefined,
    start: async (id) => void calls.push(`start ${id}`),
    pause: async (id) => void calls.push(`pause ${id}`),
    remove: async (id) => void calls.push(`remove ${id}`),
  };
}

export const machine: Machine = {
  webgpu: {
    works: false,
    why: 'This browser has no WebGPU adapter.',
    advice: 'Use Chrome, Edge or Safari 26 on a machine with a graphics card, or go on with the processor.',
  },
  isolated: true,
  threads: 4,
  storage: {
    works: true,
    persisted: false,
    usedBytes: 184_000_000,
    quotaBytes: 12_000_000_000,
    recordBytes: 39_000_000,
  },
};

export function summary(part: Partial<RunSummary> = {}): RunSummary {
  return {
    id: 'run-1',
    task: task.id,
    taskName: task.name,
    optimizer: 'gpo',
    target: 'wllama:smollm2-135m',
    started: Date.UTC(2026, 10, 21, 8, 51),
    status: 'finished',
    steps: 6,
    bestScore: 0.79,
    bestPrompt: 'Weigh praise against complaint in the sentence and answer positive or negative.',
    verdict: 'better',
    ...part,
  };
}

/** A run whose signals the caller sends. Calls made by the page are listed in `calls`. */
export function handRun(given: RunConfig = config): Run & { send(signal: RunSignal): void; calls: string[] } {
  const past: RunSignal[] = [];
  const listeners = new Set<(signal: RunSignal) => void>();
  const calls: string[] = [];
  return {
    id: 'live-1',
    config: given,
    task,
    usage: noUsage(),
    calls,
    send(signal) {
      past.push(signal);
      for (const listener of listeners) listener(signal);
    },
    subscribe(listener) {
      for (const signal of past) listener(signal);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    pause: () => void calls.push('pause'),
    proceed: () => void calls.push('proceed'),
    next: () => void calls.push('next'),
    play: () => void calls.push('play'),
    finish: () => void calls.push('finish'),
    stop: async () => void calls.push('stop'),
  };
}

/** A run that plays `events`, `batch` of them every `every` ms; all at once when `every` is 0. */
export function playedRun(given: RunConfig, events: readonly RunEvent[], batch: number, every: number): Run {
  const run = handRun(given);
  let status: RunStatus = 'running';
  let at = 0;
  function say(next: RunStatus) {
    status = next;
    run.send({ type: 'status', status });
  }
  function play() {
    if (status !== 'running') return;
    for (const event of events.slice(at, at + batch)) run.send({ type: 'event', event });
    at += batch;
    run.send({
      type: 'left',
      ms: every === 0 ? 371_000 : ((events.length - at) / batch) * every,
      atLeast: every > 0 && at < batch * 20,
    });
    if (at >= events.length) {
      // A recording cut short of its end stays as a run that still runs.
      if (['tested', 'robustness'].includes(events.at(-1)?.type ?? '')) say('finished');
    } else setTimeout(play, every);
  }
  run.send({ type: 'status', status: 'loading' });
  const progress = { loaded: 61_000_000, total: 144_000_000, doing: 'Loading SmolLM2 135M Instruct' };
  run.send({ type: 'loading', role: 'target', model: 'SmolLM2 135M Instruct', progress });
  const begin = () => {
    say('running');
    play();
  };
  if (every === 0) begin();
  else setTimeout(begin, every * 10);
  return {
    ...run,
    pause: () => say('paused'),
    proceed: () => {
      say('running');
      play();
    },
    next: () => run.send({ type: 'stepping', stepping: true, held: true }),
    play: () => run.send({ type: 'stepping', stepping: false, held: false }),
    stop: async () => say('stopped'),
    finish: () => {
      at = events.findIndex((event) => event.type === 'searched');
    },
  };
}

/** Vectors that count a text's words, so that alike texts are near; known only once they were asked for. */
function wordVectors(calls: string[]): PromptVectors {
  const known = new Map<string, Float32Array>();
  return {
    downloadBytes: 34_757_037,
    known: async (texts) => texts.map((text) => known.get(text) ?? null),
    embed: async (texts, report) => {
      calls.push(`embed ${texts.length}`);
      report({ loaded: 1, total: 2, doing: 'Loading the embedding model' });
      for (const text of texts) {
        const vector = new Float32Array(64);
        for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
          const at = [...word].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 64, 7);
          vector[at] = (vector[at] ?? 0) + 1;
        }
        const length = Math.hypot(...vector) || 1;
        known.set(
          text,
          vector.map((x) => x / length),
        );
      }
      return texts.map((text) => known.get(text) ?? new Float32Array(64));
    },
  };
}

const none = { runs: 0, tasks: 0, experiments: 0, settings: 0, vectors: 0 };

/** Whetstone over recorded events. `start` and `resume` give what `begin` gives. */
export function standIn(
  begin: (given: RunConfig) => Run,
  runs: RunSummary[] = [],
  shelf: { models: readonly ModelChoice[]; downloads: Downloads } = { models, downloads: handDownloads() },
): Whetstone & { calls: string[] } {
  const calls: string[] = [];
  let kept = runs;
  let tags: Readonly<Record<string, readonly string[]>> = {};
  let replies = { count: 2140, bytes: 912_000 };
  const imported = new Map<string, Task>();
  const taskOf = (id: string) => imported.get(id) ?? task;
  const keep = (text: string) => {
    const read = parseTask(text);
    imported.set(read.id, read);
    calls.push(`import ${read.id}`);
    return { id: read.id, name: read.name, description: read.description, examples: 3, bundled: false };
  };
  const { id, name, description } = task;
  const bundled = { id, name, description, examples: 184, bundled: true };
  return {
    calls,
    machine: async () => machine,
    models: async () => [...shelf.models],
    downloads: shelf.downloads,
    vectors: wordVectors(calls),
    promptTags: async () => tags,
    tagPrompt: async (key, given) => (tags = { ...tags, [key]: given }),
    async tryOut(target, { candidate, input }, { loading, heard }) {
      calls.push(`try ${target}: ${input}`);
      loading({ loaded: 1, total: 2, doing: 'Reading the model' });
      const reply = `${candidate.prompt.length % 2 === 0 ? 'negative' : 'positive'} for ${input}`;
      for (let end = 4; end < reply.length; end += 4) {
        heard(reply.slice(0, end));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { reply, answer: reply.split(' ')[0] ?? null, weighed: null };
    },
    async testSpeed(model, loading, signal) {
      calls.push(`test speed ${model}`);
      loading({ loaded: 1, total: 2, doing: 'Reading the model' });
      await new Promise((resolve) => setTimeout(resolve, 60));
      signal.throwIfAborted();
      if (model.includes('qwen3')) throw new Error('It does not fit into the memory of the GPU.');
      return { read: 312.4, write: 41.6 };
    },
    removeModel: async (id) => void calls.push(`remove model ${id}`),
    addModel: async () => {
      throw new Error('No server answered at http://localhost:11434.');
    },
    methods: () => optimizers.map((one) => ({ ...one, options: {}, prompts: {} })),
    described: async () => optimizers,
    method: async (id) => methodOf(id),
    bundled: [bundled],
    tasks: async () => [
      bundled,
      ...[...imported.values()].map(({ id, name, description }) => ({
        id,
        name,
        description,
        examples: 3,
        bundled: false,
      })),
    ],
    task: async (id) => taskOf(id),
    importTask: async (text) => keep(text),
    importer: () =>
      workerImporter(
        async () => false,
        async (text) => void keep(text),
      ),
    exportTask: async (id, format) => exportTask(taskOf(id), format),
    deleteTask: async (id) => {
      calls.push(`delete task ${id}`);
      imported.delete(id);
    },
    defaults: async ({ method, target, optimizer }) => ({
      crowded: target === optimizer ? '' : 'Both models do not fit at once: they need 9 GB of memory.',
      config: {
        ...config,
        ...(config.rendering.read === 'choose' ? { reading: 'unchecked' as const } : {}),
        optimizer: method,
        options: Object.fromEntries(
          Object.entries(methodOf(method).options).map(([name, option]) => [name, option.default]),
        ),
      },
      why: [
        'SmolLM2 135M is near chance when it chats, so it continues text and its likeliest answer is taken.',
      ],
    }),
    cost: async ({ budget }) => ({
      steps: budget.steps ?? 6,
      targetCalls: 48 + (budget.steps ?? 6) * 6 * 48,
      optimizerCalls: (budget.steps ?? 6) * 6,
    }),
    stepSizes: async (given, { splits }) => {
      const method = optimizers.find((one) => one.id === given.optimizer);
      const sizes = { train: splits.train.length, validation: splits.validation.length };
      return method?.stepSizes?.(optionsOf(method, given.options), sizes) ?? [];
    },
    start: async (given) => {
      calls.push('start');
      return begin(given);
    },
    resume: async (id) => {
      calls.push(`resume ${id}`);
      return begin(config);
    },
    async *replay(id) {
      calls.push(`replay ${id}`);
      yield* recordedEvents();
    },
    recording: async (id) => {
      calls.push(`open ${id}`);
      const found = kept.find((run) => run.id === id) ?? summary({ id });
      return { summary: found, config, task, events: recordedEvents() };
    },
    openBundle: async () => {
      calls.push('open bundle');
      kept = [summary({ id: 'run-from-file' }), ...kept];
      return { summary: summary({ id: 'run-from-file' }), config, task, events: recordedEvents() };
    },
    lessons: async () => [],
    openLesson: async (id) => {
      calls.push(`lesson ${id}`);
      return { summary: summary({ id: `lesson-${id}` }), config, task, events: recordedEvents() };
    },
    branch: async (id, change) => {
      calls.push(`branch ${id} at ${change.step}`);
      return begin(config);
    },
    experiments: async () =>
      experimentsIn({
        store: memoryStore(),
        tasks: [task],
        base: {},
        models: () => Promise.reject(new Error('There is no model here.')),
      }),
    runs: async () => kept,
    deleteRun: async (id) => {
      calls.push(`delete ${id}`);
      kept = kept.filter((run) => run.id !== id);
    },
    keptReplies: async () => replies,
    clearReplies: async () => {
      calls.push('clear replies');
      replies = { count: 0, bytes: 0 };
    },
    keepStorage: async () => {
      calls.push('keep storage');
      return machine.storage;
    },
    onStorageProblem: () => () => undefined,
    backup: async () => {
      calls.push('backup');
      return { file: new Blob(['{}']), counts: { ...none, runs: kept.length }, problems: [] };
    },
    restore: async () => {
      calls.push('restore');
      return { added: { ...none, runs: 1 }, kept: { ...none, tasks: 2 }, renamed: ['the task Colours'] };
    },
    exportRun: async (id) => {
      calls.push(`export ${id}`);
      return new Blob(['{}'], { type: 'application/json' });
    },
  };
}
