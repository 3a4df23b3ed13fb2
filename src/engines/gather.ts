import { EngineError } from '../core/model.ts';
import { forgetPieces, keyOf, openStore, type Pieces, piecesOf } from './pieces.ts';

/** The command that fetches the small default models. */
export const MODELS_COMMAND = 'npm run models';

/**
 * Downloads that can be broken off at any moment. What arrives is put away in pieces, so a reload of the page loses at
 * most the last one; a pause loses nothing. The rest is asked for by Range where the server knows it, else the file
 * begins again. One that is whole is read from `wholeOf` and forgotten by `forgetPieces`.
 */

/** Bytes of a piece: what a reload may lose, for each file under way. */
const PIECE = 8 * 2 ** 20;

/** Bytes handed on at once when a whole file is read, between two breaths of the page. */
const SLICE = 2 ** 20;

export interface Wanted {
  /** Absolute. */
  url: string;
  /** What the user is told is being fetched. */
  name: string;
  /** The size it must have; null when only the server knows. */
  bytes: number | null;
  /** Each time that something arrived: bytes of the whole file here, and its size where known. */
  say: (loaded: number, total: number | null) => void;
  signal: AbortSignal;
  /** How long the server may send nothing, in milliseconds; a minute by default. */
  patience?: number;
}

/** Fetches what is missing of a file. Resolves when it is whole; rejects with EngineError, and what arrived stays. */
export async function gather(wanted: Wanted): Promise<void> {
  const { url, bytes, say } = wanted;
  const silence = watchSilence(wanted.patience ?? 60_000);
  const signal = AbortSignal.any([wanted.signal, silence.signal]);
  try {
    let have = await piecesOf(url);
    if (bytes !== null && have.bytes > bytes) have = await startAgain(url);
    if (have.bytes > 0 && have.bytes === (bytes ?? have.total)) return say(have.bytes, have.bytes);
    let response = await ask(url, have.bytes, signal);
    // A server in trouble says nothing about the file: what is here stays.
    if (have.bytes > 0 && !response.ok && response.status !== OUT_OF_RANGE) throw refused(response, wanted);
    if (have.bytes > 0 && !continues(response, have)) {
      await response.body?.cancel();
      have = await startAgain(url);
      // A server that sent the whole is asked once more: its reply may have been for a file that is not wanted any more.
      response = await ask(url, 0, signal);
    }
    await take({ ...wanted, signal }, response, have, silence.broken);
  } catch (error) {
    if (wanted.signal.aborted)
      throw new EngineError('aborted', `The download of ${wanted.name} was stopped.`);
    if (silence.signal.aborted)
      throw asFault(new Error(`it sent nothing for ${Math.round(silence.ms / 1000)} s`), wanted);
    throw asFault(error, wanted);
  } finally {
    silence.end();
  }
}

/** The status of a server whose file ends before what is asked for. */
const OUT_OF_RANGE = 416;

/** Aborts when nothing was heard for so long; `broken` begins the wait anew. */
function watchSilence(ms: number) {
  const controller = new AbortController();
  const begin = () => setTimeout(() => controller.abort(), ms);
  let timer = begin();
  return {
    ms,
    signal: controller.signal,
    broken() {
      clearTimeout(timer);
      timer = begin();
    },
    end: () => clearTimeout(timer),
  };
}

function refused({ status, headers }: Response, { url, name }: Pick<Wanted, 'url' | 'name'>): EngineError {
  const isPage = status < 400 && (headers.get('content-type') ?? '').includes('text/html');
  const found = isPage ? 'a web page' : `HTTP status ${status}`;
  return new EngineError(
    'unavailable',
    `${name} is not to be had at ${url}: the answer was ${found}.`,
    adviceFor(url, status),
  );
}

function adviceFor(url: string, status: number): string {
  if (status === 429)
    return 'The server limits downloads. Wait some minutes, then go on: what has arrived was kept.';
  if (status >= 500)
    return 'The server is in trouble. Go on with the download later: what has arrived was kept.';
  if (ownServer(url)) return `Run ${MODELS_COMMAND} once, then start the page again.`;
  if (status === 401 || status === 403)
    return 'The server does not give it to everybody. Choose another model, or another address for it.';
  return 'Check the address of the model, or choose another one.';
}

