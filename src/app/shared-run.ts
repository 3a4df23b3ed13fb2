import { charge, noUsage } from '../core/budget.ts';
import type { RunEvent } from '../core/events.ts';
import { EngineError } from '../core/model.ts';
import type { RunConfig } from '../core/run-config.ts';
import type { Task } from '../core/task.ts';
import { StorageError } from '../storage/errors.ts';
import type { RunRecord } from '../storage/schema.ts';
import type { StartedRun } from './live-run.ts';
import { waitToHold } from './run-lock.ts';
import { makeSignals } from './signals.ts';
import type { Run, RunSignal, RunStatus, Taken } from './types.ts';

/**
 * One tab works on a run and others watch it. A tab that begins to watch computes what was until then from the stored
 * log, as any recording, and hears the rest as it is told: so the tab that works sends nothing twice, and nothing at all
 * while nobody watches.
 */

const CHANNEL = 'whetstone/run/';

/** How long a tab may take to answer: it may be in the middle of a long piece of work. */
const ANSWER_MS = 15_000;
/** Between a lock that falls free and the last words of the tab that held it. */
const LAST_WORDS_MS = 300;

const COMMANDS = ['pause', 'proceed', 'next', 'play', 'stop', 'finish'] as const;
type Command = (typeof COMMANDS)[number];

type ToHolder =
  | { say: 'hello'; watcher: string }
  | { say: 'do'; command: Command }
  /** Another tab wants to go on with the run. */
  | { say: 'hand over' };

type ToWatchers =
  /** What was told before event number `from` is stored; `standing` is how things stand. */
  | { say: 'here'; watcher: string; from: number; standing: RunSignal[] }
  | { say: 'refused'; watcher: string; message: string; advice: string }
  /** `at` is the number of an event; other signals have none. */
  | { say: 'signal'; at: number | null; signal: RunSignal };

const isOver = (status: RunStatus) => status === 'finished' || status === 'stopped' || status === 'failed';

/** Lets other tabs watch a run of this one until it ends. `kept`: false where the store is in memory only. */
export function shareRun(run: StartedRun, kept: boolean): void {
  if (typeof BroadcastChannel === 'undefined') return;
  const channel = new BroadcastChannel(CHANNEL + run.id);
  const disk = run.store();
  let told = 0;
  let watched = false;
  let standing: RunSignal[] = [];
  const say = (message: ToWatchers) => channel.postMessage(message);

  run.subscribe((signal) => {
    const at = signal.type === 'event' ? told++ : null;
    if (at === null) standing = [...standing.filter((one) => !replaces(signal, one)), signal];
    if (watched) say({ say: 'signal', at, signal });
  });

  async function welcome(watcher: string) {
    // Both at once: what is told from here on is sent, what was told before is stored below.
    watched = true;
    const from = told;
    const now = standing;
    try {
      await run.saved();
      if (!kept || run.store() !== disk)
        throw new EngineError(
          'unavailable',
          'The tab that works on this run keeps it in its memory only, so no other can watch it.',
          'Look at it there.',
        );
      say({ say: 'here', watcher, from, standing: now });
    } catch (error) {
      say({ say: 'refused', watcher, ...reasonOf(error) });
    }
  }

  channel.addEventListener('message', ({ data }: MessageEvent<ToHolder | ToWatchers>) => {
    if (data.say === 'hello') void welcome(data.watcher);
    else if (data.say === 'hand over') void run.handOver();
    else if (data.say === 'do' && COMMANDS.includes(data.command)) void run[data.command]();
  });
  void run.ended.then(() => channel.close());
}

/** Whether `next` makes an earlier signal that is no event out of date. */
function replaces(next: RunSignal, earlier: RunSignal): boolean {
  if (next.type !== earlier.type || next.type === 'problem') return false;
  if (next.type === 'loading' && earlier.type === 'loading')
    return next.role === earlier.role && next.model === earlier.model;
  return true;
}

/** What a watched run is made from. */
export interface WatchSurroundings {
  /** As they are stored now. */
  record(): Promise<RunRecord>;
  events(): AsyncIterable<RunEvent>;
  /** Goes on with the run in this tab, which holds it now and calls `release` when it ends. */
  resume(release: () => void): Promise<StartedRun>;
}

/**
 * A run that another tab works on. Its controls work there. Resolves when it can be shown. Rejects with EngineError
 * where the other tab keeps nothing or does not answer; a run whose tab goes before that is taken over at once.
 */
