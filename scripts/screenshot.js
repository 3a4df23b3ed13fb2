/**
 * node scripts/screenshot.js: takes docs/run.png of a real run, with the default model on the processor. Takes some
 * minutes. Options: --steps N, --out FILE, --dark.
 */
import { join } from 'node:path';
import { chromium } from 'playwright';
import { browserPath } from './browser.js';
import { ensureModels } from './models.js';
import { serve } from './serve.js';
import { ROOT } from './setup.js';

/** @param {string} name @param {string} usual */
function option(name, usual) {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : (process.argv[at + 1] ?? usual);
}

await ensureModels();
const { url, close } = await serve({ port: 0, mode: 'preview' });
const executablePath = browserPath();
const browser = await chromium.launch({
  ...(executablePath === null ? {} : { executablePath }),
  args: ['--no-sandbox', '--disable-background-networking'],
});
const page = await browser.newPage({
  viewport: { width: 1440, height: 1000 },
  colorScheme: process.argv.includes('--dark') ? 'dark' : 'light',
});
await page.goto(url);
const form = page.getByRole('form', { name: 'Set-up' });
await form.getByLabel('Task', { exact: true }).selectOption({ label: 'Movie reviews' });
await form
  .getByRole('group', { name: /Budget/ })
  .getByLabel('Steps')
  .fill(option('--steps', '3'));
await form.getByText('Examples and seed').click();
await form.getByLabel('Train', { exact: true }).fill('24');
await form.getByLabel('Validation', { exact: true }).fill('24');
await form.getByLabel('Candidates a step').fill('4');
await page.getByRole('button', { name: 'Start' }).click();
await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: 30 * 60_000 });
await page.evaluate(() => scrollTo(0, 0));
const out = option('--out', join(ROOT, 'docs', 'run.png'));
await page.screenshot({ path: out });
console.log(`Wrote ${out}.`);
await browser.close();
await close();
