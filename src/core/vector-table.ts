import { int8Dots, WIDTH, type Int8Dots } from './int8-dots.ts';
import { dot } from './vector.ts';

/** A row and its dot product with the query. */
export interface Near {
  row: number;
  weight: number;
}

/** Vectors of one length, held so that those nearest to another are found fast. Costs one byte a number. */
export interface VectorTable {
  /** Makes `vectors` the rows. Only those behind the part that it holds already (the same objects) are taken in anew. */
  hold(vectors: readonly Float32Array[]): void;
  /**
   * Up to `k` rows with the largest dot products with `query`, largest first, of equals the earlier row. Exact: the
   * small integers only tell which rows cannot be among them.
   */
  nearest(query: Float32Array, k: number): Near[];
}

/** Largest integers of a row and of the query; sums of their products over 4,000 numbers stay below 2^31. */
const ROW_MAX = 127;
const QUERY_MAX = 4095;

/** Fewer rows are quicker looked at than packed, and for more wanted rows a sort is as good. */
const LEAST_ROWS = 512;
const MOST_WANTED = 256;

/** Bytes in front of the matrix, beside the sums: the query. */
const QUERY_BYTES = 65_536;

export function vectorTable(): VectorTable {
  let rows: Float32Array[] = [];
  let packed: Packed | null = null;

  return {
    hold(vectors) {
      let same = 0;
      while (same < rows.length && same < vectors.length && rows[same] === vectors[same]) same += 1;
      if (same < rows.length) {
        rows = [];
        packed = null;
      }
      for (let i = rows.length; i < vectors.length; i++) {
        const vector = vectors[i];
        if (vector !== undefined) rows.push(vector);
      }
    },
    nearest(query, k) {
      if (k <= 0) return [];
      if (rows.length < LEAST_ROWS || k > MOST_WANTED) return nearestOf(rows, query, k);
      packed = pack(packed, rows);
      return packed === null
        ? nearestOf(rows, query, k)
        : nearestOf(rows, query, k, possible(packed, rows.length, query, k));
    },
  };
}

/** What `VectorTable.nearest` gives, by looking at every row; the way for vectors that are looked at once. */
export function nearestOf(
  rows: readonly Float32Array[],
  query: Float32Array,
  k: number,
  among: Iterable<number> = rows.keys(),
): Near[] {
  const found: Near[] = [];
  const sort = () => found.sort((a, b) => b.weight - a.weight || a.row - b.row);
  for (const row of among) {
    const vector = rows[row];
    if (vector !== undefined) found.push({ row, weight: dot(query, vector) });
    // Never sorts many at once.
    if (found.length > 2 * k + 1000) {
      sort();
      found.length = k;
    }
  }
  return sort().slice(0, k);
}

/** Rows as small integers: row ≈ scale * integers, and no farther from it than `off`. */
interface Packed {
  dots: Int8Dots;
  width: number;
  capacity: number;
  length: number;
  matrix: Int8Array;
  sums: Int32Array;
  scale: Float64Array;
  off: Float64Array;
}

/** Takes in the rows that `old` lacks; in a larger buffer when it is full. Null where there is no SIMD. */
function pack(old: Packed | null, rows: readonly Float32Array[]): Packed | null {
  const size = rows[0]?.length ?? 0;
  const width = Math.ceil(size / WIDTH) * WIDTH;
  let table = old;
  if (table === null || table.capacity < rows.length) {
    const capacity = Math.max(2 * LEAST_ROWS, Math.ceil(1.5 * rows.length));
    const from = QUERY_BYTES + 4 * capacity;
    const dots = 2 * width > QUERY_BYTES ? null : int8Dots(from + capacity * width);
    if (dots === null) return null;
    table = {
      dots,
      width,
      capacity,
      length: 0,
      sums: new Int32Array(dots.buffer, QUERY_BYTES, capacity),
      matrix: new Int8Array(dots.buffer, from, capacity * width),
      scale: new Float64Array(capacity),
      off: new Float64Array(capacity),
    };
  }
  for (let row = table.length; row < rows.length; row++) {
    const vector = rows[row];
    if (vector === undefined || vector.length !== size)
      throw new RangeError(`Vectors of ${size} and ${vector?.length ?? 0} numbers.`);
    const { scale, off } = quantize(vector, ROW_MAX, table.matrix, row * width);
    table.scale[row] = scale;
    table.off[row] = off;
  }
  table.length = rows.length;
  return table;
}

/** Writes `vector` as integers up to `most`, from `at` on; gives their unit and the length of what they miss. */
function quantize(vector: Float32Array, most: number, into: Int8Array | Int16Array, at: number) {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i] ?? 0);
    if (size > largest) largest = size;
  }
  const scale = largest / most;
  const per = scale === 0 ? 0 : 1 / scale;
  let missed = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i] ?? 0;
    const integer = Math.round(value * per);
    into[at + i] = integer;
    const rest = value - scale * integer;
    missed += rest * rest;
  }
  return { scale, off: Math.sqrt(missed) };
}

/**
 * Rows whose product with the query may be among the `k` largest. With q = q' + dq and x = x' + dx, the product of
 * the integers is off by at most |q||dx| + |x'||dq| (Cauchy-Schwarz); a row is out when even so k others are larger.
 */
function possible(table: Packed, length: number, query: Float32Array, k: number): number[] {
  const { dots, width, sums, scale, off } = table;
  if (query.length > width || query.length <= width - WIDTH)
    throw new RangeError(`Vectors of ${width} and ${query.length} numbers.`);
  const integers = new Int16Array(dots.buffer, 0, width);
  integers.fill(0);
  const { scale: unit, off: missed } = quantize(query, QUERY_MAX, integers, 0);
  const norm = Math.sqrt(dot(query, query));
  dots.run(0, table.matrix.byteOffset, length, width, sums.byteOffset);
  // Rows are at most as long as their largest number times the root of their width.
  const reach = Math.sqrt(width) * ROW_MAX * missed;
  // The k largest lower bounds, ascending; the first is what a row must be able to reach.
  const lows = new Float64Array(k).fill(-Infinity);
  for (let row = 0; row < length; row++) {
    const part = scale[row] ?? 0;
    const low = (sums[row] ?? 0) * part * unit - norm * (off[row] ?? 0) - reach * part;
    if (low <= (lows[0] ?? 0)) continue;
    let at = 0;
    for (; at + 1 < k && (lows[at + 1] ?? 0) < low; at++) lows[at] = lows[at + 1] ?? 0;
    lows[at] = low;
  }
  // Room for the rounding of the exact products.
  const least = (lows[0] ?? 0) - 1e-6 * norm;
  const found: number[] = [];
  for (let row = 0; row < length; row++) {
    const part = scale[row] ?? 0;
    const high = (sums[row] ?? 0) * part * unit + norm * (off[row] ?? 0) + reach * part;
    if (high >= least) found.push(row);
  }
  return found;
}
