import type { ModelFiles, Whetstone } from '../../app/types.ts';
import { noFiles } from '../model-words.ts';

/** The files of all models, as they come and go. */
export class Shelf {
  files: ReadonlyMap<string, ModelFiles> = $state.raw(noFiles);
  /** The last thing that happened to a download, for those who do not see it. */
  said = $state('');
  readonly #whetstone: Whetstone;
  readonly #names: (id: string) => string;
  readonly #changed: () => void;

  /** `changed` hears that a model has become whole, or is no longer. */
  constructor(whetstone: Whetstone, names: (id: string) => string, changed: () => void) {
    this.#whetstone = whetstone;
    this.#names = names;
    this.#changed = changed;
  }

  /** Begins to watch, for as long as the page lives. */
  async begin(): Promise<void> {
    const { downloads } = this.#whetstone;
    downloads.watch((files) => {
      const before = this.files;
      this.files = files;
      for (const [id, now] of files) this.#hear(id, before.get(id), now);
    });
    await downloads.refresh();
  }

  of(id: string): ModelFiles {
    return this.files.get(id) ?? { state: 'absent' };
  }

  /** Models whose files are here whole, and their size together. */
  get kept(): { count: number; bytes: number } {
    const sizes = [...this.files.values()].flatMap((one) => (one.state === 'kept' ? [one.bytes] : []));
    return { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  start(id: string): void {
    void this.#whetstone.downloads.start(id);
  }
  pause(id: string): void {
    void this.#whetstone.downloads.pause(id);
  }
  /** Rejects when the browser refuses. */
  remove(id: string): Promise<void> {
    return this.#whetstone.downloads.remove(id);
  }
  refresh(): Promise<void> {
    return this.#whetstone.downloads.refresh();
  }

  #hear(id: string, before: ModelFiles | undefined, now: ModelFiles): void {
    if (before === undefined || before.state === now.state) return;
    if (now.state === 'kept' || before.state === 'kept') this.#changed();
    const name = this.#names(id);
    const said: Record<ModelFiles['state'], string> = {
      absent: `${name} was deleted from this machine.`,
      downloading: `Downloading ${name}.`,
      paused: `The download of ${name} is paused.`,
      failed: `The download of ${name} has stopped. ${now.state === 'failed' ? `${now.message} ${now.advice}` : ''}`,
      kept: `${name} is on this machine and works without a network.`,
    };
    this.said = said[now.state];
  }
}
