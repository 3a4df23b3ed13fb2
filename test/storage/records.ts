import type { ExperimentRecord } from '../../src/core/experiment.ts';
import type { LoggedEffect } from '../../src/core/log.ts';
import type { Task } from '../../src/core/task.ts';
import type { RunRecord } from '../../src/storage/schema.ts';

/** A small task with every optional part. */
export function task(id = 'colours', name = 'Colours'): Task {
  return {
    id,
    name,
    description: 'Which colour is it?',
    note: 'The answer is the colour of the thing.',
    initialPrompt: 'Name the colour. Keep $& and {braces} as they are.',
    metric: { kind: 'choice', options: ['red', 'green'] },
    position: 'question-begin',
    markers: { input: 'Thing', answer: 'Colour' },
    answerTokens: 4,
    splits: {
      train: [{ id: 'a', input: 'blood', gold: ['red'] }],
      validation: [{ id: 'b', input: 'grass', gold: ['green', 'Green'] }],
      test: [{ id: 'c', input: 'a ripe tomato \u{1F345}', gold: ['red'] }],
    },
  };
}

export function record(id = 'run-1', started = 1_700_000_000_000): RunRecord {
  return {
    id,
    config: {
      version: 1,
      task: 'colours',
      optimizer: 'gpo',
      options: { steps: 3, elitism: false, schedule: 'cosine' },
      prompts: { propose: 'Write a better one than {current}' },
      initialPrompt: 'Name the colour.',
      models: { target: 'wllama:small:q8_0', optimizer: 'wllama:small:q8_0', embedder: 'bge' },
      rendering: { style: 'completion', position: 'before', read: 'choose', maxTokens: 4 },
      metaStyle: 'continuation',
      budget: { steps: 3, targetCalls: 1000 },
      limits: { train: 8 },
      parallel: 1,
      seed: 7,
      racing: { test: 'sign', alpha: 0.05, block: 10, minBlocks: 1 },
      freshReplies: true,
      reading: { examples: 20, compared: 20, readable: 18, agreed: 18, tokens: 900, ms: 2100.5 },
    },
    task: task(),
    started,
    status: 'running',
    steps: 1,
    bestScore: 0.5,
    bestPrompt: 'Which colour?',
    verdict: null,
    effects: 4,
  };
}

/** An experiment with every optional part: one cell done, one that failed, one that waits. */
export function experiment(id = 'experiment-1', started = 1_700_000_000_000): ExperimentRecord {
  const cell = {
    kind: 'search',
    setting: 0,
    task: 'colours',
    target: 'wllama:small:q8_0',
    from: null,
  } as const;
  const fresh = { state: 'waiting', run: null, share: null, spent: 0, reason: '', outcome: null } as const;
  return {
    id,
    design: {
      name: 'How long a trajectory?',
      question: 'Does it help to show more past prompts?',
      preset: 'trajectory-length',
      method: 'gpo',
      options: { epochs: 2, elitism: false, decay: 'cosine' },
      factors: [
        { name: 'Past prompts', levels: [{ name: '3', change: { options: { k: 3 } } }] },
        {
          name: 'Start',
          levels: [
            { name: 'own', change: {} },
            { name: 'all', change: { method: 'gpo', initialPrompt: '', target: 't', optimizer: 'o' } },
          ],
        },
      ],
      tasks: ['colours'],
      target: 'wllama:small:q8_0',
      optimizer: 'wllama:small:q8_0',
      seeds: [1, 2, 3],
      pool: { unit: 'minutes', total: 30.5, spare: 'share' },
      limits: { validation: 24, test: 40 },
      carry: { tasks: ['colours', 'tickets'], targets: ['wllama:small:q8_0'] },
    },
    started,
    status: 'stopped',
    cells: [
      {
        ...fresh,
        ...cell,
        id: 'search/0/colours/1',
        seed: 1,
        state: 'done',
        run: 'run-1',
        share: 10.1,
        spent: 9.3,
        outcome: {
          score: 0.75,
          initial: 0.5,
          scores: [1, 1, 1, 0],
          initialScores: [1, 1, 0, 0],
          on: '1f',
          binary: true,
          prompt: 'Which colour?',
          found: 0.8,
          verdict: 'not shown',
          steps: 3,
          targetCalls: 120,
          optimizerCalls: 9,
          tokens: 4200,
          ms: 61_000.5,
        },
      },
      {
        ...fresh,
        ...cell,
        id: 'search/0/colours/2',
        seed: 2,
        state: 'failed',
        reason: 'The device is gone.',
      },
      { ...fresh, ...cell, id: 'search/0/colours/3', seed: 3 },
    ],
  };
}

/** The `n`-th effect of a log: the kinds in turn, each different. */
export function effect(n: number): LoggedEffect {
  const tokens = { in: 40 + n, cached: 30, out: 2 };
  const kinds: LoggedEffect['outcome'][] = [
    { kind: 'generate', reply: { text: `red ${n}`, tokens, finish: 'stop' }, ms: n + 0.25 },
    { kind: 'choose', choice: { logProbs: [-0.1 - n, -Infinity, 0], tokens }, ms: 0, reused: true },
    { kind: 'embed', vectors: [new Float32Array([n, 0.1, -0.5]), new Float32Array([0, 1, 0])], ms: 3 },
    {
      kind: 'tune',
      result: {
        did: 'steps',
        prompt: { tokens: 1, width: 2, values: new Float32Array([n, -0]) },
        moments: { first: new Float32Array([0, 1]), second: new Float32Array([2, n]), count: n },
        losses: [0.7, NaN],
        failed: n % 2 === 0 ? null : 'The loss is no number.',
      },
      ms: 4,
    },
    { kind: 'refused', reason: `too long by ${n} tokens`, ms: 0 },
  ];
  const outcome = kinds[n % kinds.length];
  if (outcome === undefined) throw new RangeError(`no effect ${n}`);
  return { key: `target:generate:model:${n}#1`, outcome };
}

export const effects = (count: number): LoggedEffect[] => Array.from({ length: count }, (_, n) => effect(n));
