import { isSoftwareAdapter, type GpuProbe } from '../engines/probe.ts';
import { ADDRESSABLE_BYTES, mostParameters, weightBytes, WORKING_BYTES } from '../gradient/memory.ts';
import type { ModelChoice } from './types.ts';

/** What is known of a model before its file is read. */
export type Sized = Pick<ModelChoice, 'id' | 'name' | 'runtime' | 'downloadBytes' | 'bits' | 'memoryBytes'>;

/** Beside its bits, each weight of a packed block has its share of the block's scale: half a bit in Q8_0 and Q4_0. */
const SCALE_BITS = 0.5;

/** Weights of a model by the size of its file; null where that is not known or they are not stored in 8 bits or fewer. */
export function parametersOf({ downloadBytes, bits }: Sized): number | null {
  if (!downloadBytes || bits === null) return null;
  return (downloadBytes * 8) / (bits + (bits <= 8 ? SCALE_BITS : 0));
}

/**
 * Whether gradients can be taken of `target` on this machine, in words for the user: what the unpacked weights need, and
 * where that is too much, which of `choices` would fit. What a GPU has free is told by no browser, so there only the need
 * is stated. `fits` is true where nothing is known against it.
 */
export function gradientFit(
  target: Sized,
  choices: readonly Sized[],
  machine: { webgpu: GpuProbe; memoryBytes: number | null },
): { fits: boolean; text: string } {
  const { webgpu, memoryBytes } = machine;
  const gpu = webgpu.works && !isSoftwareAdapter(webgpu.adapter);
  const half = webgpu.works && gpu && webgpu.f16;
  const each = half ? '16 bits' : '32 bits';
  const parameters = parametersOf(target);
  if (parameters === null) {
    const text = `The gradient is taken in an unpacked copy of the target: ${half ? 2 : 4} bytes a weight beside the target itself.`;
    return { fits: true, text };
  }
  const need = weightBytes(parameters, half);
  const copy = `an unpacked copy of the target: about ${millions(parameters)} weights in ${each}, ${gigabytes(need)}${gpu ? ' of GPU memory' : ''}, beside the target itself`;
  if (gpu) return { fits: true, text: `The gradient is taken in ${copy}.` };

  const roomFor = (model: Sized) =>
    Math.min(ADDRESSABLE_BYTES, memoryBytes === null ? Infinity : memoryBytes - (model.memoryBytes ?? 0));
  const room = roomFor(target);
  if (need + WORKING_BYTES <= room) return { fits: true, text: `The gradient is taken in ${copy}.` };
  const smaller = choices.filter((one) => {
    const many = parametersOf(one);
    return one.runtime === 'wllama' && many !== null && many <= mostParameters(roomFor(one), half);
  });
  const names = smaller.map(({ name }) => name);
  const most = mostParameters(room, half);
  const limit = most > 0 ? `Up to ${millions(most)} weights fit` : 'No model of any size fits';
  const why =
    room === ADDRESSABLE_BYTES
      ? `WebAssembly can address ${gigabytes(room)}`
      : `this machine has ${gigabytes(Math.max(0, room))} left beside the target`;
  return {
    fits: false,
    text: `Gradients of this target do not fit: they need ${copy}, and ${gigabytes(WORKING_BYTES)} to work in, but ${why}. ${limit}${names.length > 0 ? `; of the models here: ${names.join(', ')}` : ''}.`,
  };
}

/** `135 million`, to two or three digits. */
const millions = (count: number) => `${Number((count / 1e6).toPrecision(3))} million`;
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
