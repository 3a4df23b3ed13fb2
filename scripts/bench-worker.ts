/**
 * One worker of the simulated bench: plays methods on landscapes as it is told. Bundled by `bench-simulated.js`, which
 * also imports it for the lists of what there is.
 */
import { parentPort } from 'node:worker_threads';
import { tokensUsed } from '../src/core/budget.ts';
import { optimizers } from '../src/optimizers/index.ts';
import { LANDSCAPES, makeLandscape, type Landscape } from '../test/landscape/landscape.ts';
import { endless, playLandscape } from '../test/landscape/play.ts';

export interface Job {
  method: string;
  landscape: string;
  seed: number;
  tokens: number;
}

/** One run; tokens are computed ones of both roles, null where an accuracy was never passed. */
export interface Row {
  method: string;
  landscape: string;
  seed: number;
  initial: number;
  final: number;
  /** Score of the best prompt on the split that the method selects on. */
  selected: number;
  targetCalls: number;
  optimizerCalls: number;
  targetIn: number;
  targetOut: number;
  optimizerIn: number;
  optimizerOut: number;
  tokens: number;
  tokensTo80: number | null;
  tokensTo85: number | null;
  reason: string;
}

export const methods = optimizers
  .filter(({ tunes }) => !tunes)
  .map((optimizer) => ({
    id: optimizer.id,
    name: optimizer.name,
    endless: endless(optimizer),
  }));

export const landscapes = LANDSCAPES.map(({ id, kinds, metaStyle, position, decoys, chance, labels }) => ({
  id,
  kinds,
  metaStyle,
  position,
  decoys,
  chance,
  labels,
}));

/** A landscape of the bench, or `drawn-N`: one that the bench does not have, from seed N. */
function landscapeOf(id: string): Landscape {
  const known = LANDSCAPES.find((land) => land.id === id);
  if (known !== undefined) return known;
  const seed = /^drawn-(\d+)$/u.exec(id)?.[1];
  if (seed === undefined) throw new Error(`There is no landscape called ${id}.`);
  return makeLandscape(Number(seed));
}

export async function work({ method, landscape, seed, tokens }: Job): Promise<Row> {
  const optimizer = optimizers.find(({ id }) => id === method);
  if (optimizer === undefined) throw new Error(`There is no method called ${method}.`);
  const land = landscapeOf(landscape);
  const played = await playLandscape(optimizer, {}, land, seed, { tokens }, { keepEvents: false });
  const { curve, initial, final, usage, reason } = played;
  const passed = (accuracy: number) => curve.find(({ heldOut }) => heldOut >= accuracy)?.tokens ?? null;
  return {
    method,
    landscape,
    seed,
    initial,
    final,
    selected: curve.at(-1)?.score ?? 0,
    targetCalls: usage.targetCalls,
    optimizerCalls: usage.optimizerCalls,
    targetIn: usage.target.in,
    targetOut: usage.target.out,
    optimizerIn: usage.optimizer.in,
    optimizerOut: usage.optimizer.out,
    tokens: tokensUsed(usage),
    tokensTo80: passed(0.8),
    tokensTo85: passed(0.85),
    reason,
  };
}

parentPort?.on('message', (job: Job) => {
  work(job).then(
    (row) => parentPort?.postMessage({ row }),
    (error: unknown) =>
      parentPort?.postMessage({
        failed: `${job.method} on ${job.landscape}, seed ${job.seed}: ${String(error)}`,
      }),
  );
});
