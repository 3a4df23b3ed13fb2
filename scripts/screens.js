/**
 * npm run screens: pictures of every screen, over recorded events and without any model, at three widths in light and in
 * dark, for people to look at. Options: --out FOLDER (default test-results/screens), --only WORDS (screens whose name has
 * one of them, parted by commas), --at URL (a development server that runs), --check (say which screens break a rule of
 * axe or scroll sideways).
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright';
import { neededBrowser } from './browser.js';
import { serve } from './serve.js';
import { ROOT } from './setup.js';

/** @typedef {import('playwright').Page} Page */
/** @typedef {(page: Page) => Promise<unknown>} Act */

/** @type {(name: string) => Act} */
const place = (name) => (page) => page.getByRole('link', { name, exact: true }).click();

/** @param {Page} page */
const start = async (page) => {
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('region', { name: 'Run', exact: true }).waitFor();
};

/** @type {(name: string) => Act} */
const tab = (name) => (page) =>
  page
    .getByRole('tab', { name: new RegExp(`^${name}`) })
    .first()
    .click();

/** @type {(name: string | RegExp) => Act} */
const press = (name) => (page) => page.getByRole('button', { name }).first().click();

/** @type {(name: string | RegExp) => Act} */
const shows = (name) => (page) => page.getByText(name).first().waitFor();

/** @type {Act} */
const dialog = (page) => page.getByRole('dialog').waitFor();

/** @type {(summary: string) => Act} */
const unfold = (summary) => (page) => page.locator('summary', { hasText: summary }).first().click();

/** A narrow page folds the form away once a run is shown. @param {Page} page */
const unfoldForm = async (page) => {
  const form = page.locator('details').filter({ has: page.locator('#setup-title') });
  if (!(await form.evaluate((one) => one.hasAttribute('open'))))
    await form.locator('summary').first().click();
  await form.locator('details').evaluateAll((folds) => {
    for (const fold of folds) fold.setAttribute('open', '');
  });
};

/** @type {(row: number) => Act} */
const candidate = (row) => (page) =>
  page
    .getByRole('table', { name: 'Candidates' })
    .getByRole('row')
    .nth(row)
    .getByRole('button')
    .first()
    .click();

/** @type {(text: string) => Act} */
const paste = (text) => async (page) => {
  await page.getByLabel(/^Or paste/).fill(text);
  await page.getByRole('button', { name: 'Read the text' }).click();
};

const reviews = Array.from(
  { length: 24 },
  (_, i) => `Film ${i} was ${i % 2 ? 'dull' : 'a joy'},${i % 2 ? 'bad' : 'good'}`,
);
const table = ['review,label', ...reviews].join('\n');

/** A newer version of the page waits. @param {Page} page */
const newer = async (page) => {
  await page.route(/pwa-register/, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: 'export const registerSW = ({ onNeedRefresh }) => { setTimeout(onNeedRefresh); return async () => {}; };',
    }),
  );
  await page.reload();
  await shows('A new version')(page);
};

/** The list that is made when the page is built, of which this is one part. @param {Page} page */
const licences = async (page) => {
  const part = { name: 'idb', version: '8.0.4', licence: 'ISC', url: 'https://github.com/jakearchibald/idb' };
  await page.route(/licences\.json/, (route) =>
    route.fulfill({ json: { packages: [{ ...part, text: 0, inside: [] }], texts: ['ISC License (ISC)'] } }),
  );
  await place('Privacy')(page);
  await unfold('idb')(page);
  await page.locator('summary', { hasText: 'idb' }).scrollIntoViewIfNeeded();
};

/** @type {Act[]} */
const lesson = [place('Lessons'), press(/Open “A gain that holds”/), shows('The film contains')];

/**
 * A screen's name, the page that shows it, and what is done there first. The pages under test/ui play recorded events; ''
 * is the page itself, which shows lessons without any model.
 * @type {[name: string, path: string, steps: Act[]][]}
 */
