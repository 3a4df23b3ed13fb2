/** Models of web-llm's own list that suit this page. Sizes and licences are data; `models.ts` makes entries of them. */

/** Weights: 4 bits, or as they were trained (q0); what is computed with them: half or single precision. */
export type Quantization = 'q4f16_1' | 'q4f32_1' | 'q0f16' | 'q0f32';

export interface Prebuilt {
  /** web-llm's id without quantization. */
  model: string;
  name: string;
  /** Millions. */
  parameters: number;
  licence: string;
  /** GPU memory with web-llm's default context, as web-llm states it (`vram_required_MB`). */
  vram: Partial<Record<Quantization, number>>;
  /** Numbers in the largest weight matrix, the embedding of the vocabulary: it must fit one buffer of the GPU. */
  widest: number;
  /** The library's name without quantization, where it is not the model's. */
  library?: string;
  /** web-llm's default context where it is not 4096. */
  contextTokens?: number;
}

const APACHE = 'Apache-2.0';
const LLAMA = 'Llama 3.2 Community License';
const GEMMA = 'Gemma Terms of Use';

export const PREBUILT: readonly Prebuilt[] = [
  {
    model: 'SmolLM2-135M-Instruct',
    name: 'SmolLM2 135M Instruct',
    parameters: 135,
    licence: APACHE,
    vram: { q0f16: 359.69, q0f32: 719.38 },
    widest: 49_152 * 576,
  },
  {
    model: 'SmolLM2-360M-Instruct',
    name: 'SmolLM2 360M Instruct',
    parameters: 362,
    licence: APACHE,
    vram: { q4f16_1: 376.06, q4f32_1: 579.61 },
    widest: 49_152 * 960,
  },
  {
    model: 'Qwen2.5-0.5B-Instruct',
    name: 'Qwen2.5 0.5B Instruct',
    parameters: 494,
    licence: APACHE,
    vram: { q4f16_1: 944.62, q4f32_1: 1060.2 },
    widest: 151_936 * 896,
    library: 'Qwen2-0.5B-Instruct',
  },
  {
    model: 'Qwen3-0.6B',
    name: 'Qwen3 0.6B',
    parameters: 596,
    licence: APACHE,
    vram: { q4f16_1: 1403.34, q4f32_1: 1924.98 },
    widest: 151_936 * 1024,
  },
  {
    model: 'gemma3-1b-it',
    name: 'Gemma 3 1B',
    parameters: 1000,
    licence: GEMMA,
    vram: { q4f16_1: 711.07 },
    widest: 262_144 * 1152,
  },
  {
    model: 'TinyLlama-1.1B-Chat-v1.0',
    name: 'TinyLlama 1.1B Chat',
    parameters: 1100,
    licence: APACHE,
    vram: { q4f16_1: 697.24, q4f32_1: 839.98 },
    widest: 32_000 * 2048,
    contextTokens: 2048,
  },
  {
    model: 'Llama-3.2-1B-Instruct',
    name: 'Llama 3.2 1B Instruct',
    parameters: 1236,
    licence: LLAMA,
    vram: { q4f16_1: 879.04, q4f32_1: 1128.82 },
    widest: 128_256 * 2048,
  },
  {
    model: 'OLMo-2-0425-1B-Instruct',
    name: 'OLMo 2 1B Instruct',
    parameters: 1485,
    licence: APACHE,
    vram: { q4f16_1: 1776.75, q4f32_1: 2453.51 },
    widest: 100_352 * 2048,
  },
  {
    model: 'Qwen2.5-1.5B-Instruct',
    name: 'Qwen2.5 1.5B Instruct',
    parameters: 1544,
    licence: APACHE,
    vram: { q4f16_1: 1629.75, q4f32_1: 1888.97 },
    widest: 151_936 * 1536,
    library: 'Qwen2-1.5B-Instruct',
  },
  {
    model: 'SmolLM2-1.7B-Instruct',
    name: 'SmolLM2 1.7B Instruct',
    parameters: 1711,
    licence: APACHE,
    vram: { q4f16_1: 1774.19, q4f32_1: 2692.38 },
    widest: 49_152 * 2048,
  },
  {
    model: 'Qwen3-1.7B',
    name: 'Qwen3 1.7B',
    parameters: 1721,
    licence: APACHE,
    vram: { q4f16_1: 2036.66, q4f32_1: 2635.44 },
    widest: 151_936 * 2048,
  },
  {
    model: 'gemma-2-2b-it',
    name: 'Gemma 2 2B',
    parameters: 2614,
    licence: GEMMA,
    vram: { q4f16_1: 1895.3, q4f32_1: 2508.75 },
    widest: 256_000 * 2304,
  },
  {
    model: 'Qwen2.5-3B-Instruct',
    name: 'Qwen2.5 3B Instruct',
    parameters: 3086,
    licence: 'Qwen Research License (non-commercial)',
    vram: { q4f16_1: 2504.76, q4f32_1: 2893.64 },
    widest: 151_936 * 2048,
  },
  {
    model: 'Llama-3.2-3B-Instruct',
    name: 'Llama 3.2 3B Instruct',
    parameters: 3213,
    licence: LLAMA,
    vram: { q4f16_1: 2263.69, q4f32_1: 2951.51 },
    widest: 128_256 * 3072,
  },
  {
    model: 'Phi-3.5-mini-instruct',
    name: 'Phi 3.5 mini Instruct',
    parameters: 3821,
    licence: 'MIT',
    vram: { q4f16_1: 3672.07, q4f32_1: 5483.12 },
    widest: 32_064 * 3072,
  },
  {
    model: 'Qwen3-4B',
    name: 'Qwen3 4B',
    parameters: 4022,
    licence: APACHE,
    vram: { q4f16_1: 3431.59, q4f32_1: 4327.71 },
    widest: 151_936 * 2560,
  },
  {
    model: 'Qwen2.5-7B-Instruct',
    name: 'Qwen2.5 7B Instruct',
    parameters: 7616,
    licence: APACHE,
    vram: { q4f16_1: 5106.67, q4f32_1: 5900.09 },
    widest: 152_064 * 3584,
    library: 'Qwen2-7B-Instruct',
  },
  {
    model: 'Llama-3.1-8B-Instruct',
    name: 'Llama 3.1 8B Instruct',
    parameters: 8030,
    licence: 'Llama 3.1 Community License',
    vram: { q4f16_1: 5001, q4f32_1: 6101.01 },
    widest: 128_256 * 4096,
    library: 'Llama-3_1-8B-Instruct',
  },
  {
    model: 'Qwen3-8B',
    name: 'Qwen3 8B',
    parameters: 8191,
    licence: APACHE,
    vram: { q4f16_1: 5695.78, q4f32_1: 6852.55 },
    widest: 151_936 * 4096,
  },
];
