import * as v from 'valibot';
import type { ExperimentRecord } from '../core/experiment.ts';
import type { LoggedEffect } from '../core/log.ts';
import type { Example, SplitName, Task } from '../core/task.ts';
import { BACKUP_VERSION, chainedSum, FORMAT, none, type Counts } from './backup.ts';
import { effectCheck, examplesCheck, firstIssue, outlineCheck, runHeadCheck } from './checks.ts';
import { broken, storageError } from './errors.ts';
import { experimentCheck } from './experiment-checks.ts';
import { base64Vector, numeral, portable } from './portable.ts';
import { headOf, runHeadOf, type RunRecord, type TaskOutline } from './schema.ts';
import { splitHashes } from './split-hashes.ts';
import type { KeptVector } from './staging.ts';
import type { Store } from './store.ts';

/** What a restore did. */
export interface Restored {
  added: Counts;
  /** Were here already, and stay as they are. */
  kept: Counts;
  /** What was here under the same id with other content: both are here now, the restored one under a new id. */
  renamed: string[];
}

/** Characters of one line, far above the longest that is written: a page of examples. */
const MAX_LINE = 200_000_000;
/** Of the whole file, unpacked; a backup of years lies far below. */
const MAX_TEXT = 16_000_000_000;

const THE_BACKUP = 'The backup';

type Item =
  | { kind: 'setting'; key: string; value: unknown }
  | { kind: 'task'; task: Task }
  | { kind: 'run'; record: RunRecord; effects: LoggedEffect[] }
  | { kind: 'experiment'; record: ExperimentRecord }
  | { kind: 'vectors'; entries: KeptVector[] };

/**
 * Brings everything of a backup into a store, merged by id: what is here as well stays as it is. All of it or nothing:
 * the file is read and checked whole before anything is written, and shows only when all is written. Rejects with
 * StorageError naming the line. `taken` are ids of tasks that the store does not know of. `told` hears what part of the
 * two readings is done, from 0 to 1.
 */
export async function restore(
  store: Store,
  file: Blob,
  taken: ReadonlySet<string> = new Set(),
  told: (share: number) => void = () => undefined,
): Promise<Restored> {
  try {
    return await restored(store, file, taken, told);
  } catch (cause) {
    throw storageError('Restoring', cause);
  }
}

