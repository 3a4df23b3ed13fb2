import { EngineError } from '../core/model.ts';
import type { Reuse, Speeds } from './webllm-plan.ts';

/** What the test needs of a model on a device. */
export interface Device {
  /** Whether this kind of cache can be rolled back at all. */
  readonly canRollBack: boolean;
  reset(): void;
  /** Removes the last `n` tokens from the cache. */
  rollBack(n: number): void;
  /** Puts the tokens into the cache, one token as a decode step, more as one prefill; gives the logits after the last. */
  forward(ids: readonly number[]): Promise<Float32Array>;
}

export interface Verdict {
  reuse: Reuse;
  speeds: Speeds;
  /** For the user: what was tested and what follows. */
  words: string;
}

/** Rounding never changes a logit by this much; a wrong kernel changes some by tens. */
const GROSS = 4;

/**
 * Finds out which uses of the KV cache are right on this device. The attention kernel of some model libraries has a data
 * race where a prefill meets a cache that is not empty: on a GPU with narrow subgroups it gives wrong logits without any
 * error. So the same tokens are computed in one piece, by decode steps after a roll-back, and by a second prefill, and
 * the logits compared. `ids` should be about 20 ordinary tokens; `tolerance` is the largest difference of a logit that
 * rounding explains. Rejects with `unavailable` when even decoding is grossly wrong. Leaves the cache filled.
 */
export async function testDevice(
  device: Device,
  ids: readonly number[],
  tolerance: number,
): Promise<Verdict> {
  const few = 3;
  const half = Math.floor(ids.length / 2);

  device.reset();
  const started = performance.now();
  const whole = await device.forward(ids);
  const prefilled = performance.now();
  const agrees = (row: Float32Array) => difference(whole, row) <= tolerance;

  /** Decode steps for the last tokens of a cache that holds the others. */
  async function decodeLast(): Promise<Float32Array> {
    let row = whole;
    for (const id of ids.slice(-few)) row = await device.forward([id]);
    return row;
  }

  let rollsBack = false;
  let decoded = prefilled;
  if (device.canRollBack) {
    device.rollBack(few);
    rollsBack = agrees(await decodeLast());
    decoded = performance.now();
  }
  if (!rollsBack) {
    device.reset();
    await device.forward(ids.slice(0, -few));
    const from = performance.now();
    const apart = difference(whole, await decodeLast());
    decoded = prefilled + performance.now() - from;
    if (apart > GROSS) {
      throw new EngineError(
        'unavailable',
        'This model gives wrong results on this graphics device: the same text, read in one piece and token by token, ' +
          'led to different predictions.',
        'Try another model, update the browser or the graphics driver, or run a model on the processor (wllama).',
      );
    }
  }
  const speeds = {
    prefillMs: (prefilled - started) / ids.length,
    decodeMs: (decoded - prefilled) / few,
  };
  if (!rollsBack) {
    const words =
      'Self-test: this device or model cannot go back in its cache, so every prompt is read in full.';
    return { reuse: 'none', speeds, words };
  }
  device.rollBack(half);
  if (agrees(await device.forward(ids.slice(-half)))) {
    return { reuse: 'prefill', speeds, words: 'Self-test passed: what prompts have in common is read once.' };
  }
  const words =
    'Self-test: this device reads a prompt wrongly when part of it is already in the cache (a known defect of the model ' +
    'library on some GPUs). Whetstone avoids it: prompts are read in one piece, or go on token by token.';
  return { reuse: 'decode', speeds, words };
}

/** Largest difference of two rows; infinite when one holds what is not a number. */
function difference(a: Float32Array, b: Float32Array): number {
  let most = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    if (!(d <= most)) most = Number.isNaN(d) ? Infinity : d;
  }
  return most;
}
