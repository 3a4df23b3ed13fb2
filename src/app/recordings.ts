import { EngineError } from '../core/model.ts';
import type { RunEvent } from '../core/events.ts';
import { logged, type Effects, type LoggedEffect } from '../core/log.ts';
import type { Optimizer, OptionValue } from '../core/optimizer.ts';
import { branchesWith, optionsOf, promptsAt, run, type RunConfig } from '../core/run.ts';
import { broken } from '../storage/errors.ts';
import type { RunRecord } from '../storage/schema.ts';
import { sha256 } from '../storage/split-hashes.ts';
import type { Store } from '../storage/store.ts';
import { importRun } from '../storage/transfer.ts';
import { breather } from './breath.ts';
import { summarized } from './run-summary.ts';
import { taskProblems } from './task-checks.ts';
import type { BranchChange } from './types.ts';

/** A run with its log, from the store or from a file. */
export interface Recorded {
  record: RunRecord;
  effects: readonly LoggedEffect[];
}

/** A run says less than this for each entry of its log and each step; what says more was made to never end. */
const MOST_EVENTS = 100_000;
const MOST_EVENTS_AN_ENTRY = 20;

/** A log that is still read: its next entries, null at its end. Rejects as the reading does. */
export type LogReading = () => Promise<readonly LoggedEffect[] | null>;

/** Reads a log by `read`, which tells its pages, so that a replay can begin with the first of them. */
export function readingOf(
  read: (told: (page: readonly LoggedEffect[]) => void) => Promise<unknown>,
): LogReading {
  const pages: (readonly LoggedEffect[])[] = [];
  let over = false;
  let wake = () => undefined as void;
  const whole = read((page) => {
    pages.push(page);
    wake();
  }).then(() => void (over = true));
  // Whoever reads on hears of it.
  whole.catch(() => undefined);
  return async () => {
    while (pages.length === 0 && !over)
      await Promise.race([whole, new Promise<void>((resolve) => (wake = resolve))]);
    return pages.shift() ?? null;
  };
}

function* pastOf(log: readonly LoggedEffect[]) {
  for (const { key, outcome } of log) yield [key, outcome] as const;
}

/** Effects answered from the log alone; `used` are its keys in the order in which the run asked for them. */
function fromLog({ record, effects }: Recorded): Effects & { used: string[] } {
  const known = new Map(effects.map(({ key, outcome }) => [outcome, key]));
  const used: string[] = [];
  const answering = logged(pastOf(effects), record.config.models, null, () => Promise.resolve());
  return {
    used,
    async perform(effect) {
      const outcome = await answering.perform(effect);
      used.push(known.get(outcome) ?? '');
      return outcome;
    },
  };
}

/**
 * All events of a recorded run, recomputed without any model. Throws where its log ends before it does. `through` may
 * listen to what the log answers.
 */
export async function* replayed(
  { record, effects: log }: Pick<Recorded, 'record'> & { effects: Recorded['effects'] | LogReading },
  method: Optimizer,
  through: (effects: Effects) => Effects = (effects) => effects,
): AsyncGenerator<RunEvent> {
  const { models } = record.config;
  const nothing = () => Promise.resolve();
  const effects = through(
    typeof log === 'function'
      ? logged([], models, null, nothing, async () => {
          const page = await log();
          return page && pastOf(page);
        })
      : logged(pastOf(log), models, null, nothing),
  );
  const { due, breathe } = breather();
  for await (const event of run(record.config, record.task, method, effects)) {
    yield event;
    if (due()) await breathe();
  }
}

/** A list that grows while a replay goes on; `first` when there is something to show, `whole` when it has ended. */
export interface Growing {
  events: readonly RunEvent[];
  /** Rejects when the replay fails before it told anything. */
  first: Promise<void>;
  /** Never rejects. False for a run that was interrupted: it ends where its log does. */
  whole: Promise<boolean>;
}

/** Gathers a replay's events as they come. */
export function growing(replay: AsyncIterable<RunEvent>): Growing {
  const events: RunEvent[] = [];
  const first = Promise.withResolvers<void>();
  async function gather() {
    let toTheEnd = false;
    try {
      for await (const event of replay) {
        events.push(event);
        if (events.length === FIRST_EVENTS) first.resolve();
      }
      toTheEnd = true;
    } catch (thrown) {
      if (events.length === 0) first.reject(thrown);
    }
    first.resolve();
    return toTheEnd;
  }
  return { events, first: first.promise, whole: gather() };
}

/** Enough to draw something. */
const FIRST_EVENTS = 200;

/** The same as a list; a run that was interrupted ends where its log does. */
export async function eventsOf(replay: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  try {
    for await (const event of replay) events.push(event);
  } catch (thrown) {
    if (events.length === 0) throw thrown;
  }
  return events;
}

/**
 * Reads a run bundle and plays it through, so that a file that opens also plays to its end. Rejects, before anything is
 * kept of it, with StorageError naming the place: not a bundle, from a newer version, damaged, of an unknown method,
 * with settings out of their range, or with a log that lacks what the run asks. What lists show of the run is taken from
 * the replay, whatever the file says of it. `hear` may listen to what the log answers, for the run's embedding model.
 */
