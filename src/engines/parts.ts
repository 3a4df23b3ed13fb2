import type { ModelFiles } from './model-files.ts';

/** What an engine is made of beside the page's own scripts, which are in the page's copy in the browser from the first. */

/** Where the service worker looks for it (vite.config.ts). */
const CACHE = 'whetstone/engines';

const parts = {
  webllm: () => import('./webllm.worker.ts?worker&url'),
  gguf: () => import('@wllama/wllama/esm/wasm/wllama.wasm?url'),
};

/**
 * Keeps what models of this kind need beside their files to run without a network. Where the page keeps no copy of itself
 * it does nothing. Never rejects: what cannot be had now is asked for when it is next looked at, or used.
 */
export async function keepParts(kind: ModelFiles['kind']): Promise<void> {
  try {
    if (!('serviceWorker' in navigator) || !(await navigator.serviceWorker.getRegistration())) return;
    const { default: url } = await parts[kind]();
    const cache = await caches.open(CACHE);
    if ((await cache.match(url)) === undefined) await cache.add(url);
  } catch {
    // No network, or no room.
  }
}
