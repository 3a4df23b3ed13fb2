import { keepNotice, recallNotice } from './memory.ts';

/** What a long run asks of the browser while nobody looks: a screen that stays awake, and a word when it ends. */

/** Whether the user is told of the end: `unasked` until the switch is used, `denied` when the browser refuses. */
export type Notice = 'missing' | 'unasked' | 'denied' | 'off' | 'on';

export class Overnight {
  /** True while the screen is kept awake; false also where the browser cannot or does not want to (battery low). */
  awake = $state(false);
  /** Looked up when a run begins: asking the browser takes milliseconds that a first visit has not. */
  notice: Notice = $state('unasked');
  /** What ended while nobody looked, until the page is seen again: the tab's title says it. */
  unseen: string | null = $state(null);
  #lock: WakeLockSentinel | null = null;
  #going = false;
  #looked = false;
  #asking = false;

  /** Keeps the screen awake while `going`; a browser lets go whenever the tab is hidden, so it is asked again. */
  follow(going: boolean): void {
    this.#going = going;
    if (!going) return void this.#release();
    if (!this.#looked) this.notice = noticeNow();
    this.#looked = true;
    void this.#hold();
  }

  /** The tab is seen again, or its window is used again. */
  seen(): void {
    if (document.visibilityState !== 'visible') return;
    this.unseen = null;
    if (this.#going) void this.#hold();
  }

  /** Switches the word at the end on or off; the first time, the browser asks the user. */
  async tell(on: boolean): Promise<void> {
    if (this.notice === 'missing') return;
    if (!on) this.notice = 'off';
    else {
      const answer = await Notification.requestPermission();
      this.notice = answer === 'granted' ? 'on' : answer === 'denied' ? 'denied' : 'unasked';
    }
    keepNotice(this.notice === 'on');
  }

  /** Says that a run has ended, unless the user is looking at the page: a window in sight is not always looked at. */
  ended(title: string, text: string): void {
    if (document.visibilityState === 'visible' && document.hasFocus()) return;
    this.unseen = title;
    if (this.notice === 'on') void this.#notify(title, { body: text, tag: 'whetstone-run' });
  }

  async #notify(title: string, options: NotificationOptions): Promise<void> {
    try {
      const notification = new Notification(title, options);
      notification.onclick = () => {
        window.focus();
        notification.close();
      };
    } catch {
      // Mobile browsers let the service worker alone show one.
      const worker = await navigator.serviceWorker.getRegistration().catch(() => undefined);
      if (worker) await worker.showNotification(title, options);
      else this.notice = 'missing';
    }
  }

  async #hold(): Promise<void> {
    // Two that are asked for at once are two locks, and one of them would never be let go.
    if (this.#lock !== null || this.#asking || !('wakeLock' in navigator)) return;
    this.#asking = true;
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
    } finally {
      this.#asking = false;
    }
  }

  async #release(): Promise<void> {
    await this.#lock?.release();
  }
}

function noticeNow(): Notice {
  if (!('Notification' in globalThis)) return 'missing';
  if (Notification.permission === 'granted' && recallNotice()) return 'on';
  return Notification.permission === 'denied' ? 'denied' : 'unasked';
}
