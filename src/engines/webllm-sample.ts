/** Choosing the next token from a row of raw logits (one per token of the vocabulary). */

/** The row's entries that a grammar admits: bit i of word i/32, as xgrammar gives it. Null admits all. */
export type TokenMask = Int32Array | null;

const admits = (mask: TokenMask, i: number) => mask === null || ((mask[i >>> 5] ?? 0) >>> (i & 31)) % 2 === 1;

/**
 * The next token: the likeliest at temperature 0 (the lowest id of equals), else drawn by `uniform` in [0, 1).
 * Null when the mask admits nothing.
 */
export function pickToken(
  row: Float32Array,
  temperature: number,
  uniform: () => number,
  mask: TokenMask = null,
): number | null {
  let best = -1;
  let top = -Infinity;
  for (let i = 0; i < row.length; i++) {
    const logit = row[i] ?? -Infinity;
    if (logit > top && admits(mask, i)) {
      top = logit;
      best = i;
    }
  }
  if (best < 0) return null;
  if (temperature <= 0) return best;

  const weight = (i: number) => Math.exp(((row[i] ?? -Infinity) - top) / temperature);
  let total = 0;
  for (let i = 0; i < row.length; i++) if (admits(mask, i)) total += weight(i);
  let left = uniform() * total;
  for (let i = 0; i < row.length; i++) {
    if (!admits(mask, i)) continue;
    left -= weight(i);
    if (left < 0) return i;
  }
  return best; // only rounding leads here
}

/** Natural logarithm of the sum of exponentials; a logit minus this is its log-probability. */
export function logSumExp(row: Float32Array): number {
  let top = -Infinity;
  for (const logit of row) if (logit > top) top = logit;
  if (top === -Infinity) return -Infinity;
  let sum = 0;
  for (const logit of row) sum += Math.exp(logit - top);
  return top + Math.log(sum);
}

/** The text before the first stop string in it; null when none is there. Empty stop strings are ignored. */
export function cutAtStop(text: string, stops: readonly string[]): string | null {
  let first = Infinity;
  for (const stop of stops) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at >= 0 && at < first) first = at;
  }
  return first === Infinity ? null : text.slice(0, first);
}
