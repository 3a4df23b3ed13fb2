/** A run is worked on by one tab at a time; the browser frees the lock when the tab goes, however it goes. */

const PREFIX = 'whetstone/run/';

/** Null in old browsers and on pages without HTTPS, whatever the types say. */
const locks = (): LockManager | null => (typeof navigator === 'object' && navigator.locks) || null;

/** What to tell where tabs cannot be told apart; null where they can. */
export function tabsProblem(): { message: string; advice: string } | null {
  if (locks() !== null) return null;
  return {
    message: 'This browser cannot tell whether another tab works on the same run (it has no Web Locks).',
    advice: 'Work on a run in one tab only. Should two meet, one of them stops; nothing is overwritten.',
  };
}

/** Holds the run until the returned function is called; null when another tab holds it. Without Web Locks, always holds. */
export async function tryHold(id: string): Promise<(() => void) | null> {
  const manager = locks();
  if (manager === null) return () => undefined;
  return new Promise((resolve, reject) => {
    const held = Promise.withResolvers<void>();
    manager
      .request(PREFIX + id, { ifAvailable: true }, (lock) => {
        if (lock === null) return resolve(null);
        resolve(() => held.resolve());
        return held.promise;
      })
      .catch(reject);
  });
}

/** The same, waiting until no other tab holds the run. Rejects when the signal aborts. */
export function waitToHold(id: string, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = Promise.withResolvers<void>();
    const manager = locks();
    if (manager === null) return resolve(() => undefined);
    manager
      .request(PREFIX + id, { signal }, () => {
        resolve(() => held.resolve());
        return held.promise;
      })
      .catch(reject);
  });
}

/** Holds the run until the returned function is called. Rejects when another tab holds it. */
export async function holdRun(id: string): Promise<() => void> {
  const release = await tryHold(id);
  if (release !== null) return release;
  throw new Error('Another tab works on this run. Go on there, or close that tab and try again.');
}

/** Ids of the runs that an open tab works on, this one included; none where the browser does not say. */
export async function runsHeld(): Promise<Set<string>> {
  const { held = [] } =
    (await locks()
      ?.query()
      .catch(() => null)) ?? {};
  return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}
