import type { ModelSpeed } from '../../app/model-speed.ts';
import type { Whetstone } from '../../app/types.ts';
import type { LoadProgress } from '../../core/model.ts';
import { keepTested, recallTested, type Tested } from './memory.ts';
import { problemOf, type Problem } from './problem.ts';

/** Speed tests of models: the one that goes on, and what was found on this machine. */
export class Speeds {
  /** The model being tested, one at a time; `loading` until it can be asked. */
  now: { model: string; loading: LoadProgress | null } | null = $state.raw(null);
  /** Why the last test came to nothing; null otherwise. */
  problem: (Problem & { model: string }) | null = $state.raw(null);
  /** Tests of this visit; earlier ones are remembered by the browser. */
  #found: Readonly<Record<string, Tested>> = $state.raw({});
  #stop: AbortController | null = null;
  readonly #whetstone: Whetstone;

  constructor(whetstone: Whetstone) {
    this.#whetstone = whetstone;
  }

  /** Null where the model was never tested here. */
  of(model: string): Tested | null {
    return this.#found[model] ?? recallTested(model);
  }

  /** Does nothing while another test goes on. Never rejects. */
  async test(model: string): Promise<void> {
    if (this.now !== null) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.now = { model, loading: null };
    this.problem = null;
    try {
      const speed: ModelSpeed = await this.#whetstone.testSpeed(
        model,
        (loading) => (this.now = { model, loading }),
        stop.signal,
      );
      const tested = { ...speed, when: Date.now() };
      keepTested(model, tested);
      this.#found = { ...this.#found, [model]: tested };
    } catch (thrown) {
      if (!stop.signal.aborted) this.problem = { model, ...problemOf(thrown, 'The speed was not measured') };
    } finally {
      this.now = null;
      this.#stop = null;
    }
  }

  stop(): void {
    this.#stop?.abort();
  }
}
