/** Room for this site's data as the browser reports it; browsers round and pad these figures. */
export interface StorageUsage {
  usedBytes: number;
  quotaBytes: number;
  /** True when the browser promised not to clear the data on its own. */
  persisted: boolean;
}

/** Null where the browser does not say. */
export async function storageUsage(): Promise<StorageUsage | null> {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    if (usage === undefined || quota === undefined) return null;
    return { usedBytes: usage, quotaBytes: quota, persisted: await navigator.storage.persisted() };
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
