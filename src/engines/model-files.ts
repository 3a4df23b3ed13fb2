import type { Report } from '../core/model.ts';
import { type Kept, keptOfFile, type ModelFile, removeFile } from './gguf-files.ts';
import { type Addresses, keptOfModel, type Look, look, removeModel } from './webllm-files.ts';

/** The files of a model, whichever runtime reads them. */
export type ModelFiles =
  | { kind: 'gguf'; file: ModelFile }
  | { kind: 'webllm'; addresses: Addresses; sha256: Record<string, string> };

/** Downloads what is missing. Rejects with EngineError; what arrived by then stays, and the next call goes on from it. */
export async function fetchFiles(files: ModelFiles, report: Report, signal: AbortSignal): Promise<void> {
  if (files.kind === 'gguf') {
    const { fetchModel } = await import('./fetch-model.ts');
    await fetchModel(files.file, report, signal);
    return;
  }
  const { fetchModel } = await import('./webllm-fetch.ts');
  await fetchModel(files.addresses, files.sha256, report, signal);
}

/** What is here of each model, from one look at the browser's caches. Nothing where it has none. */
export async function keptOf(models: readonly ModelFiles[]): Promise<Kept[]> {
  let seen: Look;
  try {
    seen = await look();
  } catch {
    return models.map(() => ({ whole: false, bytes: 0, total: null }));
  }
  const kept: Kept[] = [];
  for (const files of models) {
    kept.push(
      files.kind === 'gguf'
        ? await keptOfFile(files.file, seen.pieces)
        : await keptOfModel(files.addresses, seen),
    );
  }
  return kept;
}

/** Removes a model's files but for what the models in `others` need too. */
export async function removeFiles(files: ModelFiles, others: readonly ModelFiles[]): Promise<void> {
  if (files.kind === 'gguf') return removeFile(files.file);
  const shared = others.flatMap((other) => (other.kind === 'webllm' ? [other.addresses.model_lib] : []));
  await removeModel(files.addresses, new Set(shared));
}
