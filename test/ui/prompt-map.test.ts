import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { CandidateView } from '../../src/ui/run-view.ts';
import {
  arrow,
  labels,
  nearestPoint,
  planeOf,
  pointTowards,
  project,
  promptMap,
  type Stop,
} from '../../src/ui/prompt-map.ts';
import { withVectors, type Vectors } from '../../src/ui/vectors.ts';

const vector = (...numbers: number[]) => Float32Array.from(numbers);
const at = { tokens: 0, calls: 0, ms: 0 };

function runOf(prompts: readonly string[]) {
  const candidates = new Map(
    prompts.map((prompt, i): [string, CandidateView] => {
      const candidate: Candidate = { id: `c${i}`, prompt, shots: [], parents: [], origin: 'x', step: i };
      return [candidate.id, { candidate, edit: null, scores: {}, tallies: {}, answers: [] }];
    }),
  );
  return { candidates };
}
const stand = (candidate: string, step: number) => ({ candidate, step, score: 0, at });

function through(vectors: Float32Array[], all = vectors) {
  const plane = planeOf(all);
  if (plane === null) throw new Error('There is no plane of no vectors.');
  return project(vectors, plane);
}

function mapOf(run: ReturnType<typeof runOf>, vectors: Vectors, path: readonly Stop[], width = 400) {
  const plane = planeOf([...vectors.values()].flatMap((one) => one ?? []));
  return promptMap(run, vectors, plane, path, width, 300);
}

test('points of a plane keep their distances; the first stands left of the middle and below it', () => {
  // Around the mean (3, 1): along x by -3, 3, 0, 0 and along y by -1, 1, -1, 1 (no correlation is 0 here: 2 * 3).
  const flat = [vector(0, 0, 5), vector(6, 0, 5), vector(0, 2, 5), vector(6, 2, 5)];
  const { points, held } = through(flat);
  expect(held).toBeCloseTo(1, 6);
  const distance = (i: number, j: number) =>
    Math.hypot((points[i]?.x ?? 0) - (points[j]?.x ?? 0), (points[i]?.y ?? 0) - (points[j]?.y ?? 0));
  expect(distance(0, 1)).toBeCloseTo(6, 5);
  expect(distance(0, 2)).toBeCloseTo(2, 5);
  expect(distance(0, 3)).toBeCloseTo(Math.sqrt(40), 5);
  expect(points[0]?.x).toBeCloseTo(-3, 5);
  expect(points[0]?.y).toBeCloseTo(-1, 5);
});

test('what two directions hold of the differences is told', () => {
  // Squares around the mean: 2 * 9 along the first, 2 * 4 along the second, 2 * 1 along the third.
  const cross = [
    vector(3, 0, 0),
    vector(-3, 0, 0),
    vector(0, 2, 0),
    vector(0, -2, 0),
    vector(0, 0, 1),
    vector(0, 0, -1),
  ];
  expect(through(cross).held).toBeCloseTo(26 / 28, 6);
  expect(through([vector(1, 2), vector(1, 2)])).toEqual({
    points: [
      { x: 0, y: 0 },
      { x: 0, y: 0 },
    ],
    held: 1,
  });
  expect(planeOf([])).toBeNull();
});

test('with the whole recording at hand a point stays where it is while others come', () => {
  const all = Array.from({ length: 30 }, (_, i) =>
    vector(Math.sin(i), Math.cos(2 * i), Math.sin(3 * i), i / 9),
  );
  const early = through(all.slice(0, 5), all).points;
  const late = through(all, all).points;
  for (const [i, point] of early.entries()) {
    expect(point.x).toBeCloseTo(late[i]?.x ?? NaN, 9);
    expect(point.y).toBeCloseTo(late[i]?.y ?? NaN, 9);
  }
});

test('the way of the search joins the candidates at which it stood; staying is no move', () => {
  const vectors = withVectors(undefined, ['a', 'b', 'c'], [vector(0, 0), vector(4, 0), vector(4, 2)]);
  const path = [stand('c0', 0), stand('c1', 1), stand('c1', 2), stand('c9', 3), stand('c2', 4)];
  const drawn = mapOf(runOf(['a', 'b', 'c', 'd']), vectors, path);
  expect(drawn.moves.map(({ from, to, step }) => [from.id, to.id, step])).toEqual([
    ['c0', 'c1', 1],
    ['c1', 'c2', 4],
  ]);
  expect(drawn.unplaced).toBe(1);
  expect(drawn.points.map((point) => point.id)).toEqual(['c0', 'c1', 'c2']);
});

