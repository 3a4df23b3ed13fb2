import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { condition, fit, matern52, RANGE } from '../../src/core/gaussian.ts';
import fixture from './gaussian.fixture.json' with { type: 'json' };

const points = (rows: readonly (readonly number[])[]) => rows.map((row) => Float64Array.from(row));
const dataOf = (each: (typeof fixture.processes)[number]) => ({
  x: points(each.x),
  y: each.y,
  noise: each.noise,
});

test('covariance worked by hand: z = sqrt 5, so (1 + sqrt 5 + 5/3) exp(-sqrt 5)', () => {
  expect(matern52(0, { lengthScale: 2, variance: 3 })).toBe(3);
  expect(matern52(2, { lengthScale: 2, variance: 3 })).toBeCloseTo(
    3 * (1 + Math.sqrt(5) + 5 / 3) * Math.exp(-Math.sqrt(5)),
    14,
  );
});

describe.each(fixture.processes)('of $x.length points, as scikit-learn has it', (each) => {
  const process = condition(dataOf(each), each.kernel);

  test('log marginal likelihood', () => {
    expect(Math.abs(process.logLikelihood - each.logLikelihood)).toBeLessThan(1e-9);
    expect(process.jitter).toBe(1e-6);
  });

  test('posterior mean and sd, at new and at observed points', () => {
    for (const [i, query] of points(each.queries).entries()) {
      const { mean, sd } = process.at(query);
      expect(Math.abs(mean - (each.mean[i] ?? NaN))).toBeLessThan(1e-9);
      expect(Math.abs(sd - (each.sd[i] ?? NaN))).toBeLessThan(1e-9);
    }
  });

  test('the kernel found is as likely as the likeliest of 35 searches by scipy', () => {
    const found = fit(dataOf(each));
    expect(found.logLikelihood).toBeGreaterThan(each.bestLogLikelihood - 1e-3);
    for (const value of [found.kernel.lengthScale, found.kernel.variance]) {
      expect(value).toBeGreaterThanOrEqual(RANGE.least - 1e-12);
      expect(value).toBeLessThanOrEqual(RANGE.most + 1e-12);
    }
  });
});

describe('odd cases', () => {
  const kernel = { lengthScale: 1, variance: 1 };

  test('without observations there is the prior', () => {
    expect(
      condition({ x: [], y: [], noise: [] }, { lengthScale: 1, variance: 4 }).at(Float64Array.of(1)),
    ).toEqual({
      mean: 0,
      sd: 2,
    });
  });

  test('an observation without noise is believed', () => {
    const process = condition({ x: points([[0], [1]]), y: [2, -1], noise: [0, 0] }, kernel);
    expect(process.at(Float64Array.of(0)).mean).toBeCloseTo(2, 4);
    expect(process.at(Float64Array.of(0)).sd).toBeLessThan(2e-3);
    expect(process.at(Float64Array.of(50)).mean).toBeCloseTo(0, 12);
    expect(process.at(Float64Array.of(50)).sd).toBeCloseTo(1, 12);
  });

  test('the jitter grows until the covariance can be factorized', () => {
    // Beside a variance of 1e12, 1e-6 is below the last digit: equal points stay singular.
    const data = { x: points([[0], [0], [0]]), y: [1, 1, 1], noise: [0, 0, 0] };
    const process = condition(data, { lengthScale: 1, variance: 1e12 });
    expect(process.jitter).toBeGreaterThan(1e-6);
    expect(process.jitter).toBeLessThanOrEqual(1e-3);
    expect(process.at(Float64Array.of(0)).mean).toBeCloseTo(1, 2);
  });

  test('what cannot be factorized at all leaves the prior', () => {
    const data = { x: points([[NaN], [0]]), y: [1, 2], noise: [0, 0] };
    const process = fit(data);
    expect(process.logLikelihood).toBe(-Infinity);
    expect(process.at(Float64Array.of(0)).mean).toBe(0);
  });

  test('any observations give finite beliefs', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            x: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 2 }),
            y: fc.double({ min: -3, max: 3, noNaN: true }),
            noise: fc.constantFrom(0, 1e-3, 0.2, 1e6),
          }),
          { minLength: 1, maxLength: 7 },
        ),
        (rows) => {
          const process = fit({
            x: rows.map(({ x }) => Float64Array.from(x)),
            y: rows.map(({ y }) => y),
            noise: rows.map(({ noise }) => noise),
          });
          const { mean, sd } = process.at(Float64Array.of(0.1, 0.2));
          expect(Number.isFinite(mean)).toBe(true);
          expect(sd).toBeGreaterThanOrEqual(0);
          expect(sd).toBeLessThanOrEqual(Math.sqrt(process.kernel.variance) + 1e-9);
        },
      ),
      { numRuns: 30 },
    );
  });
});
