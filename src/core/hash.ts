/**
 * MurmurHash3 x86 128-bit over the text's UTF-16 code units as little-endian bytes, as 32 hex digits.
 * Identifies asks in the log: fast, the same everywhere, and with no secret to keep. Not for untrusted integrity.
 */
export function hash(text: string, seed = 0): string {
  const [h1, h2, h3, h4] = hashWords(text, seed);
  return hex(h1) + hex(h2) + hex(h3) + hex(h4);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight digits. A table is several times faster than toString, and a long log is hashed whole when it is opened. */
function hex(word: number): string {
  return `${HEX[word >>> 24]}${HEX[(word >>> 16) & 255]}` + `${HEX[(word >>> 8) & 255]}${HEX[word & 255]}`;
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

/** Code units `i` (low half) and `i + 1` (high half); NaN beyond the end becomes 0 under bitwise operators. */
const wordAt = (text: string, i: number) => text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);

function hashWords(text: string, seed: number): [number, number, number, number] {
  const bytes = text.length * 2;
  let h1 = seed | 0;
  let h2 = seed | 0;
  let h3 = seed | 0;
  let h4 = seed | 0;
  const whole = text.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    h1 ^= Math.imul(rotl(Math.imul(wordAt(text, i), C1), 15), C2);
    h1 = (Math.imul(rotl(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotl(Math.imul(wordAt(text, i + 2), C2), 16), C3);
    h2 = (Math.imul(rotl(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotl(Math.imul(wordAt(text, i + 4), C3), 17), C4);
    h3 = (Math.imul(rotl(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotl(Math.imul(wordAt(text, i + 6), C4), 18), C1);
    h4 = (Math.imul(rotl(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  const rest = bytes & 15;
  if (rest > 12) h4 ^= Math.imul(rotl(Math.imul(wordAt(text, whole + 6), C4), 18), C1);
  if (rest > 8) h3 ^= Math.imul(rotl(Math.imul(wordAt(text, whole + 4), C3), 17), C4);
  if (rest > 4) h2 ^= Math.imul(rotl(Math.imul(wordAt(text, whole + 2), C2), 16), C3);
  if (rest > 0) h1 ^= Math.imul(rotl(Math.imul(wordAt(text, whole), C1), 15), C2);
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
