import { describe, expect, test } from 'vitest';
import { logWriter } from '../../src/app/log-writer.ts';
import type { LoggedEffect } from '../../src/core/log.ts';

const entry = (i: number): LoggedEffect => ({
  key: `target:generate:m:${i}#1`,
  outcome: { kind: 'refused', reason: String(i), ms: 0 },
});

/** A store that takes each write only when it is told to. */
function slowStore() {
  const writes: { seq: number; keys: string[]; done: (error?: Error) => void }[] = [];
  const append = (seq: number, entries: readonly LoggedEffect[]) =>
    new Promise<void>((resolve, reject) => {
      const done = (error?: Error) => (error === undefined ? resolve() : reject(error));
      writes.push({ seq, keys: entries.map(({ key }) => key), done });
    });
  return { writes, append };
}

const settled = async (promise: Promise<unknown>) => {
  let is = false;
  void promise.then(
    () => (is = true),
    () => (is = true),
  );
  await new Promise((resolve) => setTimeout(resolve));
  return is;
};

describe('logWriter', () => {
  test('an outcome is written as it comes; what comes meanwhile goes into the next write, in order', async () => {
    const { writes, append } = slowStore();
    const log = logWriter(7, append);
    await log.write(entry(0));
    await log.write(entry(1));
    await log.write(entry(2));
    expect(writes.map(({ seq, keys }) => [seq, keys.length])).toEqual([[7, 1]]);
    expect(log.stored()).toBe(7);
    writes[0]?.done();
    await expect.poll(() => writes.length).toBe(2);
    expect(writes[1]).toMatchObject({ seq: 8, keys: [entry(1).key, entry(2).key] });
    expect(log.stored()).toBe(8);
    expect(await settled(log.written())).toBe(false);
    writes[1]?.done();
    await log.written();
    expect(log.stored()).toBe(10);
    await log.write(entry(3));
    expect(writes[2]).toMatchObject({ seq: 10, keys: [entry(3).key] });
  });

  test('a store that lags holds the run back', async () => {
    const { writes, append } = slowStore();
    const log = logWriter(0, append);
    let taken = 0;
    const all = (async () => {
      for (; taken < 200; taken++) await log.write(entry(taken));
    })();
    expect(await settled(all)).toBe(false);
    // One under way and 64 waiting; the last of these is held.
    expect(taken).toBe(64);
    for (let i = 0; i < 200 && log.stored() < 200; i++) {
      writes.forEach(({ done }) => done());
      await settled(all);
    }
    await log.written();
    expect(writes.flatMap(({ keys }) => keys)).toEqual(Array.from({ length: 200 }, (_, i) => entry(i).key));
    expect(log.stored()).toBe(200);
  });

  test('a write that fails fails what comes after it, and nothing is written behind the gap', async () => {
    const { writes, append } = slowStore();
    const log = logWriter(0, append);
    await log.write(entry(0));
    await log.write(entry(1));
    writes[0]?.done(new Error('no disk'));
    await expect(log.written()).rejects.toThrow('no disk');
    await expect(log.write(entry(2))).rejects.toThrow('no disk');
    expect(writes).toHaveLength(1);
    expect(log.stored()).toBe(0);
  });
});
