import { beforeEach, expect, test, vi } from 'vitest';

const pwa = vi.hoisted(() => ({ waiting: () => undefined as void, told: vi.fn() }));
vi.mock('virtual:pwa-register', () => ({
  registerSW: (options: { onNeedRefresh: () => void }) => {
    pwa.waiting = options.onNeedRefresh;
    return pwa.told;
  },
}));
const { Update } = await import('../../../src/ui/state/update.svelte.ts');

const serviceWorker = Object.assign(new EventTarget(), { controller: null as object | null });
function controlled(by: object) {
  serviceWorker.controller = by;
  serviceWorker.dispatchEvent(new Event('controllerchange'));
}

beforeEach(() => {
  serviceWorker.controller = null;
  pwa.told.mockClear();
  vi.stubGlobal('navigator', { serviceWorker });
  return () => vi.unstubAllGlobals();
});

test('the tab that was told to take the newer version is loaded again, and no other', () => {
  const reloads = [vi.fn(), vi.fn()] as const;
  const asked = new Update(reloads[0]);
  controlled({});
  const other = new Update(reloads[1]);
  asked.ready = true;
  other.ready = true;
  asked.take();
  expect(pwa.told).toHaveBeenCalledTimes(1);
  controlled({});
  expect(reloads[0]).toHaveBeenCalledTimes(1);
  expect(reloads[1]).not.toHaveBeenCalled();
  expect([other.ready, other.elsewhere]).toEqual([false, true]);
  other.take();
  expect(reloads[1]).toHaveBeenCalledTimes(1);
});

test('the first copy of the page, which takes hold while it is open, is no newer version', () => {
  const reload = vi.fn();
  const update = new Update(reload);
  controlled({});
  expect([update.ready, update.elsewhere]).toEqual([false, false]);
  pwa.waiting();
  expect(update.ready).toBe(true);
  update.take();
  controlled({});
  expect(reload).toHaveBeenCalledTimes(1);
});
