import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { exportRun } from '../../src/storage/transfer.ts';
import { configFor, play } from '../optimizers/harness.ts';
import { ATTACKS, HIDDEN, LONG, hostileTask } from './hostile-text.ts';
import { open, type Opened } from './open.ts';

/** A dataset and models that try to take the page over: nothing may run, be fetched, or put the page out of shape. */

let opened: Opened;
let page: Page;
let folder = '';
/** Questions that a script has put to the user. */
const dialogs: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whetstone-hostile-'));
  await writeRun('hostile.bundle', 'attack-1');
  await writeRun('hostile-too.bundle', 'attack-2');
  opened = await open({ webgpu: false });
  page = await opened.newPage();
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.addInitScript(() => localStorage.setItem('whetstone:seen', 'yes'));
  await page.goto(opened.url);
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
});
afterAll(async () => {
  await opened.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A recorded run of GPO on the hostile task, in which every reply of either model is an attack. */
async function writeRun(name: string, id: string): Promise<void> {
  const task = hostileTask();
  const attack = (n: number) => ATTACKS[n % ATTACKS.length] ?? '';
  const models = { target: `wllama:custom:${attack(1)}`, optimizer: `openai:${attack(2)}`, embedder: 'none' };
  const config = {
    ...configFor(gpo, {
      options: { epochs: 1, batch: 3, candidates: 3, exemplars: 2 },
      budget: { steps: 3 },
    }),
    task: task.id,
    models,
    initialPrompt: task.initialPrompt,
    seed: Number(id.at(-1)),
  };
  let asked = 0;
  const target = scriptedEngine({
    id: models.target,
    // One reply of five million characters, and in all of them something that hides before the answer.
    reply: () =>
      ` ${attack(++asked)} ${asked === 5 ? LONG.repeat(50) : ''} ${asked % 2 === 0 ? 'positive' : 'negative'}`,
  });
  const replies = (_: unknown, n: number) =>
    `${attack(n)}<START>Way ${n}: ${attack(n)} ${attack(n + 1)} ${HIDDEN} carefully ${n % 3 === 0 ? LONG.slice(0, 2000) : ''}<END>${attack(n + 2)}`;
  const { log, events, error } = await play({ optimizer: gpo, config, task, target, replies });
  expect(error).toBeNull();
  expect(events.some(({ type }) => type === 'proposed')).toBe(true);
  const record = {
    id,
    config,
    task,
    started: 1_700_000_000_000 + Number(id.at(-1)),
    status: 'finished' as const,
    steps: 3,
    bestScore: 0.5,
    bestPrompt: `${attack(3)} ${HIDDEN}`,
    verdict: 'not shown' as const,
    effects: log.length,
  };
  writeFileSync(join(folder, name), new Uint8Array(await (await exportRun(record, log)).arrayBuffer()));
}

/** What is wrong with the page as it stands, a line each. */
async function harm(where: string): Promise<string[]> {
  const found = await page.evaluate((hidden) => {
    const lines: string[] = [];
    const hacked: unknown = Reflect.get(globalThis, 'hacked');
    if (hacked !== undefined) lines.push(`something ran: ${String(hacked)}`);
    if ('polluted' in {}) lines.push('Object.prototype was changed');
    const planted =
      'iframe, object, embed, base, img, video, audio, meta[http-equiv=refresh], [onload], [onerror], [onclick], [srcdoc]';
    for (const element of document.body.querySelectorAll(planted))
      lines.push(`planted: ${element.outerHTML.slice(0, 80)}`);
    for (const element of document.querySelectorAll('a[href], form[action], [style*="url("], use'))
      if (/evil|javascript:|data:/i.test(element.outerHTML.replace(/>[^]*/, '')))
        lines.push(`leads away: ${element.outerHTML.slice(0, 80)}`);
    for (const column of document.querySelectorAll('html, .columns > *, main.one, dialog[open]')) {
      if (column.scrollWidth <= column.clientWidth + 1 || column.clientWidth === 0) continue;
      const edge = column.getBoundingClientRect().right + 1;
      const texts = document.createTreeWalker(column, NodeFilter.SHOW_TEXT);
      const range = document.createRange();
      let culprit = '';
      for (let node = texts.nextNode(); node !== null && culprit === ''; node = texts.nextNode()) {
        range.selectNodeContents(node);
        if (range.getBoundingClientRect().right <= edge) continue;
        let at = node.parentElement;
        while (at !== null && at !== column && getComputedStyle(at).overflowX === 'visible')
          at = at.parentElement;
        if (at === column || at?.tagName === 'TABLE')
          culprit = (node.parentElement?.outerHTML ?? '').slice(0, 100);
      }
      lines.push(
        `${column.tagName}.${column.className} scrolls sideways: ${column.scrollWidth} of ${column.clientWidth}, ${culprit}`,
      );
    }

    /** Text whose signs turn the order of the text behind it must stand apart from ours. */
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Set<Element>();
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent ?? '';
      const parent = node.parentElement;
      if (parent === null || !/[\u202a-\u202e\u2066-\u2069]/.test(text)) continue;
      if (parent.closest('textarea, option, select, script, style, title, svg') !== null) continue;
      let at: Element | null = parent;
      let apart = false;
      for (; at !== null; at = at.parentElement) {
        const { unicodeBidi, display } = getComputedStyle(at);
        if (/isolate|plaintext/.test(unicodeBidi)) apart = true;
        if (display !== 'inline' && display !== 'contents') break;
      }
      if (apart || at === null || seen.has(at)) continue;
      seen.add(at);
      const ours = (at.textContent ?? '').replace(text, '').trim();
      if (ours !== '')
        lines.push(
          `not isolated: ${at.tagName}.${at.className} “${ours.slice(0, 30)}” beside “${text.slice(0, 30)}”`,
        );
    }
    // Signs that cannot be seen are told of where a prompt stands.
    const prompt = document.querySelector('[data-testid=prompt]')?.textContent ?? '';
    if (prompt.includes(hidden) && document.querySelector('[data-testid=unseen]') === null)
      lines.push('signs of a prompt are not told of');
    return lines;
  }, HIDDEN);
  return [...new Set(found)].map((line) => `${where}: ${line}`);
}

/** Every tab, fold and row of what is shown, and what stands there then. */
async function lookAround(where: string): Promise<string[]> {
  const found = [...(await harm(where))];
  const main = page.getByRole('main');
  for (let i = 0; i < (await main.getByRole('tab').count()); i++) {
    const tab = main.getByRole('tab').nth(i);
    if (!(await tab.isVisible())) continue;
    const name = (await tab.innerText()).trim();
    await tab.click();
    await page.evaluate(() => {
      for (const fold of document.querySelectorAll('main details')) fold.setAttribute('open', '');
    });
    await page.waitForTimeout(150);
    found.push(...(await harm(`${where}, ${name}`)));
  }
  return found;
}

beforeEach(() => page.setViewportSize({ width: 1280, height: 900 }));

describe('a hostile run', () => {
  test('opens, and can be looked at from every side', async () => {
    await page.getByRole('link', { name: 'Lessons', exact: true }).click();
    await page.getByLabel('Run file').setInputFiles(join(folder, 'hostile.bundle'));
    await page.getByRole('region', { name: 'Result' }).waitFor();
    const found = await lookAround('run');
    const rows = page.getByRole('table', { name: 'Candidates' }).getByRole('button');
    for (let i = 0; i < Math.min(3, await rows.count()); i++) {
      await rows.nth(i).click();
      found.push(...(await lookAround(`candidate ${i}`)));
    }
    const parts = page.getByRole('region', { name: 'Loop' }).getByRole('button');
    for (let i = 0; i < Math.min(6, await parts.count()); i++) {
      const part = parts.nth(i);
      if ((await part.isVisible()) && (await part.isEnabled())) await part.click();
      found.push(...(await harm(`part ${i}`)));
    }
    await page.setViewportSize({ width: 360, height: 740 });
    found.push(...(await lookAround('run, narrow')));
    expect(found).toEqual([]);
  });

  test('is kept, listed, compared and exported as text', async () => {
    await page.getByRole('link', { name: 'Lessons', exact: true }).click();
    await page.getByLabel('Run file').setInputFiles(join(folder, 'hostile-too.bundle'));
    await page.getByRole('region', { name: 'Result' }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download run' }).click();
    expect((await download).suggestedFilename()).toMatch(/^[\w.-]+\.bundle$/);
    const found: string[] = [];
    for (const place of ['Library', 'Compare', 'Lessons']) {
      await page.getByRole('link', { name: place, exact: true }).click();
      await page.locator('main').getByRole('heading').first().waitFor();
      await page.waitForTimeout(300);
      found.push(...(await lookAround(place)));
    }
    expect(found).toEqual([]);
  });
});

describe('a hostile dataset', () => {
  test('is imported, shown and edited as text', async () => {
    const found: string[] = [];
    const csv = (cells: readonly string[]) =>
      `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;
    const { splits } = hostileTask('imported');
    const text =
      csv(['id', 'input', 'gold', '<img src=x onerror=hacked=1>', '__proto__']) +
      [...splits.train, ...splits.validation, ...splits.test]
        .map(({ id, input, gold }, i) =>
          csv([
            id,
            input.slice(0, 90_000),
            gold[0] ?? '',
            ATTACKS[i % ATTACKS.length] ?? '',
            '{"polluted":true}',
          ]),
        )
        .join('');
    const file = join(folder, `${HIDDEN}<svg onload=hacked=1>.csv`.replaceAll('/', ''));
    writeFileSync(file, text);
    await page.getByRole('link', { name: 'Library', exact: true }).click();
    await page.goto(opened.url);
    await page.getByRole('button', { name: 'Import a task' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Choose files').setInputFiles(file);
    await dialog.getByRole('button', { name: 'Import', exact: true }).waitFor();
    await page.waitForTimeout(500);
    found.push(...(await harm('import')));
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.waitForTimeout(300);
    found.push(...(await lookAround('set-up')));
    await page.getByRole('link', { name: 'Library', exact: true }).click();
    await page.getByRole('tab', { name: /Tasks/ }).click();
    await page.waitForTimeout(200);
    found.push(...(await harm('tasks')));
    const edit = page.getByRole('button', { name: /^Edit/ }).last();
    await edit.click();
    await page.waitForTimeout(300);
    found.push(...(await lookAround('task editor')));
    await page.setViewportSize({ width: 360, height: 740 });
    found.push(...(await harm('task editor, narrow')));
    expect(found).toEqual([]);
  });
});

test('nothing ran, asked or went anywhere', () => {
  expect(dialogs).toEqual([]);
  expect(opened.errors).toEqual([]);
  expect(opened.left).toEqual([]);
  expect(opened.asked.filter((path) => /evil|[?&]leak=/.test(path))).toEqual([]);
  expect(opened.refused.filter((line) => /evil|inline|eval/.test(line))).toEqual([]);
});
