/**
 * node scripts/screenshot.js: takes docs/run.png of a real run, with the default model on the processor. Takes some
 * minutes. Options: --steps N, --out FILE, --dark, --lesson TITLE (a recorded real run in its place: seconds).
 */
import { join } from 'node:path';
import { chromium } from 'playwright';
import { neededBrowser } from './browser.js';
import { ensureModels } from './models.js';
import { serve } from './serve.js';
import { ROOT } from './setup.js';

/** @param {string} name @param {string} usual */
function option(name, usual) {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : (process.argv[at + 1] ?? usual);
}

const lesson = option('--lesson', '');
if (lesson === '') await ensureModels();
const { url, close } = await serve({ port: 0, mode: lesson === '' ? 'preview' : 'dev' });
const executablePath = neededBrowser();
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-background-networking'],
});
const page = await browser.newPage({
  viewport: { width: 1440, height: 1000 },
  colorScheme: process.argv.includes('--dark') ? 'dark' : 'light',
  // A recorded run stands at its end, and nothing is on its way.
  reducedMotion: 'reduce',
});
page.setDefaultTimeout(120_000);
await page.addInitScript(() => localStorage.setItem('whetstone:seen', 'yes'));
await page.goto(url);
if (lesson === '') await run();
else {
  await page.getByRole('link', { name: 'Lessons', exact: true }).click();
  await page.getByRole('button', { name: `Open “${lesson}”` }).click();
}
await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: 30 * 60_000 });
await page.evaluate(() => scrollTo(0, 0));
await page.waitForTimeout(1000);
const out = option('--out', join(ROOT, 'docs', 'run.png'));
await page.screenshot({ path: out });
console.log(`Wrote ${out}.`);
await browser.close();
await close();

async function run() {
  const form = page.getByRole('form', { name: 'Set-up' });
  await form.getByLabel('Task', { exact: true }).selectOption({ label: 'Movie reviews' });
  await form
    .getByRole('group', { name: /Budget/ })
    .getByLabel('Steps')
    .fill(option('--steps', '3'));
  await form.getByText('Examples and seed').click();
  await form.getByLabel('Train', { exact: true }).fill('24');
  await form.getByLabel('Validation', { exact: true }).fill('24');
  await form.getByLabel('Test', { exact: true }).fill('48');
  await form.getByLabel('Candidates a step').fill('4');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
}
