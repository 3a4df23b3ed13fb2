import type { TestResult } from './events.ts';
import { isError } from './leakage.ts';
import type { Comparison } from './stats/compare.ts';

/**
 * The one word of a final test. A comparison on examples that the prompt quotes shows nothing, and where no candidate
 * beat the initial prompt there is nothing to show.
 */
export function verdictOf(result: TestResult): Comparison['verdict'] {
  if (result.comparison === null || result.leaks?.some(isError)) return 'not shown';
  return result.comparison.verdict;
}
