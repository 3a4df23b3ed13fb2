import { expect, test } from 'vitest';
import { adamwStep, freshMoments, lengthOf } from '../../src/gradient/adamw.ts';

const settings = { rate: 0.1, weightDecay: 0, clip: 0 };

test('the first step moves every number by the rate against its gradient', () => {
  const { values, moments } = adamwStep(
    Float32Array.of(1, -2, 3),
    Float32Array.of(0.5, -4, 1e-3),
    freshMoments(3),
    settings,
  );
  expect([...values].map((value) => Number(value.toFixed(4)))).toEqual([0.9, -1.9, 2.9]);
  expect(moments.count).toBe(1);
});

test('two steps as worked by hand', () => {
  // m = 0.1, then 0.9 * 0.1 - 0.2 = -0.11; v = 0.001, then 0.999 * 0.001 + 0.004 = 0.004999.
  // Corrected: -0.11 / 0.19 = -0.578947, 0.004999 / 0.001999 = 2.500750, root 1.581376: step -0.366103.
  const first = adamwStep(Float32Array.of(1), Float32Array.of(1), freshMoments(1), settings);
  const second = adamwStep(first.values, Float32Array.of(-2), first.moments, settings);
  expect(first.values[0]).toBeCloseTo(0.9, 6);
  expect(second.values[0]).toBeCloseTo(0.9 + 0.0366103, 6);
});

test('weight decay pulls towards zero by rate times decay, apart from the gradient', () => {
  const { values } = adamwStep(Float32Array.of(2), Float32Array.of(0), freshMoments(1), {
    ...settings,
    weightDecay: 0.5,
  });
  expect(values[0]).toBeCloseTo(2 - 0.1 * 0.5 * 2, 6);
});

test('a gradient longer than the clip is shortened to it, a shorter one is not', () => {
  const after = (clip: number) =>
    adamwStep(Float32Array.of(0, 0), Float32Array.of(3, 4), freshMoments(2), { ...settings, clip }).moments;
  expect(lengthOf(after(1).first)).toBeCloseTo(0.1, 6);
  expect(after(1).first[1]).toBeCloseTo(0.08, 6);
  expect(lengthOf(after(10).first)).toBeCloseTo(0.5, 6);
});

test('nothing that is given is changed', () => {
  const values = Float32Array.of(1);
  const moments = freshMoments(1);
  adamwStep(values, Float32Array.of(1), moments, settings);
  expect([values[0], moments.first[0], moments.second[0], moments.count]).toEqual([1, 0, 0, 0]);
});
