import { type GpuProbe, isSoftwareAdapter } from './probe.ts';

/** A model that Whetstone knows by itself. */
export type ModelEntry = WllamaEntry | WebllmEntry;

interface Facts {
  /** `runtime:name`, stable; kept in configurations and links. */
  id: string;
  name: string;
  downloadBytes: number;
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
  /** Below the models folder, which is relative to the page. */
  path: string;
  sha256: string;
}

export interface WebllmEntry extends Facts {
  runtime: 'webllm';
  precision: 'f16' | 'f32';
  source:
    | { kind: 'prebuilt'; modelId: string }
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
}

const MB = 1e6;

/** web-llm counts GPU memory in units of 2^20 bytes. */
const VRAM_MB = 2 ** 20;

/** The model that runs everywhere: on the CPU, from a file that comes with the page. */
export const DEFAULT_MODEL: WllamaEntry = {
  id: 'wllama:smollm2-135m-instruct-q8_0',
  runtime: 'wllama',
  name: 'SmolLM2 135M Instruct (CPU, 8 bit)',
  engineName: 'smollm2-135m-instruct:q8_0',
  path: 'smollm2-135m-instruct-q8_0.gguf',
  sha256: '0c1d3326cd9793cfb7296113c063dd5c24e2bd734b48ec1a3d01b7158eca9387',
  downloadBytes: 144_811_072,
  memoryBytes: 400 * MB,
  contextTokens: 2048,
  licence: 'Apache-2.0',
  small: true,
};

/** The same model for WebLLM, without any need of half precision; for machines without a GPU, to try WebLLM itself. */
export const LOCAL_TEST_MODEL: WebllmEntry = {
  id: 'webllm:smollm2-local',
  runtime: 'webllm',
  name: 'SmolLM2 135M Instruct (local files)',
  precision: 'f32',
  source: {
    kind: 'local',
    engineName: 'smollm2-135m-instruct',
    quantization: 'q4f32',
    folder: 'smollm2-135m-instruct-q4f32-webllm/',
    library: 'smollm2-135m-instruct-q4f32-webllm/resolve/main/model.wasm',
    librarySha256: 'bd0695110836934b7d8bb9fe1891e416aa4416beb4802531f6c8435dc4295e7d',
  },
  downloadBytes: 117 * MB,
  memoryBytes: 350 * MB,
  contextTokens: 2048,
  licence: 'Apache-2.0',
  small: true,
};

/** Bits a weight: 4 with one 16- or 32-bit scale for 32 of them, or none left out. */
const BITS = { q4f16_1: 4.5, q4f32_1: 5, q0f16: 16, q0f32: 32 } as const;

/** web-llm's id without quantization, millions of parameters, licence, and GPU memory as web-llm states it. */
type Row = readonly [
  model: string,
  name: string,
  parameters: number,
  licence: string,
  vram: Partial<Record<keyof typeof BITS, number>>,
];

const LLAMA = 'Llama 3.2 Community License';

const PREBUILT: readonly Row[] = [
  ['SmolLM2-135M-Instruct', 'SmolLM2 135M Instruct', 135, 'Apache-2.0', { q0f16: 359.69, q0f32: 719.38 }],
  ['SmolLM2-360M-Instruct', 'SmolLM2 360M Instruct', 362, 'Apache-2.0', { q4f16_1: 376.06, q4f32_1: 579.61 }],
  ['Qwen2.5-0.5B-Instruct', 'Qwen2.5 0.5B Instruct', 494, 'Apache-2.0', { q4f16_1: 944.62, q4f32_1: 1060.2 }],
  ['Qwen3-0.6B', 'Qwen3 0.6B', 596, 'Apache-2.0', { q4f16_1: 1403.34, q4f32_1: 1924.98 }],
  ['gemma3-1b-it', 'Gemma 3 1B', 1000, 'Gemma Terms of Use', { q4f16_1: 711.07 }],
  [
    'TinyLlama-1.1B-Chat-v1.0',
    'TinyLlama 1.1B Chat',
    1100,
    'Apache-2.0',
    { q4f16_1: 697.24, q4f32_1: 839.98 },
  ],
  ['Llama-3.2-1B-Instruct', 'Llama 3.2 1B Instruct', 1236, LLAMA, { q4f16_1: 879.04, q4f32_1: 1128.82 }],
  [
    'OLMo-2-0425-1B-Instruct',
    'OLMo 2 1B Instruct',
    1485,
    'Apache-2.0',
    { q4f16_1: 1776.75, q4f32_1: 2453.51 },
  ],
  [
    'Qwen2.5-1.5B-Instruct',
    'Qwen2.5 1.5B Instruct',
    1544,
    'Apache-2.0',
    { q4f16_1: 1629.75, q4f32_1: 1888.97 },
  ],
  [
    'SmolLM2-1.7B-Instruct',
    'SmolLM2 1.7B Instruct',
    1711,
    'Apache-2.0',
    { q4f16_1: 1774.19, q4f32_1: 2692.38 },
  ],
  ['Qwen3-1.7B', 'Qwen3 1.7B', 1721, 'Apache-2.0', { q4f16_1: 2036.66, q4f32_1: 2635.44 }],
  ['Llama-3.2-3B-Instruct', 'Llama 3.2 3B Instruct', 3213, LLAMA, { q4f16_1: 2263.69, q4f32_1: 2951.51 }],
  ['Qwen3-4B', 'Qwen3 4B', 4022, 'Apache-2.0', { q4f16_1: 3431.59, q4f32_1: 4327.71 }],
  ['Qwen2.5-7B-Instruct', 'Qwen2.5 7B Instruct', 7616, 'Apache-2.0', { q4f16_1: 5106.67, q4f32_1: 5900.09 }],
];

