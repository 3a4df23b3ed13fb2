import type { Example, Metric, SplitName } from '../../core/task.ts';
import { goldChecker, splitNames } from '../task-checks.ts';
import { taskLimits } from '../task-file.ts';
import { drawSplits } from './draw.ts';
import { foldedInput } from './fold.ts';
import type { Plan } from './plan.ts';
import { splitNamed } from './split-names.ts';
import { type Fault, placeOf, type Progress, type Row, type Table } from './table.ts';
import { cellText, goldTexts } from './values.ts';

/** From a table and a plan to examples in splits, with everything that is wrong on the way. */

/** An input that stands in more than one split. */
export interface Copy {
  input: string;
  /** The copy that stays, and the one that goes. */
  kept: string;
  left: string;
  keptSplit: SplitName;
  leftSplit: SplitName;
  /** Whether the two have the same right answers. */
  agree: boolean;
}

export interface Built {
  /** Without the copies: what will be imported. */
  splits: Record<SplitName, Example[]>;
  /** Of every row that cannot be an example, in the files' order; a row may have several. */
  faults: Fault[];
  badRows: number;
  copies: Copy[];
  /** Rows of parts that are left out. */
  leftOut: number;
  /** Examples whose input stands in the same split before; they stay. */
  repeats: number;
  /** Splits that nothing was given for, which were drawn from another. */
  drawn: { split: SplitName; from: SplitName; size: number }[];
  /** Why nothing can be imported with this plan, a sentence each with what to do; bad rows and copies aside. */
  stops: string[];
}

interface Item {
  example: Omit<Example, 'id'> & { id: string | null };
  key: string;
  split: SplitName | null;
  where: string;
  /** Place in a drawn order; items that were not drawn keep the order of their files. */
  place: number;
}

/** Rows between two reports. */
const BATCH = 1000;

/**
 * Of the copies of one input, the one in the split that judges is kept: test before validation before train. So the
 * test stays what it was published as, and nothing in it is seen before the end.
 */
const KEPT: readonly SplitName[] = ['test', 'validation', 'train'];

export function buildTask(table: Table, plan: Plan, progress: Progress = () => undefined): Built {
  const faults: Fault[] = [...table.faults];
  const stops: string[] = [];
  const { items, bad, leftOut } = readItems(table, plan, faults, stops, progress);
  drawMissing(items, plan);
  const drawn = fillEmpty(items, plan);
  const { kept, copies, repeats } = withoutCopies(items);
  const splits = sorted(kept);
  for (const split of splitNames) {
    const { length } = splits[split];
    if (length === 0 && items.length > 0)
      stops.push(`No example is left for ${split}. Draw the splits, or give ${split} a larger share.`);
    if (length > taskLimits.examples)
      stops.push(
        `${split} has ${length} examples; at most ${taskLimits.examples} fit. Give it a smaller share.`,
      );
  }
  if (items.length === 0 && stops.length === 0)
    stops.push('No row can be used. Look at the columns and at what is wrong with the first rows.');
  return { splits, faults, badRows: bad + table.faults.length, copies, leftOut, repeats, drawn, stops };
}

function readItems(table: Table, plan: Plan, faults: Fault[], stops: string[], progress: Progress) {
  const { mapping, settings } = plan;
  const column = (name: string | null) => (name === null ? -1 : table.columns.indexOf(name));
  const [input, gold, id, split] = [mapping.input, mapping.gold, mapping.id, mapping.split].map(column);
  const items: Item[] = [];
  let bad = 0;
  let leftOut = 0;
  if (input === undefined || gold === undefined || input < 0 || gold < 0 || input === gold) {
    stops.push(
      input === gold && input !== -1
        ? 'Input and answer are the same column. Choose two different ones.'
        : `Choose the column that holds the ${input === -1 ? 'input' : 'right answer'}.`,
    );
    return { items, bad, leftOut };
  }
  const readGold = goldReader(settings.metric);
  const ids = new Map<string, string>();
  table.rows.forEach((row, i) => {
    if (i % BATCH === 0) progress(i, table.rows.length);
    const role = plan.roles[row.part] ?? 'rows';
    if (role === 'out') {
      leftOut += 1;
      return;
    }
    const part = table.parts[row.part];
    const where = part ? placeOf(part, row.at) : '';
    const found: Fault[] = [];
    const fault = (name: string | null, what: string | null) => {
      if (what !== null) found.push({ where, column: name, what });
    };
    const text = cellText(row.cells[input]);
    fault(mapping.input, textProblem(text, taskLimits.input));
    const read = readGold(text, goldTexts(row.cells[gold], part?.format === 'csv'));
    fault(mapping.gold, read.problem);
    const key = id === undefined || id < 0 ? null : cellText(row.cells[id]);
    fault(mapping.id, idProblem(key, ids));
    const chosen = plan.splits.how === 'drawn' ? null : splitOf(role, row, split ?? -1);
    if (chosen === undefined)
      fault(
        mapping.split,
        `says ${quoted(cellText(row.cells[split ?? -1]))}, which is none of train, validation, test`,
      );
    if (found.length > 0) {
      bad += 1;
      faults.push(...found);
      return;
    }
    if (key !== null) ids.set(key, where);
    items.push({
      example: { id: key, input: text, gold: read.gold },
      key: foldedInput(text),
      split: chosen ?? null,
      where,
      place: i,
    });
  });
  return { items, bad, leftOut };
}

