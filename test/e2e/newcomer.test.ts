import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { parseTask } from '../../src/app/task-file.ts';
import { locate } from '../../scripts/model-store.js';
import { open, runIds, violationsInBoth, type Opened } from './open.ts';

/**
 * All that somebody new does in a first hour, by the page alone and with the real small model: rows of a table are
 * imported, a prompt is optimized, stopped, gone on with, compared with another run and handed on as a file, which shows
 * the same view to somebody who has nothing else.
 */
const modelsHere = locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;
const PATIENCE = 300_000;

/** Rows of a table as people have them, from the bundled reviews. */
function table(rows: number): string {
  const path = fileURLToPath(new URL('../../tasks/movie-reviews.json', import.meta.url));
  const { splits } = parseTask(readFileSync(path, 'utf8'));
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = splits.train.slice(0, rows).map(({ input, gold }) => `${cell(input)},${gold[0] ?? ''}`);
  return ['review,sentiment', ...lines].join('\r\n');
}

async function setUp(page: Page, seed: number): Promise<void> {
  const form = page.getByRole('form', { name: 'Set-up' });
  await form.locator('details').evaluateAll((folds) => {
    for (const fold of folds) fold.setAttribute('open', '');
  });
  await form.getByLabel('Target model').selectOption(DEFAULT_MODEL.id);
  await form.getByLabel('Method', { exact: true }).selectOption({ label: 'OPRO' });
  await form
    .getByRole('group', { name: /Budget/ })
    .getByLabel('Steps')
    .fill('1');
  await form.getByLabel('Candidates a step').fill('2');
  await form.getByLabel('Seed', { exact: true }).fill(String(seed));
  // Whether likelihood agrees with writing is checked before a run; that is not what this is about.
  await form.getByLabel('The answer is read').selectOption('choose');
}

/** What a person sees of a run that has ended. */
async function seen(page: Page) {
  return {
    result: await page.getByRole('region', { name: 'Result' }).innerText(),
    candidates: await page.getByRole('table', { name: 'Candidates' }).innerText(),
  };
}

describe.skipIf(!modelsHere)('somebody new (skipped without the model files: npm run models)', () => {
  let opened: Opened;
  let elsewhere: Opened | null = null;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(async () => {
    await opened.close();
    await elsewhere?.close();
  });

  test(
    'imports, runs, stops, goes on, compares, and hands the run on',
    { timeout: 3 * PATIENCE },
    async () => {
      const page = await opened.newPage();
      await page.goto(opened.url);
      await page.getByRole('button', { name: 'Start' }).waitFor();
      expect(await violationsInBoth(page)).toEqual([]);

      await page.getByRole('button', { name: 'Import a task' }).click();
      await page.getByLabel(/^Or paste/).fill(table(30));
      await page.getByRole('button', { name: 'Read the text' }).click();
      await page.getByRole('button', { name: 'Import', exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await setUp(page, 3);
      await page.getByRole('button', { name: 'Start', exact: true }).click();

      await expect
        .poll(() => page.getByTestId('stage-line').innerText(), { timeout: PATIENCE })
        .toMatch(/\b[1-9]\d* calls/);
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByRole('button', { name: 'Resume' }).first().click({ timeout: PATIENCE });
      await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: PATIENCE });
      expect(await violationsInBoth(page)).toEqual([]);
      const first = await seen(page);

      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download run' }).click();
      const bundle = await (await saved).path();

      const [firstId = ''] = await runIds(page);
      await setUp(page, 4);
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await expect.poll(async () => (await runIds(page))[0] !== firstId, { timeout: PATIENCE }).toBe(true);
      await page.getByTestId('stage-line').filter({ hasText: 'Finished' }).waitFor({ timeout: PATIENCE });

      await page.getByRole('link', { name: 'Compare' }).click();
      await page.getByRole('tab', { name: 'Runs side by side' }).click();
      for (const box of await page.getByRole('checkbox', { name: /OPRO/ }).all()) await box.check();
      await page.getByRole('table').first().waitFor();
      expect(await violationsInBoth(page)).toEqual([]);
      await page.getByRole('link', { name: 'Library' }).click();
      expect(await page.getByRole('region', { name: 'Runs' }).getByRole('listitem').count()).toBe(2);
      expect(await violationsInBoth(page)).toEqual([]);

      elsewhere = await open();
      const other = await elsewhere.newPage();
      await other.goto(elsewhere.url);
      await other.getByRole('link', { name: 'Library' }).click();
      await other.getByLabel('Run file').setInputFiles(bundle);
      await other.getByRole('region', { name: 'Result' }).waitFor();
      expect(await seen(other)).toEqual(first);
      for (const { left, errors } of [opened, elsewhere]) {
        expect(errors).toEqual([]);
        expect(left).toEqual([]);
      }
    },
  );
});
