import * as v from 'valibot';
import { EngineError } from '../core/model.ts';
import { FORMATS, formatName, unpermuted } from './blocks.ts';
import { broken, type MetadataValue, readHeader, type TensorRecord } from './gguf-header.ts';

/** Sizes and constants of a model of the Llama architecture. */
export interface LlamaShape {
  /** Numbers of one token's embedding. */
  width: number;
  layers: number;
  /** Heads of the queries. */
  heads: number;
  /** Heads of keys and values; divides `heads`. */
  kvHeads: number;
  /** Numbers of one head; even. */
  headSize: number;
  /** Width inside the feed-forward part. */
  feedForward: number;
  /** Rows of the embedding. */
  vocabulary: number;
  /** Tokens that the model was trained for. */
  context: number;
  ropeTheta: number;
  rmsEpsilon: number;
  /** The embedding is the output head too: there is no `output.weight`. */
  tied: boolean;
}

/** A model file, opened: its description is in memory, its weights are read when asked for. */
export interface GgufModel {
  /** What the file calls itself; empty where it does not say. */
  name: string;
  shape: LlamaShape;
  /** The format of most weights: `Q8_0`. */
  quantization: string;
  /** Numbers in all tensors together. */
  parameters: number;
  /** All of the file's metadata; the tokenizer reads its part from it. */
  metadata: ReadonlyMap<string, MetadataValue>;
  /** Names of the tensors, in the order in which the forward pass needs them. */
  tensorNames: readonly string[];
  /**
   * Weights by GGUF's name (`blk.0.attn_q.weight`), row after row; a matrix has one row an output. Rows of Q and K are
   * in the published order, so rotation turns row j of a head with row j + headSize / 2. Each call reads the file anew.
   * Throws EngineError `integrity` for a name that is not in `tensorNames`.
   */
  tensor(name: string): Promise<Float32Array<ArrayBuffer>>;
}

const size = v.pipe(v.number(), v.integer(), v.minValue(1));
const positive = v.pipe(v.number(), v.gtValue(0), v.finite());

const architectureSchema = v.object({ 'general.architecture': v.string() });

const llamaSchema = v.object({
  'general.name': v.optional(v.string(), ''),
  'llama.embedding_length': size,
  'llama.block_count': size,
  'llama.attention.head_count': size,
  'llama.attention.head_count_kv': v.optional(size),
  'llama.attention.key_length': v.optional(size),
  'llama.attention.value_length': v.optional(size),
  'llama.attention.layer_norm_rms_epsilon': positive,
  'llama.feed_forward_length': size,
  'llama.context_length': size,
  'llama.rope.dimension_count': v.optional(size),
  'llama.rope.freq_base': v.optional(positive, 10_000),
  'llama.rope.scaling.type': v.optional(v.string(), 'none'),
  'llama.expert_count': v.optional(v.number(), 0),
});

/** Opens a model file. Throws EngineError: `integrity` where it is broken, `unavailable` where it cannot be computed here. */
export async function readGguf(file: Blob): Promise<GgufModel> {
  const { metadata, tensors } = await readHeader(file);
  const facts = Object.fromEntries(metadata);
  const architecture = checked(architectureSchema, facts)['general.architecture'];
  if (architecture !== 'llama') {
    throw unsupported(`The model's architecture is ${architecture}`, 'the architecture llama');
  }
  const described = checked(llamaSchema, facts);
  const shape = shapeOf(described, tensors);
  const dims = dimsOf(shape);
  const extra = [...tensors.keys()].filter((name) => !dims.has(name));
  if (extra.length > 0) {
    throw unsupported(
      `The model has parts that a plain Llama has not: ${extra.slice(0, 3).join(', ')}`,
      'Llama without biases, experts or stretched rotation',
    );
  }
  let parameters = 0;
  const counts = new Map<string, number>();
  for (const [name, expected] of dims) {
    const elements = check(name, expected, tensors.get(name), file.size);
    parameters += elements;
    const format = formatName(tensors.get(name)?.type ?? -1);
    counts.set(format, (counts.get(format) ?? 0) + elements);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);

  return {
    name: described['general.name'],
    shape,
    quantization: most?.[0] ?? '',
    parameters,
    metadata,
    tensorNames: [...dims.keys()],
    async tensor(name) {
      const record = tensors.get(name);
      const format = FORMATS.get(record?.type ?? -1);
      if (!record || !format) throw broken(`it has no tensor ${name}`);
      const elements = product(record.dims);
      const end = record.start + (elements / format.elements) * format.bytes;
      const bytes = new Uint8Array(await file.slice(record.start, end).arrayBuffer());
      const weights = new Float32Array(elements);
      format.unpack(bytes, weights);
      const rotated = /attn_([qk])\.weight$/.exec(name)?.[1];
      if (!rotated) return weights;
      return unpermuted(weights, rotated === 'q' ? shape.heads : shape.kvHeads, shape.width);
    },
  };
}

