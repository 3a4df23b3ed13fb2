import type { RunSummary } from '../../app/types.ts';
import type { RunEvent } from '../../core/events.ts';
import type { RunConfig } from '../../core/run.ts';
import type { Task } from '../../core/task.ts';
import { emptyView, reduce, type RunView } from '../run-view.ts';
import type { Selection } from './live.svelte.ts';

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

  /** Of every candidate of the whole recording, for views whose axes must not move while it plays. */
  readonly prompts: readonly string[];
  readonly #events: readonly RunEvent[];
  #folded = emptyView();
  #frame = 0;

  constructor(summary: RunSummary, task: Task | null, events: readonly RunEvent[]) {
    this.summary = summary;
    this.task = task;
    this.#events = events;
    this.prompts = events.flatMap((event) => (event.type === 'proposed' ? [event.candidate.prompt] : []));
    this.show(events.length);
  }

  get events(): readonly RunEvent[] {
    return this.#events;
  }

  get length(): number {
    return this.#events.length;
  }

  /** Shows the run after its first `count` events. */
  show(count: number): void {
    const goal = Math.max(0, Math.min(count, this.#events.length));
    if (goal < this.#folded.events) this.#folded = emptyView();
    for (const event of this.#events.slice(this.#folded.events, goal)) reduce(this.#folded, event);
    this.at = goal;
    this.view = { ...this.#folded };
  }

  /** Goes to the next (1) or previous (-1) change of stage. */
  jump(direction: 1 | -1): void {
    this.pause();
    const mark = (index: number) => {
      const type = this.#events[index]?.type;
      return type === 'stage' || type === 'step' || type === 'searched' || type === 'tested';
    };
    let goal = this.at + direction;
    while (goal > 0 && goal < this.#events.length && !mark(goal - 1)) goal += direction;
    this.show(goal);
  }

  /** Plays on from here, or from the start when at the end; the whole run takes about a minute and a half. */
  play(): void {
    if (this.at >= this.#events.length) this.show(0);
    this.playing = true;
    const each = this.#events.length / 90_000;
    let before = performance.now();
    let owed = 0;
    const tick = (now: number) => {
      owed += (now - before) * each;
      before = now;
      const whole = Math.floor(owed);
      owed -= whole;
      if (whole > 0) this.show(this.at + whole);
      if (this.at >= this.#events.length) this.playing = false;
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
