import { PREBUILT, type Quantization } from './prebuilt.ts';
import { type GpuProbe, isSoftwareAdapter } from './probe.ts';

/** A model that Whetstone knows by itself. */
export type ModelEntry = WllamaEntry | WebllmEntry;

interface Facts {
  /** `runtime:name`, stable; kept in configurations and links. */
  id: string;
  name: string;
  /** Bits of a weight as it is stored. */
  bits: 4 | 8 | 16 | 32;
  downloadBytes: number;
  /** True where `downloadBytes` is reckoned from the number of weights; the server knows better. */
  downloadEstimated: boolean;
  /** While it runs with its default context. */
  memoryBytes: number;
  contextTokens: number;
  licence: string;
  /** Under half a billion parameters: near chance when chatting, put to work by completion. */
  small: boolean;
}

export interface WllamaEntry extends Facts {
  runtime: 'wllama';
  /** Model and quantization for the engine's id. */
  engineName: string;
  /** Below the models folder, which is relative to the page; or an absolute address. */
  path: string;
  /** Unknown for some of those that do not come with the page. */
  sha256?: string;
}

export interface WebllmEntry extends Facts {
  runtime: 'webllm';
  precision: 'f16' | 'f32';
  /** The largest piece of memory that the GPU must give as one. */
  widestBytes: number;
  source:
    | {
        /** One of web-llm's own list. */
        kind: 'prebuilt';
        modelId: string;
        weightsUrl: string;
        libraryUrl: string;
      }
    | {
        kind: 'local';
        /** Model and quantization for the engine's id. */
        engineName: string;
        quantization: string;
        /** Below the models folder. */
        folder: string;
        library: string;
        librarySha256: string;
      };
}

/** What `fits` and `recommend` need to know of a machine. */
export interface Abilities {
  webgpu: GpuProbe;
  isolated: boolean;
  /** Null where the browser does not say, and from 8 GB on, where it no longer counts. */
  memoryBytes: number | null;
}

const MB = 1e6;

/** web-llm counts GPU memory in units of 2^20 bytes. */
const VRAM_MB = 2 ** 20;

const HUB = 'https://huggingface.co/';

/** Where web-llm 0.2.86 has its libraries; weights and libraries of other versions do not go together. */
const LIBRARIES =
  'https://raw.githubusercontent.com/mlc-ai/binary-mlc-llm-libs/main/web-llm-models/v0_2_86/base/';

/** The model that runs everywhere: on the CPU, from a file that comes with the page. */
export const DEFAULT_MODEL: WllamaEntry = {
  id: 'wllama:smollm2-135m-instruct-q8_0',
  runtime: 'wllama',
  name: 'SmolLM2 135M Instruct (CPU, 8 bit)',
  engineName: 'smollm2-135m-instruct:q8_0',
  path: 'smollm2-135m-instruct-q8_0.gguf',
  sha256: '0c1d3326cd9793cfb7296113c063dd5c24e2bd734b48ec1a3d01b7158eca9387',
  bits: 8,
  downloadBytes: 144_811_072,
  downloadEstimated: false,
  memoryBytes: 400 * MB,
  contextTokens: 2048,
  licence: 'Apache-2.0',
  small: true,
};

/**
 * Larger ones for the CPU, by the addresses of their publishers. Memory is an estimate: the file, its context and what
 * llama.cpp takes beside them.
 */
export const CPU_MODELS: readonly WllamaEntry[] = [
  {
    id: 'wllama:smollm2-360m-instruct-q8_0',
    runtime: 'wllama',
    name: 'SmolLM2 360M Instruct (CPU, 8 bit)',
    engineName: 'smollm2-360m-instruct:q8_0',
    path: `${HUB}HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/resolve/main/smollm2-360m-instruct-q8_0.gguf`,
    bits: 8,
    downloadBytes: 386 * MB,
    downloadEstimated: true,
    memoryBytes: 750 * MB,
    contextTokens: 2048,
    licence: 'Apache-2.0',
    small: true,
  },
  {
    id: 'wllama:qwen2.5-0.5b-instruct-q4_k_m',
    runtime: 'wllama',
    name: 'Qwen2.5 0.5B Instruct (CPU, 4 bit)',
    engineName: 'qwen2.5-0.5b-instruct:q4_k_m',
    path: `${HUB}Qwen/Qwen2.5-0.5B-Instruct-GGUF/resolve/main/qwen2.5-0.5b-instruct-q4_k_m.gguf`,
    sha256: '74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db',
    bits: 4,
    downloadBytes: 491_400_032,
    downloadEstimated: false,
    memoryBytes: 850 * MB,
    contextTokens: 4096,
    licence: 'Apache-2.0',
    small: true,
  },
  {
    id: 'wllama:smollm2-1.7b-instruct-q4_k_m',
    runtime: 'wllama',
    name: 'SmolLM2 1.7B Instruct (CPU, 4 bit)',
    engineName: 'smollm2-1.7b-instruct:q4_k_m',
    path: `${HUB}HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF/resolve/main/smollm2-1.7b-instruct-q4_k_m.gguf`,
    bits: 4,
    downloadBytes: 1056 * MB,
    downloadEstimated: true,
    memoryBytes: 2200 * MB,
    contextTokens: 4096,
    licence: 'Apache-2.0',
    small: false,
  },
  {
    id: 'wllama:qwen2.5-1.5b-instruct-q4_k_m',
    runtime: 'wllama',
    name: 'Qwen2.5 1.5B Instruct (CPU, 4 bit)',
    engineName: 'qwen2.5-1.5b-instruct:q4_k_m',
    path: `${HUB}Qwen/Qwen2.5-1.5B-Instruct-GGUF/resolve/main/qwen2.5-1.5b-instruct-q4_k_m.gguf`,
    sha256: '6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e',
    bits: 4,
    downloadBytes: 1_117_320_736,
    downloadEstimated: false,
    memoryBytes: 1800 * MB,
    contextTokens: 4096,
    licence: 'Apache-2.0',
    small: false,
  },
];