export const SCREENS = [
  ['first-visit', '', [shows('recorded')]],
  ['set-up', 'test/ui/look.html', [unfoldForm]],
  ['link-damaged', '#run=1.AAAA', [shows(/cut short/)]],
  ['run-loading', 'test/ui/look.html?every=60000', [start]],
  ['run-going', 'test/ui/look.html?events=900', [start]],
  ['run-stepping', 'test/ui/look.html?events=900', [start, press('Step through')]],
  ['run-lost', 'test/ui/look.html?events=900&lost', [start]],
  ['run-ended', 'test/ui/look.html', [start]],
  ['run-branched', 'test/ui/look.html?branched', [start, shows(/^Branched at step 2/)]],
  ['run-watched', 'test/ui/look.html?events=900&watched', [start, shows(/^Another tab works/)]],
  ['run-in-doubt', 'test/ui/look.html?doubtful', [start]],
  ['run-gradient', 'test/ui/look.html?gradient', [start]],
  ['run-lineage', 'test/ui/look.html', [start, tab('Lineage')]],
  ['run-map', 'test/ui/look.html', [start, tab('Map'), press('Place the prompts')]],
  ['run-examples', 'test/ui/look.html', [start, tab('Examples')]],
  ['run-many', 'test/ui/look.html?large=200', [start, tab('Lineage')]],
  ['part', 'test/ui/look.html', [start, press(/^Meta-prompt/)]],
  ['candidate', 'test/ui/look.html', [start, candidate(3)]],
  [
    'meta-prompt',
    'test/ui/look.html',
    [
      start,
      tab('Meta-prompts'),
      (page) => page.getByRole('tabpanel').last().getByRole('button').first().click(),
    ],
  ],
  ['rejected', 'test/ui/look.html', [start, tab('Rejected')]],
  ['steps', 'test/ui/look.html', [start, tab('Steps')]],
  [
    'try-it',
    'test/ui/look.html',
    [
      start,
      unfold('Try it'),
      (page) => page.getByLabel(/An input of your own/).fill('A slow film that ends well.'),
      press('Ask with both'),
      shows(/Read as/),
    ],
  ],
  ['methods', 'test/ui/look.html', [press('Methods'), dialog]],
  ['models', 'test/ui/look.html?models', [press('Models'), dialog]],
  ['import', 'test/ui/look.html', [press('Import a task'), dialog]],
  ['import-table', 'test/ui/look.html', [press('Import a task'), paste(table)]],
  ['import-wrong', 'test/ui/look.html', [press('Import a task'), paste(`${table}\nno answer,\n,good`)]],
  ['export', 'test/ui/look.html', [press('Export this task'), dialog]],
  ['lessons', '', [place('Lessons')]],
  ['lesson', '', lesson],
  ['lesson-jump', '', [...lesson, press(/three words that say nothing/)]],
  ['lesson-map', '', [...lesson, press(/The final test/), tab('Map')]],
  ['branch', '', [...lesson, press(/The next meta-prompt/), press('Branch from here'), dialog]],
  ['compare', 'test/ui/look-compare.html', [place('Compare')]],
  ['compare-experiment', 'test/ui/look-compare.html', [place('Compare'), press('Open')]],
  [
    'compare-runs',
    'test/ui/look-compare.html',
    [
      place('Compare'),
      tab('Runs side by side'),
      async (page) => {
        for (const box of (await page.getByRole('checkbox').all()).slice(0, 3)) await box.check();
      },
      shows('Final tests and cost'),
    ],
  ],
  ['compare-empty', 'test/ui/look.html', [place('Compare'), tab('Runs side by side')]],
  ['library-runs', 'test/ui/look.html', [place('Library')]],
  ['undo', 'test/ui/look.html', [place('Library'), press('Delete'), shows(/is deleted/)]],
  ['update', 'test/ui/look.html', [newer]],
  ['library-prompts', 'test/ui/look.html', [place('Library'), tab('Prompts')]],
  ['library-tasks', 'test/ui/look.html', [place('Library'), tab('Tasks')]],
  ['library-task', 'test/ui/look.html', [place('Library'), tab('Tasks'), press('Edit')]],
  ['library-storage', 'test/ui/look.html', [place('Library'), tab('Storage')]],
  ['privacy', 'test/ui/look.html', [place('Privacy')]],
  ['licences', 'test/ui/look.html', [licences]],
  ['library-models', 'test/ui/look.html?models', [place('Library'), tab('Models')]],
];

