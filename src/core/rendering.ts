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

/** What comparing the allowed answers (`choose`) said against what greedy decoding said, on the same asks. */
export interface ReadingCheck {
  examples: number;
  /** Examples on which the model could compare answers at all. */
  compared: number;
  /** Examples on which an answer could be read from the decoded reply. */
  readable: number;
  /** Of the readable ones, those on which both gave the same answer. */
  agreed: number;
  /** What the check cost: tokens computed and model time. No budget is charged for it. */
  tokens: number;
  ms: number;
}

/** Part of the readable replies on which both must agree. */
export const ENOUGH_AGREEMENT = 0.95;

/** How to read answers after a check: where fewer than half of the replies are readable, decoding is no reference. */
export function readBy({ examples, compared, readable, agreed }: ReadingCheck): 'choose' | 'decode' {
  if (compared === 0) return 'decode';
  if (2 * readable < examples) return 'choose';
  return agreed >= ENOUGH_AGREEMENT * readable ? 'choose' : 'decode';
}
