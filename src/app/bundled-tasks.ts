import type { Task } from '../core/task.ts';
import { parseTask } from './task-file.ts';
import type { TaskSummary } from './types.ts';

/**
 * The tasks that come with the program. The list is written out here, so that showing it loads no examples; a test
 * holds it to the files. Each file is loaded when its task is first wanted.
 */
export const bundledTasks: readonly TaskSummary[] = [
  summary(
    'movie-reviews',
    'Movie reviews',
    'Say whether a reviewer is for or against a film. Many reviews are mixed: one good thing in a bad film, one weakness in a good one.',
    184,
  ),
  summary(
    'support-tickets',
    'Support tickets',
    'Send each message to a smart-home shop to the right team: billing, technical, account or shipping. Many messages mention more than one topic.',
    168,
  ),
  summary(
    'invoice-total',
    'Invoice total',
    'Read a bill, receipt or statement and give the total amount due.',
    240,
  ),
  summary(
    'boolean-expressions',
    'Boolean expressions',
    'Work out whether an expression of True, False, not, and, or with brackets is True or False.',
    240,
  ),
  summary(
    'object-counting',
    'Object counting',
    'Count the things of one kind in a list that also has things of other kinds.',
    240,
  ),
  summary(
    'date-understanding',
    'Date understanding',
    'Find out which day today is, move from there, and choose the right date among six.',
    240,
  ),
];

const files = import.meta.glob<string>('../../tasks/*.json', { query: '?raw', import: 'default' });

/** The task with this id, or null when none is bundled under it. Rejects when its file cannot be loaded. */
export async function bundledTask(id: string): Promise<Task | null> {
  const load = bundledTasks.some((task) => task.id === id) ? files[`../../tasks/${id}.json`] : undefined;
  return load ? parseTask(await load()) : null;
}

function summary(id: string, name: string, description: string, examples: number): TaskSummary {
  return { id, name, description, examples, bundled: true };
}
