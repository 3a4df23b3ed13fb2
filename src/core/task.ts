/** A task: examples with right answers, how they are put to a model, and how an answer is scored. */

export interface Example {
  /** Unique within the task. */
  id: string;
  input: string;
  /** Acceptable answers, at least one. For ROUGE-L the references, for JSON one object as text. */
  gold: readonly string[];
}

/**
 * - `choice`   one of `options`; without options, a letter among those that the input itself lists as `(A)`, `(B)`…
 * - `boolean`  one of a pair, e.g. True/False, Yes/No, valid/invalid
 * - `number`   numeric equality after rounding to `decimals`
 * - `exact`    equality after trimming, case folding and dropping a final full stop
 * - `contains` the gold text occurs in the reply (case folded)
 * - `json`     share of `fields` whose value equals the gold object's
 * - `rouge-l`  best ROUGE-L F over the references
 * - `rules`    share of the gold text's rules that the reply keeps (core/rules.ts)
 */
export type Metric =
  | { kind: 'choice'; options?: readonly string[] }
  | { kind: 'boolean'; yes: string; no: string }
  | { kind: 'number'; decimals: number }
  | { kind: 'exact' }
  | { kind: 'contains' }
  | { kind: 'json'; fields: readonly string[] }
  | { kind: 'rouge-l' }
  | { kind: 'rules' };

/** Where the prompt stands: on its own before the question, at the question's begin or end, or where the answer begins. */
export type Position = 'before' | 'question-begin' | 'question-end' | 'answer-begin';

/** Words put before an input and before its answer, e.g. `Review` and `Sentiment`; empty strings for no marker. */
export interface Markers {
  input: string;
  answer: string;
}

export type SplitName = 'train' | 'validation' | 'test';

export interface Task {
  /** Lower-case words joined by hyphens; the file's name in tasks/. */
  id: string;
  name: string;
  description: string;
  /** For people: the rule behind the answers, in words. Never put to a model, nor shown to an optimizer. */
  note?: string;
  initialPrompt: string;
  metric: Metric;
  position: Position;
  markers: Markers;
  /** Generous upper bound of answer tokens when decoding. */
  answerTokens: number;
  splits: Record<SplitName, readonly Example[]>;
}

/** What an optimizer may see: the task without its test split and without its answer rule. */
export type SearchTask = Omit<Task, 'splits' | 'note'> & {
  splits: Record<'train' | 'validation', readonly Example[]>;
};
