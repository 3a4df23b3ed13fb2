/** By prompt; null for one that was looked for and is not known. */
export type Vectors = ReadonlyMap<string, Float32Array | null>;

/** `known` and the vectors of these prompts. */
export function withVectors(
  known: Vectors = new Map(),
  prompts: readonly string[] = [],
  vectors: readonly (Float32Array | null)[] = [],
): Vectors {
  return new Map([...known, ...prompts.map((prompt, i) => [prompt, vectors[i] ?? null] as const)]);
}
