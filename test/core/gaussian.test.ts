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

  test('means at the observed points alone', () => {
    const means = process.means();
    for (const [i, x] of points(each.x).entries())
      expect(Math.abs((means[i] ?? NaN) - process.at(x).mean)).toBeLessThan(1e-9);
  });

  test('many points at once, and more observations one by one, as if conditioned on them from the start', () => {
    const queries = points(each.queries);
    const outlook = process.over(queries, 3);
    let data = dataOf(each);
    for (const [i, y, noise] of [
      [0, 0.3, 0.1],
      [queries.length - 1, -1, 0],
      [0, 0.9, 0.2],
    ] as const) {
      const now = condition(data, each.kernel);
      for (const [p, query] of queries.entries()) {
        const { mean, sd } = outlook.at(p);
        expect(Math.abs(mean - now.at(query).mean)).toBeLessThan(1e-9);
        // Where nearly all is known, the root makes 1e-17 of variance 3e-9 of sd.
        expect(Math.abs(sd - now.at(query).sd)).toBeLessThan(1e-8);
      }
      outlook.observe(i, y, noise);
      const x = queries[i] ?? Float64Array.of();
      data = { x: [...data.x, x], y: [...data.y, y], noise: [...data.noise, noise] };
    }
    const last = condition(data, each.kernel).at(queries[1] ?? Float64Array.of());
    expect(Math.abs(outlook.at(1).mean - last.mean)).toBeLessThan(1e-9);
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

  test('an observation added that needs a larger jitter gets it', () => {
    const huge = { lengthScale: 1, variance: 1e12 };
    const at = points([[0], [3], [0]]);
    const outlook = condition({ x: at.slice(0, 1), y: [1], noise: [0] }, huge).over(at, 3);
    for (const [i, y] of [
      [0, 1],
      [1, 2],
      [2, 1],
    ] as const)
      outlook.observe(i, y, 0);
    const anew = condition({ x: points([[0], [0], [3], [0]]), y: [1, 1, 2, 1], noise: [0, 0, 0, 0] }, huge);
    expect(anew.jitter).toBeGreaterThan(1e-6);
    expect(outlook.at(1).mean).toBeCloseTo(2, 2);
    expect(outlook.at(0).mean).toBeCloseTo(anew.at(Float64Array.of(0)).mean, 2);
    expect(outlook.at(0).sd).toBeLessThan(1e5);
  });

  test('what cannot be factorized at all leaves the prior', () => {
    const data = { x: points([[NaN], [0]]), y: [1, 2], noise: [0, 0] };
    const process = fit(data);
    expect(process.logLikelihood).toBe(-Infinity);
    expect(process.at(Float64Array.of(0)).mean).toBe(0);
    expect([...process.means()]).toEqual([0, 0]);
    const outlook = process.over(points([[0], [NaN]]), 1);
    outlook.observe(0, 1, 0.1);
    expect(outlook.at(1)).toEqual({ mean: 0, sd: 1 });
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
