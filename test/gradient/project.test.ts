import { expect, test } from 'vitest';
import { nearestTokens } from '../../src/gradient/project.ts';

/** Embeddings (3, 0), (1, 1), (-2, 0), (0, 0) and a row (2, 1). */
const measured = {
  products: Float32Array.of(6, 3, -4, 0),
  squares: Float32Array.of(9, 2, 4, 0),
  square: 5,
};
const allowed = ['right', 'up', 'left', 'nowhere'].map((text, id) => ({ id, text }));
const by = (projection: 'cosine' | 'l2' | 'least-similar', count = 4) =>
  nearestTokens(allowed, measured, projection, count).map(({ text }) => text);

test('by cosine the direction decides', () => {
  expect(by('cosine')).toEqual(['up', 'right', 'nowhere', 'left']);
  const [first] = nearestTokens(allowed, measured, 'cosine', 1);
  expect(first?.similarity).toBeCloseTo(3 / Math.sqrt(10), 6);
});

test('by L2 the distance decides, and is told with a minus', () => {
  const found = nearestTokens(allowed, measured, 'l2', 4);
  expect(found.map(({ text }) => text)).toEqual(['up', 'right', 'nowhere', 'left']);
  expect(found.map(({ similarity }) => similarity * similarity)).toEqual(
    [1, 2, 5, 17].map((value) => expect.closeTo(value, 5)),
  );
});

test('least similar is the published mistake', () => {
  expect(by('least-similar', 1)).toEqual(['left']);
});

test('tokens that are not allowed are not found', () => {
  expect(nearestTokens(allowed.slice(2), measured, 'cosine', 3).map(({ text }) => text)).toEqual([
    'nowhere',
    'left',
  ]);
});