/** The same model for WebLLM, without any need of half precision; for machines without a GPU, to try WebLLM itself. */
export const LOCAL_TEST_MODEL: WebllmEntry = {
  id: 'webllm:smollm2-local',
  runtime: 'webllm',
  name: 'SmolLM2 135M Instruct (local files)',
  precision: 'f32',
  widestBytes: (49_152 * 576) / 2,
  source: {
    kind: 'local',
    engineName: 'smollm2-135m-instruct',
    quantization: 'q4f32',
    folder: 'smollm2-135m-instruct-q4f32-webllm/',
    library: 'smollm2-135m-instruct-q4f32-webllm/resolve/main/model.wasm',
    librarySha256: 'bd0695110836934b7d8bb9fe1891e416aa4416beb4802531f6c8435dc4295e7d',
  },
  bits: 4,
  downloadBytes: 117 * MB,
  downloadEstimated: true,
  memoryBytes: 350 * MB,
  contextTokens: 2048,
  licence: 'Apache-2.0',
  small: true,
};

/** Bits a weight, with one 16- or 32-bit scale for 32 of them, or none; and what they are called. */
const STORED: Readonly<Record<Quantization, { bits: WebllmEntry['bits']; withScales: number }>> = {
  q4f16_1: { bits: 4, withScales: 4.5 },
  q4f32_1: { bits: 4, withScales: 5 },
  q0f16: { bits: 16, withScales: 16 },
  q0f32: { bits: 32, withScales: 32 },
};

export const PREBUILT_MODELS: readonly WebllmEntry[] = PREBUILT.flatMap((row) =>
  (['q4f16_1', 'q4f32_1', 'q0f16', 'q0f32'] as const).flatMap((quantization): WebllmEntry[] => {
    const memory = row.vram[quantization];
    if (memory === undefined) return [];
    const modelId = `${row.model}-${quantization}-MLC`;
    const precision = quantization.includes('f16') ? 'f16' : 'f32';
    const { bits, withScales } = STORED[quantization];
    return [
      {
        id: `webllm:${modelId}`,
        runtime: 'webllm',
        name: `${row.name} (${bits === 4 ? '4 bit, ' : ''}${precision})`,
        precision,
        source: {
          kind: 'prebuilt',
          modelId,
          weightsUrl: `${HUB}mlc-ai/${modelId}`,
          libraryUrl: `${LIBRARIES}${row.library ?? row.model}-${quantization}_cs1k-webgpu.wasm`,
        },
        bits,
        downloadBytes: Math.round((row.parameters * MB * withScales) / 8),
        downloadEstimated: true,
        memoryBytes: Math.round(memory * VRAM_MB),
        widestBytes: (row.widest * bits) / 8,
        contextTokens: row.contextTokens ?? 4096,
        licence: row.licence,
        small: row.parameters < 500,
      },
    ];
  }),
);

/** Every model to offer. `served` holds the paths below the models folder; the local test model is listed only if there. */
export function catalogue(served: ReadonlySet<string>): ModelEntry[] {
  const local = LOCAL_TEST_MODEL.source.kind === 'local' && served.has(LOCAL_TEST_MODEL.source.library);
  return [DEFAULT_MODEL, ...(local ? [LOCAL_TEST_MODEL] : []), ...CPU_MODELS, ...PREBUILT_MODELS];
}

