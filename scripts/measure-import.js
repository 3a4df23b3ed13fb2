/**
 * node scripts/measure-import.js [rows]: how long an import of 100,000 rows takes in Chromium, and the longest time for
 * which it holds up the page's own thread. The rows are written into a folder that is removed again.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { neededBrowser } from './browser.js';
import { serve } from './serve.js';

const count = Number(process.argv[2] ?? 100_000);
const labels = ['billing', 'technical', 'account', 'shipping'];
const words = 'the order came late and the box was open but support was kind, "quick" and fair'.split(' ');
const rows = Array.from({ length: count }, (_, i) => {
  const text = Array.from({ length: 30 }, (_, k) => words[(i * 7 + k * k) % words.length]).join(' ');
  return `"${`Ticket ${i}: ${text}`.replaceAll('"', '""')}",${labels[i % 4]}`;
});
const folder = await mkdtemp(join(tmpdir(), 'import-'));
const csv = join(folder, 'tickets.csv');
const text = `text,label\n${rows.join('\n')}\n`;
await writeFile(csv, text);

const { url, close } = await serve({ port: 0, mode: 'preview' });
const executablePath = neededBrowser();
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-background-networking'],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(240_000);
  await page.goto(url);
  await page.getByTestId('cost').or(page.getByText('No model that can run here')).first().waitFor();
  await page.getByRole('button', { name: 'Import a task' }).click();
  await page.evaluate(() => {
    const long = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { long });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) long.push(entry.duration);
    }).observe({ entryTypes: ['longtask'] });
  });
  /** The longest task since it was last asked; tasks under 50 ms are not told by the browser. */
  const longest = async () => {
    const found = await page.evaluate(() => {
      const long = /** @type {unknown} */ (Reflect.get(globalThis, 'long'));
      return Array.isArray(long) ? Math.max(0, ...long.splice(0).map(Number)) : NaN;
    });
    return found === 0 ? 'no task over 50 ms' : `longest task ${Math.round(found)} ms`;
  };
  console.log(`${count} rows, ${(text.length / 1e6).toFixed(1)} MB of CSV`);
  let from = performance.now();
  /** @param {string} what */
  const told = async (what) => {
    console.log(`${what}: ${((performance.now() - from) / 1000).toFixed(1)} s, ${await longest()}`);
    from = performance.now();
  };
  await page.locator('input[type=file]').first().setInputFiles(csv);
  await page.getByTestId('import-sizes').waitFor();
  await told('read, guessed and checked');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByRole('dialog', { name: 'Import a task' }).waitFor({ state: 'hidden' });
  await told('built, checked again and stored');
  await page.getByRole('complementary', { name: 'Task' }).getByText('Tickets', { exact: true }).waitFor();
  await told('listed and chosen');
} finally {
  await browser.close();
  await close();
  await rm(folder, { recursive: true });
}
