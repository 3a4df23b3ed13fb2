import * as v from 'valibot';
import type { Role } from '../core/log.ts';
import { EngineError, type Engine } from '../core/model.ts';
import { bgeEmbedder } from '../embed/bge.ts';
import { catalogue, fits, recommend, type ModelEntry } from '../engines/models.ts';
import { probe, type Probe } from '../engines/probe.ts';
import { servedFiles } from '../engines/served.ts';
import type { Store } from '../storage/store.ts';
import type { CustomModel, ModelChoice } from './types.ts';

/** Where the page's own server keeps model files. */
const MODELS_URL = new URL(`${import.meta.env.BASE_URL}models/`, location.href).href;

const CUSTOM_MODELS = 'custom-models';

/** What is kept of a model that the user added. A key for a server is never kept. */
const Kept = v.array(
  v.variant('kind', [
    v.object({ kind: v.literal('webllm'), name: v.string(), weightsUrl: v.string(), libraryUrl: v.string() }),
    v.object({
      kind: v.literal('openai'),
      baseUrl: v.string(),
      model: v.string(),
      parallel: v.number(),
      beyondThisMachine: v.boolean(),
    }),
  ]),
);

/** Knows the models that can be chosen and makes engines of them; an engine stays loaded until others are asked for. */
export interface Models {
  choices(): Promise<ModelChoice[]>;
  /** Rejects with EngineError when the model is not known here. */
  choice(id: string): Promise<ModelChoice>;
  add(model: CustomModel): Promise<ModelChoice>;
  /**
   * The engines of these models, one for both roles where they are the same; every other engine is disposed of. Not
   * loaded yet. `notice` hears of recoveries.
   */
  engines(ids: Record<Role, string>, notice: (text: string) => void): Promise<Record<Role, Engine>>;
  embedder(): ReturnType<typeof bgeEmbedder>;
  probe(): Promise<Probe>;
}

export function makeModels(store: Promise<Store>): Models {
  const made = new Map<string, Engine>();
  const added: CustomModel[] = [];
  let notice: (text: string) => void = () => undefined;
  let embedder: ReturnType<typeof bgeEmbedder> | null = null;
  let probed: Promise<Probe> | null = null;
  let served: Promise<ReadonlySet<string>> | null = null;
  let restored: Promise<void> | null = null;

  const machine = () => (probed ??= probe());
  const files = () => (served ??= servedFiles(MODELS_URL, new AbortController().signal));

  async function restore(): Promise<void> {
    const kept = v.safeParse(Kept, await (await store).setting(CUSTOM_MODELS).catch(() => null));
    if (!kept.success) return;
    for (const model of kept.output) added.push(model.kind === 'openai' ? { ...model, apiKey: '' } : model);
  }

  async function keep(): Promise<void> {
    const kept = added.map((model) => {
      if (model.kind === 'webllm') return model;
      const { apiKey: _, ...rest } = model;
      return rest;
    });
    await (await store).saveSetting(CUSTOM_MODELS, kept);
  }

  async function choices(): Promise<ModelChoice[]> {
    await (restored ??= restore());
    const [abilities, there] = await Promise.all([machine(), files()]);
    const first = recommend(abilities).id;
    const known = catalogue(there).map((entry) => describe(entry, abilities, there));
    const sorted = [...known.filter(({ id }) => id === first), ...known.filter(({ id }) => id !== first)];
    return [...added.map((model) => describeCustom(model, abilities)), ...sorted];
  }

  async function choice(id: string): Promise<ModelChoice> {
    const found = (await choices()).find((one) => one.id === id);
    if (found !== undefined) return found;
    throw new EngineError(
      'unavailable',
      `The model ${id} is not known here.`,
      'Choose another model, or add it again.',
    );
  }

  async function make(id: string): Promise<Engine> {
    const custom = added.find((model) => customId(model) === id);
    if (custom?.kind === 'openai') {
      const { openaiEngine } = await import('../engines/openai.ts');
      return openaiEngine(custom);
    }
    const { webllmEngine } = await import('../engines/webllm.ts');
    const onRecovered = (text: string) => notice(text);
    if (custom?.kind === 'webllm') {
      const quantization = /q\df(?:16|32)/.exec(custom.name)?.[0] ?? 'custom';
      return webllmEngine({ ...custom, kind: 'custom', quantization }, { onRecovered });
    }
    await choice(id);
    const entry = catalogue(await files()).find((one) => one.id === id);
    if (entry?.runtime === 'wllama') {
      const { wllamaEngine } = await import('../engines/wllama.ts');
      const { engineName: name, path, sha256, contextTokens } = entry;
      const url = new URL(path, MODELS_URL).href;
      return wllamaEngine({ name, url, ...(sha256 !== undefined && { sha256 }), contextTokens });
    }
    if (entry?.source.kind === 'local') {
      const { engineName: name, quantization, folder, library, librarySha256 } = entry.source;
      const weightsUrl = MODELS_URL + folder;
      const sha256 = { 'model.wasm': librarySha256 };
      return webllmEngine(
        { kind: 'custom', name, quantization, weightsUrl, libraryUrl: MODELS_URL + library, sha256 },
        { onRecovered },
      );
    }
    return webllmEngine({ kind: 'prebuilt', modelId: entry?.source.modelId ?? id }, { onRecovered });
  }

  return {
    choices,
    choice,
    async add(model) {
      await (restored ??= restore());
      if (model.kind === 'openai') {
        const { openaiEngine } = await import('../engines/openai.ts');
        // Throws for an address that may not be used.
        await openaiEngine(model).dispose();
      }
      const id = customId(model);
      const known = added.findIndex((other) => customId(other) === id);
      if (known >= 0) added.splice(known, 1);
      added.unshift(model);
      await made.get(id)?.dispose();
      made.delete(id);
      await keep();
      return describeCustom(model, await machine());
    },
    async engines(ids, hear) {
      notice = hear;
      for (const [id, engine] of made) {
        if (id === ids.target || id === ids.optimizer) continue;
        made.delete(id);
        await engine.dispose();
      }
      const engine = async (id: string) => {
        const known = made.get(id) ?? (await make(id));
        made.set(id, known);
        return known;
      };
      const target = await engine(ids.target);
      return { target, optimizer: await engine(ids.optimizer) };
    },
    embedder: () => (embedder ??= bgeEmbedder(MODELS_URL)),
    probe: machine,
  };
}

function customId(model: CustomModel): string {
  return model.kind === 'webllm' ? `webllm:custom:${model.name}` : `openai:${model.model}@${model.baseUrl}`;
}

function describe(entry: ModelEntry, machine: Probe, served: ReadonlySet<string>): ModelChoice {
  const { id, runtime, name, downloadBytes, memoryBytes, contextTokens, licence, small } = entry;
  const facts = { id, runtime, name, downloadBytes, memoryBytes, contextTokens, licence, small, parallel: 1 };
  if (entry.runtime === 'wllama' && !URL.canParse(entry.path) && !served.has(entry.path)) {
    return {
      ...facts,
      usable: false,
      note: 'Its file is not on this server. Run `npm run models` there, then reload the page.',
    };
  }
  const { usable, reason } = fits(entry, machine);
  return { ...facts, usable, note: reason };
}

function describeCustom(model: CustomModel, machine: Probe): ModelChoice {
  const base = {
    id: customId(model),
    downloadBytes: null,
    memoryBytes: null,
    contextTokens: null,
    licence: 'your own choice',
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
  const { webgpu } = machine;
  return {
    ...base,
    runtime: 'webllm',
    name: model.name,
    usable: webgpu.works,
    note: webgpu.works ? '' : webgpu.why,
  };
}
