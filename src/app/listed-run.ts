import { testOnly } from '../core/budget.ts';
import type { Task } from '../core/task.ts';
import type { RunRecord } from '../storage/schema.ts';
import type { RunSummary } from './types.ts';

type Listed = Omit<RunRecord, 'task'> & { task: Pick<Task, 'id' | 'name'> };

/** `held`: an open tab works on it. A record that says `running` without one was interrupted. */
export function runSummary(record: Listed, held: boolean): RunSummary {
  const { id, task, config, started, steps, bestScore, bestPrompt, verdict } = record;
  const status = record.status === 'running' && !held ? 'interrupted' : record.status;
  return {
    id,
    task: task.id,
    taskName: task.name,
    optimizer: config.optimizer,
    ...(testOnly(config.budget) && { testOnly: true }),
    target: config.models.target,
    started,
    status,
    steps,
    bestScore,
    bestPrompt,
    verdict,
  };
}
