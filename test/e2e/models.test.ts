import type { CDPSession, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locate } from '../../scripts/model-store.js';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { open, type Opened, violationsInBoth } from './open.ts';

/** The table of models on the built page, with a real download of the small model. */

const here = locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;
const skipped = here ? '' : ' (skipped: npm run models was not run)';

let opened: Opened;
beforeAll(async () => {
  opened = await open();
});
afterAll(() => opened.close());

async function dialogOn(page: Page) {
  await page.goto(opened.url);
  await page.getByRole('button', { name: 'Models' }).click();
  const dialog = page.getByRole('dialog', { name: 'Models' });
  await dialog.waitFor();
  return { dialog, row: dialog.locator(`[data-model="${DEFAULT_MODEL.id}"]`) };
}

async function throttle(session: CDPSession, bytesPerSecond: number) {
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: -1,
  });
}

test.each([
  [1280, 900],
  [360, 740],
])('the table has no violation of axe’s rules at %i px, in light and in dark', async (width, height) => {
  const page = await opened.newPage();
  await page.setViewportSize({ width, height });
  const { dialog } = await dialogOn(page);
  await dialog.getByText('Add a model', { exact: true }).click();
  expect(await violationsInBoth(page)).toEqual([]);
  expect(await dialog.evaluate((one) => one.scrollWidth - one.clientWidth)).toBeLessThanOrEqual(0);
  await page.close();
});

describe.skipIf(!here)(`a download${skipped}`, () => {
  test('pauses, goes on after a reload where it was, works without a network, and is deleted', async () => {
    const page = await opened.newPage();
    const ranges: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith(DEFAULT_MODEL.path)) ranges.push(request.headers()['range'] ?? '-');
    });
    let { row } = await dialogOn(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await throttle(session, 12e6);
    await row.getByRole('button', { name: 'Download' }).click();
    await row.getByText(/MB\/s/).waitFor();
    await row.getByRole('button', { name: 'Pause' }).click();
    await row.getByText('Paused').waitFor();
    const paused = await row.getByRole('progressbar').evaluate((bar: HTMLProgressElement) => bar.value);
    expect(paused).toBeGreaterThan(1e6);
    expect(paused).toBeLessThan(DEFAULT_MODEL.downloadBytes);

    await throttle(session, -1);
    ({ row } = await dialogOn(page));
    await row.getByText('Paused').waitFor();
    expect(await row.getByRole('progressbar').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(paused);
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByText('Works offline').waitFor({ timeout: 120_000 });
    await row.getByText('On this machine, 145 MB').waitFor();
    expect(ranges).toEqual(['-', `bytes=${paused}-`]);

    // The model file is out of reach, and the run loads all the same.
    await page.context().route(`**/${DEFAULT_MODEL.path}`, (route) => route.abort());
    const open = await dialogOn(page);
    await open.row.getByText('Works offline').waitFor();
    await open.dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByLabel('Target model').selectOption(DEFAULT_MODEL.id);
    await page.getByRole('button', { name: 'Start' }).click();
    await page
      .getByTestId('stage-line')
      .getByText(/evaluating/)
      .waitFor({ timeout: 120_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Start' }).waitFor();
    await page.context().unroute(`**/${DEFAULT_MODEL.path}`);

    ({ row } = await dialogOn(page));
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.getByText(/Delete 145 MB\?/).waitFor();
    await row.getByRole('button', { name: 'Delete for good' }).click();
    await row.getByText('Not downloaded').waitFor();
    const kept = await page.evaluate(
      async () => (await (await caches.open('whetstone/models')).keys()).length,
    );
    expect(kept).toBe(0);
    expect(opened.errors).toEqual([]);
    await page.close();
  });
});
