import type { Position } from './task.ts';

/** How a prompt and an input become an ask, and how the answer is read. Part of a run's configuration. */
export interface Rendering {
  style: 'chat' | 'completion';
  position: Position;
  /** `decode` generates freely, `grammar` only what the metric admits, `choose` compares the allowed answers' log-probabilities. */
  read: 'decode' | 'grammar' | 'choose';
  maxTokens: number;
}

/** How meta-prompts are put to the optimizer model: a chat with answer tags, or a scored list that it continues. */
export type MetaStyle = 'chat' | 'continuation';
