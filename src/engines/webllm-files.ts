import * as v from 'valibot';
import { EngineError } from '../core/model.ts';
import type { Kept } from './gguf-files.ts';
import { forgetPieces, pieceKeys, piecesOf } from './pieces.ts';

/**
 * A model’s files in web-llm’s own caches, fetched (`webllm-fetch.ts`) before web-llm asks for them: so progress is counted in bytes, hashes
 * are checked (web-llm never checks weights), and a download that was stopped goes on where it was. A file is in a cache
 * whole or not at all; what arrived of the others is in pieces (`pieces.ts`).
 */
export interface ModelFile {
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

export const shardsSchema = v.object({
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

/** The folder of the weights: web-llm adds `resolve/main/` unless a revision is named. */
export function weightsFolder(weightsUrl: string): string {
  const folder = weightsUrl.endsWith('/') ? weightsUrl : `${weightsUrl}/`;
  return new URL(/\/resolve\/.+\//.test(folder) ? folder : `${folder}resolve/main/`).href;
}

/** Addresses below the folder of a model's weights. */
function placesIn(record: Addresses): (path: string) => string {
  const folder = weightsFolder(record.model);
  return (path) => new URL(path, folder).href;
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

export function indexFiles(record: Addresses): [ModelFile, ModelFile] {
  const at = placesIn(record);
  return [
    { cache: 'webllm/config', url: at('mlc-chat-config.json'), bytes: null, path: 'mlc-chat-config.json' },
    { cache: 'webllm/model', url: at('tensor-cache.json'), bytes: null, path: 'tensor-cache.json' },
  ];
}

/** Everything else, small files first. The two index files must be in the caches. */
export async function contents(record: Addresses): Promise<ModelFile[]> {
  const [config, list] = indexFiles(record);
  const { tokenizer_files } = v.parse(configSchema, await readJson(config));
  const { records } = v.parse(shardsSchema, await readJson(list));
  const at = placesIn(record);
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

/** The tokenizer's description, or null when the model has none in JSON. */
export async function tokenizerJson(record: Addresses): Promise<unknown> {
  const url = placesIn(record)('tokenizer.json');
  const file: ModelFile = { cache: 'webllm/model', url, bytes: null, path: 'tokenizer.json' };
  return (await stored(file)) ? readJson(file) : null;
}

export async function stored(file: ModelFile): Promise<Response | undefined> {
  return (await caches.open(file.cache)).match(file.url);
}

/** Bytes of a file that is in its cache. */
export async function sizeOf(file: ModelFile): Promise<number> {
  if (file.bytes !== null) return file.bytes;
  const found = await stored(file);
  const stated = Number(found?.headers.get('content-length') ?? '0');
  return stated > 0 || !found ? stated : (await found.blob()).size;
}

export async function readJson(file: ModelFile): Promise<unknown> {
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
