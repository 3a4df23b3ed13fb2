import * as v from 'valibot';
import type { LoggedEffect } from '../core/log.ts';
import type { SoftPrompt, TuneResult } from '../core/tuner.ts';

/** Outcomes as JSON can hold them: vectors as base64 of their little-endian bytes, odd numbers as text. */
export function portable({ key, outcome }: LoggedEffect): unknown {
  if (outcome.kind === 'embed')
    return { key, outcome: { ...outcome, vectors: outcome.vectors.map(toBase64) } };
  if (outcome.kind === 'tune')
    return { key, outcome: { ...outcome, result: portableResult(outcome.result) } };
  if (outcome.kind !== 'choose') return { key, outcome };
  const logProbs = outcome.choice.logProbs.map(toNumeral);
  return { key, outcome: { ...outcome, choice: { ...outcome.choice, logProbs } } };
}

function portableResult(result: TuneResult): unknown {
  const prompt = (soft: SoftPrompt) => ({ ...soft, values: toBase64(soft.values) });
  switch (result.did) {
    case 'embed':
    case 'draw':
      return { ...result, prompt: prompt(result.prompt) };
    case 'steps': {
      const { first, second, count } = result.moments;
      const moments = { first: toBase64(first), second: toBase64(second), count };
      return { ...result, prompt: prompt(result.prompt), moments, losses: result.losses.map(toNumeral) };
    }
    case 'measure':
      return { ...result, losses: result.losses.map(toNumeral) };
    case 'project': {
      const near = result.nearest.map((row) =>
        row.map(({ text, similarity }) => ({ text, similarity: toNumeral(similarity) })),
      );
      return { ...result, nearest: near };
    }
  }
}

/** JSON has no infinity (an option that cannot be), no NaN and no minus zero. */
const toNumeral = (x: number) => (Object.is(x, -0) ? '-0' : Number.isFinite(x) ? x : String(x));

export const numeral = v.union([
  v.number(),
  v.pipe(v.picklist(['-0', 'Infinity', '-Infinity', 'NaN']), v.transform(Number)),
]);

export function toBase64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

export const base64Vector = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      const bytes = Uint8Array.from(atob(dataset.value), (char) => char.charCodeAt(0));
      // Throws when the bytes are not a whole number of floats.
      return new Float32Array(bytes.buffer);
    } catch {
      addIssue({ message: 'expected base64 of 32-bit floats' });
      return NEVER;
    }
  }),
);
