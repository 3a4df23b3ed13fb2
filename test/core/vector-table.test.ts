import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeRng } from '../../src/core/rng.ts';
import { dot } from '../../src/core/vector.ts';
import { vectorTable } from '../../src/core/vector-table.ts';

/** Unit vectors; the nearer `spread` is to 0, the more alike they are. */
function vectors(n: number, size: number, seed: number, spread = 1): Float32Array[] {
  const rng = makeRng(seed, 'vectors');
  return Array.from({ length: n }, () => {
    const raw = Float32Array.from(
      { length: size },
      (_, i) => (i === 0 ? 1 - spread : 0) + spread * (rng.next() - 0.5),
    );
    const norm = Math.sqrt(dot(raw, raw));
    return raw.map((x) => x / norm);
  });
}

const sorted = (rows: readonly Float32Array[], query: Float32Array, k: number) =>
  rows
    .map((row, i) => ({ row: i, weight: dot(query, row) }))
    .sort((a, b) => b.weight - a.weight || a.row - b.row)
    .slice(0, k);

describe('vectorTable', () => {
  afterEach(() => vi.unstubAllGlobals());

  test.each([
    ['spread', 1],
    ['alike', 0.1],
    ['very alike', 0.001],
  ])('finds what a full sort finds, with the same products: %s vectors', (_name, spread) => {
    for (const size of [384, 37, 8, 1]) {
      const rows = vectors(1500, size, 3, spread);
      const table = vectorTable();
      table.hold(rows);
      for (const k of [1, 3, 15, 200]) {
        const query = rows[k] ?? new Float32Array(size);
        expect(table.nearest(query, k), `${size} numbers, k ${k}`).toEqual(sorted(rows, query, k));
      }
    }
  });

  test('any vectors, any length, any k', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 512, max: 700 }),
        fc.integer({ min: 0, max: 300 }),
        fc.nat(),
        fc.constantFrom(0, 1e-3, 1, 1e4),
        (size, n, k, seed, length) => {
          const rows = vectors(n, size, seed).map((row, i) => row.map((x) => x * (i % 7) * length));
          const query = rows[n - 1] ?? new Float32Array(size);
          const table = vectorTable();
          table.hold(rows);
          expect(table.nearest(query, k)).toEqual(sorted(rows, query, k));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('equal vectors keep their order', () => {
    const [one, other] = vectors(2, 16, 1);
    if (one === undefined || other === undefined) throw new Error('no vectors');
    const rows = Array.from({ length: 900 }, (_, i) => (i % 3 === 0 ? one : other));
    const table = vectorTable();
    table.hold(rows);
    expect(table.nearest(one, 4).map(({ row }) => row)).toEqual([0, 3, 6, 9]);
  });

  test('grows with its rows, and begins anew when an earlier one changes', () => {
    const rows = vectors(3000, 24, 5);
    const table = vectorTable();
    for (const n of [10, 600, 601, 2000, 3000]) {
      const held = rows.slice(0, n);
      table.hold(held);
      const query = rows[n - 1] ?? new Float32Array(24);
      expect(table.nearest(query, 5)).toEqual(sorted(held, query, 5));
    }
    const moved = [...rows.slice(1), ...rows.slice(0, 1)];
    table.hold(moved);
    const query = moved[2999] ?? new Float32Array(24);
    expect(table.nearest(query, 5)).toEqual(sorted(moved, query, 5));
  });

  test('works without WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    const rows = vectors(800, 24, 6);
    const table = vectorTable();
    table.hold(rows);
    const query = rows[7] ?? new Float32Array(24);
    expect(table.nearest(query, 3)).toEqual(sorted(rows, query, 3));
  });

  test('vectors of several lengths are a mistake', () => {
    const table = vectorTable();
    table.hold([...vectors(600, 16, 1), ...vectors(1, 17, 1)]);
    expect(() => table.nearest(new Float32Array(16), 2)).toThrow(RangeError);
  });
});