export async function openedBundle(
  file: Blob,
  methodOf: (id: string) => Promise<Optimizer | null>,
  hear: (embedder: string, effects: Effects) => Effects = (_, effects) => effects,
  code = __RUN_CODE__,
): Promise<Recorded & { events: RunEvent[] }> {
  const { effects, record: told } = await importRun(file);
  const untold = { steps: 0, bestScore: null, bestPrompt: null, verdict: null, effects: effects.length };
  const record: RunRecord = { ...told, ...untold };
  const { config, task, status } = record;
  const method = await methodOf(config.optimizer);
  const wrong = (problem: string) => broken('The file', problem);
  if (method === null)
    throw wrong(`record.config.optimizer: this version has no method called ${shortened(config.optimizer)}`);
  const sets = [config.options, ...(config.branches ?? []).map(({ options }) => options)];
  const bad = sets.map((options) => optionProblem(method, options)).find((problem) => problem !== null);
  if (bad) throw wrong(`record.config.options.${bad}`);
  const [problem] = taskProblems(task);
  if (problem !== undefined) throw wrong(`record.task: ${problem}`);

  const events: RunEvent[] = [];
  const most = MOST_EVENTS + MOST_EVENTS_AN_ENTRY * effects.length;
  const summarize = summarized(record);
  const through = (answers: Effects) => hear(config.models.embedder, answers);
  try {
    for await (const event of replayed({ record, effects }, method, through)) {
      events.push(event);
      summarize(event);
      if (events.length > most) throw wrong('effects: the run that they tell of does not end');
    }
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    // Only a run that ended by itself has an answer to all that it asks.
    if (status === 'finished')
      throw wrong(
        `effects: the run breaks off after ${events.length} events. ${thrown.message}${otherCode(record, code)}`,
      );
  }
  return { record, effects, events };
}

/** What is to be said of the program that made a run, where it was not this one; empty otherwise. */
function otherCode({ builds = [] }: RunRecord, code: string): string {
  const other = builds.find((one) => one.code !== undefined && one.code !== code)?.code;
  if (other === undefined || code === '') return '';
  return ` It was made by other code (${shortened(other)}) than this page has (${code}): open it with the version that made it.`;
}

/**
 * The id under which a bundle's run is kept, or is to be kept. A stored run that has gone on since is the same run; any
 * other must not take its place, so what tells more or something else has an id of its own, the same each time.
 */
export async function shelfFor(
  { record, effects }: Recorded,
  store: Pick<Store, 'run' | 'loadEffects'>,
): Promise<{ id: string; kept: boolean }> {
  const content = await sha256(effects.map(({ key }) => key));
  for (const id of [record.id, `${record.id}-${content.slice(0, 8)}`]) {
    if ((await store.run(id).catch(() => null)) === null) return { id, kept: false };
    const { items } = await store.loadEffects(id);
    if (effects.every(({ key }, i) => items[i]?.key === key)) return { id, kept: true };
  }
  return { id: crypto.randomUUID(), kept: false };
}

/** What a branch of `of` at `step` begins with: its configuration, and the log up to the beginning of that step. */
export async function branchOf(
  of: Recorded,
  method: Optimizer,
  { step, options, prompts, budget }: BranchChange,
): Promise<{ config: RunConfig; effects: LoggedEffect[] }> {
  const effects = fromLog(of);
  const { config } = of.record;
  const { due, breathe } = breather();
  const reached = await (async () => {
    for await (const event of run(config, of.record.task, method, effects)) {
      if (event.type === 'step' && event.step === step) return true;
      if (due()) await breathe();
    }
    return false;
  })();
  if (!reached)
    throw new EngineError(
      'unavailable',
      `The run has no step ${step} to branch from.`,
      'Choose a step that it has begun.',
    );
  const used = new Set(effects.used);
  // The user's early end belongs to the other run.
  const { endAt: _, ...limits } = budget;
  const branch = {
    run: of.record.id,
    step,
    options: optionsOf(method, options),
    // As they are at that step now: the branch that brought them may be one that this one takes the place of.
    prompts: prompts ?? promptsAt(config, step),
  };
  return {
    config: { ...config, budget: limits, branches: branchesWith(config, branch) },
    effects: of.effects.filter(({ key }) => used.has(key)),
  };
}

/** `candidates: must be from 1 to 64, not 1000000`, or null. Options that the method does not have are ignored. */
export function optionProblem(
  method: Pick<Optimizer, 'options'>,
  given: Readonly<Record<string, OptionValue>>,
): string | null {
  for (const [name, option] of Object.entries(method.options)) {
    const value = given[name];
    if (value === undefined || typeof value !== typeof option.default) continue;
    if (option.kind === 'number' && typeof value === 'number') {
      if (!(value >= option.min && value <= option.max))
        return `${name}: must be from ${option.min} to ${option.max}, not ${value}`;
      if (option.whole && !Number.isInteger(value)) return `${name}: must be a whole number, not ${value}`;
    }
    if (option.kind === 'choice' && typeof value === 'string' && !Object.hasOwn(option.choices, value))
      return `${name}: must be one of ${Object.keys(option.choices).join(', ')}, not ${shortened(value)}`;
  }
  return null;
}

const shortened = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
