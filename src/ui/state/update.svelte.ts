import { registerSW } from 'virtual:pwa-register';

/** The page's copy in the browser, which opens without a network, and its newer versions. */
export class Update {
  /** A newer version has been fetched and waits for the user's word. */
  ready = $state(false);
  /** Another tab has taken it: this one goes on with what it has, and may miss parts that it has not opened yet. */
  elsewhere = $state(false);
  #asked = false;
  readonly #take: (reload: boolean) => Promise<void>;
  readonly #reload: () => void;

  constructor(reload = () => location.reload()) {
    this.#reload = reload;
    this.#take = registerSW({
      onNeedRefresh: () => {
        this.ready = true;
      },
      // Not every tab that heard of it, only the one that was told to: the others may be at work.
      onNeedReload: () => undefined,
    });
    if (!('serviceWorker' in navigator)) return;
    const { serviceWorker } = navigator;
    let before = serviceWorker.controller;
    serviceWorker.addEventListener('controllerchange', () => {
      if (this.#asked) this.#reload();
      else if (before !== null) {
        this.ready = false;
        this.elsewhere = true;
      }
      before = serviceWorker.controller;
    });
  }

  /** Loads the page anew with the newer version. */
  take(): void {
    if (this.elsewhere) return this.#reload();
    this.#asked = true;
    void this.#take(true);
  }

  later(): void {
    this.ready = false;
    this.elsewhere = false;
  }
}
