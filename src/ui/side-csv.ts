import type { CsvValue } from '../core/csv.ts';
import { spent } from './run-view.ts';
import type { Pair, Side } from './side-by-side.ts';

/** Runs side by side as tables for other programs: scores 0..1, time in milliseconds, nothing rounded. */

export function sideRows(sides: readonly Side[]): CsvValue[][] {
  return [
    [
      ...['run', 'id', 'method', 'task', 'seed', 'search_score', 'test_score', 'test_examples'],
      ...['tokens', 'target_calls', 'ms', 'initial_prompt', 'prompt'],
    ],
    ...sides.map(({ letter, id, method, task, seed, test, view, initialPrompt, prompt }) => {
      const { tokens, calls, ms } = spent(view);
      return [
        ...[
          letter,
          id,
          method,
          task,
          seed,
          view.bests.at(-1)?.score ?? null,
          test?.score ?? null,
          test?.n ?? null,
        ],
        ...[tokens, calls, ms, initialPrompt, prompt],
      ];
    }),
  ];
}

export function pairRows(pairs: readonly Pair[]): CsvValue[][] {
  return [
    [
      'old',
      'new',
      'difference',
      'low',
      'high',
      'n',
      'gained',
      'lost',
      'p_holm',
      'verdict',
      'method',
      'no_test_because',
    ],
    ...pairs.map(({ old, other, comparison, p, verdict, why }): CsvValue[] => [
      ...[old.letter, other.letter],
      ...(comparison === null
        ? Array<null>(9).fill(null)
        : [
            ...[comparison.difference, comparison.low, comparison.high, comparison.n],
            ...[comparison.gained, comparison.lost, p, verdict, comparison.method],
          ]),
      why,
    ]),
  ];
}
