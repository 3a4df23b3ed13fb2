import * as v from 'valibot';
import type { Store } from '../storage/store.ts';

const SETTING = 'prompt-tags';
const kept = v.record(v.string(), v.array(v.string()));

/** The user's tags of prompts, by a key that the page makes; none where they cannot be read. */
export async function promptTags(store: Store): Promise<Record<string, string[]>> {
  const found = v.safeParse(kept, await store.setting(SETTING).catch(() => null));
  return found.success ? found.output : {};
}

export async function savePromptTags(store: Store, tags: Readonly<Record<string, readonly string[]>>) {
  await store.saveSetting(
    SETTING,
    Object.fromEntries(
      Object.entries(tags).flatMap(([key, list]) => (list.length > 0 ? [[key, [...list]]] : [])),
    ),
  );
}
