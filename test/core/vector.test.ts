import { describe, expect, it } from 'vitest';
import { cosine, dot, mean } from '../../src/core/vector.ts';

const vector = (...numbers: number[]) => Float32Array.from(numbers);

describe('vectors', () => {
  it('have a dot product and a cosine', () => {
    expect(dot(vector(1, 2, 3), vector(4, -5, 6))).toBe(12);
    expect(cosine(vector(3, 4), vector(4, 3))).toBeCloseTo(0.96, 12);
    expect(cosine(vector(1, 0), vector(-2, 0))).toBe(-1);
    expect(cosine(vector(0, 0), vector(1, 0))).toBe(0);
  });
  it('have a mean', () => {
    expect(mean([vector(1, 2), vector(3, -2)])).toEqual(vector(2, 0));
  });
  it('must be of one length, and at least one for a mean', () => {
    expect(() => dot(vector(1), vector(1, 2))).toThrow(RangeError);
    expect(() => mean([vector(1), vector(1, 2)])).toThrow(RangeError);
    expect(() => mean([])).toThrow(RangeError);
  });
});
