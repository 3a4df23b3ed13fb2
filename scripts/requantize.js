/**
 * Q4_1 to Q8_0: llama.cpp in WASM has a SIMD kernel for Q8_0 and none for Q4_1, so the same weights run a
 * third faster in the larger format. Both follow ggml's reference code, with its float32 arithmetic.
 */
import { Q4_1, Q8_0, readGguf, writeGguf } from './gguf.js';

const BLOCK = 32;
const Q4_1_BYTES = 20; // f16 scale, f16 minimum, 16 bytes of nibbles
const Q8_0_BYTES = 34; // f16 scale, 32 signed bytes
const MOSTLY_Q8_0 = 7; // general.file_type

/**
 * A GGUF file with every Q4_1 tensor turned into Q8_0; all else is kept as it is. Returned in chunks.
 * @param {Buffer} file
 * @returns {Buffer[]}
 */
export function requantize(file) {
  const gguf = readGguf(file);
  const metadata = Buffer.from(gguf.metadata);
  if (gguf.fileTypeAt !== null) metadata.writeUInt32LE(MOSTLY_Q8_0, gguf.fileTypeAt);
  const tensors = gguf.tensors.map((tensor) =>
    tensor.type === Q4_1 ? { ...tensor, type: Q8_0, data: requantizeBlocks(tensor.data) } : tensor,
  );
  return writeGguf({ ...gguf, metadata, tensors });
}

/**
 * @param {Buffer} blocks Q4_1
 * @returns {Buffer} Q8_0
 */
export function requantizeBlocks(blocks) {
  const count = blocks.length / Q4_1_BYTES;
  const out = Buffer.alloc(count * Q8_0_BYTES);
  const values = new Float32Array(BLOCK);
  for (let i = 0; i < count; i++) {
    readQ4_1(blocks, i * Q4_1_BYTES, values);
    writeQ8_0(values, out, i * Q8_0_BYTES);
  }
  return out;
}

/**
 * Dequantizes one block: value = nibble * scale + minimum; the low nibbles are the first sixteen values.
 * @param {Buffer} from
 * @param {number} at
 * @param {Float32Array} values of length 32, overwritten
 */
export function readQ4_1(from, at, values) {
  const scale = floatFromHalf(from.readUInt16LE(at));
  const minimum = floatFromHalf(from.readUInt16LE(at + 2));
  for (let i = 0; i < BLOCK / 2; i++) {
    const byte = from[at + 4 + i] ?? 0;
    // The product of 4 and 11 significant bits is exact, so storing the sum is the only rounding.
    values[i] = (byte & 15) * scale + minimum;
    values[i + BLOCK / 2] = (byte >> 4) * scale + minimum;
  }
}

/**
 * Quantizes one block: scale = largest magnitude / 127, stored in half precision; halves round away from 0.
 * The values are divided by the scale before it is rounded to half precision, as ggml does.
 * @param {Float32Array} values of length 32
 * @param {Buffer} to
 * @param {number} at
 */
export function writeQ8_0(values, to, at) {
  let largest = 0;
  for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
  const scale = Math.fround(largest / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  to.writeUInt16LE(halfFromFloat(scale), at);
  for (let i = 0; i < BLOCK; i++) {
    const scaled = Math.fround((values[i] ?? 0) * inverse);
    to[at + 2 + i] = scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5);
  }
}

/**
 * The number of an IEEE half-precision bit pattern.
 * @param {number} half
 */
export function floatFromHalf(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * The nearest IEEE half-precision bit pattern, ties to even; beyond the range it is infinity.
 * @param {number} value
 */
export function halfFromFloat(value) {
  float[0] = value;
  const pattern = bits[0] ?? 0;
  const sign = (pattern >>> 16) & 0x8000;
  const exponent = ((pattern >>> 23) & 255) - 112; // single bias 127, half bias 15
  const fraction = pattern & 0x7fffff;
  if (exponent === 143) return sign | (fraction ? 0x7e00 : 0x7c00);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  // Below the normal range the leading 1 is explicit and the fraction is shifted further right.
  const shift = exponent > 0 ? 13 : 14 - exponent;
  const full = exponent > 0 ? exponent * 0x800000 + fraction : fraction | 0x800000;
  const half = Math.floor(full / 2 ** shift);
  const rest = full - half * 2 ** shift;
  const middle = 2 ** (shift - 1);
  const up = rest > middle || (rest === middle && half % 2 === 1);
  return sign | (half + (up ? 1 : 0));
}
