import { guessMapping, spread } from './columns.ts';
import { guessMetric, type Labelled, type MetricGuess } from './guess-metric.ts';
import type { Mapping, Plan, SplitPlan } from './plan.ts';
import { answerTokens, firstPrompt, guessSettings } from './settings.ts';
import type { Table } from './table.ts';
import { cellText, goldTexts } from './values.ts';

/** Rows whose answers are looked at: all of most files, and evenly many of large ones. */
const LOOKED_AT = 5000;

/** As many to learn from as to choose by, and half for the final test, as in the tasks that come with the program. */
const SHARES: SplitPlan['shares'] = { train: 25, validation: 25, test: 50 };

/** A plan for a table of which nothing was said yet. */
export function guessPlan(table: Table): { plan: Plan; why: string } {
  const mapping = guessMapping(table);
  const roles = table.parts.map(({ role }) => role);
  const splits: SplitPlan = { how: 'given', shares: SHARES, seed: 1 };
  if (table.settings !== null)
    return { plan: { mapping, roles, splits, settings: table.settings }, why: 'As the task file says.' };
  const labelled = labelledRows(table, mapping, roles);
  const guess = guessMetric(labelled);
  const settings = guessSettings(table.name, guess, longest(labelled), hasReasons(table));
  return { plan: { mapping, roles, splits, settings }, why: guess.why };
}

/** The metric again, and what follows from it, after the columns or the parts in use have changed. */
export function guessAgain(table: Table, plan: Plan): { plan: Plan; why: string } {
  const labelled = labelledRows(table, plan.mapping, plan.roles);
  const { metric, why }: MetricGuess = guessMetric(labelled);
  const settings = {
    ...plan.settings,
    metric,
    // A prompt that somebody wrote stays.
    initialPrompt:
      plan.settings.initialPrompt === firstPrompt(plan.settings.metric)
        ? firstPrompt(metric)
        : plan.settings.initialPrompt,
    answerTokens: answerTokens(metric, longest(labelled), hasReasons(table)),
  };
  return { plan: { ...plan, settings }, why };
}

function labelledRows(table: Table, mapping: Mapping, roles: Plan['roles']): Labelled[] {
  const [input, gold] = [mapping.input, mapping.gold].map((name) =>
    name === null ? -1 : table.columns.indexOf(name),
  );
  if (input === undefined || gold === undefined || input < 0 || gold < 0) return [];
  const used = table.rows.filter(({ part }) => roles[part] !== 'out');
  return spread(used.length > 0 ? used : table.rows, LOOKED_AT)
    .map(({ part, cells }) => ({
      input: cellText(cells[input]),
      gold: goldTexts(cells[gold], table.parts[part]?.format === 'csv'),
    }))
    .filter((example) => example.gold.length > 0);
}

const longest = (labelled: readonly Labelled[]) =>
  labelled.reduce((most, { gold }) => gold.reduce((each, text) => Math.max(each, text.length), most), 0);

/** Worked answers beside the plain ones tell that a model should reason too. */
const hasReasons = ({ columns }: Table) =>
  columns.some((name) => /^(?:solution|rationale|reasoning|explanation|cot|chain_of_thought)$/i.test(name));
