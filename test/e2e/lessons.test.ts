import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locate } from '../../scripts/model-store.js';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { importRun } from '../../src/storage/transfer.ts';
import { open, runIds, type Opened } from './open.ts';

/** Lessons that lead to runs of this machine, with the real small model. */

const LESSON = fileURLToPath(new URL('../../public/lessons/a-gain-that-vanishes.bundle', import.meta.url));
/** With a model that is loaded, writes a proposal and answers an example, on a slow, shared machine. */
const PATIENCE = 240_000;
const modelsHere = locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;

/** All events of a run, as far as it came. */
const recorded = (page: Page, id: string): Promise<unknown[]> =>
  page.evaluate(async (run) => {
    const recording = await globalThis.whetstone?.recording(run);
    await recording?.whole;
    return [...(recording?.events ?? [])];
  }, id);

const told = (event: unknown, field: string): unknown => Reflect.get(Object(event), field);

describe.skipIf(!modelsHere)('a lesson (skipped without the model files: npm run models)', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open({ webgpu: false });
  });
  afterAll(() => opened.close());

  test(
    'gives way, on a first visit, to a run of this machine by one click',
    { timeout: PATIENCE },
    async () => {
      const page = await opened.newPage();
      await page.goto(opened.url);
      await page.getByText('recorded', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Try it on this machine' }).click();
      const stop = page.getByRole('button', { name: 'Stop', exact: true });
      await stop.waitFor();
      const candidates = page.getByRole('table', { name: 'Candidates' });
      await candidates.getByRole('button', { name: /^c0/ }).waitFor({ timeout: PATIENCE });
      await expect
        .poll(() => page.getByTestId('stage-line').innerText(), { timeout: PATIENCE })
        .toMatch(/^Running\b[^]*\b[1-9]\d* calls/);
      await stop.click();
      await page.getByRole('button', { name: 'Resume' }).waitFor({ timeout: PATIENCE });
      await page.close();
    },
  );

  test(
    'goes on as a run of this machine from the step where it was branched',
    { timeout: PATIENCE },
    async () => {
      const page = await opened.newPage();
      await page.goto(opened.url);
      await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
      const before = await runIds(page);
      await page.getByRole('link', { name: 'Lessons', exact: true }).click();
      await page.getByRole('button', { name: /Open “A gain that vanishes”/ }).click();
      const guide = page.getByRole('region', { name: 'A gain that vanishes' });
      await guide.getByRole('button', { name: /Step 2/ }).click();
      await page.getByRole('button', { name: 'Branch from here' }).click();
      const dialog = page.getByRole('dialog', { name: 'Branch from step 2' });
      await dialog.getByLabel('Candidates a step').fill('1');
      await dialog.getByLabel('Target calls in all').fill('80');
      await dialog.getByRole('button', { name: 'Start the branch' }).click();
      await page.getByText(/^Branched at step 2 from another run: Candidates a step 6 → 1$/).waitFor();
      const stop = page.getByRole('button', { name: 'Stop', exact: true });
      await stop.waitFor();
      const [id = ''] = (await runIds(page)).filter((one) => !before.includes(one));

      // What the lesson did is not asked again; the meta-prompt of step 2 is, and what it proposes is tried.
      const { record } = await importRun(new Blob([readFileSync(LESSON)]));
      const second = (event: unknown) => told(event, 'type') === 'step' && told(event, 'step') === 2;
      const until = (events: unknown[]) => events.slice(0, events.findIndex(second));
      const begin = until(await recorded(page, record.id));
      const calls = begin.filter((event) => told(event, 'type') === 'answered').length;
      const line = page.getByTestId('stage-line');
      await expect
        .poll(async () => Number(/(\d+) calls/.exec(await line.innerText())?.[1]), { timeout: PATIENCE })
        .toBeGreaterThan(calls);
      // On a fast machine it may be over by now.
      await stop.click({ timeout: 5000 }).catch(() => undefined);
      const ended = page.getByRole('button', { name: /^(?:Resume|Branch)$/ });
      await ended.first().waitFor({ timeout: PATIENCE });
      const events = await recorded(page, id);
      expect(until(events)).toEqual(begin);
      const since = events.slice(begin.length).map((event) => told(event, 'type'));
      expect(since).toEqual(expect.arrayContaining(['asked', 'replied', 'answered']));
      expect(opened.errors).toEqual([]);
      expect(opened.left).toEqual([]);
    },
  );
});
