import { chromium, type Browser, type BrowserContext, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserPath } from '../../scripts/browser.js';
import {
  asked,
  begin,
  context,
  ended,
  go,
  holdAt,
  level,
  served,
  status,
  tab,
  told,
  watch,
  whole,
} from './kept-page.ts';
import { kill, runIds } from './open.ts';

describe('what a long run told', () => {
  const files = (page: Page) =>
    page.evaluate(async () => (await (await caches.open('whetstone/events')).keys()).map(({ url }) => url));
  /** The run as it opens: what it told, and whether its log had to be replayed for it. */
  const opened = (page: Page, id: string) =>
    page.evaluate(async (run) => {
      const recording = await globalThis.whetstone?.recording(run);
      await recording?.whole;
      return { events: recording?.events, replayed: recording?.whole !== undefined };
    }, id);

  test('is read when it is opened again, replayed where that is damaged, and deleted with it', async () => {
    const first = await tab(0);
    await first.evaluate(() => kept.epochs(30));
    await begin(first, 11);
    await ended(first);
    const [id = ''] = await runIds(first);
    await expect.poll(() => files(first)).toHaveLength(1);
    await first.close();

    const page = await tab(0);
    const fromFile = await opened(page, id);
    expect(fromFile.replayed).toBe(false);
    expect(fromFile.events?.length).toBeGreaterThan(2000);
    await page.evaluate(async () => {
      const cache = await caches.open('whetstone/events');
      const [place] = await cache.keys();
      const file = await (await cache.match(place ?? ''))?.blob();
      if (place !== undefined) await cache.put(place, new Response(file?.slice(0, file.size - 1)));
    });
    const fromLog = await opened(page, id);
    expect(fromLog.replayed).toBe(true);
    expect(fromLog.events).toEqual(fromFile.events);

    await page.evaluate((run) => globalThis.whetstone?.deleteRun(run), id);
    expect(await files(page)).toEqual([]);
  });
});

describe('two tabs', () => {
  test('one works on a run, the other watches it live and tells the same', async () => {
    const first = await tab(2);
    await begin(first, 3, 20);
    const second = await tab(2);
    await watch(second);
    await level(second, first);
    const before = (await told(second)).length;
    await holdAt(first, 60);
    await asked(first, 60);
    await level(second, first);
    expect((await told(second)).length).toBeGreaterThan(before + 30);
    expect(await status(second)).toBe('running');
    await go(first);
    await ended(first);
    await ended(second);
    expect(await told(second)).toEqual(await told(first));
    expect(await second.evaluate(() => kept.asks())).toBe(0);
    await second.getByRole('region', { name: 'Result' }).waitFor();
  });

  test('the controls of the one that watches work in the other; what it works on cannot be deleted', async () => {
    const first = await tab(2);
    const id = await begin(first, 3, 40);
    const second = await tab(2);
    await watch(second);
    await second.getByRole('button', { name: 'Pause', exact: true }).click();
    await expect.poll(() => status(first)).toBe('paused');
    await expect.poll(() => status(second)).toBe('paused');
    const refused = await second.evaluate(
      (run) =>
        globalThis.whetstone?.deleteRun(run).then(
          () => 'deleted',
          (error: Error) => error.message,
        ),
      id,
    );
    expect(refused).toMatch(/Another tab works on this run/);
    await second.getByRole('button', { name: 'Continue', exact: true }).click();
    await expect.poll(() => status(first)).toBe('running');
    await second.getByRole('button', { name: 'Finish now' }).click();
    await go(first);
    await ended(first);
    await ended(second);
    expect(await told(second)).toEqual(await told(first));
    expect(await second.evaluate((run) => kept.replayed(run), id)).toEqual(await told(first));
  });

  test('the one that watches takes the run over when the other is killed, and it is the undisturbed run', async () => {
    const expected = await whole(4);
    const first = await tab(2);
    const id = await begin(first, 4, 50);
    const second = await tab(2);
    await watch(second);
    await level(second, first);
    await kill(first);
    await second.getByText('The tab that worked on this run is gone').waitFor();
    await ended(second);
    expect(await second.evaluate(() => kept.watching())).toBe(false);
    expect(await told(second)).toEqual(expected);
    expect(await second.evaluate(() => kept.asks())).toBeGreaterThan(0);
    expect(await second.evaluate((run) => kept.replayed(run), id)).toEqual(expected);
  });

  test('the run is handed over on request, and the tab that gave it can watch', async () => {
    const expected = await whole(4);
    const first = await tab(2);
    await begin(first, 4, 30);
    const second = await tab(2);
    await watch(second);
    await holdAt(second, 20);
    await second.getByRole('button', { name: 'Go on here' }).click();
    await expect.poll(() => status(first)).toBe('stopped');
    await first.getByText('Another tab has taken this run over').waitFor();
    await asked(second, 20);
    expect(await second.evaluate(() => kept.watching())).toBe(false);
    await first.getByRole('button', { name: 'Resume', exact: true }).first().click();
    await first.getByRole('button', { name: 'Go on here' }).waitFor();
    await level(first, second);
    await go(second);
    await ended(second);
    await ended(first);
    expect(await told(second)).toEqual(expected);
    expect(await told(first)).toEqual(expected);
  });

  test('a run each is fine', async () => {
    const [one, other] = [await whole(3), await whole(4)];
    const first = await tab(5);
    const second = await tab(5);
    await begin(first, 3);
    await begin(second, 4);
    await ended(first);
    await ended(second);
    expect(await told(first)).toEqual(one);
    expect(await told(second)).toEqual(other);
  });

  test('where Web Locks are missing it is said, and the run goes on', async () => {
    const page = await context.newPage();
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });
    });
    await page.goto(`${served.url}?ms=0`);
    await page.getByRole('form', { name: 'Set-up' }).waitFor();
    await begin(page, 3);
    await ended(page);
    expect(await page.evaluate(() => kept.problems())).toEqual([
      expect.stringMatching(/no Web Locks.*one tab only/),
    ]);
    expect(await told(page)).toEqual(await whole(3));
  });
});