async function restored(
  store: Store,
  file: Blob,
  taken: ReadonlySet<string>,
  told: (share: number) => void,
): Promise<Restored> {
  const result: Restored = { added: none(), kept: none(), renamed: [] };
  const plan = { runs: new Map<string, string>(), tasks: new Map<string, string>() };
  const known = new Map((await store.experiments()).items.map((one) => [one.id, one]));
  const here = {
    runs: new Set((await store.runs()).items.map(({ id }) => id)),
    tasks: new Set((await store.tasks()).items.map(({ id }) => id)),
    settings: await store.settings(),
  };
  const seen = new Set<string>();
  for await (const item of itemsOf(file, (share) => told(share / 2))) {
    if (item.kind !== 'run' && item.kind !== 'task' && item.kind !== 'experiment') continue;
    const id = item.kind === 'task' ? item.task.id : item.record.id;
    if (seen.has(`${item.kind} ${id}`)) throw broken(THE_BACKUP, `it holds the ${item.kind} ${id} twice`);
    seen.add(`${item.kind} ${id}`);
    if (item.kind === 'run') {
      if (!here.runs.has(id)) plan.runs.set(id, id);
      else if (!(await isSameRun(store, item))) {
        plan.runs.set(id, crypto.randomUUID());
        result.renamed.push(`the run on ${item.record.task.name} of ${day(item.record.started)}`);
      }
    } else if (item.kind === 'task') {
      if (!here.tasks.has(id) && !taken.has(id)) plan.tasks.set(id, id);
      else if (!(await isSameTask(store, item.task))) {
        plan.tasks.set(
          id,
          freeId(id, (one) => here.tasks.has(one) || taken.has(one)),
        );
        result.renamed.push(`the task ${item.task.name}`);
      }
    }
  }

  const staging = await store.staging();
  await staging.begin({ runs: [...plan.runs.values()], tasks: [...plan.tasks.values()] });
  try {
    const heads = {
      runs: [] as ReturnType<typeof runHeadOf>[],
      tasks: [] as ReturnType<typeof headOf>[],
      experiments: [] as ExperimentRecord[],
      settings: [] as [string, unknown][],
    };
    for await (const item of itemsOf(file, (share) => told((1 + share) / 2))) {
      switch (item.kind) {
        case 'setting': {
          const mine = here.settings.get(item.key);
          const merged = merge(mine, item.value);
          if (JSON.stringify(merged) === JSON.stringify(mine)) result.kept.settings += 1;
          else {
            heads.settings.push([item.key, merged]);
            result.added.settings += 1;
          }
          break;
        }
        case 'task': {
          const id = plan.tasks.get(item.task.id);
          if (id === undefined) {
            result.kept.tasks += 1;
            break;
          }
          const task = { ...item.task, id };
          await staging.task(task);
          heads.tasks.push(headOf(task));
          result.added.tasks += 1;
          break;
        }
        case 'run': {
          const id = plan.runs.get(item.record.id);
          if (id === undefined) {
            result.kept.runs += 1;
            break;
          }
          const record = { ...item.record, id };
          await staging.run(record, item.effects);
          heads.runs.push(runHeadOf(record));
          result.added.runs += 1;
          break;
        }
        case 'experiment': {
          const record = withRuns(item.record, plan.runs);
          const mine = known.get(record.id);
          if (mine !== undefined && JSON.stringify(mine.design) === JSON.stringify(record.design)) {
            result.kept.experiments += 1;
            break;
          }
          if (mine !== undefined) result.renamed.push(`the experiment ${record.design.name}`);
          heads.experiments.push(mine === undefined ? record : { ...record, id: crypto.randomUUID() });
          result.added.experiments += 1;
          break;
        }
        case 'vectors':
          await staging.vectors(item.entries);
          result.added.vectors += item.entries.length;
          break;
      }
    }
    await staging.commit(heads);
  } catch (cause) {
    await staging.abandon().catch(() => undefined);
    throw cause;
  }
  return result;
}

/** The same run, or one that has gone on since: its log begins as the other. */
async function isSameRun(store: Store, { record, effects }: Item & { kind: 'run' }): Promise<boolean> {
  const mine = await store.run(record.id).catch(() => null);
  if (mine === null || mine.started !== record.started) return false;
  const { items } = await store.loadEffects(record.id);
  if (items.length < effects.length) return false;
  return effects.every((effect, i) => {
    const own = items[i];
    return own !== undefined && JSON.stringify(portable(own)) === JSON.stringify(portable(effect));
  });
}

async function isSameTask(store: Store, task: Task): Promise<boolean> {
  const mine = await store.task(task.id).catch(() => null);
  if (mine === null) return false;
  const rest = ({ splits: _, ...others }: Task) => JSON.stringify(Object.entries(others).toSorted());
  return (
    rest(mine) === rest(task) &&
    JSON.stringify(await splitHashes(mine)) === JSON.stringify(await splitHashes(task))
  );
}

/** `colours-2`, or the next number that is free. */
function freeId(id: string, taken: (id: string) => boolean): string {
  for (let n = 2; ; n++) if (!taken(`${id}-${n}`)) return `${id}-${n}`;
}

/** Runs that came under a new id are found under it. */
function withRuns(record: ExperimentRecord, ids: ReadonlyMap<string, string>): ExperimentRecord {
  const cells = record.cells.map((cell) =>
    cell.run === null ? cell : { ...cell, run: ids.get(cell.run) ?? cell.run },
  );
  return { ...record, cells };
}

/** Lists are joined, by name where they have names; of anything else, what is here stays. */
function merge(mine: unknown, theirs: unknown): unknown {
  if (mine === undefined) return theirs;
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    const has = new Set(mine.map((one) => JSON.stringify(one)));
    return [...(mine as unknown[]), ...(theirs as unknown[]).filter((one) => !has.has(JSON.stringify(one)))];
  }
  const [a, b] = [lists.safeParse(mine), lists.safeParse(theirs)];
  if (a === null || b === null) return mine;
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [
      key,
      merge(a[key] ?? [], b[key] ?? []),
    ]),
  );
}

