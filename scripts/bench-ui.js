/**
 * npm run bench:ui: what the page itself costs, measured in a headless Chromium over the built page; writes docs/ui.md.
 *   --entries N  log entries of the run that is made and opened (50000)
 *   --print      prints the figures and writes nothing
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { measureFirst } from './bench-ui-first.js';
import { uiReport } from './bench-ui-report.js';
import { measureRun } from './bench-ui-run.js';
import { ROOT, ensureDependencies, ensureNode } from './setup.js';

ensureNode();
ensureDependencies();
const { chromium } = await import('playwright');
const { build, preview } = await import('vite');
const { browserPath } = await import('./browser.js');

const args = process.argv.slice(2);
const given = args.indexOf('--entries');
const ENTRIES = given === -1 ? 50_000 : Number(args[given + 1]);
const WRITE = !args.includes('--print');

const executablePath = browserPath();
if (executablePath === null) {
  console.error('No Chromium was found. Install one, or name it in the variable CHROME_PATH.');
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'whetstone-ui-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const load = loadavg()[0] ?? 0;
  const first = await served('index.html', 'page', async (url) => ({
    again: await measureFirst(browser, url, { returning: true }),
    lesson: await measureFirst(browser, url, { returning: false }),
  }));
  const run = await served('test/bench-ui/page.html', 'bench', (url) => measureRun(browser, url, ENTRIES));
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
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Builds a page and measures it while it is served.
 * @template T
 * @param {string} input
 * @param {string} name
 * @param {(url: string) => Promise<T>} measure
 */
async function served(input, name, measure) {
  const outDir = join(folder, name);
  const output = { outDir, emptyOutDir: true, rolldownOptions: { input: join(ROOT, input) } };
  await build({ root: ROOT, logLevel: 'error', mode: 'production', build: output });
  const server = await preview({ root: ROOT, logLevel: 'error', build: { outDir }, preview: { port: 0 } });
  try {
    const url = server.resolvedUrls?.local[0] ?? '';
    return await measure(`${url}${input === 'index.html' ? '' : input}`);
  } finally {
    await server.close();
  }
}
