import { EngineError } from '../core/model.ts';
import { checkGguf, checkWebllm } from '../engines/check-model.ts';
import { openaiEngine } from '../engines/openai.ts';
import type { Added } from './model-choices.ts';
import { refusal } from './reach.ts';
import type { CustomModel } from './types.ts';

/** The model with what its addresses hold. Rejects when they are not what they should be, or may not be asked. */
export async function lookedAt(model: CustomModel): Promise<Added> {
  const addresses =
    model.kind === 'openai'
      ? [model.baseUrl]
      : model.kind === 'gguf'
        ? [model.url]
        : [model.weightsUrl, model.libraryUrl];
  for (const address of addresses) {
    const refused = refusal(address.trim());
    if (refused !== null) throw refused;
  }
  if (model.kind === 'openai') {
    // Throws for an address that may not be used.
    await openaiEngine(model).dispose();
    return model;
  }
  const name = model.name.trim();
  if (name === '') throw new EngineError('refused', 'The model has no name.', 'Give it one to know it by.');
  if (model.kind === 'gguf') {
    const url = model.url.trim();
    return { ...model, name, url, found: await checkGguf(url) };
  }
  const weightsUrl = model.weightsUrl.trim();
  const libraryUrl = model.libraryUrl.trim();
  return { ...model, name, weightsUrl, libraryUrl, found: await checkWebllm(weightsUrl, libraryUrl) };
}
