import type { Embedder } from '../core/model.ts';
import type { Store } from '../storage/store.ts';

/** An embedder whose vectors are kept: a text that any run has embedded is not computed again. */
export function keptVectors(embedder: Embedder, store: Store): Embedder {
  return {
    ...embedder,
    async embed(texts, signal) {
      // A store that cannot be read or written costs time, not the run.
      const known = await store.vectors(embedder.id, texts).catch(() => texts.map(() => null));
      const missing = texts.filter((_, i) => known[i] === null);
      const fresh = missing.length === 0 ? [] : await embedder.embed(missing, signal);
      const entries = missing.flatMap((text, i) => {
        const vector = fresh[i];
        return vector === undefined ? [] : [{ text, vector }];
      });
      await store.saveVectors(embedder.id, entries).catch(() => undefined);
      const computed = new Map(entries.map(({ text, vector }) => [text, vector]));
      return texts.map((text, i) => known[i] ?? computed.get(text) ?? new Float32Array());
    },
  };
}
