import { wasCancelled, type Importer } from '../../app/import/importer.ts';
import type { Mapping, Plan, SplitPlan, TaskSettings } from '../../app/import/plan.ts';
import type { Checked, Preview, SourceFile } from '../../app/import/protocol.ts';
import { taskId } from '../../app/import/settings.ts';
import type { Reading, Role } from '../../app/import/table.ts';
import type { Metric } from '../../core/task.ts';
import { problemOf, type Problem } from './problem.ts';

/** One import, from files to a stored task. The rows are in the importer's worker; this holds what the page shows. */
export class ImportState {
  text = $state('');
  preview: Preview | null = $state.raw(null);
  plan: Plan | null = $state.raw(null);
  /** Why the metric is what it is. */
  why = $state('');
  /** What the plan gives; of the plan before while `checking`. */
  checked: Checked | null = $state.raw(null);
  checking = $state(false);
  /** Reading or storing, which can be cancelled. */
  work: { doing: string; done: number; total: number } | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  /** What the user said is to happen to bad rows and to copies across splits. */
  badRows: 'stop' | 'skip' = $state('stop');
  copies: 'stop' | 'remove' = $state('stop');
  readonly #importer: Importer;
  readonly #taken: () => readonly string[];
  #files: readonly SourceFile[] = [];
  #reading: Partial<Reading> = {};
  #round = 0;
  #again = false;

  /** `taken` are the ids that tasks have already. */
  constructor(importer: Importer, taken: () => readonly string[]) {
    this.#importer = importer;
    this.#taken = taken;
  }

  /** Why the import cannot be made yet, in words; null when it can. */
  get hindrance(): string | null {
    const { checked, plan } = this;
    if (plan === null || checked === null || this.checking || this.work !== null)
      return 'Wait for the check.';
    if (checked.stops.length > 0) return checked.stops[0] ?? null;
    if (plan.settings.name.trim() === '') return 'Give the task a name.';
    if (plan.settings.initialPrompt.trim() === '') return 'Write an initial prompt.';
    if (checked.badRows > 0 && this.badRows === 'stop')
      return 'Some rows cannot be used: choose to skip them, or mend the file.';
    if (checked.copyCount > 0 && this.copies === 'stop')
      return 'Some inputs are in two splits: choose to remove the copies, or mend the file.';
    return null;
  }

  async readFiles(files: readonly SourceFile[]): Promise<void> {
    this.#files = files;
    this.#reading = {};
    await this.#read();
  }

  async readText(): Promise<void> {
    await this.readFiles([{ path: '', content: new Blob([this.text]) }]);
  }

  /** Reads the same files in another way. */
  async readAs(part: Partial<Reading>): Promise<void> {
    this.#reading = { ...this.#reading, ...part };
    await this.#read();
  }

  async map(part: Partial<Mapping>): Promise<void> {
    const { plan } = this;
    if (plan) await this.#guess({ ...plan, mapping: { ...plan.mapping, ...part } });
  }

  async use(part: number, role: Role): Promise<void> {
    const { plan } = this;
    if (plan) await this.#guess({ ...plan, roles: plan.roles.map((old, i) => (i === part ? role : old)) });
  }

  split(part: Partial<SplitPlan>): void {
    if (this.plan) this.#change({ ...this.plan, splits: { ...this.plan.splits, ...part } });
  }

  score(metric: Metric): void {
    this.why = 'As you chose.';
    this.set({ metric });
  }

  set(part: Partial<TaskSettings>): void {
    if (!this.plan) return;
    const plan = { ...this.plan, settings: { ...this.plan.settings, ...part } };
    // Only the metric decides which rows are good; a letter typed into the prompt needs no check.
    if ('metric' in part) this.#change(plan);
    else this.plan = plan;
  }

  /** Stores the task; its id, or null when nothing was stored and `problem` says why. */
  async take(): Promise<string | null> {
    const { plan } = this;
    if (plan === null || this.hindrance !== null) return null;
    const { settings } = plan;
    const id = taskId(settings.id || settings.name, this.#taken());
    const done = await this.#working('Storing', 'Nothing was imported', async (progress) => {
      await this.#importer.take({ ...plan, settings: { ...settings, id } }, progress);
    });
    return done ? id : null;
  }

  /** Ends what is going on and goes back to the beginning; what was pasted stays. */
  reset(): void {
    this.#round += 1;
    this.#importer.cancel();
    this.preview = null;
    this.plan = null;
    this.checked = null;
    this.checking = false;
    this.work = null;
    this.problem = null;
    this.badRows = 'stop';
    this.copies = 'stop';
  }

  async #read(): Promise<void> {
    this.#round += 1;
    this.preview = null;
    this.plan = null;
    this.checked = null;
    await this.#working('Reading', 'Nothing was read', async (progress) => {
      const preview = await this.#importer.read(this.#files, this.#reading, progress);
      this.preview = preview;
      this.plan = preview.plan;
      this.why = preview.why;
    });
    await this.#check();
  }

  async #guess(plan: Plan): Promise<void> {
    const round = (this.#round += 1);
    this.plan = plan;
    try {
      const guess = await this.#importer.guess(plan);
      if (round !== this.#round) return;
      this.plan = guess.plan;
      this.why = guess.why;
    } catch (thrown) {
      if (!wasCancelled(thrown)) this.problem = problemOf(thrown, 'The metric could not be guessed');
    }
    await this.#check();
  }

  #change(plan: Plan): void {
    this.#round += 1;
    this.plan = plan;
    void this.#check();
  }

  /** One check at a time; changes made meanwhile are checked together after it. */
  async #check(): Promise<void> {
    if (this.plan === null) return;
    this.#again = true;
    if (this.checking) return;
    this.checking = true;
    try {
      while (this.#again && this.plan !== null) {
        this.#again = false;
        this.checked = await this.#importer.check(this.plan, () => undefined);
        this.problem = null;
      }
    } catch (thrown) {
      if (!wasCancelled(thrown)) this.problem = problemOf(thrown, 'The rows could not be checked');
    }
    this.checking = false;
  }

  async #working(
    doing: string,
    failed: string,
    job: (progress: Parameters<Importer['take']>[1]) => Promise<void>,
  ): Promise<boolean> {
    this.problem = null;
    this.work = { doing, done: 0, total: 0 };
    try {
      await job((progress) => (this.work = progress));
      return true;
    } catch (thrown) {
      if (!wasCancelled(thrown)) this.problem = problemOf(thrown, failed);
      return false;
    } finally {
      this.work = null;
    }
  }
}
