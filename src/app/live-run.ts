import { charge, noUsage } from '../core/budget.ts';
import type { RunEvent } from '../core/events.ts';
import { logged, type Effects, type LoggedEffect, type Outcome, type Role } from '../core/log.ts';
import { EngineError, type Report } from '../core/model.ts';
import type { Cost, Optimizer } from '../core/optimizer.ts';
import { ROBUSTNESS_EXAMPLES } from '../core/robustness.ts';
import { run } from '../core/run.ts';
import { stageEnds } from '../core/stage-ends.ts';
import { continueInMemory } from '../storage/continued.ts';
import { StorageError } from '../storage/errors.ts';
import type { Builds, RunRecord } from '../storage/schema.ts';
import type { Store } from '../storage/store.ts';
import { awakeClock } from './awake.ts';
import { breather } from './breath.ts';
import { noPace, noTuning, timeLeft } from './estimate.ts';
import { liveEffects, makeGate, type LiveModels, type Losses } from './live-effects.ts';
import { logWriter } from './log-writer.ts';
import { settleReading } from './reading-check.ts';
import { reusing, type Reusing } from './reply-cache.ts';
import { summarized } from './run-summary.ts';
import { makeSignals } from './signals.ts';
import type { Run, RunStatus } from './types.ts';

/** What a live run needs from its surroundings. */
export interface RunSurroundings {
  store: Store;
  /** Why nothing can be kept, where the store is in memory only. */
  problem: StorageError | null;
  /** The browser's own unless a test gives another. */
  clock?: () => number;
  /** What to tell at the start. */
  notices?: readonly { message: string; advice: string }[];
  /** The number of the outcome to be stored next; absent: that of `past`'s end. Higher where a record of the log is broken. */
  next?: number;
  optimizer: Optimizer;
  cost: Cost;
  /** The program's own code, as `__RUN_CODE__` unless a test gives another. */
  code?: string;
  /** Nobody is there to be asked: an engine that is lost for good ends the run as failed instead of pausing it. */
  unattended?: boolean;
  /** Loads the models that the run needs; called once, when the run starts. */
  models(
    report: (role: 'target' | 'optimizer' | 'embedder' | 'tuner', model: string) => Report,
    signal: AbortSignal,
    notice: (text: string) => void,
  ): Promise<LiveModels>;
}

/** A run of this tab, for the program behind the page. */
export interface StartedRun extends Run {
  /** Resolves when the run has ended and all of it is kept. Never rejects. */
  ended: Promise<void>;
  /** Where it is kept now: the disk may have become full on the way. */
  store(): Store;
  /** Resolves when all that was told until now is kept. Rejects with StorageError. */
  saved(): Promise<void>;
  /** Ends the run here, because another tab goes on with it. */
  handOver(): Promise<void>;
}

/**
 * Starts or goes on with the run of `record`: what its log holds is answered from the log, the rest by the models.
 * Outcomes are stored in their order as they come, so a killed tab loses at most the last moment.
 */