/** Shows a screen in `page`, whose size the caller has chosen. @param {Page} page @param {string} url @param {(typeof SCREENS)[number]} screen */
export async function show(page, url, [name, path, steps]) {
  if (name !== 'first-visit') await page.addInitScript(() => localStorage.setItem('whetstone:seen', 'yes'));
  await page.goto(url + path);
  await page.getByRole('link', { name: 'Library' }).waitFor();
  for (const step of steps) await step(page);
  // Parts of the page are fetched when they are first shown, and charts are drawn in the frames after.
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => !/^(?:Opening|Fetching|Reading) ?.*…$/m.test(document.body.innerText));
  await page.waitForTimeout(500);
}

/**
 * What is wrong with the screen as it stands, one line each: rules of axe that it breaks, or of them that on contrast
 * alone, since no other depends on the scheme; and whether it scrolls sideways.
 * @param {Page} page
 * @param {boolean} [contrastAlone]
 */
export async function faultsOf(page, contrastAlone = false) {
  const axe = new AxeBuilder({ page });
  const { violations } = await (contrastAlone ? axe.withRules('color-contrast') : axe).analyze();
  const faults = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (over > 0) faults.push(`scrolls sideways by ${over} px`);
  return faults;
}

/** Pixels by which the longest of the columns that scroll by themselves is longer than what is seen of it. @param {Page} page */
const hiddenBelow = (page) =>
  page
    .locator('.columns > *, .one')
    .evaluateAll((columns) => Math.max(0, ...columns.map((one) => one.scrollHeight - one.clientHeight)));

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function takeAll(args) {
  const option = (/** @type {string} */ name, /** @type {string} */ usual) =>
    args.includes(name) ? (args[args.indexOf(name) + 1] ?? usual) : usual;
  const out = option('--out', join(ROOT, 'test-results', 'screens'));
  const only = option('--only', '').split(',');
  mkdirSync(out, { recursive: true });
  const at = option('--at', '');
  const { url, close } =
    at === '' ? await serve({ port: 0, mode: 'dev' }) : { url: at, close: async () => {} };
  const executablePath = neededBrowser();
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  let wrong = 0;
  for (const screen of SCREENS.filter(([name]) => only.some((word) => name.includes(word)))) {
    // A page looks at its width once, at its start, so a narrow one is loaded anew.
    for (const widths of [[360], [1280, 1920]]) {
      const height = widths[0] === 360 ? 780 : 900;
      const context = await browser.newContext({
        // A lesson plays by itself only for those who have nothing against motion.
        reducedMotion: screen[0] === 'first-visit' ? 'no-preference' : 'reduce',
        viewport: { width: widths[0] ?? 360, height },
      });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const say = (/** @type {string} */ line) => {
        wrong += 1;
        console.error(`${screen[0]} at ${widths[0]} px: ${line}`);
      };
      try {
        await show(page, url, screen);
        for (const width of widths) {
          await page.setViewportSize({ width, height });
          const picture = (/** @type {string} */ of) => join(out, `${screen[0]}-${width}-${of}.png`);
          for (const colorScheme of /** @type {const} */ (['dark', 'light'])) {
            await page.emulateMedia({ colorScheme });
            await page.waitForTimeout(200);
            await page.screenshot({ path: picture(colorScheme), fullPage: width === 360 });
            if (width < 1920 && args.includes('--check'))
              for (const fault of await faultsOf(page, colorScheme === 'dark'))
                say(`${colorScheme}: ${fault}`);
          }
          // Where columns scroll by themselves, once more as high as the longest of them; that scrolls them back.
          const hidden = await hiddenBelow(page);
          if (hidden > 0) {
            await page.setViewportSize({ width, height: height + hidden });
            await page.waitForTimeout(200);
            await page.screenshot({ path: picture('whole') });
            await page.setViewportSize({ width, height });
          }
        }
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
      }
      await context.close();
    }
    console.log(screen[0]);
  }
  await browser.close();
  await close();
  console.log(`Written to ${out}.`);
  return wrong > 0 ? 1 : 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === join(ROOT, 'scripts', 'screens.js'))
  process.exit(await takeAll(process.argv.slice(2)));
