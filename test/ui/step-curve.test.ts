import { expect, test } from 'vitest';
import { CURVE, stepCurve, wordsByStep } from '../../src/ui/step-curve.ts';

test('the first step stands at the left, the last at the right, the most words at the top', () => {
  const curve = stepCurve(
    new Map([
      [1, 50],
      [2, 30],
      [3, 10],
    ]),
    2,
    3,
  );
  const [first, , last] = curve.points;
  expect(first).toEqual({ x: CURVE.left, y: CURVE.top, step: 1, words: 50 });
  expect(last?.x).toBe(CURVE.width - CURVE.right);
  // 10 of 50 words: a fifth of the height above the base.
  expect(last?.y).toBeCloseTo(CURVE.height - CURVE.bottom - (CURVE.height - CURVE.top - CURVE.bottom) / 5);
  expect(curve.present).toMatchObject({ step: 2, words: 30 });
});

test('what was stated so far ends the line, and one step is a point without a line', () => {
  const curve = stepCurve(new Map([[1, 50]]), 1, 6);
  expect(curve.path).toBe('');
  expect(curve.steps).toBe(6);
  expect(curve.present?.x).toBe(CURVE.left);
  expect(stepCurve(new Map(), 1, null)).toMatchObject({ points: [], present: null });
});

test('what the run stated counts before what was planned; steps without a limit are left out', () => {
  expect([...wordsByStep([50, null, 30], [{ step: 3, words: 28 }])]).toEqual([
    [1, 50],
    [3, 28],
  ]);
});
