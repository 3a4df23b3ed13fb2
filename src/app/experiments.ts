import {
  designProblems,
  expand,
  freshCells,
  settingsOf,
  shareOf,
  type Cell,
  type CellRecord,
  type Design,
  type ExperimentRecord,
} from '../core/experiment.ts';
import type { Cost, Method } from '../core/optimizer.ts';
import { EngineError } from '../core/model.ts';
import { optionsOf, type RunConfig } from '../core/run-config.ts';
import type { Task } from '../core/task.ts';
import { presets, type Preset } from '../experiments/index.ts';
import type { Store } from '../storage/store.ts';
import { outcomeReader, spentOf } from './cell-outcome.ts';
import type { Run, RunStatus } from './types.ts';

/** Experiments: many runs, one after the other, with one budget, stored so that they outlive the tab. */

/** A cell before it runs, with the most that it can cost. */
export interface PlannedCell extends Cell {
  config: RunConfig;
  cost: Cost;
  /** Calls of its final test, which no budget limits. */
  tests: number;
}

export type ExperimentSignal =
  /** The record has changed: a new object, of which unchanged cells are the same. */
  | { type: 'changed'; record: ExperimentRecord }
  /** A cell's run has begun or gone on. */
  | { type: 'run'; cell: string; run: Run }
  | { type: 'problem'; message: string; advice: string };

