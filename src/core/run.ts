import type { Budget } from './budget.ts';
import type { ModelIds } from './log.ts';
import type { OptionValue } from './optimizer.ts';
import type { MetaStyle, Rendering } from './rendering.ts';

/** All that determines a run, besides its task and what the models reply. */
export interface RunConfig {
  version: 1;
  task: string;
  optimizer: string;
  options: Readonly<Record<string, OptionValue>>;
  /** Templates that the user edited for this run, by name; empty for the method's own. */
  prompts: Readonly<Record<string, string>>;
  initialPrompt: string;
  models: ModelIds;
  rendering: Rendering;
  metaStyle: MetaStyle;
  budget: Budget;
  /** At most this many examples of each split are used, the first of each; absent for all. */
  limits: { train?: number; validation?: number; test?: number };
  seed: number;
}
