import type { Effects } from '../core/log.ts';
import { EngineError, type Embedder } from '../core/model.ts';
import { EMBEDDER_BYTES } from '../embed/bge.ts';
import type { Store } from '../storage/store.ts';
import { keptVectors } from './kept-vectors.ts';
import type { PromptVectors } from './types.ts';

/** Vectors overheard from recordings that are held at once; each is some 2 kB. */
const MOST_HEARD = 10_000;

/**
 * Vectors of prompts for the map: from storage, from recordings that were opened (`hear`), or computed. What a
 * recording says stays in memory: a file from elsewhere must not answer for the model in later runs.
 */
export function promptVectors(
  embedder: () => Embedder,
  store: Promise<Store>,
): PromptVectors & { hear(model: string, effects: Effects): Effects } {
  const heard = new Map<string, Float32Array>();
  return {
    downloadBytes: EMBEDDER_BYTES,
    async known(texts) {
      const kept = await store
        .then((open) => open.vectors(embedder().id, texts))
        .catch(() => texts.map(() => null));
      return texts.map((text, i) => kept[i] ?? heard.get(text) ?? null);
    },
    async embed(texts, report, signal) {
      try {
        await embedder().load(report, signal);
        return await keptVectors(embedder(), await store).embed(texts, signal);
      } catch (error) {
        if (!(error instanceof EngineError) || error.fault !== 'unavailable') throw error;
        throw new EngineError(
          'unavailable',
          error.message,
          'Run `npm run models` where the page is served, then try again. Everything else works without it.',
        );
      }
    },
    hear: (model, effects) =>
      model !== embedder().id
        ? effects
        : {
            async perform(effect) {
              const outcome = await effects.perform(effect);
              if (effect.kind !== 'embed' || outcome.kind !== 'embed') return outcome;
              if (heard.size > MOST_HEARD) heard.clear();
              for (const [i, text] of effect.texts.entries()) {
                const vector = outcome.vectors[i];
                if (vector !== undefined) heard.set(text, vector);
              }
              return outcome;
            },
          },
  };
}
