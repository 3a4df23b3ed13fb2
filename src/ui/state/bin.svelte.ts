/** Milliseconds in which a deletion can be taken back. */
const GRACE = 10_000;

export interface Thrown {
  /** What it was, unique: `run 12ab`. */
  key: string;
  /** For people: `The run of 21 Nov 2026, 08:51`. */
  label: string;
}

/**
 * What the user has deleted a moment ago. It is hidden at once and erased after a while; until then it can be taken back,
 * and closing the page takes it back too.
 */
export class Bin {
  thrown: readonly Thrown[] = $state.raw([]);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- the page shows `thrown` alone
  readonly #erasing = new Map<string, { timer: ReturnType<typeof setTimeout>; erase: () => Promise<void> }>();

  has(key: string): boolean {
    return this.thrown.some((one) => one.key === key);
  }

  /** `erase` is called once, unless it is taken back before. */
  throw(thrown: Thrown, erase: () => Promise<void>, grace = GRACE): void {
    if (this.has(thrown.key)) return;
    this.thrown = [...this.thrown, thrown];
    this.#erasing.set(thrown.key, { timer: setTimeout(() => void this.erase(thrown.key), grace), erase });
  }

  takeBack(key: string): void {
    clearTimeout(this.#erasing.get(key)?.timer);
    this.#forget(key);
  }

  /** Erases without waiting any longer. What is being erased stays hidden until it is gone. */
  async erase(key: string): Promise<void> {
    const erasing = this.#erasing.get(key);
    if (!erasing) return;
    clearTimeout(erasing.timer);
    this.#erasing.delete(key);
    await erasing.erase();
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#erasing.delete(key);
    this.thrown = this.thrown.filter((one) => one.key !== key);
  }
}
