import type { SplitName } from '../../core/task.ts';
import type { Role } from './table.ts';

const NAMES: Readonly<Record<string, SplitName>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  eval: 'validation',
  evaluation: 'validation',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  development: 'validation',
};

/** The split that a cell, a list or a file is named after (`eval`, `Dev`, `my-train`), or null. */
export function splitNamed(name: string): SplitName | null {
  const words = name.toLowerCase().match(/[a-z]+/g) ?? [];
  const found = new Set(words.flatMap((word) => (Object.hasOwn(NAMES, word) ? [NAMES[word]] : [])));
  const [only, ...others] = found;
  return only !== undefined && others.length === 0 ? only : null;
}

/**
 * What a file of this name is for. Few-shot and format examples are shown in prompts of the papers that they come
 * with; they are left out, so that the splits keep their published sizes.
 */
export function roleNamed(name: string): Role {
  const bare = name.toLowerCase().replace(/\.[a-z0-9]+$/, '');
  if (/few[\s_-]?shot/.test(bare) || /^(?:format|demos?|demonstrations?)$/.test(bare)) return 'out';
  return splitNamed(bare) ?? 'rows';
}
