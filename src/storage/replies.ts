import * as v from 'valibot';
import type { Choice, Reply } from '../core/model.ts';
import { replyCheck } from './checks.ts';
import type { Database, Schema } from './schema.ts';

/** A reply as it can be given again. */
export type KeptReply = { kind: 'generate'; reply: Reply } | { kind: 'choose'; choice: Choice };

/** One kept reply. `model` names a build of a model and `ask` what was asked, both as hashes. */
export interface ReplyRecord {
  model: string;
  ask: string;
  kept: KeptReply;
  /** About what it takes on the disk, its keys included. */
  bytes: number;
  /** When it was last of use, in milliseconds since the epoch, to the hour. */
  used: number;
}

/** How much is held, by the estimates in the records. */
export interface RepliesHeld {
  count: number;
  bytes: number;
}

/** Replies that later runs may use again. Rejects with StorageError, as the Store does of which it is a part. */
export interface Replies {
  /** What was asked of a model, by `ask`. */
  asks(model: string): Promise<string[]>;
  /** Null if absent or unreadable. */
  find(model: string, ask: string): Promise<KeptReply | null>;
  /**
   * Puts replies away, notes that others were of use at `now`, and, when more than `most` bytes are held, drops those
   * that were of no use for the longest time until a twentieth is free. A reply that is there already stays as it is.
   */
  save(batch: ReplyBatch): Promise<void>;
  held(): Promise<RepliesHeld>;
  clear(): Promise<void>;
}

export interface ReplyBatch {
  fresh: readonly { model: string; ask: string; kept: KeptReply }[];
  used: readonly { model: string; ask: string }[];
  now: number;
  most: number;
}

/** Under this key among the settings: counting a hundred thousand records each time would be slow. */
export const HELD = 'replies-held';

/** Reckoned for keys, index and the database's own bookkeeping of one record. */
const RECORD_BYTES = 300;
const HOUR = 3_600_000;

const heldCheck = v.object({ count: v.number(), bytes: v.number() });

const toTheHour = (now: number) => Math.floor(now / HOUR) * HOUR;
const bytesOf = (kept: KeptReply) => RECORD_BYTES + JSON.stringify(kept).length;

/** All records of a model: texts lie between the empty one and the first array. */
const ofModel = (model: string) => IDBKeyRange.bound([model], [model, []]);

/** Replies in an open database. */
export function databaseReplies(db: Database): Replies {
  return {
    async asks(model) {
      const keys = await db.getAllKeys('replies', ofModel(model));
      return keys.map(([, ask]) => ask);
    },
    async find(model, ask) {
      const found = v.safeParse(replyCheck, (await db.get('replies', [model, ask]))?.kept);
      return found.success ? found.output : null;
    },
    async save({ fresh, used, now, most }) {
      // Relaxed: they can be asked again.
      const tx = db.transaction(['replies', 'settings'], 'readwrite', { durability: 'relaxed' });
      // It is awaited last; a request that fails before is what the caller hears of.
      tx.done.catch(() => undefined);
      const replies = tx.objectStore('replies');
      const settings = tx.objectStore('settings');
      const known = v.safeParse(heldCheck, await settings.get(HELD));
      const held = known.success ? known.output : { count: 0, bytes: 0 };
      const hour = toTheHour(now);
      const work: Promise<unknown>[] = [];
      const there = await Promise.all(fresh.map(({ model, ask }) => replies.getKey([model, ask])));
      // A batch may hold the same ask twice.
      const added = new Set<string>();
      fresh.forEach(({ model, ask, kept }, i) => {
        if (there[i] !== undefined || added.has(model + ask)) return;
        added.add(model + ask);
        const record = { model, ask, kept, bytes: bytesOf(kept), used: hour };
        held.count += 1;
        held.bytes += record.bytes;
        work.push(replies.put(record));
      });
      const touched = await Promise.all(used.map(({ model, ask }) => replies.get([model, ask])));
      for (const record of touched) {
        if (record !== undefined && record.used < hour) work.push(replies.put({ ...record, used: hour }));
      }
      if (held.bytes > most) {
        let cursor = await replies.index('used').openCursor();
        while (cursor !== null && held.bytes > 0.95 * most) {
          held.count -= 1;
          held.bytes -= cursor.value.bytes;
          work.push(cursor.delete());
          cursor = await cursor.continue();
        }
      }
      work.push(settings.put(held, HELD));
      await Promise.all([...work, tx.done]);
    },
    async held() {
      const known = v.safeParse(heldCheck, await db.get('settings', HELD));
      return known.success ? known.output : { count: 0, bytes: 0 };
    },
    async clear() {
      const tx = db.transaction(['replies', 'settings'], 'readwrite');
      await Promise.all([
        tx.objectStore('replies').clear(),
        tx.objectStore('settings').delete(HELD),
        tx.done,
      ]);
    },
  };
}

/** Replies that last as long as the page, with the same behaviour. */
export function memoryReplies(): Replies {
  /** The one used longest ago first: a record that is of use again goes to the end. */
  const records = new Map<string, Schema['replies']['value']>();
  const keyOf = (model: string, ask: string) => `${model}/${ask}`;
  const held = (): RepliesHeld => ({
    count: records.size,
    bytes: [...records.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  });
  return {
    asks: async (model) => [...records.values()].flatMap((one) => (one.model === model ? [one.ask] : [])),
    find: async (model, ask) => structuredClone(records.get(keyOf(model, ask))?.kept ?? null),
    async save({ fresh, used, now, most }) {
      const hour = toTheHour(now);
      for (const { model, ask, kept } of fresh) {
        const key = keyOf(model, ask);
        if (records.has(key)) continue;
        records.set(key, { model, ask, kept: structuredClone(kept), bytes: bytesOf(kept), used: hour });
      }
      for (const { model, ask } of used) {
        const key = keyOf(model, ask);
        const record = records.get(key);
        if (record === undefined || record.used >= hour) continue;
        records.delete(key);
        records.set(key, { ...record, used: hour });
      }
      let { bytes } = held();
      if (bytes <= most) return;
      for (const [key, record] of records) {
        if (bytes <= 0.95 * most) break;
        records.delete(key);
        bytes -= record.bytes;
      }
    },
    held: async () => held(),
    clear: async () => records.clear(),
  };
}