/** An experiment that runs in this tab, or has run here. */
export interface LiveExperiment {
  readonly id: string;
  readonly record: ExperimentRecord;
  readonly going: boolean;
  /** The present state and run, then each signal as it comes; returns the way to stop listening. */
  subscribe(listener: (signal: ExperimentSignal) => void): () => void;
  /** Stops the present run and the queue; what was done is kept. Resolves when both have ended. */
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

export interface Experiments {
  readonly presets: readonly Preset[];
  /** What is wrong with a design, a sentence each. */
  problems(design: Design): string[];
  plan(design: Design): Promise<PlannedCell[]>;
  /** Newest first. One that says `running` without a tab that works on it comes as `stopped`. */
  list(): Promise<ExperimentRecord[]>;
  /** Rejects with a plain reason where the design cannot be run. */
  start(design: Design): Promise<LiveExperiment>;
  /** Goes on where it ended; with `failed`, failed cells are tried again too. */
  resume(id: string, failed: boolean): Promise<LiveExperiment>;
  /** Forgets it. Its runs stay among the others. */
  remove(id: string): Promise<void>;
}

/** What experiments need of the program around them. */
export interface ExperimentSurroundings {
  store: Promise<Store>;
  methods: readonly Method[];
  task(id: string): Promise<Task>;
  defaults(choice: {
    task: string;
    target: string;
    optimizer: string;
    method: string;
  }): Promise<{ config: RunConfig }>;
  cost(config: RunConfig): Promise<Cost>;
  /**
   * Goes on with the stored run `id`, or starts it with what `config` gives. Nobody is there to be asked: where a run
   * would wait for the user it fails. `ended` resolves when everything of it is stored.
   */
  begin(id: string, config: () => Promise<RunConfig>): Promise<Run & { ended: Promise<void> }>;
  /** One tab at a time works on an experiment; rejects when another does. */
  hold(id: string): Promise<() => void>;
  held(): Promise<ReadonlySet<string>>;
}

/** Under this name an experiment is held, beside the runs. */
export const heldAs = (id: string) => `experiment/${id}`;

/** A mere test asks nothing in its search, and this method needs no embeddings. */
const TEST_ONLY = 'random';

export function makeExperiments(around: ExperimentSurroundings): Experiments {
  const live = new Map<string, LiveExperiment>();

  /** `share` in the pool's unit; absent for a mere test. */
  async function configOf(
    design: Design,
    cell: Cell,
    cells: readonly CellRecord[],
    share: number,
  ): Promise<RunConfig> {
    const search = cell.kind === 'search';
    const setting = settingsOf(design)[cell.setting ?? -1];
    const method = search ? (setting?.method ?? design.method) : TEST_ONLY;
    const optimizer = search && setting?.optimizer ? setting.optimizer : cell.target;
    const { config } = await around.defaults({ task: cell.task, target: cell.target, optimizer, method });
    const own = around.methods.find(({ id }) => id === method);
    const limits = { ...config.limits, ...design.limits };
    if (!search || own === undefined || setting === undefined) {
      const carried = cells.find(({ id }) => id === cell.from)?.outcome?.prompt;
      return {
        ...config,
        initialPrompt: carried ?? config.initialPrompt,
        budget: { targetCalls: 0 },
        limits,
        seed: cell.seed,
      };
    }
    return {
      ...config,
      options: optionsOf(own, { ...config.options, ...setting.options }),
      initialPrompt: setting.initialPrompt ?? config.initialPrompt,
      budget: { [design.pool.unit]: design.pool.unit === 'tokens' ? Math.floor(share) : share },
      limits,
      ...(design.metaStyle !== undefined && { metaStyle: design.metaStyle }),
      seed: cell.seed,
    };
  }

  function go(first: ExperimentRecord, release: () => void): LiveExperiment {
    let record = first;
    let going = true;
    let stopping = false;
    let kept = true;
    let present: { cell: string; run: Run } | null = null;
    const listeners = new Set<(signal: ExperimentSignal) => void>();
    const tell = (signal: ExperimentSignal) => listeners.forEach((listener) => listener(signal));

    async function save() {
      try {
        await (await around.store).saveExperiment(record);
      } catch (error) {
        // The runs themselves go on in memory too; once is enough to say so.
        if (kept) tell({ type: 'problem', ...reasonOf(error) });
        kept = false;
      }
    }
    async function change(part: Partial<ExperimentRecord>) {
      record = { ...record, ...part };
      tell({ type: 'changed', record });
      await save();
    }
    const changeCell = (id: string, part: Partial<CellRecord>) =>
      change({ cells: record.cells.map((cell) => (cell.id === id ? { ...cell, ...part } : cell)) });

    async function work(cell: CellRecord): Promise<void> {
      const { design } = record;
      const source = record.cells.find(({ id }) => id === cell.from);
      if (cell.from !== null && !source?.outcome) {
        await changeCell(cell.id, {
          state: 'failed',
          reason: 'The run whose prompt it was to carry has not ended.',
        });
        return;
      }
      const run = cell.run ?? crypto.randomUUID();
      const share = cell.share ?? (cell.kind === 'search' ? shareOf(design.pool, record.cells) : null);
      // Before the run exists, so that whatever happens it is found again.
      await changeCell(cell.id, { state: 'running', run, share, reason: '' });
      try {
        const started = await around.begin(run, () => configOf(design, cell, record.cells, share ?? 0));
        present = { cell: cell.id, run: started };
        tell({ type: 'run', ...present });
        const { status, reason, reader } = await watched(started, cell);
        const spent = cell.kind === 'search' ? spentOf(design.pool.unit, started.usage) : 0;
        const outcome = reader.outcome(started.usage);
        if (status === 'stopped') {
          stopping = true;
          await changeCell(cell.id, { state: 'stopped', spent });
        } else if (status === 'finished' && outcome !== null)
          await changeCell(cell.id, { state: 'done', spent, outcome });
        else await changeCell(cell.id, { state: 'failed', spent, reason });
      } catch (error) {
        await changeCell(cell.id, { state: 'failed', reason: reasonOf(error).message });
      }
      present = null;
    }

    async function watched(run: Run & { ended: Promise<void> }, cell: Cell) {
      const reader = outcomeReader(cell.kind, run.config, run.task);
      let status: RunStatus = 'loading';
      let reason = '';
      const leave = run.subscribe((signal) => {
        if (signal.type === 'event') reader.take(signal.event);
        else if (signal.type === 'status') status = signal.status;
        else if (signal.type === 'problem') reason = `${signal.message} ${signal.advice}`.trim();
      });
      if (stopping) await run.stop();
      // The cell after it finds every reply of this one kept.
      await run.ended;
      leave();
      return { status: status as RunStatus, reason, reader };
    }

    async function queue(): Promise<void> {
      await save();
      for (;;) {
        const next = record.cells.find(({ state }) => state !== 'done' && state !== 'failed');
        if (next === undefined || stopping) break;
        await work(next);
      }
      const left = record.cells.some(({ state }) => state !== 'done' && state !== 'failed');
      going = false;
      await change({ status: left ? 'stopped' : 'finished' });
      release();
    }

    const ended = queue();
    const experiment: LiveExperiment = {
      id: record.id,
      get record() {
        return record;
      },
      get going() {
        return going;
      },
      subscribe(listener) {
        listener({ type: 'changed', record });
        if (present !== null) listener({ type: 'run', ...present });
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      async stop() {
        stopping = true;
        await present?.run.stop();
        await ended;
      },
      ended,
    };
    live.set(record.id, experiment);
    return experiment;
  }

  return {
    presets,
    problems: (design) => designProblems(design, around.methods),

    async plan(design) {
      const cells = expand(design);
      const searches = freshCells(design);
      const share = shareOf(design.pool, searches);
      const tasks = new Map<string, Task>();
      /** Cells that differ by their seed alone cost the same. */
      const known = new Map<string, Promise<Pick<PlannedCell, 'config' | 'cost' | 'tests'>>>();
      async function priced(cell: Cell) {
        const config = await configOf(design, cell, [], share);
        const task = tasks.get(cell.task) ?? (await around.task(cell.task));
        tasks.set(cell.task, task);
        const size = Math.min(task.splits.test.length, config.limits.test ?? Infinity);
        const search = cell.kind === 'search';
        return {
          config,
          cost: search ? await around.cost(config) : { steps: 0, targetCalls: 0, optimizerCalls: 0 },
          tests: search ? 2 * size : size,
        };
      }
      return Promise.all(
        cells.map(async (cell) => {
          const key = JSON.stringify([cell.kind, cell.setting, cell.task, cell.target]);
          const price = known.get(key) ?? priced(cell);
          known.set(key, price);
          const { config, ...rest } = await price;
          return { ...cell, ...rest, config: { ...config, seed: cell.seed } };
        }),
      );
    },

    async list() {
      const [{ items }, held] = await Promise.all([(await around.store).experiments(), around.held()]);
      return items.map((record) => {
        const here = live.get(record.id);
        if (here !== undefined) return here.record;
        return held.has(heldAs(record.id)) ? record : interrupted(record);
      });
    },

    async start(design) {
      const problems = designProblems(design, around.methods);
      if (problems.length > 0) throw new EngineError('unavailable', problems.join(' '));
      const id = crypto.randomUUID();
      const release = await around.hold(heldAs(id));
      return go({ id, design, started: Date.now(), status: 'running', cells: freshCells(design) }, release);
    },

    async resume(id, failed) {
      const known = live.get(id);
      if (known?.going) return known;
      const stored = (await (await around.store).experiments()).items.find((one) => one.id === id);
      const record = known?.record ?? stored;
      if (record === undefined)
        throw new EngineError('unavailable', 'This experiment is no longer stored.', 'Choose another one.');
      const release = await around.hold(heldAs(id));
      const cells = record.cells.map((cell): CellRecord =>
        cell.state === 'failed' && failed ? { ...cell, state: 'waiting', reason: '' } : cell,
      );
      return go({ ...record, cells, status: 'running' }, release);
    },

    async remove(id) {
      await live.get(id)?.stop();
      await (await around.store).deleteExperiment(id);
      live.delete(id);
    },
  };
}

/** A record that says `running` though no tab works on it. */
function interrupted(record: ExperimentRecord): ExperimentRecord {
  if (record.status !== 'running') return record;
  const cells = record.cells.map((cell): CellRecord =>
    cell.state === 'running' ? { ...cell, state: 'stopped' } : cell,
  );
  return { ...record, status: 'stopped', cells };
}

function reasonOf(thrown: unknown): { message: string; advice: string } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const advice =
    thrown instanceof Error && 'advice' in thrown && typeof thrown.advice === 'string' ? thrown.advice : '';
  return { message, advice };
}