const lists = {
  safeParse(value: unknown): Record<string, unknown[]> | null {
    const found = v.safeParse(v.record(v.string(), v.array(v.unknown())), value);
    return found.success ? found.output : null;
  },
};

const day = (started: number) => new Date(started).toISOString().slice(0, 10);

const storedEffect = effectCheck(base64Vector, numeral);
const header = v.object({ format: v.literal(FORMAT), version: v.number() });
const pageLine = v.strictObject({
  split: v.picklist(['train', 'validation', 'test']),
  page: v.number(),
  examples: examplesCheck,
});
const vectorLine = v.strictObject({ embedder: v.string(), textHash: v.string(), vector: base64Vector });
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const endLine = v.strictObject({
  end: v.strictObject({ runs: count, tasks: count, experiments: count, settings: count, vectors: count }),
});

/** A line of the file, with its number for messages. */
interface Line {
  value: unknown;
  number: number;
}

/** Everything in a backup, each item when its section has proven whole. Ends only where the file has its end. */
async function* itemsOf(file: Blob, told: (share: number) => void): AsyncGenerator<Item> {
  const counts = none();
  let first = true;
  let ended = false;
  for await (const lines of sectionsOf(file, told)) {
    const [head] = lines;
    if (head === undefined) continue;
    if (ended) throw broken(THE_BACKUP, `line ${head.number}: something follows its end`);
    if (first) {
      checkHeader(head);
      first = false;
      continue;
    }
    const end = v.safeParse(endLine, head.value);
    if (end.success) {
      for (const key of ['runs', 'tasks', 'experiments', 'settings', 'vectors'] as const)
        if (counts[key] !== end.output.end[key])
          throw broken(THE_BACKUP, `it holds ${counts[key]} ${key} and should hold ${end.output.end[key]}`);
      ended = true;
      continue;
    }
    const item = itemOf(lines);
    counts[COUNTED[item.kind]] += item.kind === 'vectors' ? item.entries.length : 1;
    yield item;
  }
  if (first) throw broken(THE_BACKUP, 'it is empty');
  if (!ended) throw broken(THE_BACKUP, 'it is cut short: its end is missing');
}

const COUNTED = {
  setting: 'settings',
  task: 'tasks',
  run: 'runs',
  experiment: 'experiments',
  vectors: 'vectors',
} as const satisfies Record<Item['kind'], keyof Counts>;

function checkHeader({ value }: Line): void {
  const found = v.safeParse(header, value);
  if (!found.success) throw broken(THE_BACKUP, 'it is not a backup saved by Whetstone');
  const { version } = found.output;
  if (version !== BACKUP_VERSION)
    throw broken(
      THE_BACKUP,
      `its format is version ${version}, this program reads version ${BACKUP_VERSION}; reload the page to get the newest`,
    );
}

/** Lines up to each sum, which is compared. */
async function* sectionsOf(file: Blob, told: (share: number) => void): AsyncGenerator<Line[]> {
  const chain = chainedSum();
  let section: Line[] = [];
  let number = 0;
  for await (const texts of linesOf(file, told)) {
    for (const text of texts) {
      number += 1;
      const value = parsed(text, number);
      // Before anything else is asked of it: a run bundle begins otherwise and has no sums.
      if (number === 1) checkHeader({ value, number });
      if (!isSum(value)) {
        const folding = chain.add(text);
        if (folding !== null) await folding;
        section.push({ value, number });
        continue;
      }
      if ((await chain.sum()) !== value.sum)
        throw broken(THE_BACKUP, `lines ${section[0]?.number ?? number} to ${number} are not what was saved`);
      yield section;
      section = [];
    }
  }
  if (section.length > 0) throw broken(THE_BACKUP, 'it is cut short: its end is missing');
}

function parsed(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw broken(
      THE_BACKUP,
      number === 1 ? 'it is not a backup saved by Whetstone' : `line ${number} is not JSON`,
    );
  }
}