function shapeOf(
  facts: v.InferOutput<typeof llamaSchema>,
  tensors: ReadonlyMap<string, TensorRecord>,
): LlamaShape {
  const width = facts['llama.embedding_length'];
  const heads = facts['llama.attention.head_count'];
  const kvHeads = facts['llama.attention.head_count_kv'] ?? heads;
  const headSize = facts['llama.attention.key_length'] ?? width / heads;
  const scaling = facts['llama.rope.scaling.type'];
  if (scaling !== 'none' || tensors.has('rope_freqs.weight')) {
    const how = scaling === 'none' ? 'by frequency (rope_freqs)' : `(${scaling})`;
    throw unsupported(`The model stretches its rotation ${how}`, 'plain rotary positions');
  }
  if (facts['llama.expert_count'] > 0) {
    throw unsupported(
      `The model is a mixture of ${facts['llama.expert_count']} experts`,
      'dense Llama models',
    );
  }
  const turned = facts['llama.rope.dimension_count'] ?? headSize;
  if (!Number.isInteger(headSize) || headSize % 2 !== 0 || heads % kvHeads !== 0) {
    throw broken(`${heads} heads, ${kvHeads} of them for keys, do not divide a width of ${width}`);
  }
  if (turned !== headSize || (facts['llama.attention.value_length'] ?? headSize) !== headSize) {
    throw unsupported('Parts of a head are treated unlike the rest', 'heads that are rotated whole');
  }
  return {
    width,
    layers: facts['llama.block_count'],
    heads,
    kvHeads,
    headSize,
    feedForward: facts['llama.feed_forward_length'],
    vocabulary: tensors.get('token_embd.weight')?.dims[1] ?? 0,
    context: facts['llama.context_length'],
    ropeTheta: facts['llama.rope.freq_base'],
    rmsEpsilon: facts['llama.attention.layer_norm_rms_epsilon'],
    tied: !tensors.has('output.weight'),
  };
}

/** Every tensor of a model of this shape with its dimensions, innermost first. */
function dimsOf(shape: LlamaShape): Map<string, readonly number[]> {
  const { width, heads, kvHeads, headSize, feedForward, vocabulary } = shape;
  const dims = new Map<string, readonly number[]>([['token_embd.weight', [width, vocabulary]]]);
  for (let layer = 0; layer < shape.layers; layer++) {
    const add = (part: string, ...sizes: number[]) => dims.set(`blk.${layer}.${part}.weight`, sizes);
    add('attn_norm', width);
    add('attn_q', width, heads * headSize);
    add('attn_k', width, kvHeads * headSize);
    add('attn_v', width, kvHeads * headSize);
    add('attn_output', heads * headSize, width);
    add('ffn_norm', width);
    add('ffn_gate', width, feedForward);
    add('ffn_up', width, feedForward);
    add('ffn_down', feedForward, width);
  }
  dims.set('output_norm.weight', [width]);
  if (!shape.tied) dims.set('output.weight', [width, vocabulary]);
  return dims;
}

/** Numbers in a tensor that is there, has these dimensions, a known format and all its bytes; throws otherwise. */
function check(
  name: string,
  dims: readonly number[],
  record: TensorRecord | undefined,
  bytes: number,
): number {
  if (!record) throw broken(`it lacks the tensor ${name}`);
  if (record.dims.length !== dims.length || record.dims.some((dim, i) => dim !== dims[i])) {
    throw broken(`its tensor ${name} is ${record.dims.join(' × ')} instead of ${dims.join(' × ')}`);
  }
  const format = FORMATS.get(record.type);
  if (!format) {
    const known = [...FORMATS.values()].map((one) => one.name).join(', ');
    throw unsupported(`The model is quantized as ${formatName(record.type)} (tensor ${name})`, known);
  }
  if ((record.dims[0] ?? 1) % format.elements !== 0) {
    throw broken(`rows of ${record.dims[0]} do not divide into blocks of ${format.name} (tensor ${name})`);
  }
  const elements = product(record.dims);
  const end = record.start + (elements / format.elements) * format.bytes;
  if (end > bytes) throw broken(`it is cut short: tensor ${name} ends at byte ${end} of ${bytes}`);
  return elements;
}

const product = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);

function unsupported(what: string, supported: string): EngineError {
  return new EngineError(
    'unavailable',
    `${what}; gradients can be computed for ${supported}.`,
    'Choose a model of the Llama architecture (SmolLM2 is one) as Q8_0, Q4_1, Q4_0, F16 or F32.',
  );
}

function checked<T extends v.GenericSchema>(schema: T, facts: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, facts);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw broken(`its metadata are not as expected (${v.getDotPath(issue) ?? 'all'}: ${issue.message})`);
}
