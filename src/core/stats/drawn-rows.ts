import type { Rng } from '../rng.ts';

/** Rows drawn at once: few enough to stay in a processor's cache, many enough that beginning a draw costs nothing. */
const AT_ONCE = 100;

/** `rows` rows of `width` draws below `n`, those of as many calls of `rng.below(n)`. A row holds until the next one. */
export function* drawnRows(
  rng: Rng,
  { n, width, rows }: { n: number; width: number; rows: number },
): Generator<Uint32Array, void, undefined> {
  const drawn = new Uint32Array(width * Math.min(AT_ONCE, rows));
  for (let begun = 0; begun < rows; begun += AT_ONCE) {
    const here = Math.min(AT_ONCE, rows - begun);
    rng.fill(drawn.subarray(0, width * here), n);
    for (let row = 0; row < here; row++) yield drawn.subarray(width * row, width * (row + 1));
  }
}