describe('faults in the middle of a run', () => {
  let browser: Browser;
  let apart: BrowserContext;
  beforeAll(async () => {
    const executablePath = browserPath();
    browser = await chromium.launch({
      ...(executablePath === null ? {} : { executablePath }),
      args: ['--no-sandbox', '--disable-background-networking'],
    });
  });
  afterAll(() => browser.close());
  // What is done to the storage of one test must not reach the next.
  beforeEach(async () => {
    apart = await browser.newContext({ serviceWorkers: 'block', viewport: { width: 1280, height: 900 } });
  });
  afterEach(() => apart.close());

  /** A tab with storage of its own, in which a run waits at its ask of this number. */
  async function running(hold: number, script: () => void = () => undefined, quota = 0) {
    const page = await apart.newPage();
    await page.addInitScript(script);
    await page.goto(`${served.url}?ms=2&quota=${quota}`);
    await page.getByRole('form', { name: 'Set-up' }).waitFor();
    await page.evaluate(() => kept.prepare());
    const id = await begin(page, 6, hold);
    return { page, id, session: await apart.newCDPSession(page) };
  }
  const problems = (page: Page) => page.evaluate(() => kept.problems());

  test('the disk is full: said once with what to do, and the run ends in memory as it would have', async () => {
    const expected = await whole(6);
    const { page, id } = await running(30, () => undefined, 4_000_000);
    await page.evaluate(() => kept.fill());
    await go(page);
    await ended(page);
    expect(await told(page)).toEqual(expected);
    expect(await problems(page)).toEqual([expect.stringMatching(/no space left.*Library, Storage/)]);
    // What is exported is whole, though its end was never on the disk.
    expect(await page.evaluate((run) => kept.replayed(run), id)).toEqual(expected);
    await page.getByRole('link', { name: 'Library' }).click();
    await page.getByRole('tab', { name: 'Storage' }).click();
    await page.getByRole('button', { name: 'Save a backup' }).waitFor();
    expect(await page.getByRole('region', { name: 'Storage' }).textContent()).toMatch(/used\./);
    await page.evaluate(() => kept.empty());
    // After a reload the run is there as far as it could be written, and goes on from there.
    await page.reload();
    await page.getByRole('button', { name: 'Resume' }).first().click();
    await ended(page);
    expect(await told(page)).toEqual(expected);
  });

  test('a newer version of the page upgrades the database: the run ends here, and its log is whole', async () => {
    const { page, id } = await running(30);
    const other = await apart.newPage();
    await other.goto(new URL('/icon.svg', served.url).href);
    await other.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const opening = indexedDB.open('whetstone', 1000);
          opening.onsuccess = () => resolve(opening.result.close());
          opening.onerror = () => reject(opening.error);
          opening.onblocked = () => reject(new Error('blocked'));
        }),
    );
    await go(page);
    await expect.poll(() => status(page)).toBe('failed');
    expect((await problems(page)).join()).toMatch(/newer version of this page.*Reload/);
    await page.getByText('Saving has stopped').first().waitFor();
    const log = await other.evaluate(
      (run) =>
        new Promise<number[]>((resolve, reject) => {
          const opening = indexedDB.open('whetstone');
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const all = opening.result.transaction('effects').objectStore('effects').getAllKeys();
            all.onsuccess = () =>
              resolve(
                all.result.flatMap((key) => (Array.isArray(key) && key[0] === run ? [Number(key[1])] : [])),
              );
          };
        }),
      id,
    );
    expect(log.length).toBeGreaterThan(10);
    expect(log).toEqual(log.map((_, i) => i));
  });

  test('the site data are cleared: told at once, and the run ends in memory as it would have', async () => {
    const expected = await whole(6);
    const { page, session } = await running(30);
    await session.send('Storage.clearDataForOrigin', {
      origin: new URL(served.url).origin,
      storageTypes: 'indexeddb',
    });
    await page.getByText('the browser closed the database or its data were cleared').first().waitFor();
    await go(page);
    await ended(page);
    expect(await told(page)).toEqual(expected);
    await page.getByRole('region', { name: 'Result' }).waitFor();
  });

  test('a record of the log is damaged: it is named, asked for again, and the run is the undisturbed one', async () => {
    const expected = await whole(6);
    const { page, id } = await running(40);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect.poll(() => status(page)).toBe('stopped');
    await page.evaluate(
      (run) =>
        new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open('whetstone');
          opening.onsuccess = () => {
            const db = opening.result;
            const tx = db.transaction('effects', 'readwrite');
            tx.objectStore('effects').put({
              run,
              seq: 5,
              key: 'foreign',
              outcome: { kind: 'generate', ms: 'long' },
            });
            tx.oncomplete = () => resolve(db.close());
            tx.onabort = () => reject(tx.error);
          };
        }),
      id,
    );
    await page.reload();
    await page.getByRole('button', { name: 'Resume' }).first().click();
    await ended(page);
    expect(await problems(page)).toEqual([expect.stringMatching(/Entry 5 of run .*asks for it again/)]);
    expect(await told(page)).toEqual(expected);
    expect(await page.evaluate((run) => kept.replayed(run), id)).toEqual(expected);
  });

  test('the tab is frozen in the background and thawed: the run goes on', async () => {
    const expected = await whole(6);
    const { page, session } = await running(20);
    await page.evaluate(() => kept.releaseIn(300));
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await page.waitForTimeout(1500);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await ended(page);
    expect(await told(page)).toEqual(expected);
    expect(await problems(page)).toEqual([]);
  });

  test('the machine sleeps (the tab’s process is stopped for a while): timers are late, the run goes on', async () => {
    const expected = await whole(6);
    const { page } = await running(20);
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const tabs = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    expect(tabs.length).toBeGreaterThan(0);
    await page.evaluate(() => kept.releaseIn(300));
    for (const id of tabs) process.kill(id, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const id of tabs) process.kill(id, 'SIGCONT');
    await ended(page);
    expect(await told(page)).toEqual(expected);
    expect(await problems(page)).toEqual([]);
  });

  test('the tab is hidden, so that nothing is drawn: the run goes on, and the view is there at its end', async () => {
    const expected = await whole(6);
    const { page } = await running(5, () => {
      globalThis.requestAnimationFrame = () => 0;
      Object.defineProperty(document, 'hidden', { get: () => true });
      Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    });
    await go(page);
    await ended(page);
    expect(await told(page)).toEqual(expected);
    await page.getByRole('region', { name: 'Result' }).waitFor();
  });

  test('the answer to the wish for lasting storage is shown in words', async () => {
    for (const answer of [true, false]) {
      const page = await apart.newPage();
      await page.addInitScript((granted) => {
        let asked = false;
        navigator.storage.persist = async () => {
          asked = true;
          return granted;
        };
        navigator.storage.persisted = async () => asked && granted;
      }, answer);
      await page.goto(`${served.url}?ms=0`);
      await page.getByRole('form', { name: 'Set-up' }).waitFor();
      await page.evaluate(() => kept.prepare());
      await begin(page, 6);
      await ended(page);
      await page.getByRole('link', { name: 'Library' }).click();
      await page.getByRole('tab', { name: 'Storage' }).click();
      await page
        .getByRole('region', { name: 'Storage' })
        .getByText(
          answer ? 'has promised to keep it until you delete it' : 'may clear it when the disk is full',
        )
        .first()
        .waitFor();
      if (!answer) {
        await page.getByRole('button', { name: 'Ask the browser to keep it' }).click();
        await page.getByText('has not promised to keep it').waitFor();
      }
      await page.close();
    }
  });

  test('everything goes into a backup, and comes back in a fresh profile', async () => {
    const { page, id } = await running(5);
    await go(page);
    await ended(page);
    await page.getByRole('link', { name: 'Library' }).click();
    await page.getByRole('tab', { name: 'Storage' }).click();
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save a backup' }).click();
    const file = await (await saving).path();
    await page.getByText(/^Saved: 1 run, 1 task/).waitFor();

    const fresh = await browser.newContext({ serviceWorkers: 'block' });
    const there = await fresh.newPage();
    await there.goto(`${served.url}?ms=0#library`);
    await there.getByRole('tab', { name: 'Storage' }).click();
    await there.getByLabel('Backup file').setInputFiles(file);
    await there.getByText(/^Restored: 1 run, 1 task/).waitFor();
    expect(await there.evaluate((run) => kept.replayed(run), id)).toEqual(await told(page));
    await there.getByLabel('Backup file').setInputFiles(file);
    await there.getByText(/^Already here, and left as it was: 1 run(?:,| and) 1 task/).waitFor();
    await there.getByLabel('Backup file').setInputFiles({
      name: 'odd.backup',
      mimeType: 'application/gzip',
      buffer: Buffer.from('no backup'),
    });
    await there.getByText(/it is not a backup saved by Whetstone/).waitFor();
    await fresh.close();
  });
});
