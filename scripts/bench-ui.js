/**
 * npm run bench:ui: what the page itself costs, measured in a headless Chromium over the built page; writes docs/ui.md.
 *   --entries N  log entries of the run that is made and opened (50000)
 *   --print      prints the figures and writes nothing
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { measureFirst } from './bench-ui-first.js';
import { uiReport } from './bench-ui-report.js';
import { measureRun } from './bench-ui-run.js';
import { ROOT, ensureDependencies, ensureNode } from './setup.js';

ensureNode();
ensureDependencies();
const { chromium } = await import('playwright');
const { neededBrowser } = await import('./browser.js');
const { servePage } = await import('./serve.js');

const args = process.argv.slice(2);
const given = args.indexOf('--entries');
const ENTRIES = given === -1 ? 50_000 : Number(args[given + 1]);
const WRITE = !args.includes('--print');

const executablePath = neededBrowser();

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const load = loadavg()[0] ?? 0;
  const first = await served('index.html', async (url) => ({
    again: await measureFirst(browser, url, { returning: true }),
    lesson: await measureFirst(browser, url, { returning: false }),
  }));
  const run = await served('test/bench-ui/page.html', (url) => measureRun(browser, url, ENTRIES));
  const text = uiReport({
    ...first,
    run,
    entries: ENTRIES,
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB, load ${load.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after`,
    browser: browser.version(),
  });
  console.log(text);
  if (WRITE) writeFileSync(join(ROOT, 'docs', 'ui.md'), text);
} finally {
  await browser.close();
}

/**
 * Measures a page while it is served.
 * @template T
 * @param {string} input
 * @param {(url: string) => Promise<T>} measure
 */
async function served(input, measure) {
  const { url, close } = await servePage(input);
  try {
    return await measure(url);
  } finally {
    await close();
  }
}
