import { EngineError, type Report } from '../core/model.ts';
import { alone, gather, MODELS_COMMAND, wholeOf } from './gather.ts';
import { CACHE, cacheKey, keptFile, type ModelFile } from './gguf-files.ts';
import { forgetPieces, openCache } from './pieces.ts';

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
