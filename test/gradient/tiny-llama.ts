import { makeRng } from '../../src/core/rng.ts';
import type { LlamaShape } from '../../src/gradient/gguf.ts';
import type { LlamaSource } from '../../src/gradient/llama.ts';

/** Two layers, 64 wide, two query heads to each head of keys. */
export const TINY: LlamaShape = {
  width: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 16,
  feedForward: 96,
  vocabulary: 256,
  context: 512,
  ropeTheta: 10_000,
  rmsEpsilon: 1e-5,
  tied: true,
};

/** Numbers around zero, the same for the same seed. */
export function randomNumbers(count: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  const rng = makeRng(seed);
  return Float32Array.from({ length: count }, () => (rng.next() - 0.5) * 2 * scale);
}

/** A Llama with random weights. */
export function tinyLlama(shape: LlamaShape = TINY): LlamaSource {
  const { width, heads, kvHeads, headSize, feedForward, vocabulary } = shape;
  const sizes: Record<string, number> = {
    attn_norm: width,
    attn_q: heads * headSize * width,
    attn_k: kvHeads * headSize * width,
    attn_v: kvHeads * headSize * width,
    attn_output: width * heads * headSize,
    ffn_norm: width,
    ffn_gate: feedForward * width,
    ffn_up: feedForward * width,
    ffn_down: width * feedForward,
    token_embd: vocabulary * width,
    output: vocabulary * width,
    output_norm: width,
  };
  return {
    shape,
    tensor(name) {
      const part = name.replace(/^blk\.\d+\./, '').replace(/\.weight$/, '');
      const seed = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
      const values = randomNumbers(sizes[part] ?? 0, seed, part.endsWith('norm') ? 0.5 : 0.25);
      return Promise.resolve(part.endsWith('norm') ? values.map((value) => 1 + value) : values);
    },
  };
}
