import type { PromptVectors } from '../../app/types.ts';
import type { LoadProgress } from '../../core/model.ts';
import { withVectors, type Vectors } from '../vectors.ts';
import { problemOf, type Problem } from './problem.ts';

/** Prompts embedded between two looks of the page. */
const BATCH = 16;

/** The map is drawn anew no more often than this, in milliseconds: every new point moves all others. */
const DRAWN_EVERY = 1000;

/** Prompts that were not known are looked for again no more often than this, in milliseconds. */
const LOOKED_EVERY = 5000;

/**
 * Vectors of the prompts that the map shows. Those that are known come by themselves; a model is loaded only when the
 * user asked for it (`ask`), and from then on new prompts are embedded as they come.
 */
export class MapVectors {
  known: Vectors = $state.raw(withVectors());
  /** False until storage was asked about all prompts. */
  looked = $state(false);
  asked = $state(false);
  /** What the model is loading or doing; null while idle. */
  progress: LoadProgress | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  readonly bytes: number;

  readonly #source: PromptVectors;
  #wanted: readonly string[] = [];
  #running = false;
  #lookedAt = -Infinity;
  #aborter = new AbortController();

  constructor(source: PromptVectors) {
    this.#source = source;
    this.bytes = source.downloadBytes;
  }

  /** The prompts to be shown from now on. A run may have embedded some since it was last asked about them. */
  want(prompts: readonly string[]): void {
    this.#wanted = prompts;
    void this.#work();
  }

  /** Loads the embedding model, the first time, and embeds what is missing. */
  ask(): void {
    this.asked = true;
    this.problem = null;
    this.#aborter = new AbortController();
    void this.#work();
  }

  /** What is done so far stays. */
  cancel(): void {
    this.asked = false;
    this.#aborter.abort();
  }

  async #work(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const aborter = this.#aborter;
    let { known } = this;
    let drawn = -Infinity;
    const draw = () => {
      this.known = known;
      drawn = performance.now();
    };
    try {
      for (;;) {
        const again = performance.now() - this.#lookedAt >= LOOKED_EVERY;
        const unseen = this.#wanted.filter((prompt) => !(again ? known.get(prompt) : known.has(prompt)));
        if (again) this.#lookedAt = performance.now();
        if (unseen.length > 0) {
          const found = await this.#source.known(unseen);
          if (unseen.some((prompt, i) => !known.has(prompt) || found[i])) {
            known = withVectors(known, unseen, found);
            draw();
          }
          continue;
        }
        this.looked = true;
        const missing = this.#wanted.filter((prompt) => !known.get(prompt));
        const next = missing.slice(0, BATCH).filter((prompt, i, all) => all.indexOf(prompt) === i);
        if (!this.asked || next.length === 0) break;
        const total = this.#wanted.length;
        const placed = { loaded: total - missing.length, total, doing: 'Placing the prompts' };
        this.progress = placed;
        // Loading counts bytes; placing counts prompts.
        const report = (progress: LoadProgress) => (this.progress = progress);
        known = withVectors(known, next, await this.#source.embed(next, report, aborter.signal));
        if (performance.now() - drawn >= DRAWN_EVERY) draw();
      }
    } catch (thrown) {
      if (!aborter.signal.aborted) {
        this.problem = problemOf(thrown, 'The map cannot be drawn');
        this.asked = false;
      }
    } finally {
      draw();
      this.progress = null;
      this.#running = false;
    }
    // Cancelled and asked again meanwhile.
    if (this.asked && aborter !== this.#aborter) void this.#work();
  }
}
