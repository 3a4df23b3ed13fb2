import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { browserPath } from '../../scripts/browser.js';
import type { Killed } from '../kept/kills.ts';
import { servePage } from '../../scripts/serve.js';

/**
 * For tests that nothing is lost: the whole page over simulated models, in a real Chromium with real IndexedDB, whose tabs and workers
 * are killed, frozen and set against each other. Simulated models answer the same ask always the same, so that a run
 * that was disturbed can be compared with one that was not, event by event.
 */

export let served: Awaited<ReturnType<typeof servePage>>;
let profile = '';
export let context: BrowserContext;

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
export async function tab(ms: number): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${served.url}?ms=${ms}`);
  await page.waitForFunction(() => 'kept' in globalThis);
  await page.getByRole('form', { name: 'Set-up' }).waitFor();
  return page;
}
export const status = (page: Page) => page.evaluate(() => kept.status());
export const told = (page: Page) => page.evaluate(() => kept.told());
export const ended = (page: Page) => expect.poll(() => status(page), { timeout: 60_000 }).toBe('finished');

/** Starts a run by the page's own button, which waits at its ask of this number; its id. */
export async function begin(page: Page, seed: number, hold = Infinity): Promise<string> {
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
export const asked = (page: Page, count: number) =>
  expect.poll(() => page.evaluate(() => kept.asks()), { timeout: 60_000 }).toBe(count);
export const holdAt = (page: Page, ask: number) => page.evaluate((next) => kept.holdAt(next), ask);
export const go = (page: Page) => holdAt(page, Infinity);

export async function watch(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Watch', exact: true }).first().click();
  await page.getByRole('button', { name: 'Go on here' }).waitFor();
  expect(await page.evaluate(() => kept.watching())).toBe(true);
}
/** Waits until one tab has told what the other has. */
export async function level(page: Page, other: Page): Promise<void> {
  const expected = (await told(other)).join('\n');
  await expect.poll(async () => (await told(page)).join('\n')).toBe(expected);
}

/** The events of the run with this seed when nobody disturbs it. */
const undisturbed = new Map<number, string[]>();
export async function whole(seed: number): Promise<string[]> {
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
