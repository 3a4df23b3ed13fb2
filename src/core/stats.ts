/** Two prompts compared on the same examples. */
export interface Comparison {
  /** Mean score of the new prompt minus that of the old, -1..1. */
  difference: number;
  /** 95 % interval of the difference. */
  low: number;
  high: number;
  n: number;
  /** Examples that the new prompt gained and lost (score went up, down). */
  gained: number;
  lost: number;
  /** Two-sided; null where the method gives only an interval. */
  p: number | null;
  method: string;
  verdict: 'better' | 'worse' | 'not shown';
}
