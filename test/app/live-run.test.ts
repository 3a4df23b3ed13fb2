import { describe, expect, test, vi } from 'vitest';
import { startRun } from '../../src/app/live-run.ts';
import type { RunSignal } from '../../src/app/types.ts';
import type { Engine } from '../../src/core/model.ts';
import { EngineError } from '../../src/core/model.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import type { RunConfig } from '../../src/core/run.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { StorageError, superseded } from '../../src/storage/errors.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import type { Store } from '../../src/storage/store.ts';
import { configFor, letters, target, tinyTask } from '../optimizers/harness.ts';

const method: Optimizer = gpo;
const CONFIG = configFor(gpo, { options: { epochs: 2, batch: 4, candidates: 2, exemplars: 2 }, budget: {} });

function newRecord(): RunRecord {
  const task = tinyTask();
  return {
    id: 'run',
    config: CONFIG,
    task,
    started: 0,
    status: 'running',
    steps: 0,
    bestScore: null,
    bestPrompt: null,
    verdict: null,
    effects: 0,
  };
}

/** Proposals that depend on what is asked alone, so that a resumed run gets what an undisturbed one would. */
const writer = () =>
  scriptedEngine({
    id: 'scripted:optimizer:none',
    reply: (ask) => `<START>Judge it carefully, way ${ask.seed % 1000}.<END>`,
  });

/** Answers as the target does, but is lost from its `from`-th ask on, so many times. */
function lossy(from: number, times: number): Engine & { loads: number } {
  const inner = target();
  let asked = 0;
  return {
    ...inner,
    loads: 0,
    load() {
      this.loads++;
      return Promise.resolve();
    },
    generate(ask, signal) {
      asked++;
      if (asked >= from && asked < from + times)
        return Promise.reject(new EngineError('lost', 'The device is gone.', 'Close other tabs.'));
      return inner.generate(ask, signal);
    },
  };
}

interface Started {
  clock?: () => number;
  store?: Store;
  record?: RunRecord;
  answerer?: Engine;
  code?: string;
  onModels?: (notice: (text: string) => void) => void;
  onSignal?: (signal: RunSignal, run: ReturnType<typeof startRun>) => void;
}

async function start({
  clock,
  store = memoryStore(),
  record = newRecord(),
  answerer = target(),
  code,
  onModels,
  onSignal,
}: Started) {
  const { items, next } = await store.loadEffects(record.id);
  const run = startRun(record, items, {
    store,
    problem: null,
    next,
    ...(clock && { clock }),
    ...(code !== undefined && { code }),
    optimizer: gpo,
    cost: method.cost(CONFIG.options, { train: 8, validation: 6 }),
    models(_report, _signal, notice) {
      onModels?.(notice);
      return Promise.resolve({ target: answerer, optimizer: writer(), embedder: letters() });
    },
  });
  const signals: RunSignal[] = [];
  run.subscribe((signal) => {
    signals.push(signal);
    onSignal?.(signal, run);
  });
  return { run, signals, store, record };
}

/** Events without the time that they took. */
const eventsIn = (signals: readonly RunSignal[]): RunEvent[] =>
  signals.flatMap((signal) =>
    signal.type === 'event'
      ? [
          JSON.parse(
            JSON.stringify(signal.event, (key, value: unknown) => (key === 'ms' ? 0 : value)),
          ) as RunEvent,
        ]
      : [],
  );
const statuses = (signals: readonly RunSignal[]) =>
  signals.flatMap((s) => (s.type === 'status' ? [s.status] : []));
const problems = (signals: readonly RunSignal[]) => signals.flatMap((s) => (s.type === 'problem' ? [s] : []));

/** Does something once, when so many examples have been answered. */
function atAnswer(
  n: number,
  act: (run: ReturnType<typeof startRun>) => void,
): NonNullable<Started['onSignal']> {
  let count = 0;
  return (signal, run) => {
    if (signal.type === 'event' && signal.event.type === 'answered' && ++count === n) act(run);
  };
}

