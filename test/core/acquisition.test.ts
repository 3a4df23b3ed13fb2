import { describe, expect, test } from 'vitest';
import {
  betaAt,
  expectedImprovement,
  liarBatch,
  merged,
  recent,
  shareNoise,
  smoothedNoise,
  standardize,
  surrogate,
  upperBound,
} from '../../src/core/acquisition.ts';
import fixture from './gaussian.fixture.json' with { type: 'json' };

const at = (...x: number[]) => Float64Array.from(x);

describe('expected improvement', () => {
  test.each(fixture.improvement)('of mean $mean, sd $sd over $best, to fifty digits rounded', (each) => {
    const { value } = each;
    // Relative to its size: the far tail must be right too, or a batch is picked among zeros.
    expect(Math.abs(expectedImprovement(each, each.best) - value)).toBeLessThan(
      1e-9 * Math.max(value, 1e-300),
    );
  });

  test('where nothing is uncertain there is none', () => {
    expect(expectedImprovement({ mean: 5, sd: 0 }, 1)).toBe(0);
    expect(expectedImprovement({ mean: 5, sd: NaN }, 1)).toBe(0);
    expect(expectedImprovement({ mean: -60, sd: 0.5 }, 1)).toBeGreaterThanOrEqual(0);
  });
});

describe('upper confidence bound', () => {
  test('adds beta standard deviations, two by default', () => {
    expect(upperBound({ mean: 0.5, sd: 0.25 })).toBe(1);
    expect(upperBound({ mean: 0.5, sd: 0.25 }, 4)).toBe(1.5);
  });

  test.each(fixture.schedule)('its schedule at step $t', ({ t, beta }) => {
    expect(Math.abs(betaAt(t) - beta)).toBeLessThan(1e-12);
  });
});

describe('observations', () => {
  test('noise is that of a share of n, or of a share between it and one half', () => {
    expect(shareNoise({ score: 0.5, n: 10 })).toBe(0.025);
    expect(shareNoise({ score: 1, n: 10 })).toBe(0);
    expect(shareNoise({ score: 0.5, n: 0 })).toBe(0.25);
    expect(smoothedNoise({ score: 0.5, n: 10 })).toBe(0.025);
    // (10 + 1) / 12 right: 11/12 * 1/12 / 10.
    expect(smoothedNoise({ score: 1, n: 10 })).toBeCloseTo(11 / 1440, 14);
    expect(smoothedNoise({ score: 0, n: 10 })).toBeCloseTo(11 / 1440, 14);
  });

  test('those of one point are averaged over all their examples', () => {
    const one = merged([
      { x: at(1, 2), score: 0.5, n: 10 },
      { x: at(0, 0), score: 1, n: 4 },
      { x: at(1, 2), score: 0.8, n: 30 },
    ]);
    expect(one).toHaveLength(2);
    expect(one[0]?.score).toBeCloseTo((5 + 24) / 40, 14);
    expect(one[0]?.n).toBe(40);
    expect(one[1]).toMatchObject({ score: 1, n: 4 });
  });

  test('standardized: mean 0, sd 1; equal scores keep their scale', () => {
    const { values, mean, scale } = standardize([0.2, 0.4, 0.9]);
    expect(mean).toBeCloseTo(0.5, 14);
    expect(scale).toBeCloseTo(Math.sqrt((0.09 + 0.01 + 0.16) / 3), 14);
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 14);
    expect(values.reduce((a, b) => a + b * b, 0)).toBeCloseTo(3, 14);
    expect(standardize([0.25, 0.25])).toEqual({ values: [0, 0], mean: 0.25, scale: 1 });
    expect(standardize([0.1, 0.1, 0.1]).scale).toBe(1);
  });

  test('beyond the most that are fitted the best and the latest stay, in their order', () => {
    const scores = [0.9, 0.1, 0.8, 0.2, 0.3, 0.4];
    const observations = scores.map((score, i) => ({ x: at(i), score, n: 5 }));
    expect(recent(observations, 4).map((o) => o.score)).toEqual([0.9, 0.8, 0.3, 0.4]);
    expect(recent(observations, 6)).toEqual(observations);
  });

  test('a fit to equal scores believes them everywhere and prefers the unknown', () => {
    const model = surrogate([0, 1, 2].map((i) => ({ x: at(i), score: 0.5, n: 8 })));
    expect(model.best).toBeCloseTo(0, 12);
    expect(model.at(at(40)).sd).toBeGreaterThan(model.at(at(1)).sd);
    const [pick] = liarBatch(
      model,
      [at(1.1), at(40)],
      1,
      (belief, best) => expectedImprovement(belief, best),
      'mean',
    );
    expect(pick?.index).toBe(1);
  });

  test('a rise that the scores show is believed beyond them', () => {
    const model = surrogate([0, 0.2, 0.4, 0.6].map((x) => ({ x: at(x), score: 0.2 + x, n: 200 })));
    expect(model.at(at(0.7)).mean).toBeGreaterThan(model.at(at(0.1)).mean);
    expect(model.best).toBeCloseTo(model.at(at(0.6)).mean, 12);
    expect(Math.abs(model.scoreOf(model.at(at(0.4))).mean - 0.6)).toBeLessThan(0.05);
    expect(model.scoreOf(model.at(at(30))).mean).toBeCloseTo(0.5, 12);
  });
});

test('a kernel given is kept, one not given is the likeliest', () => {
  const observations = [0, 0.5, 1, 2].map((x) => ({ x: at(x), score: 0.2 + 0.3 * x, n: 50 }));
  const likeliest = surrogate(observations);
  const kernel = { lengthScale: 0.3, variance: 2 };
  expect(surrogate(observations, smoothedNoise, kernel).process.kernel).toEqual(kernel);
  expect(likeliest.process.logLikelihood).toBeGreaterThan(
    surrogate(observations, smoothedNoise, kernel).process.logLikelihood,
  );
  const again = surrogate(observations, smoothedNoise, likeliest.process.kernel);
  expect(again.at(at(1.5))).toEqual(likeliest.at(at(1.5)));
});

describe('a batch by constant liar', () => {
  const model = surrogate([
    { x: at(0), score: 0.3, n: 40 },
    { x: at(1), score: 0.7, n: 40 },
    { x: at(2), score: 0.4, n: 40 },
  ]);
  const pool = [at(1.3), at(1.31), at(4), at(-3)];
  const improve = (belief: { mean: number; sd: number }, best: number) => expectedImprovement(belief, best);

  test('picks distinct points, the first by acquisition alone', () => {
    const picks = liarBatch(model, pool, 4, improve, 'mean');
    expect(new Set(picks.map((pick) => pick.index)).size).toBe(4);
    const values = pool.map((x) => improve(model.at(x), model.best));
    expect(picks[0]?.value).toBe(Math.max(...values));
    expect(liarBatch(model, pool, 9, improve, 'mean')).toHaveLength(4);
    expect(liarBatch(model, [], 2, improve, 'mean')).toEqual([]);
  });

  test.each(['lowest', 'mean'] as const)('a lie (%s) sends the second pick away from the first', (lie) => {
    const near = [at(1.3), at(1.31), at(1.9)];
    const alone = near.map((x) => improve(model.at(x), model.best));
    expect(Math.min(alone[0] ?? 0, alone[1] ?? 0)).toBeGreaterThan(alone[2] ?? Infinity);
    expect(liarBatch(model, near, 2, improve, lie).map((pick) => pick.index)).toContain(2);
  });

  test('equal points: the first of the pool', () => {
    expect(liarBatch(model, [at(3), at(3), at(3)], 1, improve, 'highest')[0]?.index).toBe(0);
  });
});
