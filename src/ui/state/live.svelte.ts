import { flushSync } from 'svelte';
import type { Run, RunSignal, RunStatus } from '../../app/types.ts';
import type { LoadProgress } from '../../core/model.ts';
import type { RunConfig } from '../../core/run.ts';
import { emptyView, reduce, type RunView } from '../run-view.ts';
import type { Problem } from './problem.ts';

/** What the inspector shows. */
export type Selection =
  | { kind: 'candidate'; id: string }
  | { kind: 'ask'; ask: number }
  /** A part of the loop by its place in it; `step` null follows the run. */
  | { kind: 'part'; part: number; step: number | null };

export interface Loading {
  role: 'target' | 'optimizer' | 'embedder' | 'tuner';
  model: string;
  progress: LoadProgress;
}

/** After a drawing, so many times as long as it took is left to the run. */
const SHARE = 3;

/**
 * A run as it happens. Events are folded at once; the page is told once a frame at most, however many came. In a hidden tab
 * there are no frames: the page catches up when it is shown again.
 */
export class LiveRun {
  readonly kind = 'live';
  readonly run: Run;
  view: RunView = $state.raw(emptyView());
  status: RunStatus = $state('loading');
  left: { ms: number | null; atLeast: boolean } | null = $state.raw(null);
  loading: readonly Loading[] = $state.raw([]);
  /** How far the check before the run is, in calls; null without one. */
  checking: { done: number; of: number } | null = $state.raw(null);
  /** It holds after each stage; `held`: it stands at the end of one now. */
  stepping = $state(false);
  held = $state(false);
  problems: readonly Problem[] = $state.raw([]);
  selection: Selection | null = $state.raw(null);
  /** For the tab's title, which is looked at while the page is not drawn; null before anything was scored. */
  standing: { best: number; step: number; of: number | null } | null = $state.raw(null);

  #settled: RunConfig | null = $state.raw(null);
  readonly #folded = emptyView();
  readonly #leave: () => void;
  readonly #ended: (run: LiveRun) => void;
  #frame = 0;
  #wait = 0;
  #nextAt = 0;

  constructor(run: Run, ended: (run: LiveRun) => void) {
    this.run = run;
    this.#ended = ended;
    this.#leave = run.subscribe((signal) => this.#take(signal));
  }

  get task() {
    return this.run.task;
  }

  /** As far as it is settled. */
  get config(): RunConfig {
    return this.#settled ?? this.run.config;
  }

  /** True while models may still be asked. */
  get going(): boolean {
    return this.status === 'loading' || this.status === 'running' || this.status === 'paused';
  }

  dismiss(problem: Problem): void {
    this.problems = this.problems.filter((one) => one !== problem);
  }

  close(): void {
    this.run.watched?.leave();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#wait);
    this.#leave();
  }

  #take(signal: RunSignal): void {
    switch (signal.type) {
      case 'event':
        reduce(this.#folded, signal.event);
        if (signal.event.type === 'step' || signal.event.type === 'best') this.#stand();
        this.#draw();
        break;
      case 'loading':
        this.loading = [
          ...this.loading.filter((one) => one.role !== signal.role || one.model !== signal.model),
          { role: signal.role, model: signal.model, progress: signal.progress },
        ];
        break;
      case 'status': {
        const was = this.going;
        this.status = signal.status;
        if (signal.status !== 'loading') this.loading = [];
        if (was && !this.going) {
          this.view = { ...this.#folded };
          this.#ended(this);
        }
        break;
      }
      case 'checking':
        this.checking = { done: signal.done, of: signal.of };
        break;
      case 'stepping':
        this.stepping = signal.stepping;
        this.held = signal.held;
        break;
      case 'settled':
        this.#settled = signal.config;
        this.checking = null;
        break;
      case 'left':
        this.left = { ms: signal.ms, atLeast: signal.atLeast };
        break;
      case 'problem':
        this.problems = [...this.problems, { message: signal.message, advice: signal.advice }];
        break;
    }
  }

  #stand(): void {
    const { bests, step, of } = this.#folded;
    const best = bests.at(-1);
    if (best) this.standing = { best: best.score, step, of };
  }

  /** A view that is costly to draw is drawn less often, so that most of the time is left to the run. */
  #draw(): void {
    if (this.#frame !== 0 || this.#wait !== 0) return;
    const rest = this.#nextAt - performance.now();
    if (rest > 0) {
      this.#wait = window.setTimeout(() => {
        this.#wait = 0;
        this.#draw();
      }, rest);
      return;
    }
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const began = performance.now();
      this.view = { ...this.#folded };
      flushSync();
      const ended = performance.now();
      this.#nextAt = ended + SHARE * (ended - began);
    });
  }
}
