import * as v from 'valibot';
import type { LoggedEffect } from '../core/log.ts';
import { effectCheck, firstIssue, runCheck } from './checks.ts';
import { broken } from './errors.ts';
import type { RunRecord } from './schema.ts';

/** One run as one JSON file: configuration, task and every outcome, one a line, for people and programs to check. */

const FORMAT = 'whetstone-run';
const FILE_VERSION = 1;

/** A file from which `importRun` reads the same record and the same log, number for number. */
export function exportRun(record: RunRecord, effects: readonly LoggedEffect[]): Blob {
  // In parts, because a long run's text may exceed the longest string that a browser allows.
  const head = `{"format":"${FORMAT}","version":${FILE_VERSION},\n"record":${JSON.stringify(record)},\n"effects":[`;
  const lines = effects.map((effect, i) => `${i === 0 ? '' : ','}\n${JSON.stringify(portable(effect))}`);
  return new Blob([head, ...lines, '\n]}\n'], { type: 'application/json' });
}

/** Reads the text of an exported run, whole or not at all; throws StorageError, and nothing else, for any other text. */
export function importRun(text: string): { record: RunRecord; effects: LoggedEffect[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw broken('The file', `it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  const header = v.safeParse(v.object({ format: v.literal(FORMAT), version: v.number() }), json);
  if (!header.success) throw broken('The file', 'it is not a run exported by Whetstone');
  const { version } = header.output;
  if (version !== FILE_VERSION)
    throw broken(
      'The file',
      `its format is version ${version}, this program reads version ${FILE_VERSION}; reload the page to get the newest`,
    );
  const result = v.safeParse(file, json);
  if (!result.success) throw broken('The file', firstIssue(result.issues));
  return { record: result.output.record, effects: result.output.effects };
}

/** Outcomes as JSON can hold them: vectors as base64 of their little-endian bytes, odd numbers as text. */
function portable({ key, outcome }: LoggedEffect): unknown {
  if (outcome.kind === 'embed')
    return { key, outcome: { ...outcome, vectors: outcome.vectors.map(toBase64) } };
  if (outcome.kind !== 'choose') return { key, outcome };
  const logProbs = outcome.choice.logProbs.map(toNumeral);
  return { key, outcome: { ...outcome, choice: { ...outcome.choice, logProbs } } };
}

/** JSON has no infinity (an option that cannot be), no NaN and no minus zero. */
const toNumeral = (x: number) => (Object.is(x, -0) ? '-0' : Number.isFinite(x) ? x : String(x));

const numeral = v.union([
  v.number(),
  v.pipe(v.picklist(['-0', 'Infinity', '-Infinity', 'NaN']), v.transform(Number)),
]);

function toBase64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

const base64Vector = v.pipe(
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

const file = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(FILE_VERSION),
  record: runCheck,
  effects: v.array(effectCheck(base64Vector, numeral)),
});
