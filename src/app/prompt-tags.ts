import * as v from 'valibot';
import type { Store } from '../storage/store.ts';

const SETTING = 'prompt-tags';
const kept = v.record(v.string(), v.array(v.string()));

/** The user's tags of prompts, by a key that the page makes; none where they cannot be read. */
export async function promptTags(store: Store): Promise<Record<string, string[]>> {
  const found = v.safeParse(kept, await store.setting(SETTING).catch(() => null));
  return found.success ? found.output : {};
}

let last: Promise<unknown> = Promise.resolve();

/** Sets the tags of one prompt beside what is there now: another tab may have tagged others. Gives all. */
export function tagPrompt(
  store: Store,
  key: string,
  tags: readonly string[],
): Promise<Record<string, string[]>> {
  // One after the other, or the second would not see the first.
  const next = last.then(async () => {
    const { [key]: _, ...others } = await promptTags(store);
    const all = tags.length > 0 ? { ...others, [key]: [...tags] } : others;
    await store.saveSetting(SETTING, all);
    return all;
  });
  last = next.catch(() => undefined);
  return next;
}
