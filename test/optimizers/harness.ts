import { liveEffects, makeGate } from '../../src/app/live-effects.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { logged, type Effects, type LoggedEffect, type Outcome } from '../../src/core/log.ts';
import type { Ask, Embedder } from '../../src/core/model.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import type { MetaStyle } from '../../src/core/rendering.ts';
import { optionsOf, run, type Controls, type RunConfig } from '../../src/core/run.ts';
import type { Example, Task } from '../../src/core/task.ts';
import { scriptedEngine, type ScriptedEngine } from '../../src/engines/scripted.ts';
import { scriptedTuner, type ScriptedTuner } from './scripted-tuner.ts';

/** A tiny sentiment task; `good` and `bad` inputs alternate. */
export function tinyTask(train = 8, validation = 6, test = 10): Task {
  const examples = (split: string, n: number): Example[] =>
    Array.from({ length: n }, (_, i) => {
      const mood = i % 2 === 0 ? 'good' : 'bad';
      return {
        id: `${split}-${i}`,
        input: `${split} item ${i} is ${mood}`,
        gold: [mood === 'good' ? 'positive' : 'negative'],
      };
    });
  return {
    id: 'tiny',
    name: 'Tiny',
    description: 'Say whether the item is positive or negative.',
    initialPrompt: 'Judge the item.',
    metric: { kind: 'choice', options: ['positive', 'negative'] },
    position: 'before',
    markers: { input: 'Item', answer: 'Answer' },
    answerTokens: 4,
    splits: {
      train: examples('train', train),
      validation: examples('validation', validation),
      test: examples('test', test),
    },
  };
}

export function configFor(optimizer: Optimizer, overrides: Partial<RunConfig> = {}): RunConfig {
  return {
    version: 1,
    task: 'tiny',
    optimizer: optimizer.id,
    options: optionsOf(optimizer, overrides.options ?? {}),
    prompts: {},
    initialPrompt: 'Judge the item.',
    models: {
      target: 'scripted:target:none',
      optimizer: 'scripted:optimizer:none',
      embedder: 'scripted:embedder:none',
      ...(optimizer.tunes && { tuner: 'gradient:scripted:none' }),
    },
    rendering: { style: 'completion', position: 'before', read: 'decode', maxTokens: 8 },
    metaStyle: 'chat',
    budget: { steps: 3 },
    limits: {},
    parallel: 1,
    seed: 7,
    ...overrides,
  };
}

/** A method that does nothing but `search`, to try with a run's tools what several methods share. */
export function methodOf(search: Optimizer['search'], prompts: Optimizer['prompts'] = {}): Optimizer {
  return {
    id: 'trial',
    name: 'Trial',
    paper: { title: '', url: '' },
    summary: '',
    loop: [],
    prompts,
    options: {},
    selectsOn: () => 'validation',
    embeds: () => false,
    cost: () => ({ steps: 0, targetCalls: 0, optimizerCalls: 0 }),
    search,
  };
}

export const textOf = (ask: Ask) =>
  ask.content.kind === 'completion'
    ? ask.content.text
    : ask.content.messages.map((m) => m.content).join('\n');

/** Answers rightly when the prompt holds the word `carefully`, otherwise always says positive. */
export function target(): ScriptedEngine {
  return scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      if (!text.includes('carefully')) return ' positive';
      return text.trimEnd().endsWith('good\nAnswer:') ? ' positive' : ' negative';
    },
  });
}

/** Has the first `perWay` times n items of a split right under a prompt that says `way n`, and is unsure of all others. */
export function graded(perWay = 1): ScriptedEngine {
  return scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      const way = Number(/way (\d+)/.exec(text)?.[1] ?? 0);
      const item = Number(/item (\d+) is/.exec(text)?.[1] ?? 0);
      const right = / is good\nAnswer:$/.test(text) ? ' positive' : ' negative';
      return item < perWay * way ? right : ' unsure';
    },
  });
}

/** Bags of letters as unit vectors: enough for nearest to mean similar. */
export function letters(): Embedder {
  return {
    id: 'scripted:embedder:none',
    load: () => Promise.resolve(),
    embed: (texts) =>
      Promise.resolve(
        texts.map((text) => {
          const vector = new Float32Array(26);
          for (const letter of text.toLowerCase()) {
            const i = letter.charCodeAt(0) - 97;
            if (i >= 0 && i < 26) vector[i] = (vector[i] ?? 0) + 1;
          }
          const norm = Math.hypot(...vector) || 1;
          return vector.map((x) => x / norm);
        }),
      ),
    dispose: () => Promise.resolve(),
  };
}

export interface Played {
  events: RunEvent[];
  log: LoggedEffect[];
  target: ScriptedEngine;
  optimizer: ScriptedEngine;
  tuner: ScriptedTuner;
  error: unknown;
}

export interface Play {
  optimizer: Optimizer;
  config: RunConfig;
  task?: Task;
  replies: (ask: Ask, n: number) => string;
  target?: ScriptedEngine;
  tuner?: ScriptedTuner;
  /** The clock; by default it stands still. */
  now?: () => number;
  past?: readonly LoggedEffect[];
  controls?: Controls;
  /** False replays: nothing but the log answers. */
  live?: boolean;
  onEvent?: (event: RunEvent, abort: () => void) => void;
}

/** Runs a method over scripted models and gathers everything that happened; an EngineError ends up in `error`. */
export async function play(options: Play): Promise<Played> {
  const writer = scriptedEngine({ id: 'scripted:optimizer:none', reply: options.replies });
  const answerer = options.target ?? target();
  const aborter = new AbortController();
  // Unless told otherwise time stands still, so that two runs differ in nothing.
  const tuner = options.tuner ?? scriptedTuner();
  const models = { target: answerer, optimizer: writer, embedder: letters(), tuner };
  const live: Effects | null =
    options.live === false ? null : liveEffects(models, makeGate(), aborter.signal, options.now ?? (() => 0));
  const log: LoggedEffect[] = [];
  const past = new Map<string, Outcome>((options.past ?? []).map(({ key, outcome }) => [key, outcome]));
  const effects = logged(past, options.config.models, live, (entry) => {
    log.push(entry);
    return Promise.resolve();
  });
  const events: RunEvent[] = [];
  let error: unknown = null;
  try {
    for await (const event of run(
      options.config,
      options.task ?? tinyTask(),
      options.optimizer,
      effects,
      options.controls,
    )) {
      events.push(event);
      options.onEvent?.(event, () => aborter.abort());
    }
  } catch (thrown) {
    error = thrown;
  }
  return { events, log, target: answerer, optimizer: writer, tuner, error };
}

/** Every event of one type. */
export function eventsOf<T extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

/** Plays a method, its options given, without any limit over the graded target. */
export const playGraded = (
  optimizer: Optimizer,
  options: RunConfig['options'],
  more: Pick<Play, 'task' | 'replies' | 'target'> & { metaStyle?: MetaStyle },
): Promise<Played> => {
  const { metaStyle = 'chat', ...rest } = more;
  const config = configFor(optimizer, { options, metaStyle, budget: {} });
  return play({ optimizer, config, target: graded(), ...rest });
};
