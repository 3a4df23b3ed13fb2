import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserPath } from '../../scripts/browser.js';
import type { Killed } from '../kept/kills.ts';
import { builtPage } from './built-page.ts';
import { kill, runIds } from './open.ts';

/**
 * Nothing is lost: the whole page over simulated models, in a real Chromium with real IndexedDB, whose tabs and workers
 * are killed, frozen and set against each other. Simulated models answer the same ask always the same, so that a run
 * that was disturbed can be compared with one that was not, event by event.
 */

/** Another one gives other moments: `KILL_SEED=7 npm test -- e2e`. */
const SEED = Number(process.env.KILL_SEED ?? 20261121);

let served: Awaited<ReturnType<typeof builtPage>>;
let profile = '';
let context: BrowserContext;

beforeAll(async () => {
  served = await builtPage('test/kept/page.html');
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
  asks(): number;
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

/** Starts a run by the page's own button; its id. */
async function begin(page: Page, seed: number): Promise<string> {
  await page.evaluate((next) => kept.seed(next), seed);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect.poll(() => status(page)).toBe('running');
  return page.evaluate(() => globalThis.whetstone?.runs().then(([run]) => run?.id ?? '') ?? '');
}
async function watch(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Watch', exact: true }).first().click();
  await page.getByRole('button', { name: 'Go on here' }).waitFor();
}
const events = (page: Page, count: number) =>
  expect.poll(async () => (await told(page)).length, { timeout: 30_000 }).toBeGreaterThan(count);

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

describe('two tabs', () => {
  test('one works on a run, the other watches it live and tells the same', async () => {
    const first = await tab(15);
    await begin(first, 3);
    await events(first, 20);
    const second = await tab(15);
    await watch(second);
    expect(await second.evaluate(() => kept.watching())).toBe(true);
    await events(second, 60);
    expect(await status(second)).toBe('running');
    await ended(first);
    await ended(second);
    expect(await told(second)).toEqual(await told(first));
    expect(await second.evaluate(() => kept.asks())).toBe(0);
    await second.getByRole('region', { name: 'Result' }).waitFor();
  });

  test('the controls of the one that watches work in the other; what it works on cannot be deleted', async () => {
    const first = await tab(20);
    const id = await begin(first, 3);
    const second = await tab(20);
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
    await ended(first);
    await ended(second);
    expect(await told(second)).toEqual(await told(first));
    expect(await second.evaluate((run) => kept.replayed(run), id)).toEqual(await told(first));
  });

  test('the one that watches takes the run over when the other is killed, and it is the undisturbed run', async () => {
    const expected = await whole(4);
    const first = await tab(15);
    const id = await begin(first, 4);
    const second = await tab(15);
    await watch(second);
    await events(second, 40);
    await kill(first);
    await expect.poll(() => second.evaluate(() => kept.watching()), { timeout: 20_000 }).toBe(false);
    await second.getByText('The tab that worked on this run is gone').waitFor();
    await ended(second);
    expect(await told(second)).toEqual(expected);
    expect(await second.evaluate(() => kept.asks())).toBeGreaterThan(0);
    expect(await second.evaluate((run) => kept.replayed(run), id)).toEqual(expected);
  });

  test('the run is handed over on request, and the tab that gave it can watch', async () => {
    const expected = await whole(4);
    const first = await tab(25);
    await begin(first, 4);
    const second = await tab(25);
    await watch(second);
    await events(second, 30);
    await second.getByRole('button', { name: 'Go on here' }).click();
    await expect.poll(() => status(first)).toBe('stopped');
    await first.getByText('Another tab has taken this run over').waitFor();
    await expect.poll(() => second.evaluate(() => kept.watching())).toBe(false);
    await expect.poll(() => status(second)).toBe('running');
    await first.getByRole('button', { name: 'Resume', exact: true }).first().click();
    await first.getByRole('button', { name: 'Go on here' }).waitFor();
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
    let current = await tab(5);
    const id = await begin(current, 5);
    for (let i = 1; i <= 6; i++) {
      await events(current, 20 * i);
      await kill(current);
      current = await tab(5);
      await current.getByRole('button', { name: 'Resume' }).first().click();
      await expect.poll(() => status(current)).toBe('running');
    }
    await ended(current);
    expect(await told(current)).toEqual(expected);
    expect((await runIds(current)).includes(id)).toBe(true);
  });
});
