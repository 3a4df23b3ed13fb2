import { describe, expect, test } from 'vitest';
import { drawPair, leaders, type Member } from '../../src/core/pareto.ts';
import { makeRng } from '../../src/core/rng.ts';

const member = (id: string, items: readonly number[], parents: readonly string[] = []): Member => ({
  scored: {
    candidate: { id, prompt: id, shots: [], parents, origin: 'test', step: 0 },
    score: items.reduce((sum, score) => sum + score, 0) / Math.max(1, items.length),
    n: items.length,
  },
  items,
});
const led = (...pool: readonly Member[]) =>
  leaders(pool).map(({ member: { scored }, leads }) => `${scored.candidate.id}:${leads}`);

describe('leaders', () => {
  test('one alone leads on every example', () => {
    expect(led(member('a', [0, 1, 0]))).toEqual(['a:3']);
  });

  test('each that is best somewhere leads there; ties count for all', () => {
    expect(led(member('a', [1, 0, 0.5]), member('b', [0, 1, 0.5]))).toEqual(['a:2', 'b:2']);
  });

  test('one that is best nowhere is dropped', () => {
    expect(led(member('a', [1, 1]), member('b', [1, 0.9]), member('c', [0, 0]))).toEqual(['a:2']);
  });

  test('one whose examples others lead as well is dropped, lower means first', () => {
    // Sets: {a c d}, {b c}, {a b}, all. d goes (0.25), then a (both of its have another), then b and c are needed.
    const pool = [
      member('a', [1, 0, 1, 0]),
      member('b', [0, 1, 1, 0]),
      member('c', [1, 1, 0, 0]),
      member('d', [1, 0, 0, 0]),
    ];
    expect(led(...pool)).toEqual(['b:3', 'c:3']);
  });

  test('of equals the latest stays', () => {
    expect(led(member('a', [0, 0]), member('b', [0, 0]), member('c', [0, 0]))).toEqual(['c:2']);
    expect(led()).toEqual([]);
  });
});

describe('pairs to merge', () => {
  const root = member('r', [0, 0, 0]);
  const left = member('x', [1, 0, 0], ['r']);
  const right = member('y', [0, 1, 0], ['r']);
  const further = member('z', [1, 0, 1], ['x']);
  const draw = (pool: readonly Member[], merged = new Set<string>()) =>
    drawPair(makeRng(1, 'pair'), pool, leaders(pool), merged);

  test('two leaders of one root, with the latest common ancestor', () => {
    const pair = draw([root, left, right, further]);
    // x is led on its example by z as well; z and y remain.
    expect([pair?.first, pair?.second, pair?.ancestor]).toEqual([right, further, root]);
    const late = member('w', [0, 1, 0], ['x']);
    expect(draw([root, left, late, member('v', [0, 0, 1], ['x'])])?.ancestor).toBe(left);
  });

  test('never a prompt with its own descendant, nor past a better ancestor, nor the same pair again', () => {
    const child = member('c', [0, 1, 1], ['x']);
    expect(leaders([left, child])).toHaveLength(2);
    expect(draw([root, left, child])).toBeNull();
    const strong = member('r', [0, 0.9, 0.9]);
    expect(draw([strong, left, member('y', [0, 1, 0], ['r']), member('q', [0, 0, 1], ['r'])])).toBeNull();
    const merged = new Set<string>();
    expect(draw([root, left, right], merged)).not.toBeNull();
    expect(merged).toEqual(new Set(['x y']));
    expect(draw([root, left, right], merged)).toBeNull();
  });

  test('a merged prompt descends from both of its parents', () => {
    const both = member('m', [1, 1, 0], ['x', 'y']);
    const third = member('t', [0, 0, 1], ['y']);
    expect(draw([root, left, right, both, third])?.ancestor).toBe(right);
  });
});
