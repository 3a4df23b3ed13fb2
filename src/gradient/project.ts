import type { Nearest, Projection } from '../core/tuner.ts';
import type { AllowedToken } from './allowed-tokens.ts';

/**
 * The allowed tokens nearest to one virtual token, nearest first; the earlier in the vocabulary of equals.
 * `products` and `squares` hold, by token, the product of its embedding with the row and its own squared length;
 * `square` is the row's squared length.
 */
export function nearestTokens(
  allowed: readonly AllowedToken[],
  { products, squares, square }: { products: Float32Array; squares: Float32Array; square: number },
  by: Projection,
  count: number,
): Nearest[] {
  const measured = allowed.map(({ id, text }) => {
    const product = products[id] ?? 0;
    const other = squares[id] ?? 0;
    const similarity =
      by === 'l2'
        ? -Math.sqrt(Math.max(0, square + other - 2 * product))
        : product / Math.sqrt(Math.max(square * other, Number.MIN_VALUE));
    return { text, similarity };
  });
  const sign = by === 'least-similar' ? -1 : 1;
  return measured.sort((a, b) => sign * (b.similarity - a.similarity)).slice(0, count);
}
