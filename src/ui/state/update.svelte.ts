import { registerSW } from 'virtual:pwa-register';

/** The page's copy in the browser, which opens without a network, and its newer versions. */
export class Update {
  /** A newer version has been fetched and waits for the user's word. */
  ready = $state(false);
  readonly #take: (reload: boolean) => Promise<void>;

  constructor() {
    this.#take = registerSW({
      onNeedRefresh: () => {
        this.ready = true;
      },
    });
  }

  /** Loads the page anew with the newer version. */
  take(): void {
    void this.#take(true);
  }
}
