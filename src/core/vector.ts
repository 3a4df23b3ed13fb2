/** Vectors of one length; another length is a mistake of the caller and throws RangeError. */

export function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`Vectors of ${a.length} and ${b.length} numbers.`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** -1..1; 0 when either is the zero vector, so never NaN for finite numbers. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const product = dot(a, b);
  const length = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return length === 0 ? 0 : Math.max(-1, Math.min(1, product / length));
}

/** Element by element; throws RangeError for none. */
export function mean(vectors: readonly Float32Array[]): Float32Array {
  const first = vectors[0];
  if (first === undefined) throw new RangeError('The mean of no vectors.');
  const sums = new Float64Array(first.length);
  for (const vector of vectors) {
    if (vector.length !== first.length)
      throw new RangeError(`Vectors of ${first.length} and ${vector.length} numbers.`);
    for (const [i, x] of vector.entries()) sums[i] = (sums[i] ?? 0) + x;
  }
  return Float32Array.from(sums, (sum) => sum / vectors.length);
}
