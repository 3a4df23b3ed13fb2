import type { Experiments, LiveExperiment } from '../../app/experiments.ts';
import type { Design, ExperimentRecord } from '../../core/experiment.ts';
import type { Draft } from './draft.svelte.ts';
import { LiveRun } from './live.svelte.ts';
import { problemOf, type Problem } from './problem.ts';
import type { Session } from './session.svelte.ts';

/** Experiments as the page shows them; lives as long as the page, so that one goes on while another place is shown. */
export class Compare {
  readonly experiments: Experiments;
  #records: readonly ExperimentRecord[] = $state.raw([]);
  /** Id of the experiment that is shown, null for the form. */
  shown: string | null = $state(null);
  /** The form of the next experiment, as it was left; null before it was first shown. */
  draft: Draft | null = null;
  /** Ids of the runs chosen to be set side by side. */
  chosen: readonly string[] = $state.raw([]);
  tab: 'experiments' | 'runs' = $state('experiments');
  /** The cell that runs now and its run. */
  present: { cell: string; run: LiveRun } | null = $state.raw(null);
  stopping = $state(false);
  problems: readonly Problem[] = $state.raw([]);
  #live: LiveExperiment | null = $state.raw(null);
  readonly #session: Session;
  readonly records: readonly ExperimentRecord[] = $derived(
    this.#records.filter(({ id }) => !this.#session.bin.has(keyOf(id))),
  );

  private constructor(experiments: Experiments, session: Session) {
    this.experiments = experiments;
    this.#session = session;
  }

  /** Fetches what experiments need; once for a page. */
  static async of(session: Session): Promise<Compare> {
    const { compare } = session;
    if (compare !== null) {
      await compare.refresh();
      return compare;
    }
    const made = new Compare(await session.whetstone.experiments(), session);
    await made.refresh();
    // Whoever was first while this waited stays: it may already run one.
    session.compare ??= made;
    return session.compare;
  }

  /** Id of the experiment that runs; null when none does. */
  get running(): string | null {
    return this.#live?.id ?? null;
  }
  get going(): boolean {
    return this.#live !== null;
  }
  get record(): ExperimentRecord | null {
    return this.records.find(({ id }) => id === this.shown) ?? null;
  }

  async refresh(): Promise<void> {
    await this.#try('The experiments could not be listed', async () => {
      this.#records = await this.experiments.list();
    });
  }

  async start(design: Design): Promise<void> {
    await this.#begin('The experiment did not start', () => this.experiments.start(design));
  }
  async resume(id: string, failed = false): Promise<void> {
    await this.#begin('The experiment did not go on', () => this.experiments.resume(id, failed));
  }
  async stop(): Promise<void> {
    this.stopping = true;
    await this.#live?.stop();
  }
  /** Hides an experiment and deletes it a while later, unless it is taken back; its runs stay. */
  remove({ id, design }: ExperimentRecord): void {
    this.#session.bin.throw(
      { key: keyOf(id), words: `The experiment ${design.name} is deleted; its runs stay.` },
      {
        erase: async () => {
          await this.#try('The experiment was not deleted', () => this.experiments.remove(id));
          await this.refresh();
        },
      },
    );
    if (this.shown === id) this.shown = null;
  }

  dismiss(problem: Problem): void {
    this.problems = this.problems.filter((one) => one !== problem);
  }

  async #begin(failed: string, begin: () => Promise<LiveExperiment>): Promise<void> {
    const session = this.#session;
    if (session.occupied || session.busy) return;
    session.busy = 'Starting the experiment';
    await this.#try(failed, async () => {
      await session.repliesSettled();
      const live = await begin();
      this.#live = live;
      this.stopping = false;
      live.subscribe((signal) => {
        if (signal.type === 'changed') this.#take(signal.record);
        else if (signal.type === 'run') {
          const run = new LiveRun(signal.run, (ended) => session.measured(ended));
          session.adopt(run);
          this.present = { cell: signal.cell, run };
        } else this.problems = [...this.problems, { message: signal.message, advice: signal.advice }];
      });
      this.shown = live.id;
      void live.ended.then(() => this.#ended(live));
    });
    session.busy = null;
  }

  #take(record: ExperimentRecord): void {
    const others = this.#records.filter(({ id }) => id !== record.id);
    this.#records = [...others, record].sort((a, b) => b.started - a.started);
    const { present } = this;
    // Between two cells none is the present one.
    if (present && record.cells.find(({ id }) => id === present.cell)?.state !== 'running')
      this.present = null;
  }

  #ended({ record }: LiveExperiment): void {
    this.#live = null;
    this.present = null;
    this.stopping = false;
    const done = record.cells.filter(({ state }) => state === 'done').length;
    this.#session.overnight.ended(
      record.status === 'finished' ? 'The experiment has finished' : 'The experiment has stopped',
      `${record.design.name}: ${done} of ${record.cells.length} runs are done.`,
    );
    void this.#session.refreshRuns();
  }

  async #try(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.problems = [...this.problems, problemOf(thrown, doing)];
    }
  }
}

const keyOf = (id: string) => `experiment ${id}`;
