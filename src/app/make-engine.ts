import type { Engine } from '../core/model.ts';
import type { ModelEntry } from '../engines/models.ts';
import { type Added, quantizationOf } from './model-choices.ts';

/** Context given to a model that the user added by its file; its own may be far more than a page can hold. */
const ADDED_CONTEXT = 4096;

/**
 * The engine of a model, not loaded yet. `modelsUrl` is the absolute address of the page's own model files, with a slash
 * at its end; `onRecovered` hears in words of a GPU that was lost and is back.
 */
export async function makeEngine(
  model: Added | ModelEntry,
  modelsUrl: string,
  onRecovered: (text: string) => void,
): Promise<Engine> {
  if ('kind' in model) return makeAdded(model, onRecovered);
  if (model.runtime === 'wllama') {
    const { wllamaEngine } = await import('../engines/wllama.ts');
    const { engineName: name, path, sha256, contextTokens } = model;
    const url = new URL(path, modelsUrl).href;
    return wllamaEngine({ name, url, ...(sha256 !== undefined && { sha256 }), contextTokens });
  }
  const { webllmEngine } = await import('../engines/webllm.ts');
  const { source } = model;
  if (source.kind === 'prebuilt')
    return webllmEngine({ kind: 'prebuilt', modelId: source.modelId }, { onRecovered });
  const { engineName: name, quantization, folder, library, librarySha256 } = source;
  return webllmEngine(
    {
      kind: 'custom',
      name,
      quantization,
      weightsUrl: modelsUrl + folder,
      libraryUrl: modelsUrl + library,
      sha256: { 'model.wasm': librarySha256 },
    },
    { onRecovered },
  );
}

async function makeAdded(model: Added, onRecovered: (text: string) => void): Promise<Engine> {
  if (model.kind === 'openai') {
    const { openaiEngine } = await import('../engines/openai.ts');
    return openaiEngine(model);
  }
  const quantization = quantizationOf(model);
  if (model.kind === 'gguf') {
    const { wllamaEngine } = await import('../engines/wllama.ts');
    return wllamaEngine({
      name: `${model.name}:${quantization}`,
      url: model.url,
      contextTokens: ADDED_CONTEXT,
    });
  }
  const { webllmEngine } = await import('../engines/webllm.ts');
  const { name, weightsUrl, libraryUrl } = model;
  return webllmEngine({ kind: 'custom', name, weightsUrl, libraryUrl, quantization }, { onRecovered });
}
