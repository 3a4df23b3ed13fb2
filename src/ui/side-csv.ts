import type { CsvValue } from '../core/csv.ts';
import { spent } from './run-view.ts';
import { bestSize } from './compare-words.ts';
import { scoreAt, type Budgeted, type curveOf, type Pair, type Side } from './side-by-side.ts';

/** Runs side by side as tables for other programs: scores 0..1, time in milliseconds, nothing rounded. */

export function sideRows(sides: readonly Side[]): CsvValue[][] {
  return [
    [
      ...['run', 'id', 'method', 'options', 'task', 'target', 'optimizer', 'seed'],
      ...['search_score', 'test_score', 'test_examples', 'tokens', 'target_calls', 'ms'],
      ...['initial_prompt', 'prompt', 'worked_examples'],
    ],
    ...sides.map((side) => {
      const { letter, id, method, options, task, target, optimizer, seed, test, view } = side;
      const { tokens, calls, ms } = spent(view);
      return [
        ...[letter, id, method, JSON.stringify(options), task, target, optimizer, seed],
        ...[view.bests.at(-1)?.score ?? null, test?.score ?? null, test?.n ?? null, tokens, calls, ms],
        ...[side.initialPrompt, side.prompt, side.shots.length],
      ];
    }),
  ];
}

/** The best score of the search when so much was used, a column a budget: as on the page. */
export function budgetRows(
  sides: readonly Side[],
  curves: readonly ReturnType<typeof curveOf>[],
  budgets: readonly number[],
  axis: Budgeted,
): CsvValue[][] {
  return [
    ['run', 'name', 'examples', ...budgets.map((used) => `${axis}_${used}`)],
    ...sides.map((side, i): CsvValue[] => {
      const curve = curves[i];
      const scores = budgets.map((used) => (curve === undefined ? null : scoreAt(curve, used)));
      return [side.letter, side.name, bestSize(side.view), ...scores];
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