/** web-llm's default context, which its figures for memory are for. */
const SHORT_CONTEXT: Readonly<Record<string, number>> = { 'TinyLlama-1.1B-Chat-v1.0': 2048 };

export const PREBUILT_MODELS: readonly WebllmEntry[] = PREBUILT.flatMap(
  ([model, name, parameters, licence, vram]) =>
    (['q4f16_1', 'q4f32_1', 'q0f16', 'q0f32'] as const).flatMap((quantization): WebllmEntry[] => {
      const memory = vram[quantization];
      if (memory === undefined) return [];
      const modelId = `${model}-${quantization}-MLC`;
      const precision = quantization.includes('f16') ? 'f16' : 'f32';
      return [
        {
          id: `webllm:${modelId}`,
          runtime: 'webllm',
          name: `${name} (${quantization.startsWith('q4') ? '4 bit, ' : ''}${precision})`,
          precision,
          source: { kind: 'prebuilt', modelId },
          downloadBytes: Math.round((parameters * MB * BITS[quantization]) / 8),
          memoryBytes: Math.round(memory * VRAM_MB),
          contextTokens: SHORT_CONTEXT[model] ?? 4096,
          licence,
          small: parameters < 500,
        },
      ];
    }),
);

/** Every model to offer. `served` holds the paths below the models folder; the local test model is listed only if there. */
export function catalogue(served: ReadonlySet<string>): ModelEntry[] {
  const local = LOCAL_TEST_MODEL.source.kind === 'local' && served.has(LOCAL_TEST_MODEL.source.library);
  return [DEFAULT_MODEL, ...(local ? [LOCAL_TEST_MODEL] : []), ...PREBUILT_MODELS];
}

/** Whether a model can run here; `reason` is a plain sentence, which may be a warning where it can, or empty. */
export function fits(entry: ModelEntry, machine: Abilities): { usable: boolean; reason: string } {
  if (entry.runtime === 'wllama') {
    const slow = 'Runs in one thread, because this page is not cross-origin isolated.';
    return { usable: true, reason: machine.isolated ? '' : slow };
  }
  const { webgpu } = machine;
  if (!webgpu.works) return { usable: false, reason: webgpu.why };
  if (entry.precision === 'f16' && !webgpu.f16) {
    const twin = twinFor(entry, false);
    const way = twin ? `Choose ${twin.name} instead.` : 'There is no version of it without them.';
    return { usable: false, reason: `Needs half-precision floats, which this GPU does not offer. ${way}` };
  }
  if (isSoftwareAdapter(webgpu.adapter)) {
    return { usable: true, reason: 'Very slow here: this machine plays the GPU in software.' };
  }
  if (entry.memoryBytes > 2 * webgpu.maxBufferBytes) {
    const size = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const sizes = `${size(entry.memoryBytes)} of GPU memory; this GPU gives at most ${size(webgpu.maxBufferBytes)} at once`;
    return { usable: true, reason: `May not fit: it needs ${sizes}.` };
  }
  return { usable: true, reason: '' };
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

/** The model to begin with: a capable one on a real GPU, a smaller one on a small GPU, the CPU model everywhere else. */
export function recommend(machine: Abilities): ModelEntry {
  const { webgpu } = machine;
  if (!webgpu.works || isSoftwareAdapter(webgpu.adapter)) return DEFAULT_MODEL;
  const model = webgpu.maxBufferBytes >= 2 ** 30 ? 'Qwen2.5-1.5B-Instruct' : 'Qwen2.5-0.5B-Instruct';
  const entry = PREBUILT_MODELS.find((candidate) => baseOf(candidate) === model);
  return (entry && twinFor(entry, webgpu.f16)) ?? DEFAULT_MODEL;
}
