/**
 * Dot products of one vector with many in 128-bit SIMD: sixteen-bit integers of the query with eight-bit integers of
 * each row. A WebAssembly module of some 250 bytes, written here as its instructions, so that nothing has to be built
 * or loaded. Exact integer arithmetic: the same on every machine.
 */

/** What of WebAssembly core uses. It merges with the web's own types where those are present. */
interface Wasm {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
}

/** Addresses are bytes in `buffer`; the lengths of query and rows are `width`, a multiple of `WIDTH`. */
export interface Int8Dots {
  buffer: ArrayBuffer;
  /** Writes rows many sums as 32-bit integers from `out` on. */
  run(query: number, matrix: number, rows: number, width: number, out: number): void;
}

/** Numbers that one round of the inner loop takes in. */
export const WIDTH = 32;

const LOCAL = { query: 0, matrix: 1, rows: 2, width: 3, out: 4, end: 5, at: 6, sum: 7 } as const;
type Local = keyof typeof LOCAL;
const get = (name: Local) => [0x20, LOCAL[name]];
const set = (name: Local) => [0x21, LOCAL[name]];
const tee = (name: Local) => [0x22, LOCAL[name]];
const I32 = 0x7f;
const V128 = 0x7b;
/** Of two bytes, so that the sign bit of the first is free. */
const constant = (small: number) => [0x41, (small & 127) | 128, small >> 7];
const ADD = [0x6a];
const lane = (i: number) => [...get('sum'), 0xfd, 0x1b, i];
const step = (name: Local, by: number) => [...get(name), ...constant(by), ...ADD];

/** Adds the products of eight numbers, `first` and those behind it, to the sums. */
const eight = (first: number) => [
  ...get('sum'),
  ...[...get('at'), 0xfd, 0x00, 0, 2 * first], // v128.load
  ...[...get('matrix'), 0xfd, 0x01, 0, first], // v128.load8x8_s
  ...[0xfd, 0xba, 0x01], // i32x4.dot_i16x8_s
  ...[0xfd, 0xae, 0x01, ...set('sum')], // i32x4.add
];

const BODY = [
  // Two further numbers, one vector of four sums.
  ...[2, 2, I32, 1, V128],
  ...[0x02, 0x40, 0x03, 0x40], // block, loop over rows
  ...[...get('rows'), 0x45, 0x0d, 1], // leave when none is left
  ...[0xfd, 0x0c, ...new Array<number>(16).fill(0), ...set('sum')],
  ...[...get('query'), ...set('at')],
  ...[...get('matrix'), ...get('width'), ...ADD, ...set('end')],
  ...[0x03, 0x40], // loop over the row
  ...[0, 8, 16, 24].flatMap(eight),
  ...[...step('at', 2 * WIDTH), ...set('at')],
  ...[...step('matrix', WIDTH), ...tee('matrix'), ...get('end'), 0x49, 0x0d, 0, 0x0b], // again while below its end
  ...[...get('out'), ...lane(0), ...lane(1), ...ADD, ...lane(2), ...ADD, ...lane(3), ...ADD],
  ...[0x36, 2, 0], // i32.store
  ...[...step('out', 4), ...set('out')],
  ...[...get('rows'), ...constant(1), 0x6b, ...set('rows')],
  ...[0x0c, 0, 0x0b, 0x0b, 0x0b], // next row; ends of loop, block, function
];

/** A section behind its length. */
const section = (id: number, ...content: number[]) => [id, ...length(content.length), ...content];
const length = (n: number) => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]);

const BYTES = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 1, 0x60, 5, I32, I32, I32, I32, I32, 0),
  ...section(2, 1, 1, 0x6d, 1, 0x6d, 2, 0, 1), // import "m"."m": a memory of one page or more
  ...section(3, 1, 0),
  ...section(7, 1, 1, 0x72, 0, 0), // export "r"
  ...section(10, 1, ...length(BODY.length), ...BODY),
]);

const PAGE = 65_536;

/** Null where WebAssembly or its SIMD is missing. `bytes` is the room that the buffer must have. */
export function int8Dots(bytes: number): Int8Dots | null {
  const wasm: Wasm | undefined = Reflect.get(Object(globalThis), 'WebAssembly');
  if (wasm === undefined) return null;
  try {
    const memory = new wasm.Memory({ initial: Math.ceil(bytes / PAGE) });
    const { r } = new wasm.Instance(new wasm.Module(BYTES), { m: { m: memory } }).exports;
    if (typeof r !== 'function') return null;
    return {
      buffer: memory.buffer,
      run: (query, matrix, rows, width, out) => void r(query, matrix, rows, width, out),
    };
  } catch {
    // Not permitted here, no SIMD, or no such room.
    return null;
  }
}
