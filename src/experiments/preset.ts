import type { Factor, Pool } from '../core/experiment.ts';
import type { OptionValue } from '../core/optimizer.ts';

/**
 * A question that a paper asks, as a grid. Tasks, models, seeds and budget are the user's; the rest is here. Data only:
 * a test holds every name and value to the methods' own options.
 */
export interface Preset {
  /** Lower-case words joined by hyphens. */
  id: string;
  name: string;
  /** One sentence. */
  question: string;
  paper: { title: string; url: string };
  /** What to look at in the table, and what the paper found. */
  look: string;
  method: string;
  options: Readonly<Record<string, OptionValue>>;
  factors: readonly Factor[];
  /** The optimizer model is varied too: a name for each place that the user fills with a model, the smallest first. */
  optimizers?: readonly string[];
  /** The best prompts are tried on other tasks and targets, which the user chooses. */
  carries?: true;
  /**
   * What its searches are equal in; absent: tokens, which make equal work, for replies that are known already take no
   * minutes. Gradients cost minutes alone.
   */
  unit?: Pool['unit'];
}

export const GPO = {
  title: 'Unleashing the Potential of Large Language Models as Prompt Optimizers',
  url: 'https://arxiv.org/abs/2402.17564',
};

/**
 * What GPO is given in an experiment whose budget may end a run before its steps do: the step size then shrinks over
 * the run that there is.
 */
export const PACED = { pace: 'budget' } as const;

export const COMPLEMENT = {
  title:
    'Two Optimizers Are Better Than One: LLM Catalyst Empowers Gradient-Based Optimization for Prompt Tuning',
  url: 'https://arxiv.org/abs/2405.19732',
};
