import type {
  BranchChange,
  CustomModel,
  Lesson,
  Machine,
  ModelChoice,
  Recording,
  Run,
  RunSummary,
  TaskSummary,
  Whetstone,
} from '../../app/types.ts';
import type { TaskFormat } from '../../app/task-export.ts';
import type { Method } from '../../core/optimizer.ts';
import type { Task } from '../../core/task.ts';
import { moment, percent } from '../format.ts';
import { Bin } from './bin.svelte.ts';
import type { Compare } from './compare.svelte.ts';
import type { Editing } from './editing.svelte.ts';
import type { LiveRun } from './live.svelte.ts';
import { MapVectors } from './map-vectors.svelte.ts';
import { keepSpeed } from './memory.ts';
import { Overnight } from './overnight.svelte.ts';
import { problemOf, type Problem } from './problem.ts';
import type { Replay } from './replay.svelte.ts';
import { SAME, SetupState } from './setup.svelte.ts';
import { Shelf } from './shelf.svelte.ts';
import { Speeds } from './speeds.svelte.ts';

/** Everything behind one open page. */
export class Session {
  readonly whetstone: Whetstone;
  /** Without their options and templates until `describe` has fetched them. */
  methods: readonly Method[] = $state.raw([]);
  readonly setup: SetupState;
  readonly shelf: Shelf;
  readonly speeds: Speeds;
  readonly overnight = new Overnight();
  readonly bin = new Bin();
  /** The task whose examples are edited in the library; null for none. */
  editing: Editing | null = $state.raw(null);
  readonly mapVectors: MapVectors;
  machine: Machine | null = $state.raw(null);
  models: readonly ModelChoice[] = $state.raw([]);
  #tasks: readonly TaskSummary[] = $state.raw([]);
  #runs: readonly RunSummary[] = $state.raw([]);
  readonly tasks: readonly TaskSummary[] = $derived(
    this.#tasks.filter(({ id }) => !this.bin.has(taskKey(id))),
  );
  readonly runs: readonly RunSummary[] = $derived(this.#runs.filter(({ id }) => !this.bin.has(runKey(id))));
  /** False until everything above was asked for once. */
  ready = $state(false);
  live: LiveRun | null = $state.raw(null);
  replay: Replay | null = $state.raw(null);
  /** Experiments; null until the place that shows them was visited. */
  compare: Compare | null = $state.raw(null);
  /** The lesson whose run is shown; null for any other run. */
  lesson: Lesson | null = $state.raw(null);
  /** A lesson that the page opened by itself: it plays, but takes no focus. */
  unasked = $state(false);
  /** Doing something that is worth waiting for: `Opening the run`. */
  busy: string | null = $state(null);
  problems: readonly Problem[] = $state.raw([]);

  constructor(whetstone: Whetstone) {
    this.whetstone = whetstone;
    this.methods = whetstone.methods();
    this.#tasks = whetstone.bundled;
    this.setup = new SetupState(whetstone, this.bin);
    this.mapVectors = new MapVectors(whetstone.vectors);
    this.speeds = new Speeds(whetstone);
    this.shelf = new Shelf(
      whetstone,
      (id) => this.models.find((model) => model.id === id)?.name ?? id,
      () => void this.#try('Listing models', async () => void (this.models = await whetstone.models())),
    );
  }

  /** The run in the middle of the page: a recorded one that was opened, else the live one. */
  get shown(): LiveRun | Replay | null {
    return this.replay ?? this.live;
  }

  /** A run or an experiment is going; no other may begin. */
  get occupied(): boolean {
    return this.live?.going === true || this.compare?.going === true;
  }

  /** Runs that can be taken up again. */
  get open(): readonly RunSummary[] {
    const liveId = this.live?.going ? this.live.run.id : null;
    return this.runs.filter((run) => canResume(run) && run.id !== liveId);
  }

  async begin(): Promise<void> {
    const { whetstone } = this;
    whetstone.onStorageProblem((problem) => this.report(problem));
    // Examples and code of what is chosen at first come while this machine is looked at.
    void this.setup.refresh();
    await Promise.all([
      this.#try('Looking at this machine', async () => {
        this.machine = await whetstone.machine();
        const { storage } = this.machine;
        if (!storage.works) this.report({ message: storage.why, advice: storage.advice });
      }),
      this.#try('Listing models', async () => void (this.models = await whetstone.models())),
      this.#listTasks(),
      this.refreshRuns(),
    ]);
    this.ready = true;
    // Whoever was quicker than the probe of this machine keeps what they chose.
    await this.setup.choose({ target: this.setup.choices.target || this.#firstTarget() });
    void this.#try('Looking for downloaded models', () => this.shelf.begin());
  }

  /** Fetches the options and templates of all methods, once. */
  describe(): Promise<void> {
    return (this.#described ??= this.whetstone.described().then(
      (whole) => void (this.methods = whole),
      (thrown: unknown) => {
        this.#described = null;
        throw thrown;
      },
    ));
  }
  #described: Promise<void> | null = null;

