import { EngineError, type Report } from '../core/model.ts';

/** Where downloads are kept between visits; web-llm keeps its own. */
const CACHE = 'whetstone/models';

/** The command that fetches the small default models. */
export const MODELS_COMMAND = 'npm run models';

export interface ModelFile {
  /** Absolute. */
  url: string;
  /** What the user is told is being fetched. */
  name: string;
  /** Lower-case hex; the file is not checked without it. */
  sha256?: string;
}

/**
 * One model file as a Blob, from the browser's cache or from its address. A fresh download is checked before it is
 * kept. Where the cache is missing or full, the model works all the same and is downloaded again next time.
 */
export async function fetchModel(file: ModelFile, report: Report, signal: AbortSignal): Promise<Blob> {
  const key = cacheKey(file);
  const cache = await openCache();
  const kept = await cache?.match(key);
  if (kept) {
    const blob = await kept.blob();
    report({ loaded: blob.size, total: blob.size, doing: `Reading ${file.name} from the browser's cache` });
    return blob;
  }
  const blob = await download(file, report, signal);
  if (file.sha256) {
    report({ loaded: blob.size, total: blob.size, doing: `Checking ${file.name}` });
    await check(file.sha256, blob, file);
  }
  await cache?.put(key, new Response(blob)).catch(() => undefined);
  return blob;
}

/** Whether `fetchModel` would find the file without the network. */
export async function isModelKept(file: ModelFile): Promise<boolean> {
  return (await (await openCache())?.match(cacheKey(file))) !== undefined;
}

/** The hash is part of the key, so a changed file is not mistaken for the old one. */
function cacheKey(file: ModelFile): string {
  const key = new URL(file.url);
  if (file.sha256) key.searchParams.set('sha256', file.sha256);
  return key.href;
}

/** Null where the page may not use the cache (no secure context, storage blocked). */
async function openCache(): Promise<Cache | null> {
  try {
    return await caches.open(CACHE);
  } catch {
    return null;
  }
}

async function download(file: ModelFile, report: Report, signal: AbortSignal): Promise<Blob> {
  const doing = `Downloading ${file.name}`;
  report({ loaded: 0, total: null, doing });
  try {
    const response = await fetch(file.url, { signal });
    // A server that answers unknown addresses with its start page has no such file either.
    const isPage = response.headers.get('content-type')?.includes('text/html') ?? false;
    if (!response.ok || isPage || !response.body) {
      const found = isPage ? 'a web page' : `HTTP status ${response.status}`;
      throw new EngineError(
        'unavailable',
        `${file.name} is not at ${file.url}: the answer was ${found}.`,
        `Run ${MODELS_COMMAND} once, then start the page again.`,
      );
    }
    const length = Number(response.headers.get('content-length') ?? '0');
    const total = length > 0 && !response.headers.has('content-encoding') ? length : null;
    const parts: BlobPart[] = [];
    let loaded = 0;
    for await (const part of response.body) {
      parts.push(part);
      loaded += part.byteLength;
      report({ loaded, total, doing });
    }
    if (total !== null && loaded !== total) {
      throw new EngineError(
        'integrity',
        `The download of ${file.name} ended after ${loaded} of ${total} bytes.`,
        'Load it again.',
      );
    }
    return new Blob(parts);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (signal.aborted) throw new EngineError('aborted', `The download of ${file.name} was cancelled.`);
    throw new EngineError(
      'unavailable',
      `${file.name} could not be fetched from ${file.url}: ${error instanceof Error ? error.message : String(error)}.`,
      'Check that the server which brought this page still runs, then load the model again.',
    );
  }
}

async function check(expected: string, blob: Blob, file: ModelFile): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found === expected) return;
  throw new EngineError(
    'integrity',
    `${file.name} is not the expected file: its SHA-256 is ${found}, not ${expected}.`,
    `Delete the file on the server and run ${MODELS_COMMAND} again.`,
  );
}