/** Null when it is to be drawn; undefined when the split column says something that is no split. */
function splitOf(role: Plan['roles'][number], { cells }: Row, column: number): SplitName | null | undefined {
  if (role === 'train' || role === 'validation' || role === 'test') return role;
  if (column < 0) return null;
  const named = cellText(cells[column]);
  return named.trim() === '' ? null : (splitNamed(named) ?? undefined);
}

function textProblem(text: string, limit: number): string | null {
  if (text.trim() === '') return 'is empty';
  return text.length > limit ? `has ${text.length} characters; at most ${limit} can be asked` : null;
}

function idProblem(id: string | null, known: ReadonlyMap<string, string>): string | null {
  if (id === null) return null;
  if (id.length > taskLimits.name) return `has ${id.length} characters; an id has at most ${taskLimits.name}`;
  const before = known.get(id);
  if (before !== undefined) return `${quoted(id)} is already that of ${before}`;
  return id.trim() === '' ? 'is empty' : null;
}

/** Right answers as the metric spells them, or what is wrong with them. */
function goldReader(metric: Metric) {
  const check = goldChecker(metric);
  const spell = speller(metric);
  return (input: string, given: readonly string[]): { gold: string[]; problem: string | null } => {
    const gold = given.map(spell);
    if (gold.length === 0) return { gold, problem: 'is empty' };
    if (gold.length > taskLimits.golds)
      return { gold, problem: `has ${gold.length} answers; at most ${taskLimits.golds} can be kept` };
    if (metric.kind === 'json' && gold.length > 1)
      return { gold, problem: `must be one JSON object, not ${gold.length}` };
    const long = gold.find((answer) => answer.length > taskLimits.gold);
    if (long !== undefined)
      return { gold, problem: `has ${long.length} characters; an answer has at most ${taskLimits.gold}` };
    for (const answer of gold) {
      const problem = check(input, answer);
      if (problem !== null) return { gold, problem };
    }
    return { gold, problem: null };
  };
}

/** An answer that differs from an option only by case or outer blanks is that option; `b.` is the letter `(B)`. */
function speller(metric: Metric): (answer: string) => string {
  const same = (answer: string) => answer;
  if (metric.kind !== 'boolean' && metric.kind !== 'choice') return same;
  const options = metric.kind === 'boolean' ? [metric.yes, metric.no] : metric.options;
  if (options !== undefined) {
    const known = new Map(options.map((option) => [option.trim().toLowerCase(), option]));
    return (answer) =>
      options.includes(answer) ? answer : (known.get(answer.trim().toLowerCase()) ?? answer);
  }
  return (answer) => {
    if (/^\(?[A-Z]\)?$/.test(answer)) return answer;
    const letter = /^\s*\(?([A-Za-z])[).]?\s*$/.exec(answer)?.[1];
    return letter === undefined ? answer : `(${letter.toUpperCase()})`;
  };
}

/** Draws the items for which nobody said a split. */
function drawMissing(items: readonly Item[], plan: Plan): void {
  draw(
    items.filter(({ split }) => split === null),
    plan.splits.shares,
    plan.splits.seed,
  );
}

function draw(items: readonly Item[], shares: Plan['splits']['shares'], seed: number): void {
  const drawn = drawSplits(
    items.map(({ key, example }) => ({ key, stratum: example.gold.join('\n').toLowerCase() })),
    { shares, seed },
  );
  items.forEach((item, i) => Object.assign(item, drawn[i]));
}

/** A split that is not given at all is drawn from train, or from the largest when there is no train. */
function fillEmpty(items: readonly Item[], { splits: { shares, seed } }: Plan): Built['drawn'] {
  const drawn: Built['drawn'] = [];
  const of = (split: SplitName) => items.filter((item) => item.split === split);
  const sizes = splitNames.map((split) => ({ split, size: of(split).length }));
  const empty = sizes.filter(({ size }) => size === 0).map(({ split }) => split);
  if (empty.length === 0 || empty.length === splitNames.length) return drawn;
  const largest = sizes.reduce((best, each) => (each.size > best.size ? each : best)).split;
  const from = empty.includes('train') ? largest : 'train';
  const left = { train: 0, validation: 0, test: 0 };
  for (const split of [from, ...empty]) left[split] = shares[split];
  draw(of(from), left, seed);
  for (const split of empty) drawn.push({ split, from, size: of(split).length });
  return drawn;
}

function withoutCopies(items: readonly Item[]) {
  const best = new Map<string, Item>();
  const rank = ({ split }: Item) => KEPT.indexOf(split ?? 'train');
  for (const item of items) {
    const known = best.get(item.key);
    if (known === undefined || rank(item) < rank(known)) best.set(item.key, item);
  }
  const kept: Item[] = [];
  const copies: Copy[] = [];
  let repeats = 0;
  for (const item of items) {
    const first = best.get(item.key);
    if (first === undefined || first.split === item.split) {
      if (first !== item) repeats += 1;
      kept.push(item);
    } else
      copies.push({
        input: item.example.input,
        kept: first.where,
        left: item.where,
        keptSplit: first.split ?? 'train',
        leftSplit: item.split ?? 'train',
        agree: first.example.gold.join('\n') === item.example.gold.join('\n'),
      });
  }
  return { kept, copies, repeats };
}

/** Into splits; examples without an id are named after their split and place, as a task file's are. */
function sorted(items: readonly Item[]): Record<SplitName, Example[]> {
  const splits: Record<SplitName, Example[]> = { train: [], validation: [], test: [] };
  for (const { split, example } of items.toSorted((a, b) => a.place - b.place)) {
    const list = splits[split ?? 'train'];
    list.push({ ...example, id: example.id ?? `${split ?? 'train'}-${list.length + 1}` });
  }
  return splits;
}

const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
