import * as v from 'valibot';

const index = v.object({
  files: v.array(v.object({ path: v.string(), bytes: v.number(), sha256: v.string() })),
});

/** Paths of the model files that the page's own server really has; empty when it does not say. Never rejects. */
export async function servedFiles(modelsUrl: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  try {
    const response = await fetch(new URL('index.json', modelsUrl), { signal, cache: 'no-store' });
    if (!response.ok) return new Set();
    return new Set(v.parse(index, await response.json()).files.map((file) => file.path));
  } catch {
    return new Set();
  }
}
