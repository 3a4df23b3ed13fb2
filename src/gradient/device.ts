import { getWebGPUDevice, init } from '@jax-js/jax';
import { EngineError } from '../core/model.ts';
import { ADDRESSABLE_BYTES, mostParameters, weightBytes, WORKING_BYTES } from './memory.ts';
import type { Device } from './protocol.ts';

/** Where a model's numbers are computed. */
export interface Place {
  device: 'wasm' | 'webgpu';
  /** Weights take 16 bits. */
  half: boolean;
  /** For the user. */
  about: string;
  /** Bytes that can be addressed or that the machine says it has; null where nothing is known. */
  memory: number | null;
  /** Ends with a reason when the device is gone; never on WASM. */
  lost: Promise<string>;
}

/** Makes jax-js ready. With `auto` a GPU that is played in software is left alone: WASM is ten times faster. */
export async function findPlace(wanted: Device): Promise<Place> {
  const adapter =
    wanted === 'wasm' ? null : await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  const { vendor = '', architecture = '', description = '' } = adapter?.info ?? {};
  const name = [vendor, architecture, description].filter(Boolean).join(' ');
  const software =
    adapter?.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);
  if (adapter && (wanted === 'webgpu' || !software) && (await init('webgpu')).includes('webgpu')) {
    const gpu = getWebGPUDevice();
    const half = gpu.features.has('shader-f16');
    return {
      device: 'webgpu',
      half,
      about: `WebGPU (${name || 'an unnamed GPU'}), weights in ${half ? 16 : 32} bits`,
      memory: null,
      lost: gpu.lost.then((info) => info.message || info.reason),
    };
  }
  if (wanted === 'webgpu') {
    throw new EngineError(
      'unavailable',
      'This browser offers no GPU to compute gradients on.',
      'Choose WebAssembly, or a current Chrome or Edge on a computer with a graphics card.',
    );
  }
  await init('wasm');
  const threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  return {
    device: 'wasm',
    half: false,
    about: crossOriginIsolated
      ? `WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'}, weights in 32 bits`
      : 'WebAssembly, 1 thread (the page is not cross-origin isolated), weights in 32 bits',
    memory: Math.min(ADDRESSABLE_BYTES, machineMemory() ?? Infinity),
    lost: new Promise(() => undefined),
  };
}

/** Throws where a model of so many numbers cannot fit; silent where that cannot be known before it is tried. */
export function requireMemory(parameters: number, { memory, half }: Place): void {
  if (memory === null || weightBytes(parameters, half) + WORKING_BYTES <= memory) return;
  throw tooLarge(
    parameters,
    half,
    `WebAssembly can use ${gigabytes(memory)} here`,
    mostParameters(memory, half),
  );
}

/** `fits`: how many parameters would; null where that is not known. */
export function tooLarge(
  parameters: number,
  half: boolean,
  limit: string,
  fits: number | null = null,
): EngineError {
  const bytes = weightBytes(parameters, half);
  const smaller = fits === null ? 'a smaller model' : `a model of at most ${Math.floor(fits / 1e6)} million`;
  return new EngineError(
    'memory',
    `The model does not fit: its ${Math.round(parameters / 1e6)} million parameters take ${gigabytes(bytes)} in ${half ? 16 : 32} bits, and ${limit}.`,
    `Choose ${smaller}${fits === null ? '' : ' parameters'}, or close other programs and tabs and try again.`,
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** Browsers round it, and stop counting at 8 GB or beyond. */
function machineMemory(): number | null {
  const told: unknown = Reflect.get(navigator, 'deviceMemory');
  return typeof told === 'number' && told < 8 ? told * 1e9 : null;
}
