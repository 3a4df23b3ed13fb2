/** A run to be killed: GPO on a simulated landscape, whose models answer at once and always the same. */
import type { LiveModels } from '../../src/app/live-effects.ts';
import type { Engine } from '../../src/core/model.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { optionsOf, type RunConfig } from '../../src/core/run.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { makeLandscape, taskOf } from '../landscape/landscape.ts';
import { wordBags } from '../landscape/play.ts';
import { simulatedTarget } from '../landscape/target.ts';
import { simulatedWriter } from '../landscape/writer.ts';

const land = makeLandscape(101, { kinds: 3, position: 'before' }, 'few-kinds');
export const METHOD = gpo;
export const TASK = { ...taskOf(land, 1, { train: 16, validation: 12, test: 12 }), id: 'kept', name: 'Kept' };

/** Called before each ask, with the role that is asked. */
export type Pace = (role: 'target' | 'optimizer') => Promise<void> | void;

export function simulated(pace: Pace): LiveModels & { target: Engine; optimizer: Engine } {
  const paced = (engine: Engine, role: 'target' | 'optimizer'): Engine => ({
    ...engine,
    async generate(ask, signal) {
      const waiting = pace(role);
      // A cancelled ask waits no longer.
      if (waiting !== undefined)
        await Promise.race([
          waiting,
          new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
        ]);
      return engine.generate(ask, signal);
    },
  });
  return {
    target: paced(simulatedTarget(land), 'target'),
    optimizer: paced(simulatedWriter(), 'optimizer'),
    embedder: wordBags(),
  };
}

export function configOf(seed: number, part: Partial<RunConfig> = {}): RunConfig {
  const { target, optimizer, embedder } = simulated(() => undefined);
  return {
    version: 1,
    task: TASK.id,
    optimizer: gpo.id,
    options: optionsOf(gpo, { epochs: 2, batch: 8, candidates: 2, exemplars: 2 }),
    prompts: {},
    initialPrompt: TASK.initialPrompt,
    models: { target: target.id, optimizer: optimizer.id, embedder: embedder?.id ?? '' },
    rendering: { style: 'chat', position: land.position, read: 'decode', maxTokens: TASK.answerTokens },
    metaStyle: land.metaStyle,
    budget: {},
    limits: {},
    parallel: 1,
    seed,
    ...part,
  };
}

export function recordOf(id: string, seed: number, part: Partial<RunConfig> = {}): RunRecord {
  return {
    id,
    config: configOf(seed, part),
    task: TASK,
    started: 1_700_000_000_000 + seed,
    status: 'running',
    steps: 0,
    bestScore: null,
    bestPrompt: null,
    verdict: null,
    effects: 0,
  };
}

/** An event as text, without the time that it took. */
export const timeless = (event: RunEvent): string =>
  JSON.stringify(event, (key, value: unknown) => (key === 'ms' ? 0 : value));
