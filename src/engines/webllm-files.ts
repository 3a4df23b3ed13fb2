import type { ModelRecord } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import { EngineError, type Report } from '../core/model.ts';

/**
 * A model's files in web-llm's own caches, fetched before web-llm asks for them: so progress is counted in bytes, known
 * hashes are checked (web-llm never checks weights), and a download that was stopped goes on with the file it was at.
 */
interface ModelFile {
  cache: 'webllm/model' | 'webllm/config' | 'webllm/wasm';
  url: string;
  /** Null when only the server knows. */
  bytes: number | null;
  /** Path below the weights address; the key of its hash. */
  path: string;
}

const shardsSchema = v.object({ records: v.array(v.object({ dataPath: v.string(), nbytes: v.number() })) });
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

/** Puts what is missing into the caches. Rejects with EngineError; `aborted` when the signal fires. */
export async function fetchModel(
  record: ModelRecord,
  sha256: Record<string, string>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const [config, list] = indexFiles(record);
  for (const file of [config, list]) await keep(file, sha256, () => undefined, signal);
  const missing: ModelFile[] = [];
  for (const file of await contents(record)) if (!(await has(file))) missing.push(file);

  const total = missing.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  let loaded = 0;
  const fetchNext = async () => {
    for (let file = missing.shift(); file; file = missing.shift()) {
      const known = file.bytes !== null;
      const count = (bytes: number) => {
        if (!known) return;
        loaded += bytes;
        report({ loaded, total, doing: 'Downloading the model' });
      };
      await keep(file, sha256, count, signal);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, fetchNext));
}

/** Whether everything that web-llm keeps of the model is here, so that it loads without a network. */
export async function isStored(record: ModelRecord): Promise<boolean> {
  for (const file of indexFiles(record)) if (!(await has(file))) return false;
  for (const file of await contents(record)) if (!(await has(file))) return false;
  return true;
}

/** Removes the model's files; those that are not there are passed over. The list of files goes last. */
export async function removeModel(record: ModelRecord): Promise<void> {
  const index = indexFiles(record);
  const stored = await Promise.all(index.map(has));
  const rest = stored.every(Boolean) ? await contents(record) : [];
  for (const file of [...rest, ...index]) await (await caches.open(file.cache)).delete(file.url);
}

function indexFiles(record: ModelRecord): [ModelFile, ModelFile] {
  const at = (path: string) => new URL(path, weightsFolder(record.model)).href;
  return [
    { cache: 'webllm/config', url: at('mlc-chat-config.json'), bytes: null, path: 'mlc-chat-config.json' },
    { cache: 'webllm/model', url: at('tensor-cache.json'), bytes: null, path: 'tensor-cache.json' },
  ];
}

/** Everything else. The two index files must be in the caches. */
async function contents(record: ModelRecord): Promise<ModelFile[]> {
  const [config, list] = indexFiles(record);
  const { tokenizer_files } = v.parse(configSchema, await readJson(config));
  const { records } = v.parse(shardsSchema, await readJson(list));
  const at = (path: string) => new URL(path, weightsFolder(record.model)).href;
  const tokenizer = tokenizer_files.includes('tokenizer.json') ? 'tokenizer.json' : 'tokenizer.model';
  const files: ModelFile[] = [
    { cache: 'webllm/model', url: at(tokenizer), bytes: null, path: tokenizer },
    ...records.map(({ dataPath, nbytes }) => ({
      cache: 'webllm/model' as const,
      url: at(dataPath),
      bytes: nbytes,
      path: dataPath,
    })),
  ];
  // web-llm reads a library on localhost from there each time.
  const library = record.model_lib;
  if (library.startsWith('http') && !library.includes('localhost')) {
    files.push({ cache: 'webllm/wasm', url: library, bytes: null, path: 'model.wasm' });
  }
  return files;
}

/** e.g. `q4f16_1`, as the model's own configuration has it; empty when it does not say. */
export async function quantizationOf(record: ModelRecord): Promise<string> {
  return v.parse(configSchema, await readJson(indexFiles(record)[0])).quantization;
}

/** The tokenizer's description, or null when the model has none in JSON. */
export async function tokenizerJson(record: ModelRecord): Promise<unknown> {
  const url = new URL('tokenizer.json', weightsFolder(record.model)).href;
  const file: ModelFile = { cache: 'webllm/model', url, bytes: null, path: 'tokenizer.json' };
  return (await has(file)) ? readJson(file) : null;
}

async function has(file: ModelFile): Promise<boolean> {
  return (await (await caches.open(file.cache)).match(file.url)) !== undefined;
}

async function readJson(file: ModelFile): Promise<unknown> {
  const found = await (await caches.open(file.cache)).match(file.url);
  if (!found)
    throw new EngineError(
      'unavailable',
      `${file.url} is not in the browser's cache.`,
      'Load the model again.',
    );
  const content: unknown = await found.json();
  return content;
}

/** Fetches a file into its cache unless it is there. A file is kept whole or not at all. */
async function keep(
  file: ModelFile,
  sha256: Record<string, string>,
  count: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  if (await has(file)) return;
  const response = await fetch(file.url, { signal });
  if (!response.ok || !response.body) {
    throw new EngineError(
      'unavailable',
      `${file.url} could not be downloaded: HTTP ${response.status}.`,
      'Check the address of the model, or choose another one.',
    );
  }
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        count(chunk.byteLength);
        controller.enqueue(chunk);
      },
    }),
  );
  const headers = { 'Content-Type': response.headers.get('Content-Type') ?? 'application/octet-stream' };
  let whole = new Response(counted, { headers });
  const expected = sha256[file.path];
  if (expected !== undefined) {
    const bytes = await whole.arrayBuffer();
    const actual = hex(await crypto.subtle.digest('SHA-256', bytes));
    if (actual !== expected) {
      throw new EngineError(
        'integrity',
        `${file.url} is not the file that was expected: its SHA-256 is ${actual}, not ${expected}.`,
        'Try again; if it happens again, the source is not to be trusted.',
      );
    }
    whole = new Response(bytes, { headers });
  }
  await (await caches.open(file.cache)).put(file.url, whole);
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