/** Whether a model can run here; `reason` is a plain sentence, which may be a warning where it can, or empty. */
export function fits(entry: ModelEntry, machine: Abilities): { usable: boolean; reason: string } {
  const { webgpu } = machine;
  if (entry.runtime === 'webllm') {
    if (!webgpu.works) return { usable: false, reason: webgpu.why };
    if (entry.precision === 'f16' && !webgpu.f16) {
      const twin = twinFor(entry, false);
      const way = twin ? `Choose ${twin.name} instead.` : 'There is no version of it without them.';
      return { usable: false, reason: `Needs half-precision floats, which this GPU does not offer. ${way}` };
    }
    const binding = bindingOf(webgpu.maxBindingBytes);
    if (entry.widestBytes > binding) {
      const sizes = `${megabytes(entry.widestBytes)} of GPU memory in one piece; this GPU lends pieces of at most ${megabytes(binding)}`;
      return { usable: false, reason: `Does not fit: it needs ${sizes}.` };
    }
  }
  const short = shortOf(entry.memoryBytes, machine);
  if (short !== null) return { usable: false, reason: `Does not fit: it needs ${short}.` };
  if (entry.runtime === 'wllama') {
    const slow = 'Runs in one thread, because this page is not cross-origin isolated.';
    return { usable: true, reason: machine.isolated ? '' : slow };
  }
  if (webgpu.works && isSoftwareAdapter(webgpu.adapter)) {
    return { usable: true, reason: 'Very slow here: this machine plays the GPU in software.' };
  }
  const shortOnGpu = shortOfGpu(entry.memoryBytes, machine);
  return { usable: true, reason: shortOnGpu === null ? '' : `May not fit: it needs ${shortOnGpu}.` };
}

/**
 * Why two models may be too much at once, each in a worker of its own, in a plain sentence; empty where nothing is known
 * against it. A model that needs none of this machine's memory, or nobody knows how much, has null.
 */
export function fitTogether(
  models: readonly { runtime: string; memoryBytes: number | null }[],
  machine: Abilities,
): string {
  const need = (of: typeof models) => of.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0);
  const short = shortOf(need(models), machine);
  if (short !== null) return `Both models do not fit at once: they need ${short}.`;
  const shortOnGpu = shortOfGpu(need(models.filter(({ runtime }) => runtime === 'webllm')), machine);
  return shortOnGpu === null ? '' : `Both models may not fit at once: they need ${shortOnGpu}.`;
}

/** Both sizes where so many bytes are more than this machine has; null where they are not known to be. */
function shortOf(bytes: number, { memoryBytes }: Abilities): string | null {
  // The browser rounds to a power of two, so there may be half as much again.
  if (memoryBytes === null || bytes <= 1.5 * memoryBytes) return null;
  return `${gigabytes(bytes)} of memory; this machine has about ${gigabytes(memoryBytes)}`;
}

/** The same for a GPU, which no browser tells the memory of: one that lends small buffers has little. */
function shortOfGpu(bytes: number, { webgpu }: Abilities): string | null {
  if (!webgpu.works || isSoftwareAdapter(webgpu.adapter) || bytes <= 2 * webgpu.maxBufferBytes) return null;
  return `${gigabytes(bytes)} of GPU memory; this GPU gives at most ${gigabytes(webgpu.maxBufferBytes)} at once`;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** The largest binding that web-llm 0.2.86 asks its device for: 1 GiB where the adapter has it, else 128 MiB. */
function bindingOf(offered: number): number {
  return offered >= 2 ** 30 ? 2 ** 30 : 2 ** 27;
}

/**
 * The version of a model for a GPU with or without half-precision floats: the entry itself where it suits already, its
 * other precision where there is one, null where it cannot run. An f32 version runs on every GPU; f16 is smaller and faster.
 */
export function twinFor(entry: WebllmEntry, f16: boolean): WebllmEntry | null {
  const wanted = f16 ? 'f16' : 'f32';
  if (entry.precision === wanted) return entry;
  const twin = PREBUILT_MODELS.find((other) => other.precision === wanted && baseOf(other) === baseOf(entry));
  return twin ?? (entry.precision === 'f32' ? entry : null);
}

/** web-llm's id without quantization; a local model has no relatives. */
function baseOf({ source }: WebllmEntry): string {
  return source.kind === 'prebuilt' ? source.modelId.replace(/-q\df\d+(_\d)?-MLC$/, '') : source.engineName;
}

/** Best first: the second is for a GPU that lends small buffers, or a machine with little memory. */
const LADDER = ['Qwen2.5-1.5B-Instruct', 'Qwen2.5-0.5B-Instruct'];

/** Memory under which the first rung would crowd out everything else. */
const LITTLE_MEMORY = 4e9;

/** The model to begin with: a capable one on a real GPU, a smaller one on a small GPU, the CPU model everywhere else. */
export function recommend(machine: Abilities): ModelEntry {
  const { webgpu, memoryBytes } = machine;
  if (!webgpu.works || isSoftwareAdapter(webgpu.adapter)) return DEFAULT_MODEL;
  const small = webgpu.maxBufferBytes < 2 ** 30 || (memoryBytes !== null && memoryBytes < LITTLE_MEMORY);
  for (const model of small ? LADDER.slice(1) : LADDER) {
    const entry = PREBUILT_MODELS.find((candidate) => baseOf(candidate) === model);
    const twin = entry && twinFor(entry, webgpu.f16);
    if (twin && fits(twin, machine).usable) return twin;
  }
  return DEFAULT_MODEL;
}
