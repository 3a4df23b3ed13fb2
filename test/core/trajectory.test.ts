import { describe, expect, test } from 'vitest';
import type { Scored } from '../../src/core/candidate.ts';
import { select } from '../../src/core/trajectory.ts';

const scored = (id: string, score: number): Scored => ({
  candidate: { id, prompt: id, shots: [], parents: [], origin: 'test', step: 0 },
  score,
  n: 10,
});
const history = [scored('a', 0.5), scored('b', 0.9), scored('c', 0.9), scored('d', 0.1)];
const ids = (chosen: ReturnType<typeof select>) => chosen.map((c) => c.scored.candidate.id).join('');

describe('select', () => {
  test('recency: the latest, newest first or last', () => {
    expect(ids(select(history, 'recency', 2, 'descending'))).toBe('dc');
    expect(ids(select(history, 'recency', 2, 'ascending'))).toBe('cd');
  });

  test('importance: the best; of equals the earlier comes first', () => {
    expect(ids(select(history, 'importance', 3, 'descending'))).toBe('bca');
    expect(ids(select(history, 'importance', 3, 'ascending'))).toBe('acb');
  });

  test('relevance: the current prompt, then the nearest; the paper shows the most similar last', () => {
    // Cosines with d = (1, 0): a 0.6, b 0, c 0.8.
    const vectors = [
      [0.6, 0.8],
      [0, 1],
      [0.8, 0.6],
      [1, 0],
    ].map((v) => Float32Array.from(v));
    const chosen = select(history, 'relevance', 3, 'descending', vectors);
    expect(ids(chosen)).toBe('dca');
    expect(chosen.map((c) => c.weight)).toEqual([1, expect.closeTo(0.8), expect.closeTo(0.6)]);
    expect(ids(select(history, 'relevance', 3, 'ascending', vectors))).toBe('acd');
  });

  test('k beyond the history gives what there is; k of 0 gives nothing', () => {
    expect(ids(select(history, 'recency', 99, 'descending'))).toBe('dcba');
    expect(select(history, 'importance', 0, 'descending')).toEqual([]);
  });
});
