/** GGUF files built from the format's description, independent of the code under test; works in Node and browsers. */

export type Value =
  | { u32: number }
  | { u64: bigint }
  | { f32: number }
  | { flag: boolean }
  | { text: string }
  | { texts: string[] }
  | { i32s: number[] };

export interface TensorBytes {
  name: string;
  /** Innermost first. */
  dims: number[];
  type: number;
  data: Uint8Array;
}

export const F32 = 0;
export const F16 = 1;
export const Q8_0 = 8;
export const Q6_K = 14;

export function ggufBytes(
  metadata: Record<string, Value>,
  tensors: TensorBytes[],
  { version = 3, alignment = 32 } = {},
): Uint8Array<ArrayBuffer> {
  const facts = { ...metadata, 'general.alignment': { u32: alignment } };
  const head = [
    new TextEncoder().encode('GGUF'),
    u32(version),
    u64(tensors.length),
    u64(Object.keys(facts).length),
    ...Object.entries(facts).flatMap(([key, value]) => [text(key), ...valueBytes(value)]),
  ];
  let offset = 0;
  const data: Uint8Array[] = [];
  for (const tensor of tensors) {
    head.push(text(tensor.name), u32(tensor.dims.length), ...tensor.dims.map((dim) => u64(dim)));
    head.push(u32(tensor.type), u64(offset));
    const padded = pad(tensor.data, alignment);
    data.push(padded);
    offset += padded.length;
  }
  return joined([pad(joined(head), alignment), ...data]);
}

export const f32Bytes = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);

function valueBytes(value: Value): Uint8Array[] {
  if ('u32' in value) return [u32(4), u32(value.u32)];
  if ('u64' in value) return [u32(10), u64(value.u64)];
  if ('f32' in value) return [u32(6), f32Bytes([value.f32])];
  if ('flag' in value) return [u32(7), Uint8Array.of(value.flag ? 1 : 0)];
  if ('text' in value) return [u32(8), text(value.text)];
  if ('texts' in value) return [u32(9), u32(8), u64(value.texts.length), ...value.texts.map(text)];
  return [u32(9), u32(5), u64(value.i32s.length), new Uint8Array(Int32Array.from(value.i32s).buffer)];
}

const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return joined([u64(bytes.length), bytes]);
}

function pad(bytes: Uint8Array, alignment: number): Uint8Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / alignment) * alignment);
  padded.set(bytes);
  return padded;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A Llama of one layer: 8 wide, 2 heads of 4, one of keys; every tensor counts up from its index times 1000. */
export function tinyLlama(
  more: Record<string, Value> = {},
  change: (tensors: TensorBytes[]) => TensorBytes[] = (all) => all,
): Uint8Array<ArrayBuffer> {
  const dims: [string, number[]][] = [
    ['token_embd.weight', [8, 5]],
    ['blk.0.attn_norm.weight', [8]],
    ['blk.0.attn_q.weight', [8, 8]],
    ['blk.0.attn_k.weight', [8, 4]],
    ['blk.0.attn_v.weight', [8, 4]],
    ['blk.0.attn_output.weight', [8, 8]],
    ['blk.0.ffn_norm.weight', [8]],
    ['blk.0.ffn_gate.weight', [8, 32]],
    ['blk.0.ffn_up.weight', [8, 32]],
    ['blk.0.ffn_down.weight', [32, 8]],
    ['output_norm.weight', [8]],
  ];
  const tensors = dims.map(([name, sizes], index) => {
    const values = Array.from({ length: sizes.reduce((a, b) => a * b) }, (_, i) => 1000 * index + i);
    return { name, dims: sizes, type: F32, data: f32Bytes(values) };
  });
  return ggufBytes(
    {
      'general.architecture': { text: 'llama' },
      'general.name': { text: 'Tiny' },
      'llama.embedding_length': { u32: 8 },
      'llama.block_count': { u32: 1 },
      'llama.attention.head_count': { u32: 2 },
      'llama.attention.head_count_kv': { u32: 1 },
      'llama.attention.layer_norm_rms_epsilon': { f32: 0.5 },
      'llama.feed_forward_length': { u32: 32 },
      'llama.context_length': { u64: 128n },
      'llama.rope.freq_base': { f32: 5000 },
      ...more,
    },
    change(tensors),
  );
}
