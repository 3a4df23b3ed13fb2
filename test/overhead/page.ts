/**
 * A page that measures what the program around the models costs: a live run, as the app starts it, over engines that
 * answer at once, with its log in IndexedDB. Driven by scripts/bench-overhead.js through `overhead`.
 */
import { startRun } from '../../src/app/live-run.ts';
import type { Run } from '../../src/app/types.ts';
import type { Scored } from '../../src/core/candidate.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { makeRng } from '../../src/core/rng.ts';
import { optionsOf, type RunConfig } from '../../src/core/run.ts';
import type { Example, Task } from '../../src/core/task.ts';
import { select } from '../../src/core/trajectory.ts';
import { vectorTable } from '../../src/core/vector-table.ts';
import { dot } from '../../src/core/vector.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { opro } from '../../src/optimizers/opro.ts';
import { openStore } from '../../src/storage/store.ts';

const VALIDATION = 100;
const method: Optimizer = opro;

function makeTask(): Task {
  const split = (name: string, n: number): Example[] =>
    Array.from({ length: n }, (_, i) => ({
      id: `${name}-${i}`,
      input: `Parcel ${i} of the ${name} list was ${i % 2 === 0 ? 'delivered in time and whole' : 'late, wet and torn'}.`,
      gold: [i % 2 === 0 ? 'positive' : 'negative'],
    }));
  return {
    id: 'overhead',
    name: 'Overhead',
    description: 'Say whether the customer is content.',
    initialPrompt: 'Judge the parcel.',
    metric: { kind: 'choice', options: ['positive', 'negative'] },
    position: 'before',
    markers: { input: 'Parcel', answer: 'Answer' },
    answerTokens: 4,
    splits: {
      train: split('train', 20),
      validation: split('validation', VALIDATION),
      test: split('test', 2),
    },
  };
}

/** A live run that goes on until it has asked the target so often. */
async function start(
  targetCalls: number,
): Promise<{ run: Run & { ended: Promise<void> }; close: () => void }> {
  const task = makeTask();
  const { store, problem } = await openStore({ name: `overhead-${crypto.randomUUID()}` });
  if (problem !== null) throw problem;
  // Half of the answers are right, whatever the prompt; no engine waits.
  const target = scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => (ask.seed % 2 ? 'negative' : 'positive'),
  });
  target.asks.push = () => 0;
  const optimizer = scriptedEngine({
    id: 'scripted:optimizer:none',
    reply: (ask) =>
      `<INS>Judge the parcel with care, way number ${ask.seed}, and say how the customer feels.</INS>`,
  });
  optimizer.asks.push = () => 0;
  const config: RunConfig = {
    version: 1,
    task: task.id,
    optimizer: method.id,
    options: optionsOf(method, { steps: 1000, candidates: 8, scoreOn: 'validation' }),
    prompts: {},
    initialPrompt: task.initialPrompt,
    models: { target: target.id, optimizer: optimizer.id, embedder: 'none' },
    rendering: { style: 'chat', position: 'before', read: 'decode', maxTokens: 8 },
    metaStyle: 'chat',
    budget: { targetCalls },
    limits: {},
    parallel: 1,
    seed: 1,
  };
  const run = startRun(
    {
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
    },
    [],
    {
      store,
      problem: null,
      optimizer: method,
      cost: { steps: 1000, targetCalls, optimizerCalls: 100_000 },
      models: () => Promise.resolve({ target, optimizer, embedder: null }),
    },
  );
  return { run, close: () => store.close() };
}

/** Scored examples a second of a run that asks the target so often, from its start to its end. */
async function throughput(targetCalls: number): Promise<{ scored: number; seconds: number; logged: number }> {
  const began = performance.now();
  const { run, close } = await start(targetCalls);
  let scored = 0;
  let logged = 0;
  run.subscribe((signal) => {
    if (signal.type === 'problem') throw new Error(signal.message);
    if (signal.type !== 'event') return;
    if (signal.event.type === 'answered') scored += 1;
    if (isLogged(signal.event)) logged += 1;
  });
  await run.ended;
  const seconds = (performance.now() - began) / 1000;
  close();
  return { scored, seconds, logged };
}

const isLogged = (event: RunEvent) => event.type === 'answered' || event.type === 'replied';

/** Runs until the log has as many entries as each mark says, and calls `at` there with the run paused. */
async function marks(entries: readonly number[], at: (entries: number) => Promise<void>): Promise<void> {
  const last = Math.max(...entries);
  const { run, close } = await start(last + VALIDATION);
  let logged = 0;
  let reached = Promise.withResolvers<void>();
  run.subscribe((signal) => {
    if (signal.type !== 'event' || !isLogged(signal.event)) return;
    logged += 1;
    if (entries.includes(logged)) {
      run.pause();
      reached.resolve();
    }
  });
  for (const mark of entries) {
    await reached.promise;
    reached = Promise.withResolvers<void>();
    await at(mark);
    run.proceed();
  }
  await run.stop();
  close();
}

/** Milliseconds of each of `repeats` selections by relevance, each for another current prompt. */
function selecting({
  prompts,
  size,
  k,
  repeats,
}: Record<'prompts' | 'size' | 'k' | 'repeats', number>): number[] {
  const rng = makeRng(1, 'prompts');
  const vectors = Array.from({ length: prompts + repeats }, () => {
    // Near normal, so that directions are even.
    const raw = Float32Array.from({ length: size }, () => rng.next() + rng.next() + rng.next() - 1.5);
    const norm = Math.sqrt(dot(raw, raw));
    return raw.map((x) => x / norm);
  });
  const history: Scored[] = vectors.map((_, i) => ({
    candidate: { id: `c${i}`, prompt: '', shots: [], parents: [], origin: 'stored', step: 0 },
    score: 0,
    n: 1,
  }));
  const table = vectorTable();
  select(history.slice(0, prompts), 'relevance', k, 'ascending', vectors.slice(0, prompts), table);
  return Array.from({ length: repeats }, (_, i) => {
    const past = history.slice(0, prompts + i + 1);
    const known = vectors.slice(0, prompts + i + 1);
    const began = performance.now();
    select(past, 'relevance', k, 'ascending', known, table);
    return performance.now() - began;
  });
}

Object.assign(globalThis, { overhead: { throughput, marks, selecting } });
