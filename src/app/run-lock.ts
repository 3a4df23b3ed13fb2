/** A run is worked on by one tab at a time; the browser frees the lock when the tab goes, however it goes. */

const PREFIX = 'whetstone/run/';

/** Holds the run until the returned function is called. Rejects when another tab holds it. */
export function holdRun(id: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = Promise.withResolvers<void>();
    navigator.locks
      .request(PREFIX + id, { ifAvailable: true }, (lock) => {
        if (lock === null) {
          reject(new Error('Another tab works on this run. Go on there, or close that tab and try again.'));
          return;
        }
        resolve(() => held.resolve());
        return held.promise;
      })
      .catch(reject);
  });
}

/** Ids of the runs that an open tab works on, this one included. */
export async function runsHeld(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}
