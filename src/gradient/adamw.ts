import type { Moments } from '../core/tuner.ts';

/** Published defaults (Kingma and Ba 2015); weight decay is decoupled (Loshchilov and Hutter 2019). */
const FIRST = 0.9;
const SECOND = 0.999;
const EPSILON = 1e-8;

/** Adam's memory before the first of its steps. */
export function freshMoments(size: number): Moments {
  return { first: new Float32Array(size), second: new Float32Array(size), count: 0 };
}

/** Length of a vector. */
export function lengthOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** `values` after one AdamW step; nothing that is given is changed. `clip` is the greatest length of the gradient; 0: none. */
export function adamwStep(
  values: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  { rate, weightDecay, clip }: { rate: number; weightDecay: number; clip: number },
): { values: Float32Array; moments: Moments } {
  const length = lengthOf(gradient);
  const cut = clip > 0 && length > clip ? clip / length : 1;
  const count = moments.count + 1;
  const first = moments.first.map((old, i) => FIRST * old + (1 - FIRST) * cut * (gradient[i] ?? 0));
  const second = moments.second.map(
    (old, i) => SECOND * old + (1 - SECOND) * (cut * (gradient[i] ?? 0)) ** 2,
  );
  const [full1, full2] = [1 - FIRST ** count, 1 - SECOND ** count];
  const moved = values.map((value, i) => {
    const step = (first[i] ?? 0) / full1 / (Math.sqrt((second[i] ?? 0) / full2) + EPSILON);
    return value - rate * (step + weightDecay * value);
  });
  return { values: moved, moments: { first, second, count } };
}
