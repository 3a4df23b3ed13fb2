import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { open, replayed, runIds, violationsInBoth, type Opened } from './open.ts';
import { wholeView } from './view.ts';

/** What is shared between people: run bundles, lessons and links. */

const lesson = (id: string) => fileURLToPath(new URL(`../../public/lessons/${id}.bundle`, import.meta.url));
const LESSON = lesson('a-gain-that-holds');

let folder = '';
let first: Opened;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whetstone-share-'));
  first = await open({ webgpu: false });
});
afterAll(async () => {
  await first.close();
  rmSync(folder, { recursive: true, force: true });
});

async function arrived(opened: Opened, hash = ''): Promise<Page> {
  const page = await opened.newPage();
  await page.addInitScript(() => localStorage.setItem('whetstone:seen', 'yes'));
  await page.goto(opened.url + hash);
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  return page;
}

/** Chooses a run file on the Lessons page. */
async function openFile(page: Page, file: string): Promise<void> {
  await page.getByRole('link', { name: 'Lessons', exact: true }).click();
  await page.getByLabel('Run file').setInputFiles(file);
}

describe('a run bundle', () => {
  // The second one's log holds embeddings, so its map is drawn without the model that made them.
  test.each([
    [LESSON, 'The film contains'],
    [lesson('a-budget-that-ends-too-soon'), 'class="point'],
  ])('saved and opened in a fresh profile gives the identical view and events: %s', async (from, holds) => {
    const page = await arrived(first);
    await openFile(page, from);
    const shown = await wholeView(page);
    expect(Object.keys(shown).length).toBeGreaterThanOrEqual(10);
    expect(`${shown['Score']}${shown['Map']}`).toContain(holds);
    const [id = ''] = await runIds(page);
    const events = await replayed(page, id);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download run' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.bundle$/);
    const file = join(folder, 'saved.bundle');
    await download.saveAs(file);

    const fresh = await open({ webgpu: false });
    try {
      const other = await arrived(fresh);
      expect(await runIds(other)).toEqual([]);
      await openFile(other, file);
      expect(await wholeView(other)).toEqual(shown);
      expect(await runIds(other)).toEqual([id]);
      expect(await replayed(other, id)).toEqual(events);
      // The same again is not a second run.
      await openFile(other, file);
      await other.getByRole('region', { name: 'Result' }).waitFor();
      expect(await runIds(other)).toEqual([id]);
      expect(fresh.errors).toEqual([]);
      expect(fresh.left).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  test('that is damaged, changed or no bundle is refused with its place, and nothing is kept of it', async () => {
    const page = await arrived(first);
    const before = await runIds(page);
    const whole = readFileSync(LESSON);
    const refused = async (name: string, content: Buffer, message: RegExp) => {
      const file = join(folder, name);
      writeFileSync(file, content);
      await openFile(page, file);
      const alert = page.getByRole('alert').filter({ hasText: message });
      await alert.waitFor();
      await alert.getByRole('button', { name: 'Dismiss' }).click();
      expect(await runIds(page)).toEqual(before);
    };
    await refused('short.bundle', whole.subarray(0, 9000), /cut short or damaged/);
    await refused('other.bundle', Buffer.from('<script>alert(1)</script>'), /not JSON/);
    await refused(
      'newer.bundle',
      Buffer.from('{"format":"whetstone-run","version":9}'),
      /version 9.*reload the page/,
    );
  });
});

describe('a lesson', () => {
  test('opens at once, plays, and its lines lead to their moments', async () => {
    const page = await arrived(first);
    await page.getByRole('link', { name: 'Lessons', exact: true }).click();
    const before = await runIds(page);
    await page.getByRole('button', { name: /Open “A gain that holds”/ }).click();
    const guide = page.getByRole('region', { name: 'A gain that holds' });
    await guide.waitFor();
    await page.getByText('recorded', { exact: true }).waitFor();
    await guide.getByRole('button', { name: /three words that say nothing/ }).click();
    await page.getByRole('heading', { name: 'Candidate c2' }).waitFor();
    await page.getByText('25 of 215').first().waitFor();
    await guide.getByRole('button', { name: /The final test/ }).click();
    await page.getByRole('region', { name: 'Result' }).waitFor();
    await guide.getByText(/92 % against 60 %/).waitFor();
    // A lesson is no run of this machine.
    expect(await runIds(page)).toEqual(before);
    expect(await violationsInBoth(page)).toEqual([]);
  });

  test('plays by itself on a first visit, under one line and one button', async () => {
    const fresh = await open({ webgpu: false });
    try {
      const page = await fresh.newPage();
      await page.goto(fresh.url);
      await page.getByText('nothing leaves this machine').first().waitFor();
      await page.getByRole('button', { name: 'Try it on this machine' }).waitFor();
      await page.getByText(/to download once|nothing to download/).waitFor();
      await page.getByText('recorded', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Pause' }).waitFor();
      // It plays quietly: the keyboard is where it was.
      expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
      expect(await violationsInBoth(page)).toEqual([]);
      await page.getByRole('button', { name: 'Got it' }).click();
      await page.reload();
      await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
      expect(await page.getByText('recorded', { exact: true }).count()).toBe(0);
      expect(fresh.left).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  test('can be branched from any of its steps', async () => {
    const page = await arrived(first);
    await page.getByRole('link', { name: 'Lessons', exact: true }).click();
    await page.getByRole('button', { name: /Open “A gain that holds”/ }).click();
    const guide = page.getByRole('region', { name: 'A gain that holds' });
    await guide.getByRole('button', { name: /The next meta-prompt/ }).click();
    await page.getByRole('button', { name: 'Branch from here' }).click();
    const dialog = page.getByRole('dialog', { name: 'Branch from step 2' });
    await dialog.getByText('Nothing is changed').waitFor();
    await dialog.getByLabel('Candidates a step').fill('2');
    await dialog.getByText('1 changed').waitFor();
    await dialog.getByText('Meta-prompt templates').click();
    await dialog
      .getByRole('button', { name: /^Edit / })
      .first()
      .click();
    await dialog.getByRole('textbox').last().fill('Write a short prompt.');
    await dialog.getByText('2 changed').waitFor();
    expect(await violationsInBoth(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
  });
});

describe('a link', () => {
  test('fills in the form in a fresh profile as it was', async () => {
    const page = await arrived(first);
    const form = page.getByRole('form', { name: 'Set-up' });
    await form.getByLabel('Task', { exact: true }).selectOption({ label: 'Support tickets' });
    await form.getByLabel('Method', { exact: true }).selectOption({ label: 'OPRO' });
    await form.getByLabel('Candidates a step').fill('3');
    await form.getByLabel('Initial prompt', { exact: true }).fill('Which team? $& {braces}');
    await expect.poll(() => page.url()).toMatch(/#run=1\./);
    await page.waitForTimeout(1500);
    const { hash } = new URL(page.url());

    const fresh = await open({ webgpu: false });
    try {
      const other = await arrived(fresh, hash);
      const there = other.getByRole('form', { name: 'Set-up' });
      await expect
        .poll(() => there.getByLabel('Initial prompt', { exact: true }).inputValue())
        .toBe('Which team? $& {braces}');
      expect(await there.getByLabel('Task', { exact: true }).inputValue()).toBe('support-tickets');
      expect(await there.getByLabel('Method', { exact: true }).inputValue()).toBe('opro');
      expect(await there.getByLabel('Candidates a step').inputValue()).toBe('3');
      expect(await other.getByRole('alert').count()).toBe(0);
      // It stays the same when it is written again.
      await there.getByLabel('Candidates a step').fill('4');
      await there.getByLabel('Candidates a step').fill('3');
      await other.waitForTimeout(1500);
      expect(new URL(other.url()).hash).toBe(hash);
    } finally {
      await fresh.close();
    }
  });

  test('that is damaged says so and changes nothing', async () => {
    const page = await arrived(first, '#run=1.AAAA');
    await page.getByText(/cut short or damaged/).waitFor();
    const form = page.getByRole('form', { name: 'Set-up' });
    expect(await form.getByLabel('Task', { exact: true }).inputValue()).toBe('movie-reviews');
  });
});
