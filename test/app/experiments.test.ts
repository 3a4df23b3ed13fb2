import { describe, expect, test } from 'vitest';
import type { LiveExperiment } from '../../src/app/experiments.ts';
import type { Run } from '../../src/app/types.ts';
import type { CellRecord, Design, ExperimentRecord } from '../../src/core/experiment.ts';
import { tableOf } from '../../src/core/experiment-table.ts';
import { EngineError, type Engine } from '../../src/core/model.ts';
import type { RunConfig } from '../../src/core/run.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { Store } from '../../src/storage/store.ts';
import { letters, target, tinyTask } from '../optimizers/harness.ts';
import { experimentsIn, type World } from './experiment-world.ts';

const BASE: Partial<RunConfig> = {
  rendering: { style: 'completion', position: 'before', read: 'decode', maxTokens: 8 },
};
const other = { ...tinyTask(), id: 'other', name: 'Other', initialPrompt: 'Weigh the item carefully.' };

/** Depends on the ask alone, so that a resumed run gets what an undisturbed one would. Some proposals are good. */
const writer = () =>
  scriptedEngine({
    id: 'scripted:optimizer:none',
    reply: (ask) =>
      `<START>Judge it ${ask.seed % 5 === 0 ? 'carefully' : 'quickly'}, way ${ask.seed % 1000}.<END>`,
  });

const DESIGN: Design = {
  name: 'Trial',
  question: '',
  preset: null,
  method: 'gpo',
  options: { epochs: 1, batch: 4, candidates: 2, exemplars: 2 },
  factors: [
    {
      name: 'Trajectory',
      levels: ['none', 'recency'].map((way) => ({ name: way, change: { options: { trajectory: way } } })),
    },
  ],
  tasks: ['tiny'],
  target: 'scripted:target:none',
  optimizer: 'scripted:optimizer:none',
  seeds: [1, 2],
  pool: { unit: 'tokens', total: 8000, spare: 'share' },
  limits: null,
  carry: null,
};

function world(part: Partial<World> = {}): World & { asked: () => number } {
  const answerer: Engine & { asks: unknown[] } = { ...target(), build: 'one' };
  return {
    store: memoryStore(),
    tasks: [tinyTask(), other],
    models: () => Promise.resolve({ target: answerer, optimizer: writer(), embedder: letters() }),
    base: BASE,
    ...part,
    asked: () => answerer.asks.length,
  };
}

async function stored(store: Store): Promise<ExperimentRecord> {
  const record = (await store.experiments()).items[0];
  if (record === undefined) throw new Error('No experiment is stored.');
  return record;
}

/** A cell without what differs between two runs of the same: ids and time. */
const plain = ({ outcome, ...cell }: CellRecord) => ({
  ...cell,
  run: null,
  outcome: outcome && { ...outcome, ms: 0 },
});
/** All that the page shows of an experiment, but for the time. */
const tableIn = (record: ExperimentRecord) =>
  tableOf(record.cells).map((row) => ({ ...row, cells: row.cells.map(plain), ms: null }));

async function undisturbed(): Promise<ExperimentRecord> {
  const whole = world();
  const live = await experimentsIn(whole).start(DESIGN);
  await live.ended;
  return stored(whole.store);
}

/** Acts once, when the run of the `nth` cell (from 0) has answered so many examples. */
function atAnswer(nth: number, answers: number, act: (run: Run) => void): NonNullable<World['onBegin']> {
  let runs = 0;
  return (run) => {
    if (runs++ !== nth) return;
    let count = 0;
    run.subscribe((signal) => {
      if (signal.type === 'event' && signal.event.type === 'answered' && ++count === answers) act(run);
    });
  };
}

