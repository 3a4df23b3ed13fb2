/** What the first visit costs: the scripts that it fetches, and when one can begin. */
import { gzipSync } from 'node:zlib';

/**
 * @typedef {object} First
 * @property {number} shown milliseconds until the form is there
 * @property {number} ready milliseconds until a run could be started
 * @property {number} interactive milliseconds until no long task follows
 * @property {{ name: string, size: number, own: boolean, late: boolean }[]} scripts bytes when gzipped; own: named by the
 *   page itself, so needed before it shows anything; late: fetched after `ready`
 */

/** A slow processor: so many times slower than this one. */
export const THROTTLE = 4;

/** After the form is there, this much time without a long task counts as quiet, in milliseconds. */
const QUIET = 500;

/**
 * The median visit of three, each in a profile of its own.
 * @param {import('playwright').Browser} browser
 * @param {string} url
 * @param {{ returning: boolean, rate?: number }} visit returning: no lesson plays by itself; rate: of throttling
 * @returns {Promise<First>}
 */
export async function measureFirst(browser, url, { returning, rate = THROTTLE }) {
  const visits = [];
  for (let i = 0; i < 3; i++) visits.push(await visit(browser, url, returning, rate));
  visits.sort((a, b) => a.interactive - b.interactive);
  const [, middle] = visits;
  if (middle === undefined) throw new Error('Nothing was measured.');
  return middle;
}

/**
 * @param {import('playwright').Browser} browser
 * @param {string} url
 * @param {boolean} returning
 * @param {number} rate
 * @returns {Promise<First>}
 */
async function visit(browser, url, returning, rate) {
  const viewport = { width: 1280, height: 900 };
  const context = await browser.newContext({ viewport, serviceWorkers: 'block' });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate });
    await page.addInitScript((again) => {
      if (again) localStorage.setItem('whetstone:seen', 'yes');
      /** @type {{ start: number, end: number }[]} */
      const long = [];
      Reflect.set(globalThis, 'longTasks', long);
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries())
          long.push({ start: startTime, end: startTime + duration });
      }).observe({ type: 'longtask', buffered: true });
      Reflect.set(globalThis, 'scripts', () =>
        performance
          .getEntriesByType('resource')
          .filter(({ name }) => name.endsWith('.js'))
          .map(({ name, startTime }) => ({ name, at: startTime })),
      );
    }, returning);
    await page.goto(url);
    await page.getByRole('form', { name: 'Set-up' }).waitFor();
    const shown = await page.evaluate(() => performance.now());
    await page.locator('button:enabled', { hasText: /^Start$/ }).waitFor();
    const ready = await page.evaluate(() => performance.now());
    await page.waitForTimeout(5000);
    /** @type {{ long: { start: number, end: number }[], fetched: { name: string, at: number }[] }} */
    const { long, fetched } = await page.evaluate(() => ({
      long: Reflect.get(globalThis, 'longTasks'),
      fetched: Reflect.get(globalThis, 'scripts')(),
    }));
    let interactive = shown;
    for (const { start, end } of long)
      if (end > interactive && start - interactive < QUIET) interactive = end;
    const html = await (await fetch(url)).text();
    const scripts = [];
    for (const { name, at } of fetched) {
      const body = Buffer.from(await (await fetch(name)).arrayBuffer());
      const own = html.includes(`/${name.split('/').at(-1)}"`);
      scripts.push({ name: chunkName(name), size: gzipSync(body).length, own, late: at > ready });
    }
    return { shown, ready, interactive, scripts };
  } finally {
    await context.close();
  }
}

/** `whetstone` of `https://host/assets/whetstone-Cwhsew6P.js`. @param {string} url */
function chunkName(url) {
  return (url.split('/').at(-1) ?? url).replace(/-[\w-]{8}\.js$/, '');
}

/** Kilobytes of the scripts of the form, of those fetched until a run could be started, and of all. @param {First} first */
export function kilobytes({ scripts }) {
  const sum = (/** @type {First['scripts']} */ some) => some.reduce((all, { size }) => all + size, 0) / 1000;
  return {
    form: sum(scripts.filter(({ own }) => own)),
    ready: sum(scripts.filter(({ late }) => !late)),
    all: sum(scripts),
  };
}
