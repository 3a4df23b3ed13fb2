/**
 * The container format of llama.cpp, version 3: a header, key-value metadata, one record a tensor, then the
 * tensors' bytes, each aligned. Metadata is kept as the bytes it came in; only two values in it matter here.
 */

/**
 * @typedef {object} Tensor
 * @property {string} name
 * @property {bigint[]} dims innermost first, as in the file
 * @property {number} type one of TYPES
 * @property {Buffer} data
 *
 * @typedef {object} Gguf
 * @property {bigint} pairs how many key-value pairs `metadata` holds
 * @property {Buffer} metadata
 * @property {number} alignment bytes; every tensor starts at a multiple of it
 * @property {number | null} fileTypeAt where in `metadata` the u32 of general.file_type lies; null if absent
 * @property {Tensor[]} tensors
 */

export const F32 = 0;
export const Q4_1 = 3;
export const Q8_0 = 8;

/** Elements and bytes of one block of the tensor types that are understood here. */
const TYPES = new Map([
  [F32, { name: 'F32', elements: 1, bytes: 4 }],
  [Q4_1, { name: 'Q4_1', elements: 32, bytes: 20 }],
  [Q8_0, { name: 'Q8_0', elements: 32, bytes: 34 }],
]);

/** Bytes of the fixed-size metadata values, by their type number; 8 is a string, 9 an array. */
const VALUE_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const UINT32 = 4;
const STRING = 8;
const ARRAY = 9;

const MAGIC = 0x46554747; // "GGUF", little-endian
const VERSION = 3;

/**
 * Splits a GGUF file into its parts; tensor data are views of `file`, not copies.
 * Throws when the file is no GGUF v3, is cut short, or holds a tensor type not in TYPES.
 * @param {Buffer} file
 * @returns {Gguf}
 */
export function readGguf(file) {
  let at = 0;
  /** @param {number} bytes */
  const take = (bytes) => {
    const start = at;
    if (bytes > file.length - start) throw new Error(`The GGUF file is cut short (${file.length} bytes).`);
    at += bytes;
    return start;
  };
  const u32 = () => file.readUInt32LE(take(4));
  const u64 = () => file.readBigUInt64LE(take(8));
  const string = () => {
    const bytes = Number(u64());
    const start = take(bytes);
    return file.toString('utf8', start, start + bytes);
  };
  /** @param {number} type */
  const skipValue = (type) => {
    if (type === STRING) {
      string();
    } else if (type === ARRAY) {
      const inner = u32();
      const length = Number(u64());
      if (inner === STRING || inner === ARRAY) {
        for (let i = 0; i < length; i++) skipValue(inner);
      } else {
        take(length * valueBytes(inner));
      }
    } else {
      take(valueBytes(type));
    }
  };

  if (u32() !== MAGIC) throw new Error('This is not a GGUF file: it does not start with "GGUF".');
  const version = u32();
  if (version !== VERSION) throw new Error(`GGUF version ${version} is not supported, only ${VERSION}.`);
  const tensorCount = Number(u64());
  const pairs = u64();

  const metadataStart = at;
  let alignment = 32; // the format's default
  /** @type {number | null} */
  let fileTypeAt = null;
  for (let i = 0n; i < pairs; i++) {
    const key = string();
    const type = u32();
    if (key === 'general.file_type' && type === UINT32) fileTypeAt = at - metadataStart;
    if (key === 'general.alignment' && type === UINT32) alignment = u32();
    else skipValue(type);
  }
  if (alignment === 0) throw new Error('The GGUF file names an alignment of 0.');
  const metadata = file.subarray(metadataStart, at);

  const records = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = string();
    const rank = u32();
    const dims = [];
    for (let d = 0; d < rank; d++) dims.push(u64());
    records.push({ name, dims, type: u32(), offset: Number(u64()) });
  }
  const dataStart = aligned(at, alignment);
  const tensors = records.map(({ name, dims, type, offset }) => {
    at = dataStart + offset;
    const start = take(tensorBytes(name, dims, type));
    return { name, dims, type, data: file.subarray(start, at) };
  });
  return { pairs, metadata, alignment, fileTypeAt, tensors };
}

/**
 * The file of these parts, as chunks to be written one after another.
 * @param {Gguf} gguf
 * @returns {Buffer[]}
 */
export function writeGguf({ pairs, metadata, alignment, tensors }) {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(VERSION, 4);
  head.writeBigUInt64LE(BigInt(tensors.length), 8);
  head.writeBigUInt64LE(pairs, 16);
  const chunks = [head, metadata];

  let offset = 0;
  for (const { name, dims, type, data } of tensors) {
    if (data.length !== tensorBytes(name, dims, type)) throw new Error(`Tensor ${name} has the wrong size.`);
    const label = Buffer.from(name);
    const record = Buffer.alloc(8 + label.length + 4 + 8 * dims.length + 4 + 8);
    let at = record.writeBigUInt64LE(BigInt(label.length), 0);
    at += label.copy(record, at);
    at = record.writeUInt32LE(dims.length, at);
    for (const dim of dims) at = record.writeBigUInt64LE(dim, at);
    at = record.writeUInt32LE(type, at);
    record.writeBigUInt64LE(BigInt(offset), at);
    chunks.push(record);
    offset = aligned(offset + data.length, alignment);
  }
  chunks.push(padding(sizeOf(chunks), alignment));
  for (const { data } of tensors) chunks.push(data, padding(data.length, alignment));
  return chunks;
}

/** @param {number} type */
function valueBytes(type) {
  const bytes = VALUE_BYTES[type];
  if (!bytes) throw new Error(`The GGUF file has a metadata value of unknown type ${type}.`);
  return bytes;
}

/**
 * @param {string} name
 * @param {bigint[]} dims
 * @param {number} type
 */
function tensorBytes(name, dims, type) {
  const block = TYPES.get(type);
  if (!block) throw new Error(`Tensor ${name} has type ${type}; only F32, Q4_1 and Q8_0 are understood.`);
  if (Number(dims[0] ?? 1n) % block.elements !== 0)
    throw new Error(
      `Tensor ${name}: a row of ${dims[0]} is no multiple of ${block.elements} (${block.name}).`,
    );
  const elements = Number(dims.reduce((product, dim) => product * dim, 1n));
  return (elements / block.elements) * block.bytes;
}

/**
 * @param {number} offset
 * @param {number} alignment
 */
function aligned(offset, alignment) {
  return Math.ceil(offset / alignment) * alignment;
}

/**
 * @param {number} length
 * @param {number} alignment
 */
function padding(length, alignment) {
  return Buffer.alloc(aligned(length, alignment) - length);
}

/** @param {Buffer[]} chunks */
function sizeOf(chunks) {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
