import type { Markers, Metric, Position } from '../../core/task.ts';
import type { Role } from './table.ts';

/** What the user says, or what was guessed, about a table: how it becomes a task. */

/** Everything of a task but its examples and how they are scored. */
export interface TaskSettings {
  id: string;
  name: string;
  description: string;
  note?: string;
  initialPrompt: string;
  metric: Metric;
  position: Position;
  markers: Markers;
  answerTokens: number;
}

/** Which column holds what; null for none. A task cannot be built without the first two. */
export interface Mapping {
  input: string | null;
  gold: string | null;
  id: string | null;
  split: string | null;
}

/**
 * `given`: as the parts and the split column say; rows of which neither says anything are drawn. `drawn`: all rows are
 * drawn. Shares are weights and need not add up to 100.
 */
export interface SplitPlan {
  how: 'given' | 'drawn';
  shares: { train: number; validation: number; test: number };
  seed: number;
}

export interface Plan {
  mapping: Mapping;
  /** By part. */
  roles: readonly Role[];
  splits: SplitPlan;
  settings: TaskSettings;
}
