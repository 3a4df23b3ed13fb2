import { expect, test } from 'vitest';
import { millsRatio, normalCdf, normalPdf } from '../../src/core/normal.ts';
import fixture from './gaussian.fixture.json' with { type: 'json' };

test.each(fixture.normal)('density and probability at $x to twelve digits', ({ x, pdf, cdf }) => {
  expect(Math.abs(normalPdf(x) - pdf)).toBeLessThanOrEqual(1e-12 * pdf);
  expect(Math.abs(normalCdf(x) - cdf)).toBeLessThanOrEqual(1e-12 * cdf);
});

test('the ends', () => {
  expect(normalCdf(-Infinity)).toBe(0);
  expect(normalCdf(Infinity)).toBe(1);
  expect(normalCdf(NaN)).toBeNaN();
  expect(normalCdf(0)).toBe(0.5);
  expect(millsRatio(Infinity)).toBe(0);
});

test('rises everywhere and is symmetric', () => {
  for (let x = -8; x < 8; x += 0.01) {
    expect(normalCdf(x + 0.01)).toBeGreaterThan(normalCdf(x) - 1e-16);
    expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 14);
  }
});
