/** Between two looks at the clock; a hidden tab is slowed down to one a minute. */
const LOOK_MS = 10_000;

/** A page that did not get to run for so long was not at work: the machine slept, or the browser froze the tab. */
const ASLEEP_MS = 150_000;

/** A clock that stands still while nothing could be done, so that a night in a closed laptop costs no budget. */
export interface AwakeClock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Ends its looking; it goes on as the ordinary clock. */
  stop(): void;
}

export function awakeClock(clock = () => performance.now()): AwakeClock {
  let last = clock();
  let asleep = 0;
  function now(): number {
    const time = clock();
    // The first look after waking may be the one that measures a reply.
    if (time - last > ASLEEP_MS) asleep += time - last;
    last = time;
    return time - asleep;
  }
  const looking = setInterval(now, LOOK_MS);
  return { now, stop: () => clearInterval(looking) };
}
