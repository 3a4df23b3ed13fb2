/** MD5 (RFC 1321) of a file that comes in chunks: the hash that model lists give of their weights. Not for secrets. */
export interface Md5 {
  add(chunk: Uint8Array): void;
  /** 32 lower-case hexadecimal digits. Nothing may be added afterwards. */
  end(): string;
}

/** Left rotations, four for each of the four rounds. */
const TURNS = Uint8Array.from(
  [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
  ].flatMap((round) => [...round, ...round, ...round, ...round]),
);

/** Signed, so that sums stay in what an engine keeps in a register. */
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))) | 0);

/** Which of a block's 16 words step `i` takes. */
const WORDS = Uint8Array.from({ length: 64 }, (_, i) =>
  i < 16 ? i : i < 32 ? (5 * i + 1) % 16 : i < 48 ? (3 * i + 5) % 16 : (7 * i) % 16,
);

export function md5(): Md5 {
  const state = new Int32Array([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476]);
  const block = new Uint8Array(64);
  const words = new Int32Array(16);
  let length = 0;

  function mix(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 64);
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(4 * i, true);
    let a = state[0] ?? 0;
    let b = state[1] ?? 0;
    let c = state[2] ?? 0;
    let d = state[3] ?? 0;
    for (let i = 0; i < 64; i++) {
      let f: number;
      if (i < 16) f = (b & c) | (~b & d);
      else if (i < 32) f = (d & b) | (~d & c);
      else if (i < 48) f = b ^ c ^ d;
      else f = c ^ (b | ~d);
      const sum = (a + f + (SINES[i] ?? 0) + (words[WORDS[i] ?? 0] ?? 0)) | 0;
      const turn = TURNS[i] ?? 0;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0;
    }
    // Typed arrays wrap around by themselves.
    state[0] = (state[0] ?? 0) + a;
    state[1] = (state[1] ?? 0) + b;
    state[2] = (state[2] ?? 0) + c;
    state[3] = (state[3] ?? 0) + d;
  }

  function add(chunk: Uint8Array): void {
    let at = 0;
    const held = length % 64;
    length += chunk.byteLength;
    if (held > 0) {
      at = Math.min(64 - held, chunk.byteLength);
      block.set(chunk.subarray(0, at), held);
      if (held + at < 64) return;
      mix(block, 0);
    }
    for (; at + 64 <= chunk.byteLength; at += 64) mix(chunk, at);
    block.set(chunk.subarray(at));
  }

  return {
    add,
    end() {
      const bits = 8 * length;
      const padding = new Uint8Array(((119 - (length % 64)) % 64) + 9);
      padding[0] = 0x80;
      const view = new DataView(padding.buffer);
      view.setUint32(padding.byteLength - 8, bits >>> 0, true);
      view.setUint32(padding.byteLength - 4, Math.floor(bits / 2 ** 32), true);
      add(padding);
      return [...new Uint8Array(state.buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    },
  };
}
