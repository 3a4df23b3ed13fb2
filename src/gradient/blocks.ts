/**
 * Weights as GGML packs them, to 32-bit floats. Rows are cut into blocks of 32 numbers that share a scale (and in Q4_1
 * a least value), both 16-bit floats; of 4-bit numbers the low halves of the bytes come first, then the high halves.
 */

/** One packing of numbers. */
export interface BlockFormat {
  name: string;
  /** Numbers in a block. */
  elements: number;
  /** Bytes of a block. */
  bytes: number;
  /** Fills `out`, whose length is a multiple of `elements`, from as many blocks. */
  unpack(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void;
}

const BLOCK = 32;

/** Formats that can be unpacked, by GGML's number. */
export const FORMATS: ReadonlyMap<number, BlockFormat> = new Map([
  [0, { name: 'F32', elements: 1, bytes: 4, unpack: unpackF32 }],
  [1, { name: 'F16', elements: 1, bytes: 2, unpack: unpackF16 }],
  [2, { name: 'Q4_0', elements: BLOCK, bytes: 18, unpack: unpackQ4_0 }],
  [3, { name: 'Q4_1', elements: BLOCK, bytes: 20, unpack: unpackQ4_1 }],
  [8, { name: 'Q8_0', elements: BLOCK, bytes: 34, unpack: unpackQ8_0 }],
]);

/** GGML's other formats that occur in files, for messages. */
const OTHERS: Readonly<Record<number, string>> = {
  6: 'Q5_0',
  7: 'Q5_1',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  28: 'F64',
  29: 'IQ1_M',
  30: 'BF16',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};

/** What a format is called; `type 77` where GGML's number is not known. */
export function formatName(type: number): string {
  return FORMATS.get(type)?.name ?? OTHERS[type] ?? `type ${type}`;
}

/** Value of every 16-bit float, by its bits; a quarter of a megabyte, made once. */
let halves: Float32Array | null = null;

/** A 16-bit float (IEEE 754 binary16) from its bits. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => half(bits));
  return halves;
}

/** GGUF is little-endian, and so is every machine that a browser runs on. */
function unpackF32(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
}

function unpackF16(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void {
  const value = halfTable();
  for (let i = 0; i < out.length; i++) out[i] = at(value, u16(bytes, 2 * i));
}

function unpackQ4_0(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void {
  const value = halfTable();
  for (let i = 0, b = 0; i < out.length; i += BLOCK, b += 18) {
    const scale = at(value, u16(bytes, b));
    for (let j = 0; j < 16; j++) {
      const pair = at(bytes, b + 2 + j);
      out[i + j] = scale * ((pair & 15) - 8);
      out[i + j + 16] = scale * ((pair >> 4) - 8);
    }
  }
}

function unpackQ4_1(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void {
  const value = halfTable();
  for (let i = 0, b = 0; i < out.length; i += BLOCK, b += 20) {
    const scale = at(value, u16(bytes, b));
    const least = at(value, u16(bytes, b + 2));
    for (let j = 0; j < 16; j++) {
      const pair = at(bytes, b + 4 + j);
      out[i + j] = scale * (pair & 15) + least;
      out[i + j + 16] = scale * (pair >> 4) + least;
    }
  }
}

function unpackQ8_0(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void {
  const value = halfTable();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0, b = 0; i < out.length; i += BLOCK, b += 34) {
    const scale = at(value, u16(bytes, b));
    for (let j = 0; j < BLOCK; j++) out[i + j] = scale * at(signed, b + 2 + j);
  }
}

/** Every index is within by construction; the fallback is for the compiler and costs nothing that can be measured. */
const at = (values: Uint8Array | Int8Array | Float32Array, index: number) => values[index] ?? 0;
const u16 = (bytes: Uint8Array, index: number) => at(bytes, index) | (at(bytes, index + 1) << 8);

/**
 * Rows of a Q or K matrix in the order of the model as it was published. llama.cpp's converter interleaves the two
 * halves of each head's rows, because its rotation turns neighbours 2j and 2j + 1; the published models turn row j of a
 * head together with row j + half a head. `rows` has a multiple of `heads` rows of `columns` numbers.
 */
export function unpermuted(rows: Float32Array, heads: number, columns: number): Float32Array<ArrayBuffer> {
  return reordered(rows, heads, columns, (row, half) => 2 * (row % half) + Math.floor(row / half));
}

/** The other way round: published order to llama.cpp's. */
export function permuted(rows: Float32Array, heads: number, columns: number): Float32Array<ArrayBuffer> {
  return reordered(rows, heads, columns, (row, half) => (row % 2) * half + Math.floor(row / 2));
}

function reordered(
  rows: Float32Array,
  heads: number,
  columns: number,
  from: (row: number, half: number) => number,
): Float32Array<ArrayBuffer> {
  const size = rows.length / columns / heads;
  const out = new Float32Array(rows.length);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < size; row++) {
      const start = (head * size + from(row, size / 2)) * columns;
      out.set(rows.subarray(start, start + columns), (head * size + row) * columns);
    }
  }
  return out;
}