describe('an experiment', () => {
  test('runs every cell as an ordinary stored run, one after the other', async () => {
    const here = world();
    const live = await experimentsIn(here).start(DESIGN);
    let most = 0;
    let now = 0;
    live.subscribe((signal) => {
      if (signal.type !== 'run') return;
      now += 1;
      most = Math.max(most, now);
      signal.run.subscribe((told) => {
        if (told.type === 'status' && told.status === 'finished') now -= 1;
      });
    });
    await live.ended;
    const record = await stored(here.store);
    expect(record.status).toBe('finished');
    expect(record.cells.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
    expect(most).toBe(1);
    const runs = (await here.store.runs()).items;
    expect(runs.map(({ status }) => status)).toEqual(Array(4).fill('finished'));
    expect(runs.map(({ id }) => id).sort()).toEqual(record.cells.map(({ run }) => run).sort());
    for (const { run, outcome, setting, seed } of record.cells) {
      const own = await here.store.run(run ?? '');
      expect(own?.config.options['trajectory']).toBe(['none', 'recency'][setting ?? -1]);
      expect(own?.config.options).toMatchObject(DESIGN.options);
      expect(own?.config.seed).toBe(seed);
      expect(outcome?.scores).toHaveLength(10);
      expect(outcome?.score).toBeCloseTo((outcome?.scores.reduce((a, b) => a + b, 0) ?? 0) / 10, 12);
      expect(outcome?.prompt).toBe(own?.bestPrompt);
      expect(outcome?.found).toBe(own?.bestScore);
      expect(outcome?.verdict).toBe(own?.verdict);
    }
  });

  test('shares one budget: what a cell leaves over goes to those after it', async () => {
    const { cells } = await undisturbed();
    let spent = 0;
    cells.forEach((cell, i) => {
      expect(cell.share).toBeCloseTo((8000 - spent) / (4 - i), 9);
      // The last ask may run over.
      expect(cell.spent).toBeLessThan((cell.share ?? 0) + 60);
      expect(cell.outcome?.tokens).toBe(cell.spent);
      spent += cell.spent;
    });
  });

  test('cells use one another’s replies, and are charged as if they were their own', async () => {
    const here = world();
    const live = await experimentsIn(here).start(DESIGN);
    await live.ended;
    const apart = world({ base: { ...BASE, freshReplies: true } });
    const fresh = await experimentsIn(apart).start(DESIGN);
    await fresh.ended;
    expect(here.asked()).toBeLessThan(apart.asked());
    expect(tableIn(live.record)).toEqual(tableIn(fresh.record));
  });

  test('stopped in a cell and taken up again, gives the table of an undisturbed one', async () => {
    const whole = await undisturbed();
    let live: LiveExperiment | null = null;
    const here = world({ onBegin: atAnswer(1, 9, () => void live?.stop()) });
    live = await experimentsIn(here).start(DESIGN);
    await live.ended;
    const half = await stored(here.store);
    expect(half.status).toBe('stopped');
    expect(half.cells.map(({ state }) => state)).toEqual(['done', 'stopped', 'waiting', 'waiting']);
    expect(tableIn(half)).not.toEqual(tableIn(whole));
    const again = await experimentsIn({ ...here, onBegin: () => undefined }).resume(half.id, false);
    await again.ended;
    expect(tableIn(await stored(here.store))).toEqual(tableIn(whole));
    expect((await here.store.runs()).items).toHaveLength(4);
  });

  test.each([
    [0, 1],
    [1, 9],
    [2, 25],
    [3, 14],
  ])('killed in cell %i after %i answers, gives the table of an undisturbed one', async (cell, answers) => {
    const whole = await undisturbed();
    const disk = memoryStore();
    let dead = false;
    const dying = new Proxy(disk, {
      get(of, name: keyof Store) {
        const member = of[name];
        // What a killed tab asks of the disk never comes back.
        return typeof member === 'function'
          ? (...args: unknown[]) =>
              dead ? new Promise(() => undefined) : (Reflect.apply(member, of, args) as unknown)
          : member;
      },
    });
    const here = world({ store: dying });
    const killed = new Promise<void>((resolve) => {
      here.onBegin = atAnswer(cell, answers, () => {
        dead = true;
        resolve();
      });
    });
    await experimentsIn(here).start(DESIGN);
    await killed;
    const reopened = experimentsIn(world({ store: disk }));
    const [found] = await reopened.list();
    expect(found?.status).toBe('stopped');
    expect(found?.cells.map(({ state }) => state)).toEqual(
      [0, 1, 2, 3].map((i) => (i < cell ? 'done' : i === cell ? 'stopped' : 'waiting')),
    );
    const again = await reopened.resume(found?.id ?? '', false);
    await again.ended;
    expect(tableIn(await stored(disk))).toEqual(tableIn(whole));
    expect((await disk.runs()).items).toHaveLength(4);
  });

  test('notes a cell that fails and goes on; it can be tried again', async () => {
    let broken = true;
    const here = world();
    const { models } = here;
    here.models = (config) =>
      broken && config.seed === 1 && config.options['trajectory'] === 'recency'
        ? Promise.reject(new EngineError('memory', 'The model does not fit.', 'Choose a smaller one.'))
        : models(config);
    const live = await experimentsIn(here).start(DESIGN);
    await live.ended;
    expect(live.record.status).toBe('finished');
    expect(live.record.cells.map(({ state }) => state)).toEqual(['done', 'failed', 'done', 'done']);
    expect(live.record.cells[1]?.reason).toBe('The model does not fit. Choose a smaller one.');
    broken = false;
    const again = await experimentsIn(here).resume(live.id, true);
    await again.ended;
    expect(again.record.cells.map(({ state }) => state)).toEqual(Array(4).fill('done'));
    expect(again.record.cells[1]?.reason).toBe('');
  });

  test('tries a failed cell again with the part that it had, and spends no more than there is', async () => {
    let broken = true;
    const here = world();
    const { models } = here;
    here.models = (config) =>
      broken && config.options['trajectory'] === 'none'
        ? Promise.reject(new EngineError('memory', 'The model does not fit.', 'Choose a smaller one.'))
        : models(config);
    const live = await experimentsIn(here).start({ ...DESIGN, seeds: [1] });
    await live.ended;
    expect(live.record.cells.map(({ state, share }) => [state, share])).toEqual([
      ['failed', 4000],
      ['done', 4000],
    ]);
    broken = false;
    const again = await experimentsIn(here).resume(live.id, true);
    await again.ended;
    expect(again.record.cells.reduce((sum, { share }) => sum + (share ?? 0), 0)).toBe(8000);
  });

  test('asks every optimizer model in the one way that the design names', async () => {
    const cells = await experimentsIn(world()).plan({ ...DESIGN, metaStyle: 'continuation' });
    expect(new Set(cells.map(({ config }) => config.metaStyle))).toEqual(new Set(['continuation']));
  });

  test('does not wait for anybody when an engine is lost: the cell fails and the next one runs', async () => {
    const here = world();
    const { models } = here;
    let begun = 0;
    here.models = async (config) => {
      const given = await models(config);
      if (++begun !== 2) return given;
      const lost = () => Promise.reject(new EngineError('lost', 'The device is gone.', 'Close other tabs.'));
      return {
        ...given,
        target: { ...given.target, generate: lost },
        optimizer: { ...given.optimizer, generate: lost },
      };
    };
    const live = await experimentsIn(here).start(DESIGN);
    await live.ended;
    expect(live.record.cells.map(({ state }) => state)).toEqual(['done', 'failed', 'done', 'done']);
    expect(live.record.cells[1]?.reason).toMatch(/The device is gone/);
  });

  test('a task that is gone fails its cells with the reason', async () => {
    const live = await experimentsIn(world()).start({ ...DESIGN, tasks: ['gone', 'tiny'], seeds: [1] });
    await live.ended;
    expect(live.record.cells.map(({ task, state }) => [task, state])).toEqual([
      ['gone', 'failed'],
      ['gone', 'failed'],
      ['tiny', 'done'],
      ['tiny', 'done'],
    ]);
    expect(live.record.cells[0]?.reason).toMatch(/no task called gone/);
  });

  test('carries the best prompt to another task and tests it beside that task’s own', async () => {
    const here = world();
    const live = await experimentsIn(here).start({
      ...DESIGN,
      factors: [],
      seeds: [1],
      carry: { tasks: ['other'], targets: [DESIGN.target] },
    });
    await live.ended;
    const [search, own, carried] = live.record.cells;
    expect(live.record.cells.map(({ kind, state }) => [kind, state])).toEqual([
      ['search', 'done'],
      ['own', 'done'],
      ['carried', 'done'],
    ]);
    expect(own?.outcome?.prompt).toBe(other.initialPrompt);
    expect(carried?.outcome?.prompt).toBe(search?.outcome?.prompt);
    // The final test alone: ten examples, nothing searched, nothing charged.
    for (const cell of [own, carried]) expect(cell).toMatchObject({ spent: 0, share: null });
    for (const cell of [own, carried]) expect(cell?.outcome).toMatchObject({ targetCalls: 0, verdict: null });
    const run = await here.store.run(carried?.run ?? '');
    expect((await here.store.loadEffects(run?.id ?? '')).items).toHaveLength(10);
  });

  test('a full disk is said once, and the experiment goes on', async () => {
    const disk = memoryStore();
    let saves = 0;
    const full: Store = {
      ...disk,
      saveExperiment: (record) =>
        ++saves > 2 ? Promise.reject(new Error('full')) : disk.saveExperiment(record),
    };
    const live = await experimentsIn(world({ store: full })).start(DESIGN);
    const problems: string[] = [];
    live.subscribe((signal) => {
      if (signal.type === 'problem') problems.push(signal.message);
    });
    await live.ended;
    expect(problems).toEqual(['full']);
    expect(live.record.status).toBe('finished');
  });
});

test('a plan prices every cell before anything is asked', async () => {
  const here = world();
  const cells = await experimentsIn(here).plan({
    ...DESIGN,
    carry: { tasks: ['other'], targets: [DESIGN.target] },
  });
  expect(cells.map(({ kind }) => kind)).toEqual([
    ...['search', 'search', 'own', 'carried', 'carried'],
    ...['search', 'search', 'carried', 'carried'],
  ]);
  expect(cells[0]).toMatchObject({ tests: 20, config: { seed: 1, budget: { tokens: 2000 } } });
  expect(cells[0]?.cost.targetCalls).toBeGreaterThan(0);
  expect(cells[2]).toMatchObject({ tests: 10, cost: { targetCalls: 0, optimizerCalls: 0 } });
  expect(cells[5]?.config.seed).toBe(2);
  expect(here.asked()).toBe(0);
  expect((await here.store.runs()).items).toEqual([]);
});

test('a design that cannot be run is refused with the reason', async () => {
  const experiments = experimentsIn(world());
  await expect(experiments.start({ ...DESIGN, options: { epochs: 0 } })).rejects.toThrow(
    'Epochs cannot be 0',
  );
  expect(await experiments.list()).toEqual([]);
});

test('removing an experiment keeps its runs', async () => {
  const here = world();
  const experiments = experimentsIn(here);
  const live = await experiments.start({ ...DESIGN, seeds: [1] });
  await live.ended;
  await experiments.remove(live.id);
  expect(await experiments.list()).toEqual([]);
  expect((await here.store.runs()).items).toHaveLength(2);
});
