import { EngineError, type Report } from '../core/model.ts';
import { alone, forgetPieces, gather, MODELS_COMMAND, openCache, piecesOf, wholeOf } from './pieces.ts';

/** Where downloads are kept between visits; web-llm keeps its own. */
const CACHE = 'whetstone/models';

export interface ModelFile {
  /** Absolute. */
  url: string;
  /** What the user is told is being fetched. */
  name: string;
  /** Lower-case hex; the file is not checked without it. */
  sha256?: string;
}

/** What is on this machine of a model. */
export interface Kept {
  /** Everything is here: the model loads without a network. */
  whole: boolean;
  bytes: number;
  /** Null while no server has said it. */
  total: number | null;
}

/**
 * One model file as a Blob, from the browser's cache or from its address. A download that was broken off goes on where
 * it stopped; a fresh one is checked before it is kept. Where the cache is missing or full, the model works all the
 * same and is downloaded again next time.
 */
export async function fetchModel(file: ModelFile, report: Report, signal: AbortSignal): Promise<Blob> {
  const key = cacheKey(file);
  const kept = await keptFile(key);
  if (kept) {
    const blob = await kept.blob();
    report({ loaded: blob.size, total: blob.size, doing: `Reading ${file.name} from the browser's cache` });
    return blob;
  }
  const doing = `Downloading ${file.name}`;
  report({ loaded: 0, total: null, doing });
  return alone(key, signal, async () => {
    // Another tab may have been faster.
    const here = await keptFile(key);
    if (here) return here.blob();
    const say = (loaded: number, total: number | null) => report({ loaded, total, doing });
    await gather({ url: file.url, name: file.name, bytes: null, say, signal });
    const { body, bytes } = await wholeOf(file.url);
    const blob = await new Response(body).blob();
    report({ loaded: bytes, total: bytes, doing: `Checking ${file.name}` });
    if (file.sha256) await check(file.sha256, blob, file);
    if (await keep(key, blob)) await forgetPieces(file.url);
    return blob;
  });
}

/** What is here of a model file, whole or in pieces. */
export async function keptOfFile(file: ModelFile): Promise<Kept> {
  const kept = await keptFile(cacheKey(file));
  if (kept) {
    const bytes = Number(kept.headers.get('content-length')) || (await kept.blob()).size;
    return { whole: true, bytes, total: bytes };
  }
  const { bytes, total } = await piecesOf(file.url);
  return { whole: false, bytes, total };
}

/** Removes the file and its pieces; nothing happens where there are none. */
export async function removeFile(file: ModelFile): Promise<void> {
  await (await openCache(CACHE))?.delete(cacheKey(file));
  await forgetPieces(file.url);
}

/** The hash is part of the key, so a changed file is not mistaken for the old one. */
function cacheKey(file: ModelFile): string {
  const key = new URL(file.url);
  if (file.sha256) key.searchParams.set('sha256', file.sha256);
  return key.href;
}

async function keptFile(key: string): Promise<Response | undefined> {
  return (await openCache(CACHE))?.match(key);
}

/** False where the browser will not: then the pieces stay, and save the next download. */
async function keep(key: string, blob: Blob): Promise<boolean> {
  try {
    const cache = await openCache(CACHE);
    await cache?.put(key, new Response(blob, { headers: { 'Content-Length': String(blob.size) } }));
    return cache !== null;
  } catch {
    return false;
  }
}

async function check(expected: string, blob: Blob, file: ModelFile): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found === expected) return;
  await forgetPieces(file.url);
  throw new EngineError(
    'integrity',
    `${file.name} is not the expected file: its SHA-256 is ${found}, not ${expected}.`,
    `What was downloaded has been thrown away. Try again; if the file came with this page, delete it on the server and run ${MODELS_COMMAND} again.`,
  );
}