/** The file that `gather` has made whole, piece after piece. */
export async function wholeOf(
  url: string,
): Promise<{ body: ReadableStream<Uint8Array<ArrayBuffer>>; bytes: number; type: string }> {
  const store = await openStore();
  const { urls, bytes, type } = await piecesOf(url);
  async function* slices() {
    for (const key of urls) {
      const piece = await store.match(key);
      if (!piece) throw new Error('the browser has cleared a part of the download');
      const content = new Uint8Array(await piece.arrayBuffer());
      for (let at = 0; at < content.byteLength; at += SLICE) {
        yield content.subarray(at, at + SLICE);
        // Whoever reads this may hash it, on the page's own thread.
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  }
  const left = slices();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await left.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
  return { body, bytes, type };
}

async function startAgain(url: string): Promise<Pieces> {
  await forgetPieces(url);
  return piecesOf(url);
}

function ask(url: string, from: number, signal: AbortSignal): Promise<Response> {
  // Without the browser's own cache, which would keep gigabytes a second time.
  return fetch(url, { signal, cache: 'no-store', ...(from > 0 && { headers: { Range: `bytes=${from}-` } }) });
}

/** Whether a reply is the rest of the very file that the pieces are of. */
function continues(response: Response, have: Pieces): boolean {
  const { headers } = response;
  if (response.status !== 206) return false;
  const tag = tagOf(headers);
  if (have.tag !== '' && tag !== '' && have.tag !== tag) return false;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (range) {
    const [, from, total] = range;
    return (
      Number(from) === have.bytes && (total === '*' || have.total === null || Number(total) === have.total)
    );
  }
  // Other sites may hide that header; the length tells as much.
  return have.total !== null && Number(headers.get('content-length')) === have.total - have.bytes;
}

/** Whether the page's own server should have the file: then a command brings it. */
const ownServer = (url: string) => 'location' in globalThis && new URL(url).origin === location.origin;

async function take(
  { url, name, bytes, signal, say }: Wanted,
  response: Response,
  have: Pieces,
  heard: () => void,
): Promise<void> {
  const type = response.headers.get('content-type') ?? 'application/octet-stream';
  // A server that answers unknown addresses with its start page has no such file either.
  if (!response.ok || type.includes('text/html') || !response.body) throw refused(response, { url, name });
  const stated = totalOf(response, have.bytes);
  if (bytes !== null && stated !== null && stated !== bytes) {
    throw new EngineError(
      'integrity',
      `${url} has ${stated} bytes; ${bytes} were expected.`,
      'Delete the model and download it again: its files were changed at their source.',
    );
  }
  const total = bytes ?? stated;
  const store = await openStore();
  const tag = tagOf(response.headers);
  let from = have.bytes;
  let loaded = from;
  let parts: Uint8Array<ArrayBuffer>[] = [];
  const putAway = async () => {
    if (loaded === from) return;
    const headers = {
      'content-type': type,
      'x-tag': tag,
      'x-bytes': String(loaded - from),
      'x-total': String(total ?? 0),
    };
    await store.put(keyOf(url, from), new Blob(parts), headers);
    parts = [];
    from = loaded;
  };
  say(loaded, total);
  try {
    for await (const part of chunks(response.body)) {
      parts.push(part);
      loaded += part.byteLength;
      heard();
      say(loaded, total);
      if (loaded - from >= PIECE) await putAway();
      signal.throwIfAborted();
    }
  } finally {
    await putAway();
  }
  if (total !== null && loaded !== total) {
    throw new EngineError(
      loaded < total ? 'unavailable' : 'integrity',
      `The download of ${name} ended after ${loaded} of ${total} bytes.`,
      'Go on with it: what has arrived was kept.',
    );
  }
}

/** Bytes of the whole file, by a reply that begins at `from`; null where it does not say. */
function totalOf({ headers, status }: Response, from: number): number | null {
  const range = /\/(\d+)$/.exec(headers.get('content-range') ?? '');
  if (status === 206 && range) return Number(range[1]);
  const length = Number(headers.get('content-length') ?? '0');
  // The length of a packed body is not that of the file.
  return length > 0 && !headers.has('content-encoding') ? from + length : null;
}

function tagOf(headers: Headers): string {
  return headers.get('etag') ?? headers.get('last-modified') ?? '';
}

/** Not every browser can iterate a body. */
async function* chunks(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function asFault(error: unknown, { url, name }: Wanted): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError(
    'unavailable',
    `${name} could not be fetched from ${new URL(url).host}: ${error instanceof Error ? error.message : String(error)}.`,
    'Check the connection, then go on with the download: what has arrived was kept.',
  );
}

/** Does `work` while nothing else on this site, in any tab or worker, does it under the same name. */
export async function alone<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!('navigator' in globalThis) || !('locks' in navigator)) return work();
  try {
    return await navigator.locks.request(`whetstone ${name}`, { signal }, work);
  } catch (error) {
    if (signal.aborted) throw new EngineError('aborted', 'The download was stopped.');
    throw error;
  }
}
