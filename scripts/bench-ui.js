/**
 * npm run bench:ui: what the page itself costs, measured in a headless Chromium over the built page; writes docs/ui.md.
 *   --entries N  log entries of the run that is made and opened (50000)
 *   --print      prints the table and writes nothing
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { table } from './bench-report.js';
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
/** What is wanted: kilobytes, milliseconds. */
const WANTED = { kilobytes: 100, interactive: 1000, open: 1000, longTask: 50, back: 50, frame: 1000 / 60 };

const executablePath = browserPath();
if (executablePath === null) {
  console.error('No Chromium was found. Install one, or name it in the variable CHROME_PATH.');
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'whetstone-ui-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const first = await served('index.html', 'page', measureFirst);
  const run = await served('test/bench-ui/page.html', 'bench', measureRun);
  report(first, run);
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

/** The first visit: scripts that it loads, compressed, and when one can begin to set up a run. @param {string} url */
async function measureFirst(url) {
  const loads = [];
  for (let i = 0; i < 3; i++) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      serviceWorkers: 'block',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    /** @type {{ url: string, at: number, size: number }[]} */
    const scripts = [];
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await page.addInitScript(() => {
      /** @type {number[]} */
      const ends = [];
      Reflect.set(globalThis, 'longEnds', ends);
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) ends.push(entry.startTime + entry.duration);
      }).observe({ type: 'longtask', buffered: true });
    });
    const began = Date.now();
    page.on('response', (response) => {
      if (!response.url().endsWith('.js')) return;
      const at = Date.now() - began;
      void response.body().then(
        (body) => scripts.push({ url: response.url(), at, size: gzipSync(body).length }),
        // The page was closed before its last script was read.
        () => undefined,
      );
    });
    await page.goto(url);
    await page.getByRole('form', { name: 'Set-up' }).waitFor();
    const shown = await page.evaluate(() => performance.now());
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
    const ready = await page.evaluate(() => performance.now());
    await page.waitForTimeout(4000);
    // Interactive: the form is there and no long task is going on in its first stretch.
    const ends = await page.evaluate(() => Reflect.get(globalThis, 'longEnds'));
    let interactive = shown;
    for (const end of ends) if (end > interactive && end - interactive < 500) interactive = end;
    const size = (/** @type {number} */ until) =>
      scripts.filter(({ at }) => at <= until).reduce((sum, one) => sum + one.size, 0) / 1000;
    loads.push({ shown, ready, interactive, form: size(shown + 50), all: size(Infinity), files: scripts });
    await context.close();
  }
  loads.sort((a, b) => a.interactive - b.interactive);
  const middle = loads[1] ?? loads[0];
  if (middle === undefined) throw new Error('Nothing was measured.');
  for (const one of middle.files.toSorted((a, b) => b.size - a.size))
    console.log(
      `${(one.size / 1000).toFixed(1).padStart(6)} KB at ${one.at} ms ${one.url.split('/').at(-1)}`,
    );
  return middle;
}

