import { expect, test } from 'vitest';
import { int8Dots } from '../../src/core/int8-dots.ts';
import { makeRng } from '../../src/core/rng.ts';

test('sums are those of whole numbers, at the largest too', () => {
  const rng = makeRng(1);
  for (const [rows, width] of [
    [1, 32],
    [3, 64],
    [7, 384],
    [2, 4000],
  ] as const) {
    const dots = int8Dots(65_536 + 4 * rows + rows * width);
    if (dots === null) throw new Error('Node has SIMD, so the module does not compile.');
    const query = new Int16Array(dots.buffer, 0, width).map(() => rng.below(8191) - 4095);
    const matrix = new Int8Array(rows * width).map(() => rng.below(255) - 127);
    matrix.fill(127, 0, width);
    if (rows === 2) query.fill(4095);
    new Int16Array(dots.buffer, 0, width).set(query);
    new Int8Array(dots.buffer, 65_536 + 4 * rows, rows * width).set(matrix);
    dots.run(0, 65_536 + 4 * rows, rows, width, 65_536);
    const wanted = Array.from({ length: rows }, (_, row) =>
      query.reduce((sum, q, i) => sum + q * (matrix[row * width + i] ?? 0), 0),
    );
    expect([...new Int32Array(dots.buffer, 65_536, rows)]).toEqual(wanted);
  }
});
