import { expect, test, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import App from '../../src/ui/App.svelte';
import OvernightFields from '../../src/ui/panels/OvernightFields.svelte';
import { Overnight } from '../../src/ui/state/overnight.svelte.ts';
import { handRun, standIn } from './stand-in.ts';

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
  const focus = vi.spyOn(document, 'hasFocus').mockReturnValue(true);
  const overnight = new Overnight();
  overnight.ended('The run has finished', 'not asked for');
  await overnight.tell(true);
  expect(overnight.notice).toBe('on');
  overnight.ended('The run has finished', 'asked for');
  hidden.mockReturnValue('visible');
  overnight.ended('The run has finished', 'while looking');
  focus.mockReturnValue(false);
  overnight.ended('The run has finished', 'while another window is used');
  hidden.mockReturnValue('hidden');
  await overnight.tell(false);
  overnight.ended('The run has finished', 'switched off');
  expect(shown).toEqual([
    'The run has finished: asked for',
    'The run has finished: while another window is used',
  ]);
  hidden.mockRestore();
  focus.mockRestore();
  vi.unstubAllGlobals();
});

/** What the browser says to whoever asks for notifications. */
function answering(answer: NotificationPermission, permission: NotificationPermission = answer) {
  class Told {
    static permission = permission;
    static requestPermission = () => Promise.resolve(answer);
    onclick = null;
    constructor() {
      throw new TypeError('Illegal constructor');
    }
  }
  vi.stubGlobal('Notification', Told);
}

test('two looks at once ask for one lock', async () => {
  const request = vi
    .spyOn(navigator.wakeLock, 'request')
    .mockImplementation(() => new Promise(() => undefined));
  const overnight = new Overnight();
  overnight.follow(true);
  overnight.seen();
  expect(request).toHaveBeenCalledTimes(1);
  request.mockRestore();
});

test('the switch is remembered, and stands for nothing that the browser was not allowed', async () => {
  answering('default');
  const overnight = new Overnight();
  await render(OvernightFields, { overnight });
  const box = page.getByLabelText('Notify me when it ends');
  await box.click();
  await expect.element(page.getByText(/closed without an answer/)).toBeVisible();
  await expect.element(box).not.toBeChecked();

  answering('granted');
  await box.click();
  await expect.element(box).toBeChecked();
  const later = new Overnight();
  later.follow(true);
  expect(later.notice).toBe('on');
  await box.click();
  expect(localStorage.getItem('whetstone:notice')).toBe('off');
  vi.unstubAllGlobals();
});

test('where a page may not show a notification, its service worker does', async () => {
  answering('granted');
  const shown: string[] = [];
  const worker = { showNotification: (title: string) => Promise.resolve(void shown.push(title)) };
  vi.stubGlobal(
    'navigator',
    new Proxy(navigator, {
      get: (of, name) =>
        name === 'serviceWorker'
          ? { getRegistration: () => Promise.resolve(worker) }
          : Reflect.get(of, name, of),
    }),
  );
  const focus = vi.spyOn(document, 'hasFocus').mockReturnValue(false);
  const overnight = new Overnight();
  await overnight.tell(true);
  overnight.ended('The run has finished', 'in a pocket');
  await expect.poll(() => shown).toEqual(['The run has finished']);
  focus.mockRestore();
  vi.unstubAllGlobals();
});

test('the tab’s title follows a run that nobody sees, and says its end until it is seen', async () => {
  const focus = vi.spyOn(document, 'hasFocus').mockReturnValue(false);
  const run = handRun();
  await render(App, { whetstone: standIn(() => run) });
  await page.getByRole('button', { name: 'Start' }).click();
  await expect.element(page.getByRole('region', { name: 'Run', exact: true })).toBeVisible();
  const frames = vi.spyOn(window, 'requestAnimationFrame').mockReturnValue(1);
  run.send({ type: 'status', status: 'running' });
  run.send({ type: 'event', event: { type: 'step', step: 3, of: 12 } });
  run.send({ type: 'event', event: { type: 'best', step: 3, candidate: 'c1', score: 0.62 } });
  await expect.poll(() => document.title).toMatch(/^62\s% · step 3\/12 · Whetstone$/);
  run.send({ type: 'status', status: 'finished' });
  await expect.poll(() => document.title).toBe('The run has finished · Whetstone');
  window.dispatchEvent(new Event('focus'));
  await expect.poll(() => document.title).toBe('Whetstone');
  focus.mockRestore();
  frames.mockRestore();
});
