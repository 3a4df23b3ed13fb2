/** What this browser and machine can run, each lack with its way out. The fields are those of the page's `Machine`. */
export interface Probe {
  webgpu: GpuProbe;
  /** Cross-origin isolated: WASM may use threads. */
  isolated: boolean;
  /** Why not, and what to do; null when isolated. */
  isolation: { why: string; advice: string } | null;
  /** Logical cores that WASM may use: 1 unless isolated. */
  threads: number;
  /** The machine's memory to the nearest power of two; null where the browser does not say or it is 8 GB or more. */
  memoryBytes: number | null;
}

export type GpuProbe =
  | { works: true; f16: boolean; adapter: string; maxBufferBytes: number; maxBindingBytes: number }
  | { works: false; why: string; advice: string };

/** The part of the browser that the probe looks at; a test can hand in another. */
export interface Surface {
  gpu: Gpu | undefined;
  isolated: boolean;
  /** WebGPU and isolation exist only there: https, or this very machine. */
  secure: boolean;
  cores: number;
  /** GB, as the browser rounds it; undefined where it does not say. */
  memory?: number | undefined;
}

export interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}

export interface Adapter {
  readonly features: { has(name: string): boolean };
  readonly info: { readonly vendor: string; readonly architecture: string; readonly description: string };
  readonly limits: { readonly [limit in Limit]: number };
}

const MIB = 2 ** 20;

type Limit =
  | 'maxBufferSize'
  | 'maxStorageBufferBindingSize'
  | 'maxComputeWorkgroupStorageSize'
  | 'maxStorageBuffersPerShaderStage'
  | 'maxComputeInvocationsPerWorkgroup';

/** The least that web-llm 0.2.86 asks of a device (its detectGPUDevice). */
const NEEDED: readonly (readonly [limit: Limit, least: number])[] = [
  ['maxBufferSize', 256 * MIB],
  ['maxStorageBufferBindingSize', 128 * MIB],
  ['maxComputeWorkgroupStorageSize', 32 * 1024],
  ['maxStorageBuffersPerShaderStage', 10],
  ['maxComputeInvocationsPerWorkgroup', 256],
];

const OTHER_BROWSER =
  'Use a current Chrome or Edge on a computer with a graphics card, or choose a model that runs on the CPU.';

/** Never rejects: what cannot be found out counts as not there. */
export async function probe(surface: Surface = thisPage()): Promise<Probe> {
  return {
    webgpu: await probeGpu(surface),
    isolated: surface.isolated,
    isolation: surface.isolated ? null : isolationLack(surface),
    threads: surface.isolated ? Math.max(1, surface.cores) : 1,
    // Browsers stop counting at 8 or beyond, so only less than that says something.
    memoryBytes: surface.memory !== undefined && surface.memory < 8 ? surface.memory * 1e9 : null,
  };
}

/** A GPU played by the CPU: right, and far slower than a model that runs on the CPU at first hand. */
export function isSoftwareAdapter(adapter: string): boolean {
  return /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(adapter);
}

async function probeGpu({ gpu, secure }: Surface): Promise<GpuProbe> {
  if (!gpu) {
    return secure
      ? { works: false, why: 'This browser has no WebGPU.', advice: OTHER_BROWSER }
      : {
          works: false,
          why: 'WebGPU is only there on https pages and on this machine itself (localhost).',
          advice: 'Open the page by https or from http://localhost.',
        };
  }
  let adapter: Adapter | null;
  // Asking the browser, and asking for a device, take ten milliseconds each: a task of its own for the second.
  await new Promise((resolve) => setTimeout(resolve));
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { works: false, why: `WebGPU does not start: ${reason}`, advice: OTHER_BROWSER };
  }
  if (!adapter) {
    return {
      works: false,
      why: 'WebGPU is there, but no graphics adapter answers it.',
      advice:
        'Switch on hardware acceleration in the browser settings and update the graphics driver; on Linux start Chrome with --enable-unsafe-webgpu --enable-features=Vulkan. Or choose a model that runs on the CPU.',
    };
  }
  const { info, limits } = adapter;
  const name = [info.vendor, info.architecture, info.description].filter((part) => part !== '').join(' ');
  const short = NEEDED.filter(([limit, least]) => limits[limit] < least);
  if (short.length > 0) {
    const lacks = short
      .map(([limit, least]) => `${limit} is ${limits[limit]}, needed are ${least}`)
      .join('; ');
    return {
      works: false,
      why: `The graphics adapter (${name || 'unnamed'}) is too small for WebLLM: ${lacks}.`,
      advice: 'Update the graphics driver, use another machine, or choose a model that runs on the CPU.',
    };
  }
  return {
    works: true,
    f16: adapter.features.has('shader-f16'),
    adapter: name || 'unnamed adapter',
    maxBufferBytes: limits.maxBufferSize,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
  };
}

function isolationLack({ secure }: Surface) {
  const why = 'This page is not cross-origin isolated, so models on the CPU run in one thread.';
  const advice = secure
    ? 'Start it with `npm start`, or let the server send the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.'
    : 'Open the page by https or from http://localhost.';
  return { why, advice };
}

function thisPage(): Surface {
  // The types promise `gpu`; browsers without WebGPU and insecure pages do not have it.
  const gpu: Gpu | undefined = 'gpu' in navigator ? navigator.gpu : undefined;
  return {
    gpu,
    isolated: globalThis.crossOriginIsolated,
    secure: globalThis.isSecureContext,
    cores: navigator.hardwareConcurrency,
    memory:
      'deviceMemory' in navigator && typeof navigator.deviceMemory === 'number'
        ? navigator.deviceMemory
        : undefined,
  };
}
