import * as v from 'valibot';

/** Room for this site's data as the browser reports it; browsers round and pad these figures. */
export interface StorageUsage {
  usedBytes: number;
  quotaBytes: number;
  /** What IndexedDB takes of it; null where the browser does not say. */
  recordBytes: number | null;
  /** True when the browser promised not to clear the data on its own. */
  persisted: boolean;
}

/** What Chromium tells beyond the standard. */
const details = v.object({ usageDetails: v.object({ indexedDB: v.optional(v.number(), 0) }) });

/** Null where the browser does not say. */
export async function storageUsage(): Promise<StorageUsage | null> {
  try {
    const estimate = await navigator.storage.estimate();
    const { usage, quota } = estimate;
    if (usage === undefined || quota === undefined) return null;
    const found = v.safeParse(details, estimate);
    return {
      usedBytes: usage,
      quotaBytes: quota,
      recordBytes: found.success ? found.output.usageDetails.indexedDB : null,
      persisted: await navigator.storage.persisted(),
    };
  } catch {
    return null;
  }
}

/** Asks the browser to keep the data until the user clears them; some browsers ask the user. False where it will not. */
export async function requestPersistence(): Promise<boolean> {
  try {
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}
