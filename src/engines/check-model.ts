import * as v from 'valibot';
import { EngineError } from '../core/model.ts';
import { weightsFolder } from './webllm-files.ts';

/** Looks at the addresses of a model that the user gives, before anything is downloaded: a wrong one is told at once. */

/** What the files themselves say; null where they do not. */
export interface Found {
  downloadBytes: number | null;
  contextTokens: number | null;
  /** e.g. `q4f16_1`; empty when unknown. */
  quantization: string;
}

const config = v.object({
  tokenizer_files: v.array(v.string()),
  quantization: v.optional(v.string(), ''),
  context_window_size: v.optional(v.number()),
});
const list = v.object({ records: v.array(v.object({ dataPath: v.string(), nbytes: v.number() })) });

/** Long enough for a slow server, short enough for somebody who waits. */
const PATIENCE_MS = 20_000;

const GGUF = [0x47, 0x47, 0x55, 0x46];
const WASM = [0x00, 0x61, 0x73, 0x6d];

/** Whether both addresses lead to what web-llm needs. Rejects with EngineError that says which one does not, and why. */
export async function checkWebllm(weightsUrl: string, libraryUrl: string): Promise<Found> {
  const weights = weightsFolder(address(weightsUrl, 'The address of the weights'));
  const library = address(libraryUrl, 'The address of the model library');
  const found = await readJson(new URL('mlc-chat-config.json', weights).href, config, 'model configuration');
  const { records } = await readJson(new URL('tensor-cache.json', weights).href, list, 'list of weights');
  const { start } = await lookAt(library, 'The model library');
  if (!startsWith(start, WASM)) {
    throw wrong(
      `What is at ${library} is not a WebAssembly library.`,
      'The library of a WebLLM model is a file that ends in .wasm, made for the same model and precision.',
    );
  }
  return {
    downloadBytes: records.reduce((sum, { nbytes }) => sum + nbytes, 0),
    contextTokens: found.context_window_size ?? null,
    quantization: found.quantization,
  };
}

/** Whether the address leads to a model file that llama.cpp may read. Rejects with EngineError that says why not. */
export async function checkGguf(given: string): Promise<Found> {
  const url = address(given, 'The address of the model');
  const part = /-(\d{5})-of-(\d{5})\.gguf$/.exec(new URL(url).pathname);
  if (part && Number(part[2]) > 1) {
    throw wrong(
      'The model is split into several files, which this page does not put together.',
      'Look for a version of the model in one file; it is usually one with fewer bits.',
    );
  }
  const { start, bytes } = await lookAt(url, 'The model file');
  if (!startsWith(start, GGUF)) {
    throw wrong(`What is at ${url} is not a GGUF file.`, 'Give the address of the file that ends in .gguf.');
  }
  const version = start[4] ?? 0;
  if (version < 2 || version > 3) {
    throw wrong(
      `The file is GGUF of version ${version}; versions 2 and 3 can be read.`,
      'Look for a newer file of the same model.',
    );
  }
  return { downloadBytes: bytes, contextTokens: null, quantization: quantizationIn(url) };
}

/** `q8_0` of `smollm2-135m-instruct-q8_0.gguf`; empty when the name does not say. */
function quantizationIn(url: string): string {
  return /[-.](i?q\d\w*|b?f16|f32)\.gguf$/i.exec(new URL(url).pathname)?.[1]?.toLowerCase() ?? '';
}

/** The address as it will be asked for. `what` begins a sentence. */
function address(given: string, what: string): string {
  const trimmed = given.trim();
  if (!URL.canParse(trimmed)) {
    throw wrong(`${what} is not a whole address: ${trimmed || 'it is empty'}.`, 'It begins with https://');
  }
  const url = new URL(trimmed);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw wrong(`${what} begins with ${url.protocol}, which a page cannot fetch.`, 'Use https:// or http://');
  }
  const ownMachine = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (globalThis.location?.protocol === 'https:' && url.protocol === 'http:' && !ownMachine) {
    throw wrong(
      `${what} is http; this page came by https, so the browser refuses it.`,
      'Use an https address.',
    );
  }
  return url.href;
}

async function readJson<T>(url: string, schema: v.GenericSchema<unknown, T>, what: string): Promise<T> {
  const response = await ask(url, {}, `The ${what}`);
  let content: unknown;
  try {
    content = await response.json();
  } catch {
    throw wrong(
      `The ${what} at ${url} is not JSON.`,
      'Give the folder of a model that was converted for WebLLM.',
    );
  }
  const read = v.safeParse(schema, content);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw wrong(
    `The ${what} at ${url} is not one of web-llm 0.2.86: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`,
    'Give the folder of a model that was converted for WebLLM.',
  );
}

/** The first bytes of a file, and its size where the server says it; the rest is not downloaded. */
async function lookAt(url: string, what: string): Promise<{ start: Uint8Array; bytes: number | null }> {
  const response = await ask(url, { Range: 'bytes=0-63' }, what);
  const reader = response.body?.getReader();
  let start = new Uint8Array();
  while (reader && start.length < 8) {
    const { done, value } = await reader.read();
    if (done) break;
    start = new Uint8Array([...start, ...value.subarray(0, 64)]);
  }
  await reader?.cancel().catch(() => undefined);
  const { headers, status } = response;
  const length = Number(
    status === 206 ? /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : headers.get('content-length'),
  );
  return { start, bytes: length > 0 ? length : null };
}

async function ask(url: string, headers: Record<string, string>, what: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const slow = error instanceof DOMException && error.name === 'TimeoutError';
    throw wrong(
      `${what} could not be fetched from ${url}: ${slow ? `no answer within ${PATIENCE_MS / 1000} s` : 'no connection, or that site does not let other pages read its files (CORS)'}.`,
      'Check the address and the connection. Model hubs allow it; a server of your own must send Access-Control-Allow-Origin.',
    );
  }
  if (response.ok && !(response.headers.get('content-type') ?? '').includes('text/html')) return response;
  await response.body?.cancel();
  throw wrong(
    `${what} is not at ${url}: the answer was ${response.ok ? 'a web page' : `HTTP status ${response.status}`}.`,
    /\/(blob|tree)\//.test(url)
      ? 'That is the page about the file: in the address of the file itself, /resolve/ stands for /blob/ or /tree/.'
      : 'Check the address: open it in a new tab, where it must begin a download.',
  );
}

function startsWith(bytes: Uint8Array, wanted: readonly number[]): boolean {
  return wanted.every((byte, at) => bytes[at] === byte);
}

const wrong = (message: string, advice: string) => new EngineError('unavailable', message, advice);