test('a stop that begins anew marks the next move that can be drawn', () => {
  const vectors = withVectors(undefined, ['a', 'b'], [vector(0, 0), vector(4, 0)]);
  const path = [
    { candidate: 'c0', step: 0 },
    { candidate: 'c2', step: 5, anew: true },
    { candidate: 'c1', step: 10 },
    { candidate: 'c0', step: 15 },
  ];
  const { moves } = mapOf(runOf(['a', 'b', 'c']), vectors, path);
  expect(moves.map(({ to, anew }) => [to.id, anew])).toEqual([
    ['c1', true],
    ['c0', false],
  ]);
});

test('vectors that were looked for and not found are remembered as absent', () => {
  const known = withVectors(withVectors(undefined, ['a'], [null]), ['b'], [vector(1)]);
  expect([...known]).toEqual([
    ['a', null],
    ['b', vector(1)],
  ]);
});

test('every candidate with a vector is placed once and inside; the same words do not cover each other', () => {
  const numbers = fc.float({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(numbers, numbers, numbers), { maxLength: 40 }),
      fc.integer({ min: 300, max: 1200 }),
      (rows, width) => {
        const prompts = rows.map((_, i) => `prompt ${i % 7}`);
        const vectors = withVectors(
          undefined,
          prompts,
          rows.map((row) => vector(...row)),
        );
        const { points } = mapOf(runOf(prompts), vectors, [], width);
        expect(points.map((point) => point.id)).toEqual(prompts.map((_, i) => `c${i}`));
        for (const { x, y } of points) {
          // Points of one spot stand around it: of 6 at most, three widths of a point away.
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThanOrEqual(width);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThanOrEqual(300);
        }
        for (const [i, one] of points.entries()) {
          for (const other of points.slice(i + 1)) {
            if (prompts[i] !== prompts[points.indexOf(other)]) continue;
            expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(8);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('the nearest point within reach, and the next one in the direction of a key', () => {
  const [a, b, c] = [
    { id: 'a', x: 0, y: 0 },
    { id: 'b', x: 100, y: 10 },
    { id: 'c', x: 60, y: 50 },
  ];
  const points = [a, b, c];
  expect(nearestPoint(points, 95, 12, 20)).toBe(b);
  expect(nearestPoint(points, 50, 20, 20)).toBeNull();
  // From a: c costs 60 + 2 * 50, b costs 100 + 2 * 10.
  expect(pointTowards(points, a, 'ArrowRight')).toBe(b);
  expect(pointTowards(points, b, 'ArrowLeft')).toBe(a);
  expect(pointTowards(points, b, 'ArrowDown')).toBe(c);
  expect(pointTowards(points, a, 'ArrowUp')).toBeNull();
  expect(pointTowards(points, a, 'Enter')).toBeNull();
});

test('names find room beside their points, the important first, and never cover each other', () => {
  const points = Array.from({ length: 60 }, (_, i) => ({
    id: `c${i}`,
    x: 20 + ((i * 37) % 360),
    y: 20 + ((i * 53) % 260),
  }));
  const wanted = points.map(({ id }) => ({ id, text: `${id} 62 %` }));
  const found = labels({ points, width: 400, height: 300 }, wanted);
  expect(found[0]?.id).toBe('c0');
  expect(found.length).toBeGreaterThan(10);
  const boxes = found.map(({ x, y, end, text }) => {
    const wide = 7 * text.length;
    return { left: end ? x - wide : x, right: end ? x : x + wide, top: y - 11, bottom: y + 3 };
  });
  for (const [i, one] of boxes.entries()) {
    expect(one.left).toBeGreaterThanOrEqual(0);
    expect(one.right).toBeLessThanOrEqual(400);
    for (const other of boxes.slice(i + 1)) {
      const over =
        one.left < other.right && one.right > other.left && one.top < other.bottom && one.bottom > other.top;
      expect(over).toBe(false);
    }
  }
});

test('an arrow there and one back are two lines, each ending short of its point', () => {
  const [a, b] = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ];
  // Bent by 12 px to the left of the way, which is up for one going right; 9 px before the end along (50, 12).
  expect(arrow(a, b)).toMatch(/^M0\.0 0\.0Q50\.0 -12\.0 91\.2 -2\.1M/);
  expect(arrow(b, a)).toMatch(/^M100\.0 0\.0Q50\.0 12\.0 8\.8 2\.1M/);
  expect(arrow(a, a)).not.toContain('NaN');
});
