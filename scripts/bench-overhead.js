/** npm run bench -- --overhead: what the program around the models costs, measured in a headless Chromium. */
import { cpus, loadavg } from 'node:os';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright';
import { table } from './bench-report.js';
import { writeSection } from './bench-simulated.js';
import { neededBrowser } from './browser.js';
import { serve } from './serve.js';

/** What is wanted: scored examples a second, milliseconds a selection, growth of the tab's memory. */
const WANTED = { perSecond: 2000, selectMs: 10, growth: 0.2 };

const RUN = { scored: 10_000, repeats: 3 };
const SELECT = { prompts: 100_000, size: 384, k: 15, repeats: 30 };
const MARKS = [1000, 10_000, 50_000];

/** @returns {Promise<number>} the exit code: 1 when something was not reached */
export async function benchOverhead() {
  const executablePath = neededBrowser();
  const { url, close } = await serve({ port: 0, mode: 'dev' });
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`The page failed: ${error.message}`));
    await page.goto(`${url}test/overhead/page.html`);
    await page.waitForFunction(() => 'overhead' in globalThis);
    const load = loadavg()[0] ?? 0;

    const runs = [];
    const before = await busiestRenderer(browser);
    for (let i = 0; i < RUN.repeats; i++) {
      runs.push(await page.evaluate((n) => Reflect.get(globalThis, 'overhead').throughput(n), RUN.scored));
      console.log(`${(runs[i].scored / runs[i].seconds).toFixed(0)} scored examples a second`);
    }
    const rate = median(runs.map(({ scored, seconds }) => scored / seconds));
    const fastest = Math.max(...runs.map(({ scored, seconds }) => scored / seconds));
    const after = await busiestRenderer(browser);
    // What the tab itself needed, whatever else the machine did meanwhile.
    const busyMs = (1000 * (after.cpuTime - before.cpuTime)) / (RUN.repeats * RUN.scored);
    console.log(`${busyMs.toFixed(3)} ms of the tab's processor time an example`);

    const times = await page.evaluate(
      (wanted) => Reflect.get(globalThis, 'overhead').selecting(wanted),
      SELECT,
    );
    const selecting = median(times);
    console.log(`${selecting.toFixed(1)} ms a selection among ${SELECT.prompts}`);
    // The selection's own memory is not the log's.
    await page.reload();
    await page.waitForFunction(() => 'overhead' in globalThis);

    const session = await page.context().newCDPSession(page);
    const { id: pid } = await busiestRenderer(browser);
    /** @type {{ entries: number, heap: number, tab: number | null }[]} */
    const memory = [];
    await page.exposeFunction('memoryAt', async (/** @type {number} */ entries) => {
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      memory.push({ entries, heap: usedSize / 1e6, tab: residentMegabytes(pid) });
      console.log(`${entries} entries: ${describe(memory.at(-1))}`);
    });
    await page.evaluate(
      (marks) => Reflect.get(globalThis, 'overhead').marks(marks, Reflect.get(globalThis, 'memoryAt')),
      MARKS,
    );
    const first = memory[0];
    const last = memory.at(-1);
    const growth = first?.tab && last?.tab ? last.tab / first.tab - 1 : null;
    const perEntry = first && last ? ((last.heap - first.heap) * 1e6) / (last.entries - first.entries) : 0;

    const reached =
      rate >= WANTED.perSecond && selecting < WANTED.selectMs && (growth === null || growth <= WANTED.growth);
    writeSection(
      'overhead',
      `## Overhead

\`npm run bench -- --overhead\`, headless Chromium ${browser.version()}, ${cpus().length} cores, load ${load.toFixed(1)} before it began.

${table([
  ['what', 'measured', 'wanted'],
  [
    `run loop, log and IndexedDB with models that answer at once (median of ${RUN.repeats} runs of ${RUN.scored}; fastest ${fastest.toFixed(0)}; the tab’s processor time: ${busyMs.toFixed(2)} ms an example)`,
    `${rate.toFixed(0)} scored examples a second`,
    `≥ ${WANTED.perSecond}`,
  ],
  [
    `${SELECT.k} by relevance among ${SELECT.prompts} prompts of ${SELECT.size} numbers (median of ${SELECT.repeats}; fastest ${Math.min(...times).toFixed(1)} ms)`,
    `${selecting.toFixed(1)} ms`,
    `< ${WANTED.selectMs} ms`,
  ],
  [
    `resident memory of the tab from ${first?.entries} to ${last?.entries} log entries`,
    growth === null
      ? 'not measured on this system'
      : `${growth >= 0 ? '+' : '−'}${Math.abs(100 * growth).toFixed(0)} %`,
    `within ${100 * WANTED.growth} %`,
  ],
])}

Memory after a garbage collection: ${memory.map((each) => `${each.entries} entries ${describe(each)}`).join('; ')}. The log itself is on disk. What grows on the heap, ${perEntry.toFixed(0)} bytes an entry, is the run's own memory of what was answered, which spares asking again and which the page shows.`,
    );
    console.log(`Written to docs/bench.md. ${reached ? 'All is as wanted.' : 'NOT all is as wanted.'}`);
    return reached ? 0 : 1;
  } finally {
    await browser.close();
    await close();
  }
}

/** @param {{ heap: number, tab: number | null } | undefined} memory */
function describe(memory) {
  if (memory === undefined) return '';
  const tab = memory.tab === null ? '' : `, tab ${memory.tab.toFixed(0)} MB`;
  return `heap ${memory.heap.toFixed(1)} MB${tab}`;
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/**
 * The process that shows the page: of the renderers the one that has worked most.
 * @param {import('playwright').Browser} browser
 */
async function busiestRenderer(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const [first] = renderers.sort((a, b) => b.cpuTime - a.cpuTime);
  if (first === undefined) throw new Error('Chromium names no process that shows the page.');
  return first;
}

/**
 * Memory that a process holds; null where the system does not say.
 * @param {number} pid
 */
function residentMegabytes(pid) {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) / 1000;
  } catch {
    return null;
  }
}
