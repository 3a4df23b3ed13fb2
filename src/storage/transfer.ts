import * as v from 'valibot';
import { jsonFault } from '../core/json-place.ts';
import type { LoggedEffect } from '../core/log.ts';
import { effectCheck, firstIssue, runCheck } from './checks.ts';
import { broken } from './errors.ts';
import { base64Vector, numeral, portable } from './portable.ts';
import type { RunRecord } from './schema.ts';
import { sha256, splitHashes, type SplitHashes } from './split-hashes.ts';

/**
 * A run bundle: one run as one file, gzip over JSON with one outcome a line, for people and programs to check
 * (docs/bundle.md). Version 1 was the same JSON without hashes and not compressed; it is still read.
 */

const FORMAT = 'whetstone-run';
const FILE_VERSION = 2;

/** Bytes; far above what a run of days writes, and below the longest string that browsers allow. */
export const MAX_FILE_BYTES = 100_000_000;
export const MAX_TEXT_BYTES = 400_000_000;

export interface Bundle {
  record: RunRecord;
  effects: LoggedEffect[];
}

/** SHA-256 in hexadecimal of parts of a bundle. */
export interface BundleHashes extends SplitHashes {
  record: string;
  effects: string;
}

/** A file from which `importRun` reads the same record and the same log, number for number. */
export async function exportRun(record: RunRecord, effects: readonly LoggedEffect[]): Promise<Blob> {
  const head = JSON.stringify(record);
  const lines = effects.map((effect) => JSON.stringify(portable(effect)));
  const hashes: BundleHashes = {
    ...(await splitHashes(record.task)),
    record: await sha256([head]),
    effects: await sha256(hashed(lines)),
  };
  // In parts, because a long run's text may exceed the longest string that a browser allows.
  const text = new Blob([
    `{"format":"${FORMAT}","version":${FILE_VERSION},\n"hashes":${JSON.stringify(hashes)},\n"record":${head},\n"effects":[`,
    ...lines.map((line, i) => `${i === 0 ? '' : ','}\n${line}`),
    '\n]}\n',
  ]);
  const packed = await new Response(text.stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
  return new Blob([packed], { type: 'application/gzip' });
}

/**
 * Reads a bundle, whole or not at all: every field is checked, and every hash. Rejects with StorageError, and with
 * nothing else, for any other file; its message names the place.
 */
export async function importRun(file: Blob): Promise<Bundle> {
  const json = parsed(await textOf(file));
  const header = v.safeParse(v.object({ format: v.literal(FORMAT), version: v.number() }), json);
  if (!header.success) throw broken(THE_FILE, 'it is not a run saved by Whetstone');
  const { version } = header.output;
  if (version !== 1 && version !== FILE_VERSION)
    throw broken(
      THE_FILE,
      `its format is version ${version}, this program reads up to version ${FILE_VERSION}; reload the page to get the newest`,
    );
  const result = v.safeParse(version === 1 ? first : bundle, json);
  if (!result.success) throw broken(THE_FILE, firstIssue(result.issues));
  const { record, effects } = result.output;
  if ('hashes' in result.output) await compareHashes(result.output.hashes, record, json);
  return { record, effects };
}

const THE_FILE = 'The file';

/** Of the parts as the file has them, so that what a check would have changed is noticed too. */
async function compareHashes(told: BundleHashes, { task }: RunRecord, json: unknown): Promise<void> {
  const raw = v.parse(v.object({ record: v.unknown(), effects: v.array(v.unknown()) }), json);
  const found: BundleHashes = {
    ...(await splitHashes(task)),
    record: await sha256([JSON.stringify(raw.record)]),
    effects: await sha256(hashed(raw.effects.map((effect) => JSON.stringify(effect)))),
  };
  for (const [part, place] of PLACES)
    if (found[part] !== told[part])
      throw broken(THE_FILE, `${place} not what was saved (hashes.${part} does not match)`);
}

const PLACES = [
  ['train', 'the train examples are'],
  ['validation', 'the validation examples are'],
  ['test', 'the test examples are'],
  ['record', 'the record is'],
  ['effects', 'the log of effects is'],
] as const satisfies readonly (readonly [keyof BundleHashes, string])[];

/** What the hash of a log is taken over: one outcome a line. */
const hashed = (lines: readonly string[]) => lines.map((line) => `${line}\n`);

/** The text of a file, unpacked where it is packed, up to the limits. */
async function textOf(file: Blob): Promise<string> {
  if (file.size > MAX_FILE_BYTES)
    throw broken(THE_FILE, `it has ${size(file.size)}, more than the ${size(MAX_FILE_BYTES)} allowed`);
  let bytes = 0;
  try {
    const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const packed = start[0] === 0x1f && start[1] === 0x8b;
    const content = packed ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
    // A small file may unpack to any length: what is read is counted, and the rest never unpacked.
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > MAX_TEXT_BYTES) controller.error(new RangeError('too long'));
        else controller.enqueue(chunk);
      },
    });
    return await new Response(content.pipeThrough(counted)).text();
  } catch {
    if (bytes > MAX_TEXT_BYTES)
      throw broken(THE_FILE, `it unpacks to more than the ${size(MAX_TEXT_BYTES)} allowed`);
    throw broken(THE_FILE, `it is cut short or damaged after about ${size(bytes)} of unpacked text`);
  }
}

const size = (bytes: number) =>
  bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1e6)} MB`;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = jsonFault(text) ?? (cause instanceof Error ? cause.message : String(cause));
    throw broken(THE_FILE, `it is not JSON (${reason})`);
  }
}

const parts = { record: runCheck, effects: v.array(effectCheck(base64Vector, numeral)) };

const first = v.strictObject({ format: v.literal(FORMAT), version: v.literal(1), ...parts });

const sum = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'));

const bundle = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(FILE_VERSION),
  hashes: v.strictObject({ train: sum, validation: sum, test: sum, record: sum, effects: sum }),
  ...parts,
});
