import * as v from 'valibot';
import type { RunEvent } from '../core/events.ts';
import type { RunRecord } from '../storage/schema.ts';
import { breather } from './breath.ts';

/**
 * What a finished run told, kept beside its log, so that opening a long one costs reading and not the whole run once
 * more. The log tells the same at any time: so this lies in a cache that the browser may clear, only the code that
 * wrote it reads it, and whatever is wrong with it is answered by a replay.
 */

const CACHE = 'whetstone/events';

/** Shorter runs replay while the page is drawn. */
const LEAST_EVENTS = 2_000;

/** Few enough that none holds up the page, enough that their number does not count. */
const EVENTS_A_LINE = 1_000;

type Finished = Pick<RunRecord, 'id' | 'status' | 'effects'>;

/** Null where there is nothing that this code has written of this very run. Never rejects. */
export async function keptEvents(record: Finished, code = __RUN_CODE__): Promise<RunEvent[] | null> {
  const place = placeOf(record, code);
  if (place === null) return null;
  try {
    const found = await caches.match(place, { cacheName: CACHE });
    return found?.body ? await unpacked(found.body) : null;
  } catch {
    return null;
  }
}

/** `events` are all that the run told. Never rejects: where they cannot be kept, the run is replayed. */
export async function keepEvents(
  record: Finished,
  events: readonly RunEvent[],
  code = __RUN_CODE__,
): Promise<void> {
  const place = placeOf(record, code);
  if (place === null || events.length < LEAST_EVENTS) return;
  try {
    const file = await packed(events);
    if (file === null) return;
    await dropEvents(record.id);
    await (await caches.open(CACHE)).put(place, new Response(file));
  } catch {
    // No room, or a browser that keeps no caches.
  }
}

/** Idempotent. Never rejects. */
export async function dropEvents(run: string): Promise<void> {
  try {
    await (await caches.open(CACHE)).delete(pathOf(run), { ignoreSearch: true });
  } catch {
    // There are no caches.
  }
}

/** Another address whenever the events may be others. */
function placeOf({ id, status, effects }: Finished, code: string): string | null {
  if (status !== 'finished' || code === '' || !('caches' in globalThis)) return null;
  return `${pathOf(id)}?${new URLSearchParams({ code, effects: String(effects) }).toString()}`;
}

const pathOf = (run: string) => new URL(`kept/run-${encodeURIComponent(run)}`, location.origin).href;

/** Gzip over lines of JSON, each an array of events; null where JSON would not give the same events back. */
export async function packed(events: readonly RunEvent[]): Promise<Blob | null> {
  const encoder = new TextEncoder();
  const { breathe } = breather();
  let at = 0;
  let same = true;
  const lines = new ReadableStream<BufferSource>({
    async pull(controller) {
      await breathe();
      const line = JSON.stringify(events.slice(at, at + EVENTS_A_LINE), (_key, value: unknown) => {
        if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) same = false;
        return value;
      });
      at += EVENTS_A_LINE;
      controller.enqueue(encoder.encode(`${line}\n`));
      if (at >= events.length || !same) controller.close();
    },
  });
  const file = await new Response(lines.pipeThrough(new CompressionStream('gzip'))).blob();
  return same ? file : null;
}

/** Rejects where `file` is not what `packed` gave: gzip carries a sum of what is in it. */
export async function unpacked(file: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<RunEvent[]> {
  const { breathe } = breather();
  const events: RunEvent[] = [];
  const pieces: string[] = [];
  const text = file.pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream());
  for await (const piece of text) {
    const [end = '', ...starts] = piece.split('\n');
    pieces.push(end);
    for (const start of starts) {
      for (const event of v.parse(line, pieces.splice(0).join(''))) events.push(event);
      pieces.push(start);
      await breathe();
    }
  }
  return events;
}

/** The rest of an event is as the same code wrote it. */
const line = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(v.custom<RunEvent>((value) => typeof Reflect.get(Object(value), 'type') === 'string')),
);
