/**
 * npm run soak: a day of work at once. The built page in a headless Chromium makes one run after another with models that
 * answer immediately, each kept in IndexedDB, and now and then opens an old one; in the end all of it is backed up. The
 * memory in use must stay flat and the stored bytes must grow by what the logs hold and no more. A million scored
 * examples are 24 hours at 86 ms each.
 *   --examples N  examples to score in all (1000000)
 *   --a-run N     examples of one run (20000)
 */
import { ensureDependencies, ensureNode } from './setup.js';

ensureNode();
ensureDependencies();
const { chromium } = await import('playwright');
const { neededBrowser } = await import('./browser.js');
const { servePage } = await import('./serve.js');

const args = process.argv.slice(2);
const number = (/** @type {string} */ name, /** @type {number} */ otherwise) => {
  const at = args.indexOf(name);
  return at === -1 ? otherwise : Number(args[at + 1]);
};
const EXAMPLES = number('--examples', 1_000_000);
const A_RUN = number('--a-run', Math.min(20_000, Math.max(1000, Math.round(EXAMPLES / 20))));
const RUNS = Math.ceil(EXAMPLES / A_RUN);
/** Heap and bytes an example at the end, at most so many times those at a tenth. */
const MOST_GROWTH = 1.2;
/** An old run is opened behind each so many runs. */
const OPENED_EVERY = 5;

const executablePath = neededBrowser();

const { url, close } = await servePage('test/bench-ui/page.html');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const problems = await soak().finally(async () => {
  await browser.close();
  await close();
});
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** @returns {Promise<string[]>} what is wrong, a sentence each */
async function soak() {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    serviceWorkers: 'block',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(600_000);
  /** @type {string[]} */
  const failed = [];
  page.on('pageerror', (error) => failed.push(`The page failed: ${error.message}`));
  await page.goto(url);
  await page.waitForFunction(() => 'measured' in globalThis);
  await page.evaluate(() => Reflect.get(globalThis, 'measured').prepare());
  await page.reload();
  await page.waitForFunction(() => 'measured' in globalThis);
  await page.getByRole('form', { name: 'Set-up' }).waitFor();
  const session = await context.newCDPSession(page);

  /** Megabytes in use after a collection of what is not, and megabytes that the origin stores. */
  async function measured() {
    await session.send('HeapProfiler.collectGarbage');
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { usage } = await page.evaluate(() => navigator.storage.estimate());
    return { heap: usedSize / 1e6, stored: (usage ?? 0) / 1e6 };
  }

  /** @type {{ examples: number, heap: number, stored: number }[]} */
  const points = [];
  const began = Date.now();
  for (let run = 1; run <= RUNS; run++) {
    await page.evaluate(
      ([calls, seed]) => Reflect.get(globalThis, 'measured').runs(calls, seed),
      [A_RUN, run],
    );
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForFunction(
      async (n) => {
        /** @type {{ status: string }[]} */
        const runs = await Reflect.get(globalThis, 'measured').whetstone.runs();
        return runs.filter(({ status }) => status === 'finished').length === n;
      },
      run,
      { polling: 250, timeout: 600_000 },
    );
    await page.getByRole('region', { name: 'Result' }).waitFor();
    if (run % OPENED_EVERY === 0) await openOne(page);
    const point = { examples: run * A_RUN, ...(await measured()) };
    points.push(point);
    const seconds = (Date.now() - began) / 1000;
    console.log(
      `${String(point.examples).padStart(8)} examples  heap ${point.heap.toFixed(1)} MB  stored ${point.stored.toFixed(1)} MB  ${seconds.toFixed(0)} s`,
    );
  }
  const runs = await page.evaluate(
    async () => (await Reflect.get(globalThis, 'measured').whetstone.runs()).length,
  );
  await backUp(page, session);
  await context.close();
  return [...failed, ...verdict(points, runs)];
}

/**
 * Saves everything into one file, and says what that takes at its worst.
 * @param {import('playwright').Page} page
 * @param {import('playwright').CDPSession} session
 */
async function backUp(page, session) {
  const began = Date.now();
  /** @type {Promise<number>} */
  const saving = page.evaluate(async () => {
    const { file } = await Reflect.get(globalThis, 'measured').whetstone.backup(() => undefined);
    return file.size;
  });
  let done = false;
  saving.catch(() => undefined).finally(() => (done = true));
  let most = 0;
  while (!done) {
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    most = Math.max(most, usedSize / 1e6);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const size = (await saving) / 1e6;
  console.log(
    `A backup of it all: ${size.toFixed(1)} MB in ${((Date.now() - began) / 1000).toFixed(0)} s, heap at most ${most.toFixed(0)} MB (with what waits for its collection).`,
  );
}

/** An old run is looked at, and left again. @param {import('playwright').Page} page */
async function openOne(page) {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Open', exact: true }).last().click();
  await page.locator('input[type=range]').first().waitFor();
  await page.waitForTimeout(300);
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
}

/**
 * @param {readonly { examples: number, heap: number, stored: number }[]} points
 * @param {number} runs
 * @returns {string[]}
 */
function verdict(points, runs) {
  const last = points.at(-1);
  const first = points[Math.max(0, Math.ceil(points.length / 10) - 1)];
  if (last === undefined || first === undefined) return ['Nothing was measured.'];
  const heap = last.heap / first.heap;
  const bytes = (/** @type {{ examples: number, stored: number }} */ point) =>
    (point.stored * 1e6) / point.examples;
  console.log(
    `${last.examples} examples in ${runs} runs. Heap: ${first.heap.toFixed(1)} MB at a tenth, ${last.heap.toFixed(1)} MB at the end, ${heap.toFixed(2)} times. ` +
      `Stored: ${bytes(first).toFixed(0)} bytes an example at a tenth, ${bytes(last).toFixed(0)} at the end.`,
  );
  /** @type {string[]} */
  const problems = [];
  if (heap > MOST_GROWTH)
    problems.push(
      `The heap grew to ${heap.toFixed(2)} times what it was at a tenth; at most ${MOST_GROWTH}.`,
    );
  if (bytes(last) > MOST_GROWTH * bytes(first))
    problems.push('An example takes more storage at the end than at a tenth.');
  if (runs !== points.length) problems.push(`${points.length} runs were made and ${runs} are kept.`);
  return problems;
}
