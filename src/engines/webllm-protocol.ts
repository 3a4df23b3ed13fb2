import type { Ask, Choice, LoadProgress, Reply } from '../core/model.ts';
import type { FaultMessage } from './webllm-faults.ts';
import type { Reuse } from './webllm-plan.ts';

/** Where a model's files come from; addresses are absolute. */
export type Source =
  | { kind: 'prebuilt'; modelId: string }
  | {
      kind: 'custom';
      modelId: string;
      weightsUrl: string;
      libraryUrl: string;
      sha256: Record<string, string>;
    };

export interface LoadOrder {
  source: Source;
  /** The kernels need half-precision floats, which not every GPU has. */
  needsF16: boolean;
  /** Null leaves the model's own. */
  contextTokens: number | null;
  emptyThinking: boolean;
  path: 'own' | 'public';
  /** Null: as the self-test finds. */
  reuse: Reuse | null;
}

/** What the page sends. `lose` destroys the device, as a driver reset does. One ask at a time. */
export type ToWorker =
  | { kind: 'load'; order: LoadOrder }
  /** `listened`: the text is sent as it grows. */
  | { kind: 'generate'; ask: Ask; listened: boolean }
  | { kind: 'choose'; ask: Ask; options: readonly string[] }
  | { kind: 'cancel' }
  | { kind: 'lose' };

export interface Facts {
  contextTokens: number;
  details: string[];
  /** As in Engine. */
  build: string | null;
}

/** What the worker sends. `alive` says that the ask in hand has made a step. */
export type FromWorker =
  | { kind: 'progress'; progress: LoadProgress }
  | { kind: 'alive' }
  | { kind: 'loaded'; facts: Facts }
  | { kind: 'text'; text: string }
  | { kind: 'reply'; reply: Reply }
  | { kind: 'choice'; choice: Choice }
  | { kind: 'failed'; error: FaultMessage }
  | { kind: 'lost'; why: string };
