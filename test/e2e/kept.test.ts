import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserPath } from '../../scripts/browser.js';
import type { Killed } from '../kept/kills.ts';
import { servePage } from '../../scripts/serve.js';
import { kill, runIds } from './open.ts';

/**
 * Nothing is lost: the whole page over simulated models, in a real Chromium with real IndexedDB, whose tabs and workers
 * are killed, frozen and set against each other. Simulated models answer the same ask always the same, so that a run
 * that was disturbed can be compared with one that was not, event by event.
 */

/** Another one gives other moments: `KILL_SEED=7 npm test -- e2e`. */
const SEED = Number(process.env.KILL_SEED ?? 20261121);

let served: Awaited<ReturnType<typeof servePage>>;
let profile = '';
let context: BrowserContext;

beforeAll(async () => {
  // Names stay what they are: only how it is cut into files and workers matters here. BUILT_PAGE names a folder where
  // it was built before.
  served = await servePage('test/kept/page.html', { built: process.env.BUILT_PAGE, minify: false });
  profile = mkdtempSync(join(tmpdir(), 'whetstone-kept-'));
  const executablePath = browserPath();
  context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === null ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
    viewport: { width: 1280, height: 900 },
    serviceWorkers: 'block',
  });
});
afterAll(async () => {
  await context.close();
  await served.close();
  rmSync(profile, { recursive: true, force: true });
});
afterEach(async () => {
  for (const page of context.pages().slice(1)) await page.close();
});

interface Kept {
  prepare(): Promise<unknown>;
  seed(next: number): void;
  epochs(next: number): void;
  asks(): number;
  holdAt(ask: number): void;
  releaseIn(ms: number): void;
  fill(): Promise<void>;
  empty(): Promise<void>;
  watching(): boolean;
  status(): string;
  problems(): string[];
  told(): string[];
  replayed(id: string): Promise<string[]>;
  killRuns(count: number, seed: number): Promise<Killed>;
  killUpgrades(count: number, seed: number): Promise<Killed>;
  killImports(count: number, seed: number): Promise<Killed>;
  killRestores(count: number, seed: number): Promise<Killed>;
}
declare global {
  var kept: Kept;
}

/** A tab whose models take so long to answer. */
async function tab(ms: number): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${served.url}?ms=${ms}`);
  await page.waitForFunction(() => 'kept' in globalThis);
  await page.getByRole('form', { name: 'Set-up' }).waitFor();
  return page;
}
const status = (page: Page) => page.evaluate(() => kept.status());
const told = (page: Page) => page.evaluate(() => kept.told());
const ended = (page: Page) => expect.poll(() => status(page), { timeout: 60_000 }).toBe('finished');

/** Starts a run by the page's own button, which waits at its ask of this number; its id. */
async function begin(page: Page, seed: number, hold = Infinity): Promise<string> {
  await page.evaluate(
    ([next, ask]) => {
      kept.seed(next);
      kept.holdAt(ask);
    },
    [seed, hold] as const,
  );
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  if (hold < Infinity) await asked(page, hold);
  return page.evaluate(() => globalThis.whetstone?.runs().then(([run]) => run?.id ?? '') ?? '');
}
/** Waits until the tab waits with its ask of this number. */
const asked = (page: Page, count: number) =>
  expect.poll(() => page.evaluate(() => kept.asks()), { timeout: 60_000 }).toBe(count);
const holdAt = (page: Page, ask: number) => page.evaluate((next) => kept.holdAt(next), ask);
const go = (page: Page) => holdAt(page, Infinity);

async function watch(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Watch', exact: true }).first().click();
  await page.getByRole('button', { name: 'Go on here' }).waitFor();
  expect(await page.evaluate(() => kept.watching())).toBe(true);
}
/** Waits until one tab has told what the other has. */
async function level(page: Page, other: Page): Promise<void> {
  const expected = (await told(other)).join('\n');
  await expect.poll(async () => (await told(page)).join('\n')).toBe(expected);
}

/** The events of the run with this seed when nobody disturbs it. */
const undisturbed = new Map<number, string[]>();
async function whole(seed: number): Promise<string[]> {
  const known = undisturbed.get(seed);
  if (known !== undefined) return known;
  const page = await tab(0);
  await begin(page, seed);
  await ended(page);
  const found = await told(page);
  undisturbed.set(seed, found);
  await page.close();
  return found;
}

beforeAll(async () => {
  const page = await tab(0);
  await page.evaluate(() => kept.prepare());
  await page.close();
});

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

describe(`kills at random moments (seed ${SEED})`, () => {
  const PATIENCE = 300_000;
  let page: Page;
  beforeEach(async () => {
    page = await tab(0);
  });
  function report(what: string, { tried, midway, faults }: Killed, began: number) {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.info(`${what}: ${tried} kills, ${midway} of them midway, ${faults.length} faults, ${seconds} s`);
    expect(faults).toEqual([]);
  }

  test(
    '140 of a worker with a run: at an ask, a score, a write or a save',
    { timeout: PATIENCE },
    async () => {
      const began = performance.now();
      const killed = await page.evaluate((seed) => kept.killRuns(140, seed), SEED);
      report('Runs', killed, began);
      expect(killed.tried).toBe(140);
      expect(killed.midway).toBeGreaterThan(100);
    },
  );

  test('20 in an upgrade of the database', { timeout: PATIENCE }, async () => {
    const began = performance.now();
    const killed = await page.evaluate((seed) => kept.killUpgrades(20, seed), SEED);
    report('Upgrades', killed, began);
    expect(killed.midway).toBeGreaterThan(0);
  });

  test('20 in an import of a run or a task', { timeout: PATIENCE }, async () => {
    const began = performance.now();
    const killed = await page.evaluate((seed) => kept.killImports(20, seed), SEED);
    report('Imports', killed, began);
    expect(killed.midway).toBeGreaterThan(0);
  });

  test('20 in a restore of a backup', { timeout: PATIENCE }, async () => {
    const began = performance.now();
    const killed = await page.evaluate((seed) => kept.killRestores(20, seed), SEED);
    report('Restores', killed, began);
    expect(killed.midway).toBeGreaterThan(0);
  });

  test('a tab killed six times in one run', { timeout: PATIENCE }, async () => {
    const expected = await whole(5);
    let current = await tab(2);
    const id = await begin(current, 5, 14);
    for (let i = 1; i <= 6; i++) {
      await kill(current);
      current = await tab(2);
      await holdAt(current, i < 6 ? 14 : Infinity);
      await current.getByRole('button', { name: 'Resume' }).first().click();
      if (i < 6) await asked(current, 14);
    }
    await ended(current);
    expect(await told(current)).toEqual(expected);
    expect((await runIds(current)).includes(id)).toBe(true);
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
