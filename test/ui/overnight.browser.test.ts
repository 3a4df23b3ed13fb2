import { expect, test, vi } from 'vitest';
import { Overnight } from '../../src/ui/state/overnight.svelte.ts';

test('the screen is asked to stay awake while a run goes on, and again when the tab is seen again', async () => {
  const given: EventTarget[] = [];
  const release = vi.fn();
  const request = vi.spyOn(navigator.wakeLock, 'request').mockImplementation(() => {
    const lock = new EventTarget();
    given.push(lock);
    return Promise.resolve(
      Object.assign(lock, {
        released: false,
        type: 'screen' as const,
        onrelease: null,
        release: () => {
          release();
          lock.dispatchEvent(new Event('release'));
          return Promise.resolve();
        },
      }),
    );
  });
  const overnight = new Overnight();
  overnight.follow(true);
  await expect.poll(() => overnight.awake).toBe(true);
  overnight.seen();
  expect(request).toHaveBeenCalledTimes(1);

  // Hidden: the browser lets go by itself.
  given[0]?.dispatchEvent(new Event('release'));
  expect(overnight.awake).toBe(false);
  overnight.seen();
  await expect.poll(() => overnight.awake).toBe(true);

  overnight.follow(false);
  await expect.poll(() => overnight.awake).toBe(false);
  expect(release).toHaveBeenCalledTimes(1);
  overnight.seen();
  expect(request).toHaveBeenCalledTimes(2);
  request.mockRestore();
});

test('a browser that keeps no screen awake is no error', async () => {
  const request = vi.spyOn(navigator.wakeLock, 'request').mockRejectedValue(new DOMException('low battery'));
  const overnight = new Overnight();
  overnight.follow(true);
  await expect.poll(() => request.mock.calls.length).toBe(1);
  expect(overnight.awake).toBe(false);
  request.mockRestore();
});

test('the end is told only to those who asked and do not look', async () => {
  const shown: string[] = [];
  class Told {
    static permission: NotificationPermission = 'default';
    static requestPermission = () => Promise.resolve<NotificationPermission>('granted');
    onclick = null;
    constructor(title: string, options: NotificationOptions) {
      shown.push(`${title}: ${options.body ?? ''}`);
    }
  }
  vi.stubGlobal('Notification', Told);
  const hidden = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  const overnight = new Overnight();
  overnight.ended('The run has finished', 'not asked for');
  await overnight.tell(true);
  expect(overnight.notice).toBe('on');
  overnight.ended('The run has finished', 'asked for');
  hidden.mockReturnValue('visible');
  overnight.ended('The run has finished', 'while looking');
  hidden.mockReturnValue('hidden');
  await overnight.tell(false);
  overnight.ended('The run has finished', 'switched off');
  expect(shown).toEqual(['The run has finished: asked for']);
  hidden.mockRestore();
  vi.unstubAllGlobals();
});
