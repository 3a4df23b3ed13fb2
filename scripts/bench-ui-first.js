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

/**
 * What the page notes of its own first moments, in milliseconds.
 * @typedef {{ shown: number | null, ready: number | null, long: { start: number, end: number }[] }} Noted
 */

/** A slow processor: so many times slower than this one. */
export const THROTTLE = 4;

/** How long a visit is watched, in milliseconds. */
const WATCHED_MS = 8000;

/** After so long a new window of the browser is quiet, in milliseconds. */
const SETTLED_MS = 2000;

/** After the form is there, this much time without a long task counts as quiet, in milliseconds. */
const QUIET = 500;

/**
 * The median visit of five, each in a profile of its own.
 * @param {import('playwright').Browser} browser
 * @param {string} url
 * @param {{ returning: boolean, rate?: number }} visit returning: no lesson plays by itself; rate: of throttling
 * @returns {Promise<First>}
 */
export async function measureFirst(browser, url, { returning, rate = THROTTLE }) {
  const visits = [];
  for (let i = 0; i < 5; i++) visits.push(await visit(browser, url, returning, rate));
  visits.sort((a, b) => a.interactive - b.interactive);
  const [, , middle] = visits;
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
    // The page notes the moments itself: whoever asks it meanwhile takes the processor away from it.
    await page.addInitScript((again) => {
      if (again) localStorage.setItem('whetstone:seen', 'yes');
      /** @type {Noted} */
      const noted = { shown: null, ready: null, long: [] };
      Reflect.set(globalThis, 'noted', noted);
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries())
          noted.long.push({ start: startTime, end: startTime + duration });
      }).observe({ type: 'longtask', buffered: true });
      const watching = new MutationObserver(() => {
        const form = document.querySelector('form[aria-label="Set-up"]');
        if (form === null) return;
        noted.shown ??= performance.now();
        const start = [...form.querySelectorAll('button:enabled')];
        if (start.some(({ textContent }) => textContent?.trim() === 'Start'))
          noted.ready ??= performance.now();
        if (noted.ready !== null) watching.disconnect();
      });
      watching.observe(document, { subtree: true, childList: true, attributes: true });
    }, returning);
    // The browser is still busy with its own window.
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    await page.goto(url);
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    /** @type {{ noted: Noted, fetched: { name: string, at: number }[] }} */
    const { noted, fetched } = await page.evaluate(() => ({
      noted: Reflect.get(globalThis, 'noted'),
      fetched: performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.endsWith('.js'))
        .map(({ name, startTime }) => ({ name, at: startTime })),
    }));
    const { shown, ready, long } = noted;
    if (shown === null || ready === null) throw new Error(`The page was not ready after ${WATCHED_MS} ms.`);
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
