import { EngineError } from '../core/model.ts';
import { fetchFiles, keptOf, type ModelFiles as Source, removeFiles } from '../engines/model-files.ts';
import { requestPersistence, storageUsage } from '../storage/quota.ts';
import { dropEmbedder, keepEmbedder, keepEngineParts } from './kept-parts.ts';
import { makeSpeed } from './speed.ts';
import type { Downloads, ModelFiles } from './types.ts';

/** Between two reports of a download, in milliseconds: more often is more than anyone reads. */
const REPORT_MS = 200;

/** A model's files, and its size where it is known beforehand. */
export interface Held {
  files: Source;
  bytes: number | null;
}

/**
 * Downloads of models, one after another or at once, as the user asks. Nothing is remembered about them but the files
 * themselves: what is there of a model that is not whole is a paused download. `held` gives the models that have files,
 * `allow` rejects for files that may not be fetched. What a run needs besides comes along: the engine's parts, and
 * the embedding model from the page's own models at `modelsUrl`.
 */
export function makeDownloads(
  held: () => Promise<ReadonlyMap<string, Held>>,
  allow: (files: Source) => Promise<void>,
  modelsUrl: string,
): Downloads {
  let states: ReadonlyMap<string, ModelFiles> | null = null;
  const going = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  const listeners = new Set<(files: ReadonlyMap<string, ModelFiles>) => void>();
  /** Bytes per model; one that failed keeps its reason until it is tried again. */
  const failures = new Map<string, { message: string; advice: string }>();

  function tell(changed: Iterable<readonly [string, ModelFiles]>): void {
    states = new Map([...(states ?? []), ...changed]);
    for (const listener of listeners) listener(states);
  }

  async function refresh(): Promise<void> {
    const models = [...(await held())];
    const found = await keptOf(models.map(([, { files }]) => files));
    // A newer version of the page has other parts than those that were kept with the model.
    const kinds = new Set(models.flatMap(([, { files }], at) => (found[at]?.whole ? [files.kind] : [])));
    for (const kind of kinds) void keepEngineParts(kind);
    const changed = models.flatMap(([id, { bytes: expected }], at): [string, ModelFiles][] => {
      const { whole, bytes, total } = found[at] ?? { whole: false, bytes: 0, total: null };
      if (going.has(id)) return [];
      if (whole) return [[id, { state: 'kept', bytes }]];
      const size = total ?? expected;
      const failure = failures.get(id);
      if (failure) return [[id, { state: 'failed', loaded: bytes, total: size, ...failure }]];
      return [[id, bytes > 0 ? { state: 'paused', loaded: bytes, total: size } : { state: 'absent' }]];
    });
    const known = new Set(models.map(([id]) => id));
    states = new Map([...(states ?? [])].filter(([id]) => known.has(id)));
    tell(changed);
  }

  async function fetchOne(id: string, signal: AbortSignal): Promise<void> {
    const model = (await held()).get(id);
    if (!model) return;
    const { files, bytes: expected } = model;
    await allow(files);
    const before = states?.get(id);
    const here = before && 'loaded' in before ? before.loaded : 0;
    tell([[id, { state: 'downloading', loaded: here, total: expected, bytesPerSecond: null, leftMs: null }]]);
    void requestPersistence();
    await requireRoom((expected ?? 0) - here);
    const speed = makeSpeed();
    let told = 0;
    const report = ({ loaded, total }: { loaded: number; total: number | null }) => {
      const now = performance.now();
      if (now - told < REPORT_MS) return;
      told = now;
      speed.add(loaded, now);
      const bytesPerSecond = speed.bytesPerSecond();
      const size = total ?? expected;
      const leftMs = size !== null && bytesPerSecond ? ((size - loaded) * 1000) / bytesPerSecond : null;
      tell([[id, { state: 'downloading', loaded, total: size, bytesPerSecond, leftMs }]]);
    };
    const embedder = keepEmbedder(modelsUrl);
    await fetchFiles(files, report, signal);
    await Promise.all([embedder, keepEngineParts(files.kind)]);
    const [kept] = await keptOf([files]);
    if (!kept?.whole) {
      throw new EngineError(
        'unavailable',
        'The browser did not keep the model.',
        'It has no room left, or does not let this site store data: delete other models, or leave the private window.',
      );
    }
  }

  async function stop(id: string): Promise<void> {
    const one = going.get(id);
    one?.stop.abort();
    await one?.ended;
  }

  return {
    watch(listener) {
      listeners.add(listener);
      if (states) listener(states);
      return () => void listeners.delete(listener);
    },
    refresh,
    async start(id) {
      const known = going.get(id);
      if (known) return known.ended;
      failures.delete(id);
      const controller = new AbortController();
      const ended = fetchOne(id, controller.signal)
        .catch((error: unknown) => {
          if (!controller.signal.aborted) failures.set(id, reasonOf(error));
        })
        .then(() => {
          going.delete(id);
          return refresh();
        });
      going.set(id, { stop: controller, ended });
      return ended;
    },
    pause: stop,
    async remove(id) {
      await stop(id);
      failures.delete(id);
      const models = await held();
      const model = models.get(id);
      if (!model) return;
      const others = [...models].filter(([other]) => other !== id).map(([, { files }]) => files);
      const kept = await keptOf(others);
      const whole = others.filter((_, at) => kept[at]?.whole);
      await removeFiles(model.files, whole);
      if (whole.length === 0) await dropEmbedder(modelsUrl);
      await refresh();
    },
  };
}

/** Rejects when the browser will surely not hold so many bytes more. */
async function requireRoom(bytes: number): Promise<void> {
  const usage = await storageUsage();
  if (!usage || usage.quotaBytes - usage.usedBytes >= bytes) return;
  const size = (count: number) => `${(Math.max(0, count) / 1e9).toFixed(1)} GB`;
  throw new EngineError(
    'unavailable',
    `The model needs ${size(bytes)} more; the browser has ${size(usage.quotaBytes - usage.usedBytes)} left for this page.`,
    'Delete models that you do not use, or free space on the disk.',
  );
}

function reasonOf(error: unknown): { message: string; advice: string } {
  if (error instanceof EngineError) return { message: error.message, advice: error.advice };
  const message = error instanceof Error ? error.message : String(error);
  return { message: `The download ended: ${message}`, advice: 'Go on with it; what has arrived was kept.' };
}
