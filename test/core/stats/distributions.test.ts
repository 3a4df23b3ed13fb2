import { describe, expect, test } from 'vitest';
import {
  betaCdf,
  chiSquareTail,
  logGamma,
  normalQuantile,
  studentTail,
} from '../../../src/core/stats/distributions.ts';
import values from './values.json';

/** Equal to 1e-10 relative to the value. */
function near(value: number, expected: number) {
  if (expected === 0) expect(value).toBe(0);
  else expect(Math.abs(value / expected - 1)).toBeLessThan(1e-10);
}

describe('distributions', () => {
  test("Student's t tail equals SciPy's, far out too", () => {
    for (const { t, df, p } of values.studentTail) near(studentTail(t, df), p);
    expect(studentTail(Infinity, 3)).toBe(0);
    expect(studentTail(-Infinity, 3)).toBe(1);
  });

  test("the incomplete beta function equals SciPy's", () => {
    for (const { x, a, b, p } of values.betaCdf) expect(betaCdf(x, a, b)).toBeCloseTo(p, 10);
    // By hand: I_x(1, 1) = x, I_x(2, 1) = x^2, and the ends.
    near(betaCdf(0.3, 1, 1), 0.3);
    near(betaCdf(0.3, 2, 1), 0.09);
    expect([betaCdf(0, 2, 3), betaCdf(1, 2, 3)]).toEqual([0, 1]);
  });

  test("the chi-square tail equals SciPy's", () => {
    for (const { x, df, p } of values.chiSquareTail) near(chiSquareTail(x, df), p);
  });

  test("the logarithm of gamma equals SciPy's", () => {
    for (const { x, y } of values.logGamma)
      expect(Math.abs(logGamma(x) - y)).toBeLessThan(1e-12 * (1 + Math.abs(y)));
  });

  test("the normal quantile equals SciPy's", () => {
    for (const { p, x } of values.normalQuantile) expect(normalQuantile(p)).toBeCloseTo(x, 11);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});
