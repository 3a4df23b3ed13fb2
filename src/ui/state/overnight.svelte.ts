/** What a long run asks of the browser while nobody looks: a screen that stays awake, and a word when it ends. */

/** Whether the user is told of the end: `unasked` until the switch is used, `denied` when the browser refuses. */
export type Notice = 'missing' | 'unasked' | 'denied' | 'off' | 'on';

export class Overnight {
  /** True while the screen is kept awake; false also where the browser cannot or does not want to (battery low). */
  awake = $state(false);
  /** Looked up when a run begins: asking the browser takes milliseconds that a first visit has not. */
  notice: Notice = $state('unasked');
  #lock: WakeLockSentinel | null = null;
  #going = false;
  #looked = false;

  /** Keeps the screen awake while `going`; a browser lets go whenever the tab is hidden, so it is asked again. */
  follow(going: boolean): void {
    this.#going = going;
    if (!going) return void this.#release();
    if (!this.#looked) this.notice = noticeNow();
    this.#looked = true;
    void this.#hold();
  }

  /** The tab is seen again. */
  seen(): void {
    if (this.#going && document.visibilityState === 'visible') void this.#hold();
  }

  /** Switches the word at the end on or off; the first time, the browser asks the user. */
  async tell(on: boolean): Promise<void> {
    if (this.notice === 'missing') return;
    if (!on) this.notice = 'off';
    else {
      const answer = await Notification.requestPermission();
      this.notice = answer === 'granted' ? 'on' : answer === 'denied' ? 'denied' : 'unasked';
    }
  }

  /** Says that a run has ended, unless the user is looking at the page. */
  ended(title: string, text: string): void {
    if (this.notice !== 'on' || document.visibilityState === 'visible') return;
    try {
      const notification = new Notification(title, { body: text, tag: 'whetstone-run' });
      notification.onclick = () => {
        window.focus();
        notification.close();
      };
    } catch {
      // Some mobile browsers offer the permission but no notification from a page.
      this.notice = 'missing';
    }
  }

  async #hold(): Promise<void> {
    if (this.#lock !== null || !('wakeLock' in navigator)) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      // The run may have ended while the browser thought about it.
      if (!this.#going) return void (await lock.release());
      this.#lock = lock;
      this.awake = true;
      lock.addEventListener('release', () => {
        this.#lock = null;
        this.awake = false;
      });
    } catch {
      // Hidden tab, battery saver or a policy: the run goes on all the same.
    }
  }

  async #release(): Promise<void> {
    await this.#lock?.release();
  }
}

function noticeNow(): Notice {
  if (!('Notification' in globalThis)) return 'missing';
  return Notification.permission === 'denied' ? 'denied' : 'unasked';
}
