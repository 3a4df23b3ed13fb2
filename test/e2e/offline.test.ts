import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { locate } from '../../scripts/model-store.js';
import { open, runIds, type Opened } from './open.ts';
import { askAnew, chooseRun, importTask } from './form.ts';
import { smallTask } from './small-task.ts';

const modelsHere = locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;
const PATIENCE = 300_000;

/** Resolves when the page's copy in the browser is whole and answers for the page. */
async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}

/** Resolves when it answers for the page that is open, which was not loaded again. */
async function claimed(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}

async function runOnce(page: Page): Promise<string | undefined> {
  await chooseRun(page, { task: 'few-reviews', method: 'GPO', steps: 1, candidates: 1 });
  await askAnew(page);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: PATIENCE });
  return (await runIds(page))[0];
}

describe('the page without a network', () => {
  let opened: Opened;
  let page: Page;
  beforeAll(async () => {
    opened = await open();
    page = await opened.newPage();
    await page.goto(opened.url);
    await page.getByRole('button', { name: 'Start' }).waitFor();
    await kept(page);
  });
  afterAll(() => opened.close());

  let before: string | undefined;
  test.skipIf(!modelsHere)(
    'a first run fetches the parts of its engine (skipped without the model files: npm run models)',
    { timeout: 2 * PATIENCE },
    async () => {
      await importTask(page, smallTask('movie-reviews', 'few-reviews', { train: 4, validation: 3, test: 3 }));
      before = await runOnce(page);
      expect(before).toBeDefined();
    },
  );

  test('opens, with every place and its tasks', async () => {
    await opened.goOffline();
    await page.goto(opened.url);
    await page.getByRole('button', { name: 'Start' }).waitFor();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    for (const link of await page.getByRole('navigation', { name: 'Places' }).getByRole('link').all()) {
      await link.click();
      await page.locator('main').getByRole('heading').first().waitFor();
    }
    await expect(page.getByText('could not be opened').count()).resolves.toBe(0);
    expect(opened.errors).toEqual([]);
  });

  test.skipIf(!modelsHere)(
    'a whole run with the models that were used before',
    { timeout: 2 * PATIENCE },
    async () => {
      await page.goto(opened.url);
      await page.getByRole('button', { name: 'Start' }).waitFor();
      const after = await runOnce(page);
      expect(after).not.toBe(before);
      expect(opened.errors).toEqual([]);
      expect(opened.left).toEqual([]);
      expect(opened.refused).toEqual([]);
      // Nothing was so much as tried beyond the page's own origin.
      const beyond = await page.evaluate(() =>
        (globalThis.whetstoneGuard?.requests ?? [])
          .map(({ url }) => url)
          .filter((url) => !url.startsWith(origin)),
      );
      expect(beyond).toEqual([]);
    },
  );
});

describe.skipIf(!modelsHere)(
  'a model that was downloaded (skipped without the model files: npm run models)',
  () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    test(
      'runs without a network on the first visit, though it never ran before',
      { timeout: 2 * PATIENCE },
      async () => {
        const page = await opened.newPage();
        await page.goto(opened.url);
        await importTask(
          page,
          smallTask('movie-reviews', 'few-reviews', { train: 4, validation: 3, test: 3 }),
        );
        await claimed(page);
        await page.getByRole('button', { name: 'Models' }).click();
        const dialog = page.getByRole('dialog', { name: 'Models' });
        const row = dialog.locator(`[data-model="${DEFAULT_MODEL.id}"]`);
        await row.getByRole('button', { name: 'Download' }).click();
        await row.getByText('Works offline').waitFor({ timeout: 120_000 });
        await dialog.getByRole('button', { name: 'Close' }).click();
        await opened.goOffline();
        // Its trajectory is chosen by sentence vectors: their model came along.
        expect(await runOnce(page)).toBeDefined();
        expect(opened.errors).toEqual([]);
      },
    );
  },
);
