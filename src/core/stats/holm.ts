/**
 * Holm's step-down adjustment of p values that are judged together, in their own order: rejecting those below alpha
 * keeps the chance of any false rejection below alpha.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => (ps[a] ?? 1) - (ps[b] ?? 1));
  const adjusted = [...ps];
  let least = 0;
  order.forEach((i, rank) => {
    least = Math.max(least, Math.min(1, (ps.length - rank) * (ps[i] ?? 1)));
    adjusted[i] = least;
  });
  return adjusted;
}
