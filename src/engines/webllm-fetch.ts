import * as v from 'valibot';
import { EngineError, type Report } from '../core/model.ts';
import { alone, gather, wholeOf } from './gather.ts';
import { md5 } from './md5.ts';
import { forgetPieces, piecesOf } from './pieces.ts';
import {
  type Addresses,
  contents,
  indexFiles,
  look,
  type ModelFile,
  readJson,
  shardsSchema,
  sizeOf,
  stored,
} from './webllm-files.ts';

/** Files fetched at once. */
const PARALLEL = 4;

/**
 * Puts what is missing into the caches; bytes in reports are of the whole model. Rejects with EngineError, `aborted`
 * when the signal fires, and only after what arrived has been put away.
 */
export async function fetchModel(
  record: Addresses,
  sha256: Record<string, string>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const index = indexFiles(record);
  for (const file of index) await keep(file, sha256, () => undefined, signal);
  const files = await contents(record);
  const here = await look();
  const loaded = new Map<string, number>();
  const sizes = new Map<string, number>();
  const count = (file: ModelFile) => (bytes: number, size: number | null) => {
    loaded.set(file.url, bytes);
    if (size !== null) sizes.set(file.url, size);
    report({ loaded: sum(loaded.values()), total: sum(sizes.values()), doing: 'Downloading the model' });
  };
  const missing: ModelFile[] = [];
  for (const file of files) {
    const stored = here.has(file);
    const bytes = stored ? await sizeOf(file) : (await piecesOf(file.url, here.pieces)).bytes;
    const size = stored ? bytes : file.bytes;
    loaded.set(file.url, bytes);
    if (size !== null) sizes.set(file.url, size);
    if (!stored) missing.push(file);
  }

  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const fetchNext = async () => {
    try {
      for (let file = missing.shift(); file; file = missing.shift()) {
        await keep(file, sha256, count(file), either);
      }
    } catch (error) {
      failed.abort();
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: PARALLEL }, fetchNext));
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  // One that failed stopped the others, which then say no more than that they were stopped.
  const first = reasons.find((reason) => !(reason instanceof EngineError && reason.fault === 'aborted'));
  if (reasons.length > 0) throw first ?? reasons[0];
}

/**
 * What the model's files are, to the byte: a hash over its configuration, its list of weights with their hashes, its
 * tokenizer and its library. Null where one of them is not kept here or names no hash. `librarySha256` stands for a
 * library that is known by its hash.
 */
export async function buildOf(record: Addresses, librarySha256: string | undefined): Promise<string | null> {
  const index = indexFiles(record);
  const { records } = v.parse(shardsSchema, await readJson(index[1]));
  if (records.some(({ md5sum }) => md5sum === undefined)) return null;
  const tokenizer = (await contents(record)).find(({ path }) => path.startsWith('tokenizer.'));
  const library: ModelFile = { cache: 'webllm/wasm', url: record.model_lib, bytes: null, path: 'model.wasm' };
  const hash = md5();
  hash.add(new TextEncoder().encode(librarySha256 ?? ''));
  for (const file of [...index, tokenizer, ...(librarySha256 === undefined ? [library] : [])]) {
    const found = file && (await stored(file));
    if (!found) return null;
    hash.add(new Uint8Array(await found.arrayBuffer()));
  }
  return hash.end();
}

/** Fetches a file into its cache unless it is there. */
async function keep(
  file: ModelFile,
  sha256: Record<string, string>,
  say: (loaded: number, size: number | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const { url, path, bytes } = file;
  await alone(url, signal, async () => {
    if (!(await stored(file))) {
      await gather({ url, name: path, bytes, say, signal });
      await put(file, sha256[path]);
      await forgetPieces(url);
    }
    const size = await sizeOf(file);
    say(size, size);
  });
}

/** From pieces into the cache, if it is what it should be; otherwise its pieces are thrown away. */
async function put(file: ModelFile, sha256: string | undefined): Promise<void> {
  const { body, bytes, type } = await wholeOf(file.url);
  const headers = { 'Content-Type': type, 'Content-Length': String(bytes) };
  const cache = await caches.open(file.cache);
  const hashed = sha256 === undefined ? withMd5(body) : await withSha256(body);
  const expected = sha256 ?? file.md5;
  let wrong: EngineError | null = null;
  // The cache takes nothing of a body that fails at its end; why it failed does not come out of it.
  const end = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    flush() {
      const actual = hashed.hash();
      if (expected === undefined || actual === expected) return;
      wrong = notExpected(file, expected, actual);
      throw wrong;
    },
  });
  try {
    await cache.put(file.url, new Response(hashed.body.pipeThrough(end), { headers }));
  } catch (error) {
    if (wrong) {
      await forgetPieces(file.url);
      throw wrong;
    }
    if (!(error instanceof DOMException && error.name === 'QuotaExceededError')) throw error;
    throw new EngineError(
      'unavailable',
      'The browser has no room left for this model.',
      'Delete models that you do not use, or free space on the disk; then go on with the download.',
    );
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A body and its hash in hexadecimal, which is known when the body has ended. */
interface Hashed {
  body: ReadableStream<Bytes>;
  hash: () => string;
}

function withMd5(body: ReadableStream<Bytes>): Hashed {
  const hash = md5();
  const through = new TransformStream<Bytes, Bytes>({
    transform(chunk, controller) {
      hash.add(chunk);
      controller.enqueue(chunk);
    },
  });
  return { body: body.pipeThrough(through), hash: hash.end };
}

/** Holds the whole in memory: browsers have no SHA-256 of a stream. Only libraries, some megabytes, come with one. */
async function withSha256(body: ReadableStream<Bytes>): Promise<Hashed> {
  const whole = await new Response(body).arrayBuffer();
  const digest = [...new Uint8Array(await crypto.subtle.digest('SHA-256', whole))];
  const hash = digest.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { body: new Blob([whole]).stream(), hash: () => hash };
}

function notExpected({ url }: ModelFile, expected: string, actual: string): EngineError {
  return new EngineError(
    'integrity',
    `${url} is not the file that was expected: its hash is ${actual}, not ${expected}.`,
    'Try again; if it happens again, delete the model and download it afresh, or do not trust its source.',
  );
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);
