import * as v from 'valibot';
import { fits, type ModelEntry } from '../engines/models.ts';
import type { ModelFiles } from '../engines/model-files.ts';
import type { Probe } from '../engines/probe.ts';
import { weightsFolder } from '../engines/webllm-files.ts';
import type { CustomModel, ModelChoice } from './types.ts';

/** Models as the page shows them, and where the files of each are. */

/** What was found at the addresses when the user added the model. */
const found = v.object({
  downloadBytes: v.nullable(v.number()),
  contextTokens: v.nullable(v.number()),
  quantization: v.string(),
});

/** What is kept of models that the user added. A key for a server is never kept. */
export const keptModels = v.array(
  v.variant('kind', [
    v.object({
      kind: v.literal('webllm'),
      name: v.string(),
      weightsUrl: v.string(),
      libraryUrl: v.string(),
      found: v.optional(found),
    }),
    v.object({ kind: v.literal('gguf'), name: v.string(), url: v.string(), found: v.optional(found) }),
    v.object({
      kind: v.literal('openai'),
      baseUrl: v.string(),
      model: v.string(),
      parallel: v.number(),
      beyondThisMachine: v.boolean(),
    }),
  ]),
);

/** A model that the user added. */
export type Added = CustomModel & { found?: v.InferOutput<typeof found> | undefined };

export function idOf(model: CustomModel): string {
  if (model.kind === 'openai') return `openai:${model.model}@${model.baseUrl}`;
  return `${model.kind === 'gguf' ? 'wllama' : 'webllm'}:custom:${model.name}`;
}

/** `q4f16_1` and the like; `custom` when neither the model's files nor its name say it. */
export function quantizationOf(model: {
  name: string;
  found?: { quantization: string } | undefined;
}): string {
  const known = model.found?.quantization ?? '';
  if (known !== '') return known;
  return /q\df(?:16|32)(?:_\d)?|i?q\d_\w+/i.exec(model.name)?.[0]?.toLowerCase() ?? 'custom';
}

/** Files of a model of the list. `modelsUrl` is the folder on the page's own server. */
export function filesOf(entry: ModelEntry, modelsUrl: string): ModelFiles {
  if (entry.runtime === 'wllama') {
    const { path, sha256, engineName: name } = entry;
    return {
      kind: 'gguf',
      file: { url: new URL(path, modelsUrl).href, name, ...(sha256 !== undefined && { sha256 }) },
    };
  }
  const { source } = entry;
  if (source.kind === 'prebuilt') {
    return {
      kind: 'webllm',
      addresses: { model: source.weightsUrl, model_lib: source.libraryUrl },
      sha256: {},
    };
  }
  return {
    kind: 'webllm',
    addresses: { model: modelsUrl + source.folder, model_lib: modelsUrl + source.library },
    sha256: { 'model.wasm': source.librarySha256 },
  };
}

/** Files of a model that the user added; null for one on a server. */
export function filesOfAdded(model: Added): ModelFiles | null {
  if (model.kind === 'openai') return null;
  if (model.kind === 'gguf') return { kind: 'gguf', file: { url: model.url, name: model.name } };
  const addresses = { model: weightsFolder(model.weightsUrl), model_lib: model.libraryUrl };
  return { kind: 'webllm', addresses, sha256: {} };
}

/** `first` is the recommended one's id. `served` holds what the page's own server has; `kept` whether all files are here. */
export function describe(
  entry: ModelEntry,
  machine: Probe,
  served: ReadonlySet<string>,
  kept: boolean,
  first: string,
): ModelChoice {
  const { id, runtime, name, downloadBytes, downloadEstimated, memoryBytes, contextTokens, licence } = entry;
  const facts = {
    id,
    runtime,
    name,
    downloadBytes,
    downloadEstimated,
    memoryBytes,
    contextTokens,
    licence,
    bits: entry.bits,
    precision: entry.runtime === 'webllm' ? entry.precision : null,
    small: entry.small,
    parallel: 1,
    added: false,
  };
  if (entry.runtime === 'wllama' && !URL.canParse(entry.path) && !served.has(entry.path) && !kept) {
    return {
      ...facts,
      recommended: false,
      usable: false,
      note: 'Its file is not on this server. Run `npm run models` there, then reload the page.',
    };
  }
  const { usable, reason } = fits(entry, machine);
  return { ...facts, recommended: usable && id === first, usable, note: reason };
}

/** The same where its files may be fetched, or its server asked; else not usable, with the reason. */
export function reached(
  choice: ModelChoice,
  refused: { message: string; advice: string } | null,
): ModelChoice {
  if (refused === null || !choice.usable) return choice;
  return { ...choice, recommended: false, usable: false, note: `${refused.message} ${refused.advice}` };
}

export function describeAdded(model: Added, machine: Probe): ModelChoice {
  const base = {
    id: idOf(model),
    downloadBytes: model.found?.downloadBytes ?? null,
    downloadEstimated: false,
    memoryBytes: null,
    contextTokens: model.found?.contextTokens ?? null,
    licence: 'your own choice',
    bits: null,
    precision: null,
    recommended: false,
    added: true,
    small: false,
    parallel: 1,
  };
  if (model.kind === 'openai') {
    const where = model.beyondThisMachine
      ? 'Prompts and examples leave this machine.'
      : 'A server on this machine.';
    return {
      ...base,
      runtime: 'openai',
      name: `${model.model} (server)`,
      downloadBytes: 0,
      usable: true,
      note: where,
      parallel: model.parallel,
    };
  }
  const quantization = quantizationOf(model);
  const bits = Number(/(?:q|f)(\d+)/.exec(quantization)?.[1] ?? 0) || null;
  if (model.kind === 'gguf') {
    return { ...base, runtime: 'wllama', name: model.name, bits, usable: true, note: '' };
  }
  const precision = quantization.includes('f16') ? 'f16' : quantization.includes('f32') ? 'f32' : null;
  const { webgpu } = machine;
  const lacksHalves = webgpu.works && precision === 'f16' && !webgpu.f16;
  const note = lacksHalves
    ? 'Needs half-precision floats, which this GPU does not offer. Add a version of it whose name has f32.'
    : webgpu.works
      ? ''
      : webgpu.why;
  return {
    ...base,
    runtime: 'webllm',
    name: model.name,
    bits: quantization.startsWith('q0') ? (precision === 'f16' ? 16 : 32) : bits,
    precision,
    usable: note === '',
    note,
  };
}
