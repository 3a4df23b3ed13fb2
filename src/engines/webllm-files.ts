import * as v from 'valibot';
import { EngineError, type Report } from '../core/model.ts';
import type { Kept } from './fetch-model.ts';
import { md5 } from './md5.ts';
import { alone, forgetPieces, gather, pieceKeys, piecesOf, wholeOf } from './pieces.ts';

/**
 * A model's files in web-llm's own caches, fetched before web-llm asks for them: so progress is counted in bytes, hashes
 * are checked (web-llm never checks weights), and a download that was stopped goes on where it was. A file is in a cache
 * whole or not at all; what arrived of the others is in pieces (`pieces.ts`).
 */
interface ModelFile {
  cache: (typeof CACHES)[number];
  url: string;
  /** Null when only the server knows. */
  bytes: number | null;
  /** Path below the weights address; the key of its hash. */
  path: string;
  /** By the model's own list; absent for files that are not weights. */
  md5?: string | undefined;
}

/** Where a model is to be had. web-llm's ModelRecord is one. */
export interface Addresses {
  /** Folder of the weights. Absolute. */
  model: string;
  model_lib: string;
}

const CACHES = ['webllm/model', 'webllm/config', 'webllm/wasm'] as const;

const shardsSchema = v.object({
  records: v.array(
    v.object({
      dataPath: v.string(),
      nbytes: v.number(),
      md5sum: v.optional(v.pipe(v.string(), v.toLowerCase())),
    }),
  ),
});
const configSchema = v.object({
  tokenizer_files: v.array(v.string()),
  quantization: v.optional(v.string(), ''),
});

/** Files fetched at once. */
const PARALLEL = 4;

/** The folder of the weights: web-llm adds `resolve/main/` unless a revision is named. */
export function weightsFolder(weightsUrl: string): string {
  const folder = weightsUrl.endsWith('/') ? weightsUrl : `${weightsUrl}/`;
  return new URL(/.+\/resolve\/.+\//.test(folder) ? folder : `${folder}resolve/main/`).href;
}

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

/** What is here of the model. `seen` is one look at the caches for many models. */
export async function keptOfModel(record: Addresses, seen?: Look): Promise<Kept> {
  const here = seen ?? (await look());
  const index = indexFiles(record);
  if (!index.every(here.has)) return { whole: false, bytes: 0, total: null };
  const kept: Kept = { whole: true, bytes: 0, total: 0 };
  for (const file of [...index, ...(await contents(record))]) {
    const stored = here.has(file);
    const pieces = stored ? null : await piecesOf(file.url, here.pieces);
    const bytes = pieces ? pieces.bytes : await sizeOf(file);
    const size = stored ? bytes : (file.bytes ?? pieces?.total ?? 0);
    kept.whole &&= stored;
    kept.bytes += bytes;
    kept.total = (kept.total ?? 0) + size;
  }
  return kept;
}

/** The addresses that all caches hold at this moment. */
export interface Look {
  has(this: void, file: { cache: (typeof CACHES)[number]; url: string }): boolean;
  pieces: readonly string[];
}

export async function look(): Promise<Look> {
  const urls = new Map<string, Set<string>>();
  for (const name of CACHES) {
    const keys = await (await caches.open(name)).keys();
    urls.set(name, new Set(keys.map(({ url }) => url)));
  }
  return { has: ({ cache, url }) => urls.get(cache)?.has(url) ?? false, pieces: await pieceKeys() };
}

/**
 * Removes the model's files, whole or in pieces; those that are not there are passed over. `shared` are addresses of
 * libraries that other models need. The list of files goes last.
 */
export async function removeModel(record: Addresses, shared: ReadonlySet<string> = new Set()): Promise<void> {
  const index = indexFiles(record);
  const here = await look();
  const rest = index.every(here.has) ? await contents(record) : [];
  for (const file of [...rest, ...index]) {
    if (shared.has(file.url)) continue;
    await forgetPieces(file.url);
    await (await caches.open(file.cache)).delete(file.url);
  }
}

function indexFiles(record: Addresses): [ModelFile, ModelFile] {
  const at = (path: string) => new URL(path, weightsFolder(record.model)).href;
  return [
    { cache: 'webllm/config', url: at('mlc-chat-config.json'), bytes: null, path: 'mlc-chat-config.json' },
    { cache: 'webllm/model', url: at('tensor-cache.json'), bytes: null, path: 'tensor-cache.json' },
  ];
}

/** Everything else, small files first. The two index files must be in the caches. */
async function contents(record: Addresses): Promise<ModelFile[]> {
  const [config, list] = indexFiles(record);
  const { tokenizer_files } = v.parse(configSchema, await readJson(config));
  const { records } = v.parse(shardsSchema, await readJson(list));
  const at = (path: string) => new URL(path, weightsFolder(record.model)).href;
  const tokenizer = tokenizer_files.includes('tokenizer.json') ? 'tokenizer.json' : 'tokenizer.model';
  const files: ModelFile[] = [{ cache: 'webllm/model', url: at(tokenizer), bytes: null, path: tokenizer }];
  // web-llm reads a library on localhost from there each time.
  const library = record.model_lib;
  if (library.startsWith('http') && !library.includes('localhost')) {
    files.push({ cache: 'webllm/wasm', url: library, bytes: null, path: 'model.wasm' });
  }
  for (const { dataPath: path, nbytes: bytes, md5sum } of records) {
    files.push({ cache: 'webllm/model', url: at(path), bytes, path, md5: md5sum });
  }
  return files;
}

/** e.g. `q4f16_1`, as the model's own configuration has it; empty when it does not say. */
export async function quantizationOf(record: Addresses): Promise<string> {
  return v.parse(configSchema, await readJson(indexFiles(record)[0])).quantization;
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

/** The tokenizer's description, or null when the model has none in JSON. */
export async function tokenizerJson(record: Addresses): Promise<unknown> {
  const url = new URL('tokenizer.json', weightsFolder(record.model)).href;
  const file: ModelFile = { cache: 'webllm/model', url, bytes: null, path: 'tokenizer.json' };
  return (await stored(file)) ? readJson(file) : null;
}

async function stored(file: ModelFile): Promise<Response | undefined> {
  return (await caches.open(file.cache)).match(file.url);
}

/** Bytes of a file that is in its cache. */
async function sizeOf(file: ModelFile): Promise<number> {
  if (file.bytes !== null) return file.bytes;
  const found = await stored(file);
  const stated = Number(found?.headers.get('content-length') ?? '0');
  return stated > 0 || !found ? stated : (await found.blob()).size;
}

async function readJson(file: ModelFile): Promise<unknown> {
  const found = await stored(file);
  if (!found)
    throw new EngineError(
      'unavailable',
      `${file.url} is not in the browser's cache.`,
      'Load the model again.',
    );
  const content: unknown = await found.json();
  return content;
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