/** A live run at full speed, and the same run opened again. @param {string} url */
async function measureRun(url) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    serviceWorkers: 'block',
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`The page failed: ${error.message}`));
  await page.goto(url);
  await page.waitForFunction(() => 'measured' in globalThis);
  await page.evaluate(() => Reflect.get(globalThis, 'measured').prepare());
  await page.reload();
  await page.waitForFunction(() => 'measured' in globalThis);
  await page.getByRole('form', { name: 'Set-up' }).waitFor();
  // Each proposal is an entry of the log too: one for so many answers.
  const calls = Math.round((ENTRIES * 100) / 101);
  await page.evaluate((n) => Reflect.get(globalThis, 'measured').runs(n), calls);
  const longTasks = () => page.evaluate(() => Reflect.get(globalThis, 'measured').longTasks());
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByTestId('stage-line').waitFor();
  await page.waitForTimeout(1000);
  await longTasks();
  const began = Date.now();
  await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: 400_000 });
  const live = { seconds: (Date.now() - began) / 1000, long: await longTasks() };
  console.log(
    `live: ${live.seconds.toFixed(1)} s, ${live.long.length} long tasks, longest ${most(live.long)}`,
  );

  await page.reload();
  await page.waitForFunction(() => 'measured' in globalThis);
  await page.getByRole('link', { name: 'Library' }).click();
  const openButton = page.getByRole('button', { name: 'Open', exact: true }).first();
  await openButton.waitFor();
  await page.waitForTimeout(500);
  await longTasks();
  const opened = await page.evaluate(async () => {
    const button = [...document.querySelectorAll('button')].find(
      ({ textContent }) => textContent.trim() === 'Open',
    );
    const from = performance.now();
    button?.click();
    while (document.querySelector('input[type=range]') === null)
      await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - from;
  });
  await page.waitForTimeout(500);
  const openLong = await longTasks();
  console.log(`opened in ${opened.toFixed(0)} ms, long tasks ${openLong.map(Math.round).join(' ')}`);

  const backs = [];
  const back = await page.getByRole('button', { name: /Back$/ }).elementHandle();
  for (let i = 0; i < 12; i++)
    backs.push(await page.evaluate((button) => Reflect.get(globalThis, 'measured').clicked(button), back));
  console.log(`back: ${backs.map(Math.round).join(' ')}`);

  const showAll = page.getByRole('button', { name: /^Show all/ });
  if (await showAll.count()) await showAll.first().click();
  await page.waitForTimeout(500);
  const scroll = (/** @type {string} */ selector) =>
    page.evaluate((what) => {
      const element = document.querySelector(what);
      return element === null ? [] : Reflect.get(globalThis, 'measured').scroll(element, 120, 120);
    }, selector);
  const list = await scroll('.middle');
  await page.getByRole('table', { name: 'Candidates' }).getByRole('button').first().click();
  await page.waitForTimeout(300);
  const answers = await scroll('.right');
  console.log(
    `scroll: candidates ${quantile(list, 0.95).toFixed(1)}, answers ${quantile(answers, 0.95).toFixed(1)}`,
  );

  const id = await page.evaluate(
    async () => (await Reflect.get(globalThis, 'measured').whetstone.runs())[0].id,
  );
  const fold = await page.evaluate((run) => Reflect.get(globalThis, 'measured').fold(run), id);
  await context.close();
  return { live, opened, openLong, backs, list, answers, fold };
}

/** @param {Awaited<ReturnType<typeof measureFirst>>} first @param {Awaited<ReturnType<typeof measureRun>>} run */
function report(first, run) {
  const ms = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const longOf = (/** @type {number[]} */ long) =>
    long.length === 0 ? 'none' : `${long.length}, the longest ${ms(most(long))}`;
  const frames = (/** @type {number[]} */ times) =>
    `${ms(quantile(times, 0.5))} median, ${ms(quantile(times, 0.95))} at 95 %`;
  const rows = [
    ['what', 'measured', 'wanted'],
    [
      'scripts of the first visit until the form is there, gzipped',
      `${first.form.toFixed(0)} KB`,
      `< ${WANTED.kilobytes} KB`,
    ],
    [
      'the same with all that is loaded without being asked for',
      `${first.all.toFixed(0)} KB`,
      `< ${WANTED.kilobytes} KB`,
    ],
    ['form shown, 4 times slower processor', ms(first.shown), ''],
    ['no long task any more, 4 times slower processor', ms(first.interactive), `< ${ms(WANTED.interactive)}`],
    [
      `long tasks of a run of ${ENTRIES} entries at full speed (${run.live.seconds.toFixed(0)} s)`,
      longOf(run.live.long),
      `none over ${WANTED.longTask} ms`,
    ],
    [`opening that run from the library, until painted`, ms(run.opened), `< ${ms(WANTED.open)}`],
    ['long tasks while it opens', longOf(run.openLong), ''],
    [`folding its ${run.fold.events} events`, ms(run.fold.all), ''],
    [
      'one stage back: the fold',
      `${ms(quantile(run.fold.back, 0.5))} median, ${ms(most(run.fold.back))} at most`,
      `< ${WANTED.back} ms`,
    ],
    [
      'one stage back: until painted',
      `${ms(quantile(run.backs, 0.5))} median, ${ms(most(run.backs))} at most`,
      `< ${WANTED.back} ms`,
    ],
    ['frames while all candidates scroll', frames(run.list), `${ms(WANTED.frame)}`],
    ['frames while the inspector scrolls', frames(run.answers), `${ms(WANTED.frame)}`],
  ];
  const text = `# The page

\`npm run bench:ui\`, the built page in headless Chromium ${browser.version()}, ${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}. A run by OPRO with models that answer at once.

${table(rows)}
`;
  console.log(text);
  if (WRITE) writeFileSync(join(ROOT, 'docs', 'ui.md'), text);
}

/** @param {readonly number[]} values */
function most(values) {
  return values.length === 0 ? 0 : Math.max(...values);
}

/** @param {readonly number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
