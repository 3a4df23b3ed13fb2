import type { RunSummary } from '../../app/types.ts';
import type { RunEvent } from '../../core/events.ts';
import type { RunConfig } from '../../core/run.ts';
import type { Task } from '../../core/task.ts';
import { emptyView, type RunView } from '../run-view.ts';
import { timeline, type Timeline } from '../timeline.ts';
import type { Selection } from './live.svelte.ts';

/** How long a whole run plays at speed 1. */
const WHOLE_RUN_MS = 90_000;

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
  readonly prompts: readonly string[];
  readonly #events: readonly RunEvent[];
  readonly #timeline: Timeline;
  #frame = 0;

  constructor(summary: RunSummary, task: Task | null, events: readonly RunEvent[]) {
    this.summary = summary;
    this.task = task;
    this.#events = events;
    this.#timeline = timeline(events);
    this.prompts = events.flatMap((event) => (event.type === 'proposed' ? [event.candidate.prompt] : []));
    this.show(events.length);
  }

  get events(): readonly RunEvent[] {
    return this.#events;
  }

  /** Steps that the whole run has begun. */
  get steps(): number {
    return this.#events.findLast((event) => event.type === 'step')?.step ?? 0;
  }

  get length(): number {
    return this.#events.length;
  }

  /** Shows the run after its first `count` events. */
  show(count: number): void {
    const view = this.#timeline.at(count);
    this.at = view.events;
    this.view = { ...view };
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

  /** Plays on from here, or from the start when at the end; at speed 1 the whole run takes about a minute and a half. */
  play(): void {
    if (this.at >= this.length) this.show(0);
    this.playing = true;
    let before = performance.now();
    let owed = 0;
    const tick = (now: number) => {
      owed += ((now - before) * this.length * this.speed) / WHOLE_RUN_MS;
      before = now;
      const whole = Math.floor(owed);
      owed -= whole;
      if (whole > 0) this.show(this.at + whole);
      if (this.at >= this.length) this.playing = false;
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
  }
}
