/**
 * The last stage of a run, when it is asked for: does the best prompt owe its score to its very words, or to the order
 * of the options? It is asked of the first test examples. Its score on validation is the luckiest of many, and any
 * paraphrase would seem worse beside it; on unseen examples both start level. Nothing is chosen by what comes out.
 */
export interface RobustnessConfig {
  /** Paraphrases of the best prompt, written by the optimizer model; 0 for none. */
  paraphrases: number;
  /** Orders of the options, for tasks with a closed list of answers; 0 for none. */
  shuffles: number;
}

/** Test examples that each variant is asked at most. */
export const ROBUSTNESS_EXAMPLES = 48;
