import { openStore } from '../../src/storage/store.ts';
import { effect } from './records.ts';

/** Appends outcomes as fast as it can, four at a time, and says which ones it was promised, until it is killed. */
addEventListener('message', async ({ data }: MessageEvent<unknown>) => {
  const { store } = await openStore({ name: String(data) });
  const inFlight: Promise<void>[] = [];
  for (let seq = 0; ; seq++) {
    inFlight.push(store.appendEffects('run-1', seq, [effect(seq)]).then(() => postMessage(seq)));
    if (inFlight.length === 4) await inFlight.shift();
  }
});
