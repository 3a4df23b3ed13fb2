/**
 * How much of the KV cache a prompt can use on this device, found by a test at load:
 * - `prefill`  roll back to the common prefix, then prefill the rest onto it;
 * - `decode`   the same, but the rest only token by token: a prefill onto a filled cache gives wrong logits here;
 * - `none`     the cache cannot be rolled back: it can only grow or be emptied.
 */
export type Reuse = 'prefill' | 'decode' | 'none';

/** Measured milliseconds a token. */
export interface Speeds {
  prefillMs: number;
  decodeMs: number;
}

export interface Plan {
  /** Tokens of the cache that stay, counted from its start. 0 empties it. */
  keep: number;
  /** What is computed after that, in order; the last piece ends the prompt. A piece of one token is a decode step. */
  pieces: number[][];
}

/** Shorter pieces cost more a token than they gain in responsiveness. */
const LEAST_PIECE = 64;
/** A cancelled ask ends between two pieces: one piece shall take about this long. */
const PIECE_MS = 1000;

/**
 * The cheapest right way to have exactly `wanted` in a cache that holds `cached`, computing at least the last token
 * (its logits are what the caller is after). `maxPiece` is the longest prefill that the model library takes.
 */
export function planForward(
  cached: readonly number[],
  wanted: readonly number[],
  reuse: Reuse,
  speeds: Speeds,
  maxPiece: number,
): Plan {
  const common = Math.min(commonPrefix(cached, wanted), wanted.length - 1);
  const keep = reuse !== 'none' || common === cached.length ? common : 0;
  const rest = wanted.slice(keep);

  if (reuse === 'prefill') {
    const ideal = Math.floor(PIECE_MS / Math.max(speeds.prefillMs, 0.01) / 16) * 16;
    return { keep, pieces: chunks(rest, Math.min(maxPiece, Math.max(LEAST_PIECE, ideal))) };
  }
  const afresh = { keep: 0, pieces: [wanted.slice(0, maxPiece), ...chunks(wanted.slice(maxPiece), 1)] };
  // However short, a prefill reads all weights once, as a decode step does.
  const costOf = (piece: number[]) =>
    Math.max(speeds.decodeMs, piece.length > 1 ? piece.length * speeds.prefillMs : 0);
  const cost = ({ pieces }: Plan) => pieces.reduce((ms, piece) => ms + costOf(piece), 0);
  const onto = { keep, pieces: chunks(rest, 1) };
  return keep > 0 && cost(onto) <= cost(afresh) ? onto : afresh;
}

export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const limit = Math.min(a.length, b.length);
  let n = 0;
  while (n < limit && a[n] === b[n]) n++;
  return n;
}

function chunks(ids: readonly number[], size: number): number[][] {
  const pieces: number[][] = [];
  for (let i = 0; i < ids.length; i += size) pieces.push(ids.slice(i, i + size));
  return pieces;
}
