/**
 * npm run screens: pictures of every screen, over recorded events and without any model, at three widths in light and in
 * dark, for people to look at. Options: --out FOLDER (default test-results/screens), --only WORD (screens whose name has it).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { browserPath } from './browser.js';
import { serve } from './serve.js';
import { ROOT } from './setup.js';

/** @param {string} name @param {string} usual */
function option(name, usual) {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : (process.argv[at + 1] ?? usual);
}

/** @typedef {import('playwright').Page} Page */

/** @param {string} name */
const place = (name) => (/** @type {Page} */ page) => page.getByRole('link', { name, exact: true }).click();

/** @param {Page} page */
const start = (page) => page.getByRole('button', { name: 'Start', exact: true }).click();

/** @param {string} name */
const tab = (name) => (/** @type {Page} */ page) =>
  page
    .getByRole('tab', { name: new RegExp(`^${name}`) })
    .first()
    .click();

/** @param {string} name */
const press = (name) => (/** @type {Page} */ page) => page.getByRole('button', { name }).first().click();

/** A screen's name, the page that shows it, and what is done there first. @type {[string, string, ((page: Page) => Promise<void>)[]][]} */
const SCREENS = [
  ['first-visit', 'look.html', []],
  ['run-going', 'look.html?events=900', [start]],
  ['run-ended', 'look.html', [start]],
  ['run-in-doubt', 'look.html?doubtful', [start]],
  ['run-gradient', 'look.html?gradient', [start]],
  ['run-lineage', 'look.html', [start, tab('Lineage')]],
  ['run-examples', 'look.html', [start, tab('Examples')]],
  ['methods', 'look.html', [press('Methods')]],
  ['models', 'look.html?models', [press('Models')]],
  ['import', 'look.html', [press('Import a task')]],
  ['lessons', 'look.html', [place('Lessons')]],
  ['compare', 'look-compare.html', [place('Compare')]],
  ['compare-experiment', 'look-compare.html', [place('Compare'), press('Open')]],
  ['compare-runs', 'look-compare.html', [place('Compare'), tab('Runs side by side')]],
  ['library-runs', 'look.html', [place('Library')]],
  ['library-prompts', 'look.html', [place('Library'), tab('Prompts')]],
  ['library-task', 'look.html', [place('Library'), tab('Tasks'), press('Edit')]],
  ['library-models', 'look.html?models', [place('Library'), tab('Models')]],
];

const out = option('--out', join(ROOT, 'test-results', 'screens'));
const only = option('--only', '');
mkdirSync(out, { recursive: true });
const { url, close } = await serve({ port: 0, mode: 'dev' });
const executablePath = browserPath();
const browser = await chromium.launch({
  ...(executablePath === null ? {} : { executablePath }),
  args: ['--no-sandbox', '--disable-background-networking'],
});
let failed = 0;
for (const [name, path, steps] of SCREENS.filter(([each]) => each.includes(only))) {
  for (const width of [360, 1280, 1920]) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      const page = await browser.newPage({
        viewport: { width, height: width === 360 ? 780 : 900 },
        colorScheme,
        reducedMotion: 'reduce',
      });
      page.setDefaultTimeout(60_000);
      try {
        await page.goto(`${url}test/ui/${path}`);
        await page.getByRole('link', { name: 'Library' }).waitFor();
        for (const step of steps) await step(page);
        // Charts are drawn in the next frames, and tabs fetch their parts.
        await page.waitForTimeout(700);
        await page.screenshot({
          path: join(out, `${name}-${width}-${colorScheme}.png`),
          fullPage: width === 360,
        });
      } catch (error) {
        failed += 1;
        console.error(
          `${name} at ${width} px, ${colorScheme}: ${error instanceof Error ? error.message : error}`,
        );
      }
      await page.close();
    }
  }
  console.log(name);
}
await browser.close();
await close();
console.log(`Written to ${out}.`);
process.exit(failed > 0 ? 1 : 0);
