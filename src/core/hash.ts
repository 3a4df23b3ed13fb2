/**
 * MurmurHash3 x86 128-bit over the text's UTF-16 code units as little-endian bytes, as 32 hex digits.
 * Identifies asks in the log: fast, the same everywhere, and with no secret to keep. Not for untrusted integrity.
 */
export function hash(text: string, seed = 0): string {
  return hashWords(text, seed)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

/** The same of a vector's bytes, so that two vectors of different bits do not share an identity. */
export function hashVector(vector: Float32Array): string {
  const units = new Uint16Array(vector.buffer, vector.byteOffset, vector.length * 2);
  let text = '';
  for (let i = 0; i < units.length; i += 4096) text += String.fromCharCode(...units.subarray(i, i + 4096));
  return hash(text);
}

/** One unsigned 32-bit integer from a text, for seeds. */
export function hash32(text: string, seed = 0): number {
  return hashWords(text, seed)[0];
}

const rotl = (x: number, r: number) => (x << r) | (x >>> (32 - r));

function mix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

function hashWords(text: string, seed: number): [number, number, number, number] {
  const bytes = text.length * 2;
  // Word i holds code units 2i (low half) and 2i+1 (high half); NaN beyond the end becomes 0 under bitwise operators.
  const word = (i: number) => text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 16);
  let h1 = seed | 0;
  let h2 = seed | 0;
  let h3 = seed | 0;
  let h4 = seed | 0;
  const blocks = bytes >>> 4;
  for (let b = 0; b < blocks; b++) {
    const i = b * 4;
    h1 ^= Math.imul(rotl(Math.imul(word(i), C1), 15), C2);
    h1 = (Math.imul(rotl(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotl(Math.imul(word(i + 1), C2), 16), C3);
    h2 = (Math.imul(rotl(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotl(Math.imul(word(i + 2), C3), 17), C4);
    h3 = (Math.imul(rotl(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotl(Math.imul(word(i + 3), C4), 18), C1);
    h4 = (Math.imul(rotl(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  const i = blocks * 4;
  const rest = bytes & 15;
  if (rest > 12) h4 ^= Math.imul(rotl(Math.imul(word(i + 3), C4), 18), C1);
  if (rest > 8) h3 ^= Math.imul(rotl(Math.imul(word(i + 2), C3), 17), C4);
  if (rest > 4) h2 ^= Math.imul(rotl(Math.imul(word(i + 1), C2), 16), C3);
  if (rest > 0) h1 ^= Math.imul(rotl(Math.imul(word(i), C1), 15), C2);
  h1 ^= bytes;
  h2 ^= bytes;
  h3 ^= bytes;
  h4 ^= bytes;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = mix(h1);
  h2 = mix(h2);
  h3 = mix(h3);
  h4 = mix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  return [h1 >>> 0, h2 >>> 0, h3 >>> 0, h4 >>> 0];
}
