import type { TestResult } from '../core/events.ts';
import { isError, type Leak } from '../core/leakage.ts';
import type { Spread } from '../core/robustness.ts';
import { counted, percent, percentWithInterval, points, roughly } from './format.ts';

/** What a final test says, in sentences. */

/** The verdict with its interval and n; when nothing is shown, how many test examples might show it. */
export function verdictWords(result: TestResult): string {
  const { comparison, n } = result;
  if (comparison === null) {
    return 'Not shown to differ: no candidate beat the initial prompt in the search, so there is nothing to compare.';
  }
  const errors = leakedExamples(result.leaks ?? [], true);
  if (errors > 0) {
    return `Not shown: the new prompt holds text of ${counted(errors, 'test example')}, so its score there proves nothing. Take that text out and test again.`;
  }
  const seen = `${points(comparison.difference, comparison)} on ${counted(n, 'example')} that the search never saw`;
  if (comparison.verdict === 'better') return `Shown better: ${seen}.`;
  if (comparison.verdict === 'worse') return `Shown worse: ${seen}. Keep the initial prompt.`;
  const more =
    comparison.needed === null
      ? 'No difference was seen.'
      : `To show a difference of this size, about ${roughly(comparison.needed)} test examples would be needed.`;
  return `Not shown to differ: ${seen}, which may be chance. ${more}`;
}

/** One sentence when the score fell from the examples that chose the prompt to unseen ones by more than chance explains. */
export function gapWords({ gap, best, n }: TestResult): string | null {
  if (!gap || gap.low <= 0) return null;
  const fitted = points(gap.difference, gap).replace('+', '');
  return `On ${gap.split} ${percentWithInterval(gap.score, gap.n)}, on unseen examples ${percentWithInterval(best.score, n)}: the search has fitted ${fitted} of chance.`;
}

/** How many examples leak, of the test split or of the others. */
export function leakedExamples(leaks: readonly Leak[], test: boolean): number {
  return new Set(leaks.filter((leak) => isError(leak) === test).map((leak) => leak.example)).size;
}

/** `mean 71 %, 64 to 76 %; the prompt itself 74 %, n = 48`; of a single score just that score. */
export function spreadWords({ scores, mean, min, max, own, n }: Spread): string {
  const variants =
    scores.length === 1
      ? percent(mean)
      : `mean ${percent(mean)}, ${percent(min).slice(0, -2)} to ${percent(max)}`;
  return `${variants}; the prompt itself ${percent(own)}, n = ${n}`;
}

/** A stretch of a prompt and the leaks that it lies in. */
export interface Marked {
  text: string;
  leaks: readonly Leak[];
}

/** The prompt cut where leaks begin and end; joined, its texts are the prompt. */
export function marked(prompt: string, leaks: readonly Leak[]): Marked[] {
  const text = leaks.flatMap((leak) => (leak.kind === 'shot' ? [] : [leak]));
  const cuts = [...new Set([0, prompt.length, ...text.flatMap(({ start, end }) => [start, end])])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((end, i) => {
    const start = cuts[i] ?? 0;
    return {
      text: prompt.slice(start, end),
      leaks: text.filter((leak) => leak.start <= start && end <= leak.end),
    };
  });
}
