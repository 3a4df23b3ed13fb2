/** The drawing of a step-size schedule: words against steps. */

export interface StepCurve {
  /** Points in drawing units, in order of the steps. */
  points: { x: number; y: number; step: number; words: number }[];
  /** Of the line through them; empty for fewer than two. */
  path: string;
  /** The point of the present step; null when it has none. */
  present: { x: number; y: number; step: number; words: number } | null;
  mostWords: number;
  steps: number;
}

export const CURVE = { width: 320, height: 120, left: 34, right: 8, top: 10, bottom: 24 };

/**
 * Lays out `words` by step (from 1). Steps beyond `of` widen the drawing; where nothing is known but what was stated so
 * far, the line ends there.
 */
export function stepCurve(
  words: ReadonlyMap<number, number>,
  present: number | null,
  of: number | null,
): StepCurve {
  const all = [...words].sort(([a], [b]) => a - b);
  const steps = Math.max(1, of ?? 0, all.at(-1)?.[0] ?? 1);
  const mostWords = Math.max(1, ...all.map(([, size]) => size));
  const { width, height, left, right, top, bottom } = CURVE;
  const x = (step: number) => left + ((width - left - right) * (step - 1)) / Math.max(1, steps - 1);
  const y = (size: number) => height - bottom - ((height - top - bottom) * size) / mostWords;
  const points = all.map(([step, size]) => ({ x: x(step), y: y(size), step, words: size }));
  return {
    points,
    path:
      points.length < 2 ? '' : points.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' '),
    present: points.find((point) => point.step === present) ?? null,
    mostWords,
    steps,
  };
}

/** What the schedule says, corrected by what the run stated. */
export function wordsByStep(
  planned: readonly (number | null)[],
  stated: readonly { step: number; words: number }[],
): Map<number, number> {
  const words = new Map<number, number>();
  for (const [i, size] of planned.entries()) if (size !== null) words.set(i + 1, size);
  for (const { step, words: size } of stated) words.set(step, size);
  return words;
}
