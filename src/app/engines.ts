import * as v from 'valibot';
import type { Role } from '../core/log.ts';
import { EngineError, type Engine } from '../core/model.ts';
import type { Tuner } from '../core/tuner.ts';
import { bgeEmbedder } from '../embed/bge.ts';
import type { ModelFile } from '../engines/gguf-files.ts';
import { keptOf, type ModelFiles } from '../engines/model-files.ts';
import { catalogue, type ModelEntry, recommend } from '../engines/models.ts';
import { probe, type Probe } from '../engines/probe.ts';
import { servedFiles } from '../engines/served.ts';
import type { Store } from '../storage/store.ts';
import { type Held, makeDownloads } from './downloads.ts';
import {
  type Added,
  describe,
  describeAdded,
  filesOf,
  filesOfAdded,
  idOf,
  keptModels,
  quantizationOf,
  reached,
} from './model-choices.ts';
import { refusal } from './reach.ts';
import type { CustomModel, Downloads, ModelChoice } from './types.ts';

/** Where the page's own server keeps model files. */
const MODELS_URL = new URL(`${import.meta.env.BASE_URL}models/`, location.href).href;

const CUSTOM_MODELS = 'custom-models';

/** Knows the models that can be chosen and makes engines of them; an engine stays loaded until others are asked for. */
export interface Models {
  choices(): Promise<ModelChoice[]>;
  /** Rejects with EngineError when the model is not known here. */
  choice(id: string): Promise<ModelChoice>;
  add(model: CustomModel): Promise<ModelChoice>;
  /** Forgets a model that was added, and deletes its files. */
  remove(id: string): Promise<void>;
  readonly downloads: Downloads;
  /**
   * The engines of these models, one for both roles where they are the same; every other engine is disposed of. Not
   * loaded yet. `notice` hears of recoveries.
   */
  engines(ids: Record<Role, string>, notice: (text: string) => void): Promise<Record<Role, Engine>>;
  embedder(): ReturnType<typeof bgeEmbedder>;
  /**
   * The differentiable model of this target's own file, not loaded yet; null disposes of it. One is held at a time.
   * Rejects with EngineError where the target has no file of a kind that gradients can be taken of.
   */
  tuner(target: string | null): Promise<Tuner | null>;
  probe(): Promise<Probe>;
}

