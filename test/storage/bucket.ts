import { deleteDB } from 'idb';
import { onTestFinished, vi } from 'vitest';

/** Chromium's storage buckets: room of a size that the page chooses, enforced by the browser. */
interface Buckets {
  open(name: string, options: { quota: number }): Promise<{ indexedDB: IDBFactory }>;
  delete(name: string): Promise<void>;
}
declare global {
  interface Navigator {
    readonly storageBuckets: Buckets;
  }
}

let buckets = 0;

/** Until the test ends, databases are made where only `quota` bytes fit. Stores must be closed by then. */
export async function withinQuota(quota: number): Promise<void> {
  const bucket = `bucket-${Date.now()}-${buckets++}`;
  const { indexedDB } = await navigator.storageBuckets.open(bucket, { quota });
  vi.stubGlobal('indexedDB', indexedDB);
  onTestFinished(async () => {
    // A database goes when its last transaction has ended; a bucket would take it away from under that one.
    for (const { name } of await indexedDB.databases()) if (name !== undefined) await deleteDB(name);
    vi.unstubAllGlobals();
    await navigator.storageBuckets.delete(bucket);
  });
}
