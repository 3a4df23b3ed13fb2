import { breather } from '../../app/breath.ts';
import type { RunSummary } from '../../app/types.ts';
import type { RunEvent } from '../../core/events.ts';
import type { RunConfig } from '../../core/run.ts';
import type { Task } from '../../core/task.ts';
import { emptyView, type RunView } from '../run-view.ts';
import { timeline, type Timeline } from '../timeline.ts';
import type { Selection } from './live.svelte.ts';

/** How long a whole run plays at speed 1. */
const WHOLE_RUN_MS = 90_000;

/** Events folded between two breaths: some milliseconds. */
const AT_ONCE = 1_000;

/** The first time between two looks at what has been read; each is twice as long as the one before. */
const LOOK_MS = 250;

/** A recorded run, shown up to any of its events. */
export class Replay {
  readonly kind = 'replay';
  readonly summary: RunSummary;
  /** Null when the task was deleted since. */
  readonly task: Task | null;
  /** Null where it is not known. */
  config: RunConfig | null = null;
  view: RunView = $state.raw(emptyView());
  selection: Selection | null = $state.raw(null);
  /** Events shown, of `length`. */
  at = $state(0);
  playing = $state(false);
  /** Of playing; 1 is the usual. */
  speed = $state(1);

  /** Of every candidate of the whole recording, for views whose axes must not move while it plays. */
  prompts: readonly string[] = $state.raw([]);
  /** Events that are there. */
  length = $state(0);
  /** More of them is being read. */
  reading = $state(false);
  readonly #events: readonly RunEvent[];
  readonly #timeline: Timeline;
  /** The end is shown, and is to be as more comes. */
  #following = true;
  #frame = 0;
  #stopReading = () => undefined as void;

  /**
   * Nothing is shown before `begin`. With `whole`, `events` grows until that resolves; the end is shown as it comes, until
   * another moment is chosen.
   */
  constructor(
    summary: RunSummary,
    task: Task | null,
    events: readonly RunEvent[],
    whole: Promise<unknown> | null = null,
  ) {
    this.summary = summary;
    this.task = task;
    this.#events = events;
    this.#timeline = timeline(events);
    this.#take();
    if (whole !== null) this.#follow(whole);
  }

  /** Shows the end of what is there, on the way to which the page is not held up. */
  async begin(): Promise<void> {
    const { breathe } = breather();
    for (let count = AT_ONCE; count < this.length; count += AT_ONCE) {
      this.#timeline.at(count);
      await breathe();
    }
    this.show(this.length);
  }

  #take(): void {
    this.length = this.#events.length;
    if (this.reading) return;
    this.prompts = this.#events.flatMap((event) =>
      event.type === 'proposed' ? [event.candidate.prompt] : [],
    );
  }

  /** Takes what has come more and more seldom: drawing everything costs time that the reading needs. */
  #follow(whole: Promise<unknown>): void {
    this.reading = true;
    let pause = LOOK_MS;
    let timer: ReturnType<typeof setTimeout>;
    const more = () => {
      this.#take();
      if (this.#following) this.show(this.length);
    };
    const look = () => {
      more();
      pause *= 2;
      timer = setTimeout(look, pause);
    };
    timer = setTimeout(look, pause);
    this.#stopReading = () => clearTimeout(timer);
    void whole.then(() => {
      clearTimeout(timer);
      this.reading = false;
      more();
    });
  }

  get events(): readonly RunEvent[] {
    return this.#events;
  }

  /** Steps that the whole run has begun. */
  get steps(): number {
    return this.#events.findLast((event) => event.type === 'step')?.step ?? 0;
  }

  /** Shows the run after its first `count` events. */
  show(count: number): void {
    const view = this.#timeline.at(count);
    this.at = view.events;
    this.view = { ...view };
    this.#following = !this.playing && this.at >= this.length;
  }

  /** Goes to the next (1) or previous (-1) end of a stage. */
  jump(direction: 1 | -1): void {
    this.pause();
    this.show(this.#timeline.stageEnd(this.at, direction));
  }

  /** Goes to where the next or previous step of the search begins. */
  jumpStep(direction: 1 | -1): void {
    this.pause();
    this.show(this.#timeline.stepStart(this.at, direction));
  }

  /**
   * Plays on from here, or from the start when at the end; at speed 1 the whole run takes about a minute and a half. Where
   * more is being read it waits at the end of what is there.
   */
  play(): void {
    if (this.at >= this.length) this.show(0);
    this.playing = true;
    this.#following = false;
    let before = performance.now();
    let owed = 0;
    const tick = (now: number) => {
      owed += ((now - before) * this.length * this.speed) / WHOLE_RUN_MS;
      before = now;
      const whole = Math.floor(owed);
      owed -= whole;
      if (whole > 0 && this.at < this.length) this.show(this.at + whole);
      if (this.at >= this.length && !this.reading) this.playing = false;
      else this.#frame = requestAnimationFrame(tick);
    };
    this.#frame = requestAnimationFrame(tick);
  }

  pause(): void {
    this.playing = false;
    cancelAnimationFrame(this.#frame);
  }

  close(): void {
    this.pause();
    this.#stopReading();
  }
}
