/** Milliseconds of work between two breaths: with drawing, it stays within a frame or two. */
const WORK = 12;

/** Lets the page draw and take input between two stretches of work. */
export interface Breather {
  /** Whether enough was done since the last time. To be asked before `breathe` where the pieces are many and small. */
  due(): boolean;
  /** Call between pieces of work; waits only when it is due. */
  breathe(): Promise<void>;
}

export function breather(now = () => performance.now()): Breather {
  let breathed = now();
  const due = () => now() - breathed >= WORK;
  return {
    due,
    async breathe() {
      if (!due()) return;
      await turn();
      breathed = now();
    },
  };
}

/** Another turn of the event loop. Timers would add four milliseconds of waiting each time. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
