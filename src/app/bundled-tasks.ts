import type { Example, Task } from '../core/task.ts';
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
  summary(
    'navigation',
    'Navigation',
    'Tell whether a list of steps and turns leads back to the starting point.',
    240,
  ),
  summary('word-sorting', 'Word sorting', 'Put a list of words into alphabetical order.', 240),
  summary(
    'shuffled-objects',
    'Shuffled objects',
    'Follow swaps between people and tell who has what at the end.',
    240,
  ),
  summary(
    'incident-triage',
    'Incident triage',
    'Give a reported fault its priority: critical, high, normal or low.',
    240,
  ),
  summary(
    'mail-routing',
    'Mail routing',
    'Send a mail to the right department: service, accounts, sales or people.',
    240,
  ),
  summary(
    'order-extraction',
    'Order extraction',
    'Read an order from a mail into JSON: customer, item, quantity and delivery date.',
    240,
  ),
  summary(
    'calm-replies',
    'Calm replies',
    'Rewrite an angry note as a short, polite one that keeps its facts.',
    240,
  ),
  summary(
    'redaction',
    'Redaction',
    'Replace names, mail addresses and phone numbers by placeholders and keep the rest.',
    240,
  ),
  summary(
    'length-normalisation',
    'Length normalisation',
    'Turn a length in any unit into metres with two decimals.',
    240,
  ),
  summary(
    'date-normalisation',
    'Date normalisation',
    'Write a date, in whatever form it comes, as YYYY-MM-DD.',
    240,
  ),
];

/** A task file of ours: every example has an id. */
interface TaskFile extends Omit<Task, 'splits'> {
  version: 1;
  splits: Record<keyof Task['splits'], readonly (Omit<Example, 'gold'> & { gold: string | string[] })[]>;
}

const files = import.meta.glob<TaskFile>('../../tasks/*.json', { import: 'default' });

/**
 * The task with this id, or null when none is bundled under it. Rejects when its file cannot be loaded. It is taken as
 * it is, for the files are our own and a test holds every one to what the check of other people's files makes of it.
 */
export async function bundledTask(id: string): Promise<Task | null> {
  const load = bundledTasks.some((task) => task.id === id) ? files[`../../tasks/${id}.json`] : undefined;
  if (load === undefined) return null;
  const { version: _, splits, ...rest } = await load();
  const examples = (split: keyof Task['splits']): Example[] =>
    splits[split].map(({ gold, ...example }) => ({
      ...example,
      gold: typeof gold === 'string' ? [gold] : gold,
    }));
  return {
    ...rest,
    splits: { train: examples('train'), validation: examples('validation'), test: examples('test') },
  };
}

function summary(id: string, name: string, description: string, examples: number): TaskSummary {
  return { id, name, description, examples, bundled: true };
}
