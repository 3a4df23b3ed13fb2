import type { ModelFiles } from '../engines/model-files.ts';

/** What a run needs beside its models' files and the page's own scripts, which are in the page's copy in the browser from the first. */

/** Where the service worker looks (vite.config.ts). */
const ENGINES = 'whetstone/engines';
const EMBEDDER = 'whetstone/embedder';

const engineParts = {
  webllm: () => import('../engines/webllm.worker.ts?worker&url'),
  gguf: () => import('@wllama/wllama/esm/wasm/wllama.wasm?url'),
};

/**
 * Keeps what models of this kind need to run without a network. Where the page keeps no copy of itself it does nothing.
 * Never rejects: what cannot be had now is asked for when it is next looked at, or used.
 */
export function keepEngineParts(kind: ModelFiles['kind']): Promise<void> {
  return keep(ENGINES, async () => [(await engineParts[kind]()).default]);
}

/** The same of the embedding model, which most methods need; `modelsUrl` is the folder of the page's models, with a slash at its end. */
export async function keepEmbedder(modelsUrl: string): Promise<void> {
  await keep(ENGINES, async () => {
    const worker = import('../embed/bge.worker.ts?worker&url');
    const wasm = import('onnxruntime-web/dist/ort-wasm-simd.wasm?url');
    return [(await worker).default, (await wasm).default];
  });
  await keep(EMBEDDER, () => embedderUrls(modelsUrl));
}

/** Gives its room back; the list of the server's models, which is kept beside it, stays. */
export async function dropEmbedder(modelsUrl: string): Promise<void> {
  const cache = await caches.open(EMBEDDER);
  for (const url of await embedderUrls(modelsUrl)) await cache.delete(url);
}

async function embedderUrls(modelsUrl: string): Promise<string[]> {
  const { BGE_FILES, MODEL } = await import('../embed/bge-files.ts');
  return BGE_FILES.map(({ path }) => `${modelsUrl}${MODEL}/${path}`);
}

async function keep(cacheName: string, urls: () => Promise<string[]>): Promise<void> {
  try {
    if (!('serviceWorker' in navigator) || !(await navigator.serviceWorker.getRegistration())) return;
    const cache = await caches.open(cacheName);
    for (const url of await urls()) if ((await cache.match(url)) === undefined) await cache.add(url);
  } catch {
    // No network, or no room.
  }
}