  /** What a run searched with, in a word or two. */
  methodName({ optimizer, testOnly }: Pick<RunSummary, 'optimizer' | 'testOnly'>): string {
    if (testOnly) return 'test alone';
    return this.methods.find(({ id }) => id === optimizer)?.name ?? optimizer;
  }

  async refreshRuns(): Promise<void> {
    await this.#try('Listing earlier runs', async () => {
      this.#runs = (await this.whetstone.runs()).toSorted((a, b) => b.started - a.started);
    });
  }

  /** Starts what the form says; does nothing while a run is going. */
  async start(): Promise<void> {
    const { config } = this.setup;
    if (!config || this.occupied || this.busy) return;
    await this.#watch('Starting', 'The run did not start', () => this.whetstone.start(config));
  }

  async resume(id: string): Promise<void> {
    if (this.occupied || this.busy) return;
    await this.#watch('Taking up the run', 'The run did not go on', () => this.whetstone.resume(id));
  }

  /** Opens a recorded run; no model is needed. */
  async show(summary: RunSummary): Promise<void> {
    await this.#open(() => this.whetstone.recording(summary.id), null);
  }

  /** Opens a run bundle and keeps its run; false when the file cannot be used, which is reported. */
  async openFile(file: Blob): Promise<boolean> {
    const opened = await this.#open(() => this.whetstone.openBundle(file), null);
    await this.refreshRuns();
    return opened;
  }

  /** Opens a recorded run that comes with the page, and plays it from its beginning. */
  async openLesson(lesson: Lesson, unasked = false): Promise<boolean> {
    const opened = await this.#open(() => this.whetstone.openLesson(lesson.id), lesson, unasked);
    if (opened && !matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.replay?.show(0);
      this.replay?.play();
    }
    return opened;
  }

  /** On the first visit a lesson plays, unless something else is shown or the page cannot have it. */
  async beginLesson(): Promise<void> {
    const [lesson] = await this.whetstone.lessons().catch(() => []);
    if (lesson === undefined || this.shown !== null || this.busy) return;
    await this.openLesson(lesson, true);
  }

  /** Begins a run that leaves the run `id` at a step; does nothing while a run is going. */
  async branch(id: string, change: BranchChange): Promise<void> {
    if (this.occupied || this.busy) return;
    await this.#watch('Branching', 'The branch did not start', () => this.whetstone.branch(id, change));
  }

  async #open(read: () => Promise<Recording>, lesson: Lesson | null, unasked = false): Promise<boolean> {
    // What nobody asked for holds up nothing, and gives way to whatever is asked for meanwhile.
    if (!unasked) this.busy = 'Opening the run';
    let opened = false;
    await this.#try('The run did not open', async () => {
      const [{ Replay: Opened }, { summary, config, task, events, whole }] = await Promise.all([
        import('./replay.svelte.ts'),
        read(),
      ]);
      const replay = new Opened(summary, task, events, whole ?? null);
      replay.config = config;
      await replay.begin();
      if (unasked && (this.busy !== null || this.shown !== null)) {
        replay.close();
        return;
      }
      this.leaveReplay();
      this.unasked = unasked;
      this.replay = replay;
      this.lesson = lesson;
      opened = true;
      void whole?.then((toTheEnd) => {
        if (!toTheEnd && summary.status === 'finished') this.report(BROKEN_OFF);
      });
    });
    if (!unasked) this.busy = null;
    return opened;
  }

  /** Back from a recorded run to the live one, or to the start. */
  leaveReplay(): void {
    this.replay?.close();
    this.replay = null;
    this.lesson = null;
    this.unasked = false;
  }

  /** Hides a run and deletes it a while later, unless it is taken back. */
  remove(run: RunSummary): void {
    const words = `The run of ${moment(run.started)} on ${run.taskName} is deleted.`;
    this.bin.throw({ key: runKey(run.id), words }, { erase: () => this.#erase(run.id) });
  }

  /** The same for an imported task. */
  async removeTask({ id, name }: TaskSummary): Promise<void> {
    this.bin.throw(
      { key: taskKey(id), words: `The task ${name} is deleted.` },
      {
        erase: async () => {
          await this.#try('The task was not deleted', () => this.whetstone.deleteTask(id));
          await this.#listTasks();
        },
      },
    );
    if (this.setup.choices.task === id) await this.setup.choose({ task: this.tasks[0]?.id ?? '' });
  }

  /** The same for the kept replies; a run that begins meanwhile is not answered from them. */
  clearReplies(): void {
    this.bin.throw(
      { key: REPLIES, words: 'The kept replies are cleared.' },
      {
        erase: async () => {
          await this.#try('The replies were not cleared', () => this.whetstone.clearReplies());
          await this.keepStorage();
        },
      },
    );
  }
  async keptReplies(): Promise<{ count: number; bytes: number }> {
    // Nothing depends on it: a store that cannot say holds none that will be used.
    const kept = await this.whetstone.keptReplies().catch(() => null);
    return kept === null || this.bin.has(REPLIES) ? { count: 0, bytes: 0 } : kept;
  }
  /** Before anything that would use them. */
  repliesSettled(): Promise<void> {
    return this.bin.erase(REPLIES);
  }

  async #listTasks(): Promise<void> {
    await this.#try('Listing tasks', async () => void (this.#tasks = await this.whetstone.tasks()));
  }

  async #erase(id: string): Promise<void> {
    await this.#try('The run was not deleted', async () => {
      await this.whetstone.deleteRun(id);
      if (this.replay?.summary.id === id) this.leaveReplay();
      if (this.live?.run.id === id && !this.live.going) {
        this.live.close();
        this.live = null;
      }
    });
    await this.refreshRuns();
  }

  async exportRun(id: string, name: string): Promise<void> {
    await this.#try('The run was not exported', async () => {
      saveFile(await this.whetstone.exportRun(id), `${name}.bundle`);
    });
  }

  /** A task was imported under this id: it is listed and chosen. */
  async imported(id: string): Promise<void> {
    // It may have the place of one that was deleted a moment ago.
    this.bin.takeBack(taskKey(id));
    await this.#listTasks();
    await this.setup.choose({ task: id });
  }

  /** A backup was restored: what it brought is listed. */
  async restored(): Promise<void> {
    await Promise.all([this.refreshRuns(), this.#listTasks(), this.compare?.refresh()]);
    this.models = await this.whetstone.models();
    await this.keepStorage();
  }

  async exportTask(id: string, format: TaskFormat): Promise<void> {
    await this.#try('The task was not exported', async () => {
      for (const { name, content } of await this.whetstone.exportTask(id, format)) {
        saveFile(content, name);
        // Browsers drop all but the last of downloads that begin in the same moment.
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    });
  }

  /** Keeps an edited task; a bundled one becomes a copy under a name of its own. Gives its id, or null with a problem told. */
  async saveTask(task: Task): Promise<string | null> {
    let saved: string | null = null;
    await this.#try('The task was not saved', async () => {
      const taken = this.tasks.map(({ id }) => id);
      const bundled = this.tasks.some(({ id, bundled: own }) => own && id === task.id);
      const { taskId } = await import('../../app/import/settings.ts');
      const { taskText } = await import('../../app/task-file.ts');
      const name = `${task.name} (my copy)`;
      const mine = bundled ? { ...task, id: taskId(name, taken), name } : task;
      saved = (await this.whetstone.importTask(taskText(mine))).id;
    });
    if (saved !== null) await this.imported(saved);
    return saved;
  }

  /** Rejects with the reason when the model cannot be added. */
  async addModel(model: CustomModel): Promise<ModelChoice> {
    const added = await this.whetstone.addModel(model);
    this.models = await this.whetstone.models();
    if (added.usable) await this.setup.choose({ target: added.id });
    return added;
  }

  /** Rejects with the reason when a model that the user added cannot be forgotten. */
  async removeModel(id: string): Promise<void> {
    await this.whetstone.removeModel(id);
    this.models = await this.whetstone.models();
    const { target, optimizer } = this.setup.choices;
    if (optimizer === id) await this.setup.choose({ optimizer: SAME });
    if (target === id) await this.setup.choose({ target: this.#firstTarget() });
  }

  /** The recommended model, or one that the user added; nobody is made to download any other by a mere Start. */
  #firstTarget(): string {
    const usable = this.models.filter((model) => model.usable);
    return (usable.find((model) => model.added) ?? usable.find((model) => model.recommended))?.id ?? '';
  }

  report(problem: Problem): void {
    this.problems = [...this.problems, problem];
  }

  dismiss(problem: Problem): void {
    this.problems = this.problems.filter((one) => one !== problem);
    this.live?.dismiss(problem);
  }

  async #watch(busy: string, failed: string, begin: () => ReturnType<Whetstone['start']>): Promise<void> {
    this.busy = busy;
    await this.#try(failed, async () => {
      // First, so that no run begins that could not be shown.
      const { LiveRun: Live } = await import('./live.svelte.ts');
      await this.repliesSettled();
      const run = await begin();
      this.leaveReplay();
      this.#show(run, Live);
      void this.keepStorage();
    });
    this.busy = null;
    await this.refreshRuns();
  }

  #show(run: Run, Live: typeof LiveRun): void {
    this.live?.close();
    this.live = new Live(run, (ended) => this.#ended(ended));
    void run.watched?.taken.then((taken) => {
      if (taken === null || this.live?.run !== run) return;
      this.#show(taken.run, Live);
      if (taken.why === 'gone')
        this.report({
          message: 'The tab that worked on this run is gone.',
          advice: 'The run goes on in this tab from where it was.',
        });
    });
  }

  /** Asks the browser to keep what is stored, and shows its answer. */
  async keepStorage(): Promise<void> {
    const storage = await this.whetstone.keepStorage();
    if (this.machine !== null) this.machine = { ...this.machine, storage };
  }

  /** Looks on no longer at a run of another tab, which goes on there. */
  leaveWatched(): void {
    if (this.live?.run.watched === undefined) return;
    this.live.close();
    this.live = null;
  }

  /** A run of an experiment is the live one of the page; nobody is told when it ends. */
  adopt(live: LiveRun): void {
    this.live?.close();
    this.live = live;
  }

  #ended(live: LiveRun): void {
    this.measured(live);
    void this.#tellEnd(live);
  }

  async #tellEnd({ run, view, status }: LiveRun): Promise<void> {
    const best = view.bests.at(-1);
    let words = best ? `best so far ${percent(best.score)}.` : 'nothing scored yet.';
    if (view.result) {
      // Not worth a part of the first visit's download.
      const found = await import('../result-words.ts').catch(() => null);
      if (found !== null) words = found.verdictWords(view.result);
    }
    const title = status === 'finished' ? 'The run has finished' : 'The run has stopped';
    this.overnight.ended(title, `${run.task.name}: ${words}`);
  }

  /** Takes from a run that has ended how fast its models were. */
  measured({ run, view }: LiveRun): void {
    // What was taken from earlier runs says nothing about the speed.
    const targetCalls = view.usage.targetCalls - view.reused.target;
    const optimizerCalls = view.usage.optimizerCalls - view.reused.optimizer;
    const { task, models } = run.config;
    keepSpeed('target', models.target, task, view.ms.target / targetCalls);
    keepSpeed('optimizer', models.optimizer, task, view.ms.optimizer / optimizerCalls);
    if (models.tuner !== undefined) {
      const { ms, examples } = view.gradient;
      keepSpeed('gradient', models.tuner, task, ms.steps / examples.steps);
      keepSpeed('measurement', models.tuner, task, ms.measure / examples.measure);
    }
    void this.refreshRuns();
  }

  async #try(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.report(problemOf(thrown, doing));
    }
  }
}

/** Only of a run that has finished: any other ends where its log does. */
const BROKEN_OFF: Problem = {
  message: 'This recording breaks off before the end of its run: its log lacks what the method asks.',
  advice:
    'It was made by another version of this page, or a part of it is damaged. What is shown is right as far as it goes, and the result stays in the Library.',
};

const runKey = (id: string) => `run ${id}`;
const taskKey = (id: string) => `task ${id}`;
const REPLIES = 'kept replies';

/** Runs that ended before their final test and whose models can be asked again. */
export function canResume(run: RunSummary): boolean {
  return run.status === 'interrupted' || run.status === 'stopped' || run.status === 'failed';
}

/** Hands a file to the browser's downloads. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