export function makeModels(store: Promise<Store>): Models {
  const made = new Map<string, Engine>();
  const added: Added[] = [];
  let notice: (text: string) => void = () => undefined;
  let embedder: ReturnType<typeof bgeEmbedder> | null = null;
  let tuner: { target: string; model: Tuner } | null = null;
  let probed: Promise<Probe> | null = null;
  let served: Promise<ReadonlySet<string>> | null = null;
  let restored: Promise<void> | null = null;

  const machine = () => (probed ??= probe());
  const files = () => (served ??= servedFiles(MODELS_URL, new AbortController().signal));
  const downloads = makeDownloads(held, requireReach, MODELS_URL);

  async function restore(): Promise<void> {
    const kept = v.safeParse(keptModels, await (await store).setting(CUSTOM_MODELS).catch(() => null));
    if (!kept.success) return;
    for (const model of kept.output) added.push(model.kind === 'openai' ? { ...model, apiKey: '' } : model);
  }

  async function keep(): Promise<void> {
    const kept = added.map((model) => {
      if (model.kind !== 'openai') return model;
      const { apiKey: _, ...rest } = model;
      return rest;
    });
    await (await store).saveSetting(CUSTOM_MODELS, kept);
  }

  /** Every model that has files, whether they are here or not. */
  async function held(): Promise<ReadonlyMap<string, Held>> {
    await (restored ??= restore());
    const models = new Map<string, Held>();
    for (const model of added) {
      const its = filesOfAdded(model);
      if (its) models.set(idOf(model), { files: its, bytes: model.found?.downloadBytes ?? null });
    }
    for (const entry of catalogue(await files())) {
      models.set(entry.id, { files: filesOf(entry, MODELS_URL), bytes: entry.downloadBytes });
    }
    return models;
  }

  /** Models as they can be chosen: all of them, or the one of this id. */
  async function choices(only?: string): Promise<ModelChoice[]> {
    const [abilities, there] = await Promise.all([machine(), files(), (restored ??= restore())]);
    const wanted = (id: string) => only === undefined || id === only;
    const first = recommend(abilities).id;
    const entries = catalogue(there)
      .filter(({ id }) => wanted(id))
      .map((entry) => ({ entry, source: filesOf(entry, MODELS_URL) }));
    const kept = await keptOf(entries.map(({ source }) => source));
    const known = entries.map(({ entry, source }, at) => {
      const whole = kept[at]?.whole ?? false;
      const choice = describe(entry, abilities, there, whole, first);
      return reached(choice, whole ? null : refusalOf(source));
    });
    const sorted = [...known.filter(({ id }) => id === first), ...known.filter(({ id }) => id !== first)];
    const own = added
      .filter((model) => wanted(idOf(model)))
      .map(async (model) => reached(describeAdded(model, abilities), await refusalOfAdded(model)));
    return [...(await Promise.all(own)), ...sorted];
  }

  const choice = async (id: string) => (await choices(id))[0] ?? unknown(id);

  /** One of Whetstone's own list. Rejects with EngineError when it has no such model. */
  async function listed(id: string): Promise<ModelEntry> {
    return catalogue(await files()).find((one) => one.id === id) ?? unknown(id);
  }

  async function make(id: string): Promise<Engine> {
    await (restored ??= restore());
    const custom = added.find((model) => idOf(model) === id);
    const refused = custom && (await refusalOfAdded(custom));
    if (refused) throw refused;
    const model = custom ?? (await listed(id));
    if (!('kind' in model)) await requireReach(filesOf(model, MODELS_URL));
    const { makeEngine } = await import('./make-engine.ts');
    return makeEngine(model, MODELS_URL, (text) => notice(text));
  }

  /** The GGUF file that a model is read from; null where it is another kind of model. */
  async function ggufOf(id: string): Promise<ModelFile | null> {
    const custom = added.find((model) => idOf(model) === id);
    if (custom !== undefined)
      return custom.kind === 'gguf'
        ? { url: custom.url, name: `${custom.name}:${quantizationOf(custom)}` }
        : null;
    const entry = catalogue(await files()).find((one) => one.id === id);
    const its = entry === undefined ? null : filesOf(entry, MODELS_URL);
    return its?.kind === 'gguf' ? its.file : null;
  }

  async function makeTuner(target: string): Promise<Tuner> {
    const { name } = await choice(target);
    const file = await ggufOf(target);
    if (file === null)
      throw new EngineError(
        'unavailable',
        `This method follows the gradient inside the target model, which cannot be had of ${name}.`,
        'Choose a target that runs on the processor from a GGUF file of the Llama architecture, such as SmolLM2 135M.',
      );
    const [{ gradientTuner }, { fetchModel }] = await Promise.all([
      import('../gradient/tuner.ts'),
      import('../engines/fetch-model.ts'),
    ]);
    return gradientTuner({
      name: file.name,
      ...(file.sha256 !== undefined && { sha256: file.sha256 }),
      file: (report, signal) => fetchModel(file, report, signal),
    });
  }

  async function forget(id: string): Promise<void> {
    await made.get(id)?.dispose();
    made.delete(id);
  }

  return {
    choices: () => choices(),
    choice,
    downloads,
    async add(given) {
      await (restored ??= restore());
      const model = await (await import('./added-model.ts')).lookedAt(given);
      const id = idOf(model);
      const known = added.findIndex((other) => idOf(other) === id);
      if (known >= 0 && model.kind !== 'openai') {
        throw new EngineError(
          'refused',
          `You have added a model called ${model.name} before.`,
          'Give this one another name, or remove the other first.',
        );
      }
      if (known >= 0) added.splice(known, 1);
      added.unshift(model);
      await forget(id);
      await keep();
      await downloads.refresh();
      return describeAdded(model, await machine());
    },
    async remove(id) {
      await (restored ??= restore());
      const known = added.findIndex((model) => idOf(model) === id);
      if (known < 0) return;
      await downloads.remove(id);
      added.splice(known, 1);
      await forget(id);
      await keep();
      await downloads.refresh();
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
    async tuner(target) {
      if (tuner?.target !== target) {
        await tuner?.model.dispose();
        tuner = null;
      }
      if (target === null) return null;
      tuner ??= { target, model: await makeTuner(target) };
      return tuner.model;
    },
    probe: machine,
  };
}

function unknown(id: string): never {
  throw new EngineError(
    'unavailable',
    `The model ${id} is not known here.`,
    'Choose another model, or add it again.',
  );
}

/** Why the files may not be fetched; null if they may. */
function refusalOf(files: ModelFiles): EngineError | null {
  const { addresses } = files.kind === 'gguf' ? { addresses: { file: files.file.url } } : files;
  return Object.values(addresses).reduce((found: EngineError | null, url) => found ?? refusal(url), null);
}

/** Rejects where the files have to be fetched and may not be. */
export async function requireReach(files: ModelFiles): Promise<void> {
  const refused = refusalOf(files);
  if (refused !== null && (await keptOf([files]))[0]?.whole !== true) throw refused;
}

async function refusalOfAdded(model: Added): Promise<EngineError | null> {
  const files = filesOfAdded(model);
  if (files === null) return model.kind === 'openai' ? refusal(model.baseUrl) : null;
  return (await keptOf([files]))[0]?.whole === true ? null : refusalOf(files);
}