const isSum = (value: unknown): value is { sum: unknown } =>
  typeof value === 'object' && value !== null && 'sum' in value;

/** The lines of the file as they are read, some at once, unpacked where they are packed. */
async function* linesOf(file: Blob, told: (share: number) => void): AsyncGenerator<string[]> {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const packed = start[0] === 0x1f && start[1] === 0x8b;
  let read = 0;
  const counted = file.stream().pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        read += chunk.byteLength;
        told(read / Math.max(1, file.size));
        controller.enqueue(chunk);
      },
    }),
  );
  const bytes = packed ? counted.pipeThrough(new DecompressionStream('gzip')) : counted;
  const reader = bytes.pipeThrough(new TextDecoderStream('utf-8', { fatal: true })).getReader();
  let rest: string[] = [];
  let waiting = 0;
  let whole = 0;
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw broken(
        THE_BACKUP,
        `it is cut short or damaged after about ${Math.round(whole / 1000)} kB of text`,
      );
    });
    if (done) break;
    whole += value.length;
    if (whole > MAX_TEXT) throw broken(THE_BACKUP, 'it unpacks to more than any backup holds');
    const parts = value.split('\n');
    const last = parts.pop() ?? '';
    const [begun, ...others] = parts;
    if (begun !== undefined) {
      yield [rest.join('') + begun, ...others];
      rest = [];
      waiting = 0;
    }
    rest.push(last);
    waiting += last.length;
    if (waiting > MAX_LINE) throw broken(THE_BACKUP, 'a line is longer than any backup has');
  }
  if (waiting > 0) yield [rest.join('')];
}

/** One record with what belongs to it. */
function itemOf(lines: readonly Line[]): Item {
  const [head = { value: null, number: 0 }, ...others] = lines;
  const { value } = head;
  if (typeof value !== 'object' || value === null) throw wrong(head, 'it is no record');
  if ('run' in value) {
    const { task, ...rest } = at(head, v.strictObject({ run: runHeadCheck })).run;
    const pages = others.filter((line) => isPage(line));
    const effects = others.filter((line) => !isPage(line)).map((line) => at(line, effectLine).effect);
    const record = { ...rest, task: wholeTask(task, pages, head) };
    if (record.effects > effects.length)
      throw wrong(head, `the run has ${record.effects} outcomes, of which ${effects.length} are there`);
    return { kind: 'run', record, effects };
  }
  if ('task' in value)
    return {
      kind: 'task',
      task: wholeTask(at(head, v.strictObject({ task: outlineCheck })).task, others, head),
    };
  if ('embedder' in value) return { kind: 'vectors', entries: lines.map((line) => at(line, vectorLine)) };
  const [more] = others;
  if (more !== undefined) throw wrong(more, 'it belongs to nothing');
  if ('experiment' in value)
    return {
      kind: 'experiment',
      record: at(head, v.strictObject({ experiment: experimentCheck })).experiment,
    };
  const { setting, value: set } = at(head, v.strictObject({ setting: v.string(), value: v.unknown() }));
  return { kind: 'setting', key: setting, value: set };
}

const effectLine = v.strictObject({ effect: storedEffect });
const isPage = ({ value }: Line) => typeof value === 'object' && value !== null && 'examples' in value;

function at<T>(line: Line, check: v.GenericSchema<unknown, T>): T {
  const found = v.safeParse(check, line.value);
  if (!found.success) throw wrong(line, firstIssue(found.issues));
  return found.output;
}

const wrong = ({ number }: Line, problem: string) => broken(THE_BACKUP, `line ${number}: ${problem}`);

function wholeTask({ sizes, ...told }: TaskOutline, lines: readonly Line[], head: Line): Task {
  const splits: Record<SplitName, Example[]> = { train: [], validation: [], test: [] };
  for (const line of lines) {
    const { split, examples } = at(line, pageLine);
    for (const example of examples) splits[split].push(example);
  }
  for (const split of ['train', 'validation', 'test'] as const)
    if (splits[split].length !== sizes[split])
      throw wrong(head, `${splits[split].length} of the ${sizes[split]} ${split} examples are there`);
  return { ...told, splits };
}
