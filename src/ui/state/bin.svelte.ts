/** Milliseconds in which something can be taken back. */
const GRACE = 10_000;

export interface Thrown {
  /** What it was, unique: `run 12ab`. */
  key: string;
  /** For people, a sentence: `The run of 21 Nov 2026, 08:51 is deleted.` */
  words: string;
}

interface Acts {
  /** Makes it final; what is hidden until then shows again if it is still there. */
  erase?: () => Promise<void>;
  /** Does what the page must do beside showing it again. */
  back?: () => void;
}

/**
 * What the user has deleted or undone a moment ago. It is hidden at once and erased after a while; until then it can be
 * taken back, and closing the page takes it back too. Lists leave out what it `has`, so nothing is listed anew for it.
 */
export class Bin {
  /** What can be taken back still. */
  thrown: readonly Thrown[] = $state.raw([]);
  /** Too late to be taken back, and not gone yet. */
  #going: readonly string[] = $state.raw([]);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- the page shows `thrown` alone
  readonly #acts = new Map<string, Acts & { timer: ReturnType<typeof setTimeout> | undefined }>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- the page hears of `#going` alone
  readonly #erasing = new Map<string, Promise<void>>();
  readonly #grace: number;
  #held = false;

  constructor(grace = GRACE) {
    this.#grace = grace;
  }

  /** Whether it is to be hidden. */
  has(key: string): boolean {
    return this.#going.includes(key) || this.thrown.some((one) => one.key === key);
  }

  /** What has the same key already gives way to it, if it is nothing to be erased. */
  throw(thrown: Thrown, acts: Acts): void {
    const before = this.#acts.get(thrown.key);
    if (this.#going.includes(thrown.key) || before?.erase) return;
    clearTimeout(before?.timer);
    this.thrown = [...this.thrown.filter(({ key }) => key !== thrown.key), thrown];
    this.#acts.set(thrown.key, { ...acts, timer: undefined });
    if (!this.#held) this.#wait(thrown.key);
  }

  takeBack(key: string): void {
    const acts = this.#forget(key);
    acts?.back?.();
  }

  /** Nothing is erased while the user looks at what can be taken back; afterwards each has its whole time again. */
  hold(): void {
    this.#held = true;
    for (const { timer } of this.#acts.values()) clearTimeout(timer);
  }
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const key of this.#acts.keys()) this.#wait(key);
  }

  /** Erases without waiting any longer. What is being erased stays hidden, but cannot be taken back. */
  erase(key: string): Promise<void> {
    const erase = this.#forget(key)?.erase;
    if (!erase) return this.#erasing.get(key) ?? Promise.resolve();
    this.#going = [...this.#going, key];
    const erasing = erase().finally(() => {
      this.#going = this.#going.filter((one) => one !== key);
      this.#erasing.delete(key);
    });
    this.#erasing.set(key, erasing);
    return erasing;
  }

  #wait(key: string): void {
    const acts = this.#acts.get(key);
    if (acts) acts.timer = setTimeout(() => void this.erase(key), this.#grace);
  }

  #forget(key: string): Acts | undefined {
    const acts = this.#acts.get(key);
    clearTimeout(acts?.timer);
    this.#acts.delete(key);
    this.thrown = this.thrown.filter((one) => one.key !== key);
    // A notice that goes away under the pointer, or with the focus, tells nobody that it is left.
    this.release();
    return acts;
  }
}
