import type { CsvValue } from '../core/csv.ts';
import type { ExperimentRecord } from '../core/experiment.ts';
import type { Row } from '../core/experiment-table.ts';

/** An experiment as tables for other programs: scores 0..1, time in milliseconds, nothing rounded. */

/** One row a setting and task, as on the page. */
export function tableRows(
  rows: readonly Row[],
  name: (row: Row) => string,
  nameOfSetting: (setting: number | null) => string,
): CsvValue[][] {
  return [
    [
      ...['setting', 'kind', 'task', 'target', 'runs', 'failed', 'left_out'],
      ...['score', 'low', 'high', 'test_examples', 'initial_score'],
      ...[
        'against',
        'difference',
        'difference_low',
        'difference_high',
        'p_holm',
        'verdict',
        'tokens',
        'target_calls',
        'ms',
      ],
    ],
    ...rows.map((row): CsvValue[] => [
      ...[name(row), row.kind, row.task, row.target, row.done, row.failed, row.leftOut],
      ...(row.score === null
        ? [null, null, null, null, null]
        : [row.score, row.low, row.high, row.n, row.initial]),
      ...(row.against === null
        ? [null, null, null, null, null, null]
        : [
            nameOfSetting(row.against.base),
            row.against.difference,
            row.against.low,
            row.against.high,
            row.against.p,
            row.against.verdict,
          ]),
      ...(row.kind === 'search' ? [row.tokens, row.targetCalls, row.ms] : [null, null, null]),
    ]),
  ];
}

/** One row a run. */
export function cellRows(record: ExperimentRecord, name: (setting: number | null) => string): CsvValue[][] {
  return [
    [
      ...['setting', 'kind', 'task', 'target', 'seed', 'state', 'reason', 'run', 'score', 'initial_score'],
      ...[
        'test_examples',
        'search_score',
        'verdict',
        'steps',
        'target_calls',
        'optimizer_calls',
        'tokens',
        'ms',
      ],
      ...['share', 'spent', 'unit', 'prompt'],
    ],
    ...record.cells.map(
      ({ kind, setting, task, target, seed, state, reason, run, outcome, share, spent }) => [
        ...[name(setting), kind, task, target, seed, state, reason, run],
        ...(outcome === null
          ? Array<null>(10).fill(null)
          : [
              ...[outcome.score, outcome.initial, outcome.scores.length, outcome.found, outcome.verdict],
              ...[outcome.steps, outcome.targetCalls, outcome.optimizerCalls, outcome.tokens, outcome.ms],
            ]),
        ...[share, spent, record.design.pool.unit, outcome?.prompt ?? null],
      ],
    ),
  ];
}

/** Mean ranks over tasks, best first. */
export function rankRows(items: readonly { name: string; rank: number }[], tasks: number): CsvValue[][] {
  return [['name', 'mean_rank', 'tasks'], ...items.map(({ name, rank }): CsvValue[] => [name, rank, tasks])];
}