export function startRun(
  record: RunRecord,
  past: readonly LoggedEffect[],
  surroundings: RunSurroundings,
): StartedRun {
  const { optimizer, cost } = surroundings;
  const { task } = record;
  let { config } = record;
  let store = surroundings.store;
  let finishing = false;
  let searching = true;
  let status: RunStatus = 'loading';
  const usage = noUsage();
  const tuned = noTuning();
  const pace = noPace();
  const aborter = new AbortController();
  const gate = makeGate();
  const clock = awakeClock(surroundings.clock);
  const { tell, subscribe } = makeSignals();

  function become(next: RunStatus) {
    status = next;
    tell({ type: 'status', status });
  }
  const problem = (message: string, advice: string) => tell({ type: 'problem', message, advice });
  function pause() {
    gate.pause();
    if (status === 'running') become('paused');
  }

  let stepping = false;
  /** Goes on from the end of a stage; null while the run is not held there. */
  let release: (() => void) | null = null;
  const tellStepping = () => tell({ type: 'stepping', stepping, held: release !== null });

  /** Nothing is taken from the run until it is let go: it asks no model, as it is asked for no event. */
  async function hold() {
    const check = () => {
      if (aborter.signal.aborted) throw new EngineError('aborted', 'The run was stopped.');
    };
    // Stopped on the way here: there is nobody left to let it go.
    check();
    await new Promise<void>((resolve) => {
      release = resolve;
      tellStepping();
    });
    tellStepping();
    check();
  }
  function letGo() {
    const go = release;
    release = null;
    go?.();
  }
  function play() {
    const told = release !== null || !stepping;
    stepping = false;
    letGo();
    if (!told) tellStepping();
  }

  /** Told of recoveries and not yet in the log: they go in with the outcome that they delayed. */
  const recoveries: string[] = [];
  const losses: Losses = {
    recovered: () => recoveries.splice(0).join(' '),
    pause(error) {
      if (surroundings.unattended === true) throw error;
      pause();
      problem(error.message, error.advice);
    },
  };

  /** A full disk does not end a run: it goes on in memory, and says so once. */
  async function keep(write: (store: Store) => Promise<void>) {
    const used = store;
    try {
      await write(used);
    } catch (error) {
      if (!(error instanceof StorageError) || used !== surroundings.store || notHere(error)) throw error;
      if (store === used) {
        problem(error.message, error.advice);
        store = continueInMemory(used, record.id);
      }
      await write(store);
    }
  }

  const log = logWriter(surroundings.next ?? past.length, (seq, entries) =>
    keep((to) => to.appendEffects(record.id, seq, entries)),
  );
  async function save() {
    // A record never speaks of outcomes that are not stored.
    await log.written();
    await keep((to) => to.saveRun({ ...record, effects: log.stored() }));
  }

  function took(role: Role, ms: number) {
    pace.asks[role] += 1;
    pace.ms[role] += ms;
  }
  function note(event: RunEvent): boolean {
    switch (event.type) {
      case 'answered':
        if (event.answer.split === 'test') return false;
        charge(usage, 'target', event.answer.tokens, event.answer.ms);
        if (!event.answer.reused) took('target', event.answer.ms);
        return false;
      case 'replied':
        charge(usage, 'optimizer', event.reply.tokens, event.ms);
        if (!event.reused) took('optimizer', event.ms);
        return false;
      case 'computed': {
        usage.ms += event.ms;
        const kind = event.what === 'steps' ? 'steps' : 'measured';
        tuned.ms[kind] += event.ms;
        tuned.examples[kind] += event.examples;
        return false;
      }
      case 'budget':
        record.config = { ...record.config, budget: event.budget };
        return true;
      case 'searched':
        searching = false;
        return false;
      default:
        return summarize(event);
    }
  }
  const summarize = summarized(record);

  async function go(): Promise<void> {
    try {
      await save();
      const known = new Map<string, Outcome>(past.map(({ key, outcome }) => [key, outcome]));
      const live = lazily(() =>
        surroundings.models(
          (role, model) => (progress) => tell({ type: 'loading', role, model, progress }),
          aborter.signal,
          (text) => {
            recoveries.push(text);
            problem(text, '');
          },
        ),
      );
      if (past.length === 0 && config.reading === 'unchecked') {
        config = await settleReading({
          config,
          task,
          method: optimizer,
          effects: live,
          target: (await live.models()).target,
          store: surroundings.store,
          report: (done, of) => tell({ type: 'checking', done, of }),
        });
        record.config = config;
        await save();
        tell({ type: 'settled', config });
      }
      const effects = logged(known, config.models, live, log.write);
      const events = run(config, task, optimizer, effects, { finishing: () => finishing });
      if (past.length > 0) become('running');
      const over = stageEnds();
      const { due, breathe } = breather();
      for await (const event of events) {
        if (due()) await breathe();
        if (over(event) && stepping) await hold();
        const worthSaving = note(event);
        tell({ type: 'event', event });
        if (event.type === 'answered' || event.type === 'replied' || event.type === 'computed') {
          const left = timeLeft(cost, config.budget, usage, pace, testLeft(event), searching, tuned);
          tell({ type: 'left', ...left });
        }
        if (worthSaving) await save();
      }
      record.status = 'finished';
      await save();
      become('finished');
    } catch (error) {
      const stopped = error instanceof EngineError && error.fault === 'aborted';
      record.status = stopped ? 'stopped' : 'failed';
      if (!stopped) {
        const advice = error instanceof EngineError || error instanceof StorageError ? error.advice : '';
        problem(
          error instanceof Error ? error.message : String(error),
          advice || 'What was done is kept: the run can be resumed.',
        );
      }
      // Where another tab has the run, its record is that tab's.
      if (!(error instanceof StorageError && notHere(error)))
        await save().catch((unsaved: unknown) =>
          problem(String(unsaved), 'The last seconds of this run may not be kept.'),
        );
      become(record.status);
    } finally {
      clock.stop();
      await keeper?.written();
    }
  }

  let tested = 0;
  function testLeft(event: RunEvent): number {
    if (event.type === 'answered' && event.answer.split === 'test') tested += 1;
    const size = Math.min(task.splits.test.length, config.limits.test ?? Infinity);
    const { paraphrases = 0, shuffles = 0 } = config.robustness ?? {};
    const variants = (paraphrases + shuffles) * Math.min(size, ROBUSTNESS_EXAMPLES);
    return Math.max(0, 2 * size + variants - tested);
  }

  /** The first live outcome of this session follows the `past` ones. */
  function noteBuilds(models: LiveModels) {
    const { embedder, tuner } = models;
    const code = surroundings.code ?? __RUN_CODE__;
    const now: Builds = {
      from: past.length,
      target: models.target.build ?? null,
      optimizer: models.optimizer.build ?? null,
      ...(embedder && { embedder: embedder.build ?? null }),
      ...(tuner && { tuner: tuner.build ?? null }),
      ...(code !== '' && { code }),
    };
    const earlier = record.builds ?? [];
    const last = earlier.at(-1);
    const parts = ['target', 'optimizer', 'embedder', 'tuner', 'code'] as const;
    if (last !== undefined && parts.every((part) => last[part] === now[part])) return;
    record.builds = [...earlier, now];
  }

  let keeper: Reusing | null = null;

  /** Models are loaded when the log has run out and the first ask is really made. */
  function lazily(load: () => Promise<LiveModels>): Effects & { models(): Promise<LiveModels> } {
    let loaded: Promise<LiveModels> | null = null;
    let ready: Promise<Effects> | null = null;
    const models = () => (loaded ??= load());
    return {
      models,
      async perform(effect) {
        ready ??= models().then((engines) => {
          if (status === 'loading') become('running');
          noteBuilds(engines);
          const live = liveEffects(engines, gate, aborter.signal, clock.now, losses);
          if (config.freshReplies) return live;
          keeper = reusing(live, surroundings.store.replies, engines, async () => {
            await gate.passed();
            if (aborter.signal.aborted) throw new EngineError('aborted', 'The run was stopped.');
          });
          return keeper;
        });
        return (await ready).perform(effect);
      },
    };
  }

  become('loading');
  if (surroundings.problem !== null) problem(surroundings.problem.message, surroundings.problem.advice);
  for (const { message, advice } of surroundings.notices ?? []) problem(message, advice);
  const ended = go();
  async function stop() {
    aborter.abort();
    letGo();
    gate.open();
    await ended;
  }
  return {
    id: record.id,
    get config() {
      return config;
    },
    task,
    usage,
    ended,
    store: () => store,
    saved: save,
    subscribe,
    pause() {
      if (status === 'running') pause();
    },
    proceed() {
      if (status !== 'paused') return;
      gate.open();
      become('running');
    },
    next() {
      if (!stepping) {
        stepping = true;
        tellStepping();
      } else letGo();
    },
    play,
    stop,
    async handOver() {
      problem('Another tab has taken this run over.', 'It goes on there. Resume it to watch it from here.');
      await stop();
    },
    finish() {
      finishing = true;
      play();
      if (status === 'paused') become('running');
      gate.open();
    },
  };
}

/** Another tab has the run, or a newer page its database: there it goes on. */
const notHere = ({ fault }: StorageError) => fault === 'conflict' || fault === 'superseded';