export async function watchRun(id: string, around: WatchSurroundings): Promise<Run> {
  const { tell, subscribe } = makeSignals();
  const channel = new BroadcastChannel(CHANNEL + id);
  const watcher = crypto.randomUUID();
  const say = (message: ToHolder) => channel.postMessage(message);
  const waiting = new AbortController();
  const usage = noUsage();
  const taken = Promise.withResolvers<Taken | null>();
  const over = Promise.withResolvers<void>();
  const here = Promise.withResolvers<{ from: number; standing: RunSignal[] } | null>();
  /** Signals that came before what was earlier is computed; null from then on. */
  let early: { at: number | null; signal: RunSignal }[] | null = [];
  let told = 0;
  let asked = false;
  let left = false;

  function leave() {
    left = true;
    waiting.abort();
    channel.close();
    taken.resolve(null);
    over.resolve();
  }
  function take({ at, signal }: { at: number | null; signal: RunSignal }) {
    if (signal.type === 'event') {
      // The first ones may have been computed already.
      if (at !== told) return;
      told += 1;
      const { event } = signal;
      if (event.type === 'answered' && event.answer.split !== 'test')
        charge(usage, 'target', event.answer.tokens, event.answer.ms);
      if (event.type === 'replied') charge(usage, 'optimizer', event.reply.tokens, event.ms);
    }
    if (signal.type === 'settled') config = signal.config;
    tell(signal);
    // A run that is handed over to this tab stops there first.
    if (signal.type === 'status' && isOver(signal.status) && !asked) leave();
  }

  channel.addEventListener('message', ({ data }: MessageEvent<ToHolder | ToWatchers>) => {
    if (data.say === 'here' && data.watcher === watcher) here.resolve(data);
    else if (data.say === 'refused' && data.watcher === watcher)
      here.reject(new EngineError('unavailable', data.message, data.advice));
    else if (data.say === 'signal') {
      if (early === null) take(data);
      else early.push(data);
    }
  });

  /** The lock has fallen to this tab: the other one is gone, has ended the run, or has handed it over. */
  async function fallen(release: () => void) {
    here.resolve(null);
    if (!asked) await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    const { status } = await around.record();
    if (left || (status !== 'running' && !asked)) {
      release();
      if (left) return;
      // Its last words did not come.
      tell({ type: 'status', status: status === 'running' ? 'stopped' : status });
      leave();
      return;
    }
    const run = await around.resume(release);
    channel.close();
    taken.resolve({ run, why: asked ? 'asked' : 'gone' });
    over.resolve();
  }
  function failed(error: unknown) {
    here.reject(error);
    if (left) return;
    tell({ type: 'problem', ...reasonOf(error) });
    tell({ type: 'status', status: 'interrupted' });
    leave();
  }
  void waitToHold(id, waiting.signal).then(fallen).catch(failed);

  say({ say: 'hello', watcher });
  const slow = setTimeout(
    () =>
      here.reject(
        new EngineError(
          'unavailable',
          'Another tab works on this run, but does not answer.',
          'Look at it there, or close that tab and try again.',
        ),
      ),
    ANSWER_MS,
  );
  let config: RunConfig;
  let task: Task;
  try {
    const answer = await here.promise;
    ({ config, task } = await around.record());
    if (answer === null) {
      const next = await taken.promise;
      if (next !== null) return next.run;
      throw new EngineError(
        'unavailable',
        'The run has ended in the other tab.',
        'Open it from the library.',
      );
    }
    if (answer.from > 0)
      for await (const event of around.events()) {
        take({ at: told, signal: { type: 'event', event } });
        if (told === answer.from) break;
      }
    for (const signal of answer.standing) take({ at: null, signal });
    const since = early;
    early = null;
    for (const one of since) take(one);
  } catch (error) {
    leave();
    throw error;
  } finally {
    clearTimeout(slow);
  }

  const order = (command: Command) => () => {
    if (!left) say({ say: 'do', command });
  };
  return {
    id,
    get config() {
      return config;
    },
    task,
    usage,
    subscribe,
    pause: order('pause'),
    proceed: order('proceed'),
    next: order('next'),
    play: order('play'),
    finish: order('finish'),
    async stop() {
      order('stop')();
      await over.promise;
    },
    watched: {
      takeOver() {
        asked = true;
        say({ say: 'hand over' });
      },
      taken: taken.promise,
      leave,
    },
  };
}

function reasonOf(error: unknown): { message: string; advice: string } {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof EngineError || error instanceof StorageError;
  return { message, advice: known ? error.advice : 'Look at the run in the other tab.' };
}