describe('a live run', () => {
  test('ends as finished, with its record saved', async () => {
    const { run, signals, store } = await start({});
    await run.ended;
    expect(statuses(signals)).toEqual(['loading', 'running', 'finished']);
    expect(await store.run('run')).toMatchObject({
      status: 'finished',
      steps: 4,
      bestScore: 1,
      verdict: expect.any(String),
    });
  });

  test('stopped and resumed, it is the undisturbed run', async () => {
    const whole = await start({});
    await whole.run.ended;
    const stopped = await start({ onSignal: atAnswer(11, (run) => void run.stop()) });
    await stopped.run.ended;
    expect(statuses(stopped.signals).at(-1)).toBe('stopped');
    const record = await stopped.store.run('run');
    expect(record?.status).toBe('stopped');
    const resumed = await start({ store: stopped.store, record: record ?? newRecord() });
    await resumed.run.ended;
    expect(statuses(resumed.signals).at(-1)).toBe('finished');
    expect(eventsIn(resumed.signals)).toEqual(eventsIn(whole.signals));
  });

  test('step mode holds after each stage, asks nothing meanwhile, and changes nothing of the run', async () => {
    const undisturbed = await start({});
    await undisturbed.run.ended;

    const answerer = target();
    const stages: string[] = [];
    let stage = '';
    const asked: number[] = [];
    const { run, signals } = await start({
      answerer,
      onSignal(signal, stepped) {
        if (signal.type === 'status' && signal.status === 'loading') stepped.next();
        if (signal.type === 'event' && signal.event.type === 'stage') stage = signal.event.stage;
        if (signal.type === 'stepping' && signal.held) {
          stages.push(stage);
          asked.push(answerer.asks.length);
        }
      },
    });
    run.next();
    await expect.poll(() => stages.length).toBe(1);
    // Nothing comes while it is held.
    const before = { asks: answerer.asks.length, signals: signals.length, ms: run.usage.ms };
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect({ asks: answerer.asks.length, signals: signals.length, ms: run.usage.ms }).toEqual(before);
    for (let held = 2; held <= 6; held++) {
      run.next();
      await expect.poll(() => stages.length).toBe(held);
    }
    expect(stages).toEqual(['evaluate', 'retrieve', 'step-size', 'propose', 'evaluate', 'select']);
    expect(asked[0]).toBe(asked[3]);
    run.play();
    await run.ended;
    expect(signals.filter((signal) => signal.type === 'stepping').at(-1)).toEqual({
      type: 'stepping',
      stepping: false,
      held: false,
    });
    expect(eventsIn(signals)).toEqual(eventsIn(undisturbed.signals));
  });

  test('a run that is held can be stopped, and ended with its test', async () => {
    for (const end of ['stop', 'finish'] as const) {
      let held = false;
      const { run, signals } = await start({
        onSignal: (signal) => void (held ||= signal.type === 'stepping' && signal.held),
      });
      run.next();
      await expect.poll(() => held).toBe(true);
      await run[end]();
      await run.ended;
      expect(statuses(signals).at(-1)).toBe(end === 'stop' ? 'stopped' : 'finished');
      const tested = eventsIn(signals).some((event) => event.type === 'tested');
      expect(tested).toBe(end === 'finish');
    }
  });

  test('stopped on the way to the end of a stage, it stops there and is not held', async () => {
    let going = true;
    const { run, signals } = await start({
      onSignal(signal, stepped) {
        if (signal.type === 'status' && signal.status === 'loading') stepped.next();
        // Nothing is asked between here and the end of the stage.
        if (signal.type === 'event' && signal.event.type === 'step-size') {
          going = false;
          void stepped.stop();
        } else if (going && signal.type === 'stepping' && signal.held) stepped.next();
      },
    });
    run.next();
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('stopped');
  });

  test('finishing ends step mode, held or not', async () => {
    const { run, signals } = await start({
      onSignal: atAnswer(3, (early) => {
        early.next();
        early.finish();
      }),
    });
    await run.ended;
    const told = signals.filter((signal) => signal.type === 'stepping');
    expect(told.map(({ stepping, held }) => ({ stepping, held }))).toEqual([
      { stepping: true, held: false },
      { stepping: false, held: false },
    ]);
  });

  test('a pause holds the next ask back until the run goes on', async () => {
    const answerer = target();
    const { run, signals } = await start({ answerer, onSignal: atAnswer(5, (paused) => paused.pause()) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answerer.asks).toHaveLength(5);
    expect(statuses(signals).at(-1)).toBe('paused');
    run.proceed();
    await run.ended;
    expect(statuses(signals).slice(-2)).toEqual(['running', 'finished']);
  });

  test('finish ends the search and tests the best so far', async () => {
    const { run, signals } = await start({ onSignal: atAnswer(14, (early) => early.finish()) });
    await run.ended;
    const searched = eventsIn(signals).find((event) => event.type === 'searched');
    expect(searched).toMatchObject({ reason: 'asked' });
    expect(eventsIn(signals).at(-1)?.type).toBe('tested');
  });

  test('a full disk is said once; the run goes on in memory and can be exported whole', async () => {
    const disk = memoryStore();
    let room = 10;
    const full: Store = {
      ...disk,
      appendEffects: (id, seq, effects) =>
        (room -= effects.length) >= 0
          ? disk.appendEffects(id, seq, effects)
          : Promise.reject(new StorageError('full', 'Saving failed: there is no space left.', 'Export it.')),
    };
    const { run, signals } = await start({ store: full });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('finished');
    expect(problems(signals)).toHaveLength(1);
    const before = (await disk.loadEffects('run')).items;
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThanOrEqual(10);
    const { items, next } = await run.store().loadEffects('run');
    expect(items.slice(0, before.length)).toEqual(before);
    expect(next).toBe(items.length);
    const answered = eventsIn(signals).filter((event) => event.type === 'answered').length;
    expect(items.filter(({ key }) => key.startsWith('target'))).toHaveLength(answered);
  });

  test('another tab writing the same run ends it here, with the reason', async () => {
    const store = memoryStore();
    const taken: Store = {
      ...store,
      appendEffects: () =>
        Promise.reject(new StorageError('conflict', 'The entry exists already.', 'Go on in the other tab.')),
    };
    const { run, signals } = await start({ store: taken });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('failed');
    expect(problems(signals)[0]).toMatchObject({ advice: 'Go on in the other tab.' });
  });

  test('an engine lost for good pauses the run with advice; continued, it is the undisturbed run', async () => {
    const whole = await start({});
    await whole.run.ended;
    const dying = lossy(10, 2);
    const { run, signals } = await start({ answerer: dying });
    await expect.poll(() => statuses(signals).at(-1)).toBe('paused');
    expect(problems(signals)).toMatchObject([
      { message: 'The device is gone.', advice: 'Close other tabs.' },
    ]);
    run.proceed();
    await expect.poll(() => problems(signals).length).toBe(2);
    expect(statuses(signals).slice(-2)).toEqual(['running', 'paused']);
    run.proceed();
    await run.ended;
    expect(dying.loads).toBe(2);
    expect(statuses(signals).at(-1)).toBe('finished');
    expect(eventsIn(signals)).toEqual(eventsIn(whole.signals));
  });

  test('a paused run whose model does not load again stays paused; stopped, it can be resumed from its log', async () => {
    const gone = lossy(10, 1);
    gone.load = () => Promise.reject(new EngineError('memory', 'It no longer fits.', 'Close other tabs.'));
    const { run, signals, store } = await start({ answerer: gone });
    await expect.poll(() => statuses(signals).at(-1)).toBe('paused');
    run.proceed();
    await expect.poll(() => problems(signals).at(-1)?.message).toBe('It no longer fits.');
    expect(statuses(signals).at(-1)).toBe('paused');
    await run.stop();
    expect(statuses(signals).at(-1)).toBe('stopped');
    expect((await store.loadEffects('run')).items.filter(({ key }) => key.startsWith('target'))).toHaveLength(
      9,
    );
    const record = await store.run('run');
    const resumed = await start({ store, record: record ?? newRecord() });
    await resumed.run.ended;
    expect(statuses(resumed.signals).at(-1)).toBe('finished');
  });

  test('a recovery is an event of the run, told at once, kept in its log and replayed from it', async () => {
    let answers = 0;
    const surroundings = { notice: (_text: string) => undefined as void };
    const inner = target();
    const recovering: Engine = {
      ...inner,
      generate(ask, signal) {
        // As an engine does that lost its device in the middle of this ask and brought it back.
        if (++answers === 5) surroundings.notice('The device was lost and is back.');
        return inner.generate(ask, signal);
      },
    };
    const { run, signals, store } = await start({
      answerer: recovering,
      onModels: (notice) => (surroundings.notice = notice),
    });
    await run.ended;
    expect(statuses(signals)).toEqual(['loading', 'running', 'finished']);
    expect(problems(signals)).toMatchObject([{ message: 'The device was lost and is back.' }]);
    const events = eventsIn(signals);
    const at = events.findIndex((event) => event.type === 'recovered');
    expect(events[at]).toEqual({ type: 'recovered', text: 'The device was lost and is back.' });
    expect(events[at + 1]?.type).toBe('answered');
    expect(events.slice(0, at).filter((event) => event.type === 'answered')).toHaveLength(4);
    expect(events.filter((event) => event.type === 'recovered')).toHaveLength(1);

    const record = await store.run('run');
    const again = await start({ store, record: record ?? newRecord(), answerer: lossy(1, Infinity) });
    await again.run.ended;
    expect(statuses(again.signals).at(-1)).toBe('finished');
    expect(eventsIn(again.signals)).toEqual(events);
  });

  test('a second run of the same is answered from the first: the same events, without the time', async () => {
    const store = memoryStore();
    const built = () => {
      const inner = target();
      return { ...inner, build: 'one', asks: inner.asks };
    };
    const first = await start({ store, answerer: built() });
    await first.run.ended;
    const answerer = built();
    const second = await start({ store, record: { ...newRecord(), id: 'second' }, answerer });
    await second.run.ended;
    expect(answerer.asks).toHaveLength(0);
    const unmarked = eventsIn(second.signals).map((event) => {
      if (event.type !== 'answered') return event;
      expect(event.answer.reused).toBe(true);
      const { reused: _, ...answer } = event.answer;
      return { ...event, answer };
    });
    expect(unmarked).toEqual(eventsIn(first.signals));
    expect({ ...second.run.usage, ms: 0 }).toEqual({ ...first.run.usage, ms: 0 });

    const fresh = built();
    const config = { ...CONFIG, freshReplies: true as const };
    const third = await start({ store, record: { ...newRecord(), id: 'third', config }, answerer: fresh });
    await third.run.ended;
    expect(fresh.asks.length).toBeGreaterThan(0);
    expect(eventsIn(third.signals)).toEqual(eventsIn(first.signals));
  });

  test('how answers are read is settled before the run, kept with it, and no part of its log', async () => {
    const config: RunConfig = {
      ...CONFIG,
      rendering: { ...CONFIG.rendering, style: 'completion', read: 'choose' },
      reading: 'unchecked',
    };
    // Writes as `target` does, but holds the other answer for likelier.
    const odd = () =>
      scriptedEngine({
        id: 'scripted:target:none',
        reply: () => ' positive',
        choose: (_, options) => options.map((option) => (option.includes('negative') ? -0.1 : -2)),
      });
    const { run, signals, store } = await start({
      record: { ...newRecord(), config },
      answerer: odd(),
      onSignal: atAnswer(3, (early) => void early.stop()),
    });
    await run.ended;
    const settled = signals.find((signal) => signal.type === 'settled');
    expect(settled?.config.rendering.read).toBe('decode');
    expect(settled?.config.reading).toMatchObject({ examples: 6, readable: 6, agreed: 0 });
    expect(run.config).toEqual(settled?.config);
    expect(signals.filter((signal) => signal.type === 'checking')).toHaveLength(12);
    const record = await store.run('run');
    expect(record?.config).toEqual(settled?.config);
    const { items } = await store.loadEffects('run');
    expect(items.every(({ key }) => !key.includes(':choose:'))).toBe(true);
    expect(items).toHaveLength(3);

    const again = odd();
    const resumed = await start({ store, record: record ?? newRecord(), answerer: again });
    await resumed.run.ended;
    expect(statuses(resumed.signals).at(-1)).toBe('finished');
    expect(resumed.signals.some(({ type }) => type === 'checking' || type === 'settled')).toBe(false);
  });

  test('a system clock that jumps, and a laptop that sleeps, cost no budget and change nothing', async () => {
    const whole = await start({});
    await whole.run.ended;
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    try {
      let time = 0;
      let asks = 0;
      const answerer = target();
      const jumpy: Engine = {
        ...answerer,
        generate(ask, signal) {
          asks += 1;
          time += 100;
          if (asks % 5 === 0) vi.setSystemTime(Date.now() + (asks % 2 === 0 ? 1 : -1) * 400 * 86_400_000);
          // Three nights in the middle of an ask.
          if (asks % 11 === 0) time += 8 * 3_600_000;
          return answerer.generate(ask, signal);
        },
      };
      const record = { ...newRecord(), config: { ...CONFIG, budget: { minutes: 5 } } };
      const { run, signals } = await start({ record, answerer: jumpy, clock: () => time });
      await run.ended;
      expect(asks).toBeGreaterThan(33);
      expect(statuses(signals).at(-1)).toBe('finished');
      expect(eventsIn(signals)).toEqual(eventsIn(whole.signals));
      expect(run.usage.ms).toBeGreaterThan(0);
      expect(run.usage.ms).toBeLessThanOrEqual(asks * 100);
    } finally {
      vi.useRealTimers();
    }
  });

  test('an outcome that cannot be read any more is asked for again, and told', async () => {
    const whole = await start({});
    await whole.run.ended;
    const store = memoryStore();
    const { items } = await whole.store.loadEffects('run');
    await store.addRun(newRecord(), items.slice(0, 20));
    // As a database does whose seventh record is damaged.
    const damaged: Store = {
      ...store,
      async loadEffects(id) {
        const log = await store.loadEffects(id);
        return { ...log, items: log.items.filter((_, i) => i !== 6) };
      },
    };
    const { run, signals } = await start({ store: damaged });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('finished');
    expect(eventsIn(signals)).toEqual(eventsIn(whole.signals));
    const after = (await store.loadEffects('run')).items;
    expect(after).toHaveLength(items.length + 1);
    expect(after[20]?.key).toBe(items[6]?.key);
  });

  test('a newer page that takes the database over ends the run here with its log whole', async () => {
    const store = memoryStore();
    let written = 0;
    const taken: Store = {
      ...store,
      async appendEffects(id, seq, effects) {
        if (written >= 10) throw superseded();
        await store.appendEffects(id, seq, effects);
        written += effects.length;
      },
      saveRun: (record) => (written >= 10 ? Promise.reject(superseded()) : store.saveRun(record)),
    };
    const { run, signals } = await start({ store: taken });
    await run.ended;
    expect(statuses(signals).at(-1)).toBe('failed');
    expect(problems(signals)).toHaveLength(1);
    expect(problems(signals)[0]?.message).toMatch(/newer version of this page/);
    const { items, next } = await store.loadEffects('run');
    expect(items).toHaveLength(next);
    const on = await start({ store, record: (await store.run('run')) ?? newRecord() });
    await on.run.ended;
    expect(statuses(on.signals).at(-1)).toBe('finished');
  });

  test('who listens late hears everything from the start', async () => {
    const { run, signals } = await start({});
    await run.ended;
    const late: RunSignal[] = [];
    run.subscribe((signal) => late.push(signal));
    expect(eventsIn(late)).toEqual(eventsIn(signals));
    expect(statuses(late)).toEqual(statuses(signals));
  });
});

describe('what built the replies', () => {
  test('is in the record once for each of what answered', async () => {
    const built = (build: string | null) => ({ ...target(), build });
    const { run, store } = await start({ answerer: built('one'), code: 'then' });
    await run.ended;
    const first = [{ from: 0, target: 'one', optimizer: null, embedder: null, code: 'then' }];
    expect((await store.run('run'))?.builds).toEqual(first);

    // Broken off, then gone on with by another build.
    const { items } = await store.loadEffects('run');
    const half = memoryStore();
    const record = { ...newRecord(), builds: first };
    await half.addRun(record, items.slice(0, 20));
    const on = await start({ store: half, record, answerer: built('two'), code: 'now' });
    await on.run.ended;
    const second = { from: 20, target: 'two', optimizer: null, embedder: null, code: 'now' };
    expect((await half.run('run'))?.builds).toEqual([...first, second]);

    // Gone on with by the same.
    const same = memoryStore();
    await same.addRun({ ...newRecord(), builds: first }, items.slice(0, 20));
    const again = { ...newRecord(), builds: first };
    await (
      await start({ store: same, record: again, answerer: built('one'), code: 'then' })
    ).run.ended;
    expect((await same.run('run'))?.builds).toEqual(first);
  });
});
