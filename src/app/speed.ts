/** How fast a download goes, over the last seconds, so that a stall or a better network shows soon. */
export interface Speed {
  /** `loaded` bytes at the moment `now` in milliseconds. A number smaller than the last begins anew. */
  add(loaded: number, now: number): void;
  /** Null until a second was watched. */
  bytesPerSecond(): number | null;
}

const WINDOW_MS = 6000;
const LEAST_MS = 1000;

export function makeSpeed(): Speed {
  let seen: { loaded: number; now: number }[] = [];
  return {
    add(loaded, now) {
      if (loaded < (seen.at(-1)?.loaded ?? 0)) seen = [];
      seen.push({ loaded, now });
      // One sample from before the window stays, for its edge.
      while ((seen[1]?.now ?? Infinity) <= now - WINDOW_MS) seen.shift();
    },
    bytesPerSecond() {
      const first = seen[0];
      const last = seen.at(-1);
      if (!first || !last || last.now - first.now < LEAST_MS) return null;
      return ((last.loaded - first.loaded) * 1000) / (last.now - first.now);
    },
  };
}
