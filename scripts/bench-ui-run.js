/** A live run at full speed under the eyes of each view, and the same run opened again. */
import { longOf, traced } from './bench-ui-trace.js';

/** @typedef {import('./bench-ui-trace.js').Task} Task */

/** What is watched while the run goes on: a view of the run, and the list below it. */
const WATCHED = [
  { view: 'Score', list: 'Trajectory' },
  { view: 'Lineage', list: 'Trajectory' },
  { view: 'Map', list: 'Steps' },
  { view: 'Examples', list: 'Meta-prompts' },
];

/** How long each is watched before the next has its turn, in milliseconds. */
const TURN = 1500;

/**
 * @typedef {object} Run
 * @property {{ seconds: number, views: Map<string, Task[]> }} live
 * @property {Opening} opened from the events that were kept of it
 * @property {Opening} replayed from its log
 * @property {Map<string, Task[]>} shown going to each view of the whole run
 * @property {number[]} backs milliseconds from a click on Back until what changes is painted
 * @property {{ name: string, times: number[] }[]} scrolled times between frames
 */

/** @typedef {{ first: number, whole: number, tasks: Task[] }} Opening milliseconds until something is there, and all */

/**
 * @param {import('playwright').Browser} browser
 * @param {string} url
 * @param {number} entries
 * @returns {Promise<Run>}
 */
export async function measureRun(browser, url, entries) {
  const viewport = { width: 1280, height: 900 };
  const context = await browser.newContext({ viewport, serviceWorkers: 'block' });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => console.error(`The page failed: ${error.message}`));
    await page.addInitScript(() => localStorage.setItem('whetstone:seen', 'yes'));
    const measured = () => page.waitForFunction(() => 'measured' in globalThis);
    await page.goto(url);
    await measured();
    await page.evaluate(() => Reflect.get(globalThis, 'measured').prepare());
    await page.reload();
    await measured();
    const live = await watched(browser, page, entries);
    for (const [view, tasks] of live.views) console.log(`live, ${view}:`, longOf(tasks));
    const again = async () => {
      await kept(page);
      await page.reload();
      await measured();
    };
    await again();
    await page.evaluate(() => caches.delete('whetstone/events'));
    const replayed = await opening(browser, page);
    console.log('replayed:', replayed.first, replayed.whole, longOf(replayed.tasks));
    await again();
    return { live, replayed, ...(await opened(browser, page)) };
  } finally {
    await context.close();
  }
}

/** @param {import('playwright').Browser} browser @param {import('playwright').Page} page @param {number} entries */
async function watched(browser, page, entries) {
  // Each proposal is an entry of the log too: one for so many answers.
  const calls = Math.round((entries * 100) / 101);
  await page.evaluate((n) => Reflect.get(globalThis, 'measured').runs(n), calls);
  await page.locator('button:enabled', { hasText: /^Start$/ }).click();
  await page.getByTestId('stage-line').waitFor();
  const began = Date.now();
  const result = page.getByRole('region', { name: 'Result' });
  /** @type {Map<string, Task[]>} */
  const views = new Map(WATCHED.map(({ view }) => [view, []]));
  for (let turn = 0; (await result.count()) === 0; turn++) {
    if (Date.now() - began > 300_000) throw new Error('The run did not end in five minutes.');
    const { view, list } = WATCHED[turn % WATCHED.length] ?? { view: '', list: '' };
    const { tasks } = await traced(browser, page, async () => {
      await page.getByRole('tab', { name: list }).click();
      await page.getByRole('tab', { name: view, exact: true }).click();
      const place = page.getByRole('button', { name: 'Place the prompts' });
      if (view === 'Map' && (await place.count()) > 0) await place.click();
      await Promise.race([page.waitForTimeout(TURN), result.waitFor()]);
    });
    views.get(view)?.push(...tasks);
  }
  return { seconds: (Date.now() - began) / 1000, views };
}

/**
 * Resolves when the page has put away what the run told.
 * @param {import('playwright').Page} page
 */
async function kept(page) {
  const found = async () => (await (await caches.open('whetstone/events')).keys()).length > 0;
  for (let tries = 0; !(await page.evaluate(found)); tries++) {
    if (tries > 100) throw new Error('The events of the run were not kept.');
    await page.waitForTimeout(100);
  }
}

/**
 * @param {import('playwright').Browser} browser
 * @param {import('playwright').Page} page
 * @returns {Promise<Opening>}
 */
async function opening(browser, page) {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Open', exact: true }).first().waitFor();
  await page.waitForTimeout(500);
  const { tasks, result: times } = await traced(browser, page, () =>
    page.evaluate(async () => {
      const paint = () =>
        new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(null))));
      const until = async (/** @type {() => boolean} */ there) => {
        while (!there()) await new Promise((resolve) => setTimeout(resolve, 4));
        await paint();
        return performance.now() - from;
      };
      const buttons = [...document.querySelectorAll('button')];
      const from = performance.now();
      buttons.find(({ textContent }) => textContent.trim() === 'Open')?.click();
      const bar = () => document.querySelector('[role=toolbar][aria-label=Replay]');
      const first = await until(() => bar() !== null);
      const drawn = () => document.querySelector('table[aria-label=Candidates] tbody tr') !== null;
      const whole = await until(() => drawn() && bar()?.textContent.includes('reading more') === false);
      return { first, whole };
    }),
  );
  return { ...times, tasks };
}

/** @param {import('playwright').Browser} browser @param {import('playwright').Page} page */
async function opened(browser, page) {
  const fromKept = await opening(browser, page);
  console.log('opened:', fromKept.first, fromKept.whole, longOf(fromKept.tasks));
  /** @type {Map<string, Task[]>} */
  const shown = new Map();
  for (const { view } of [...WATCHED, ...WATCHED]) {
    const tab = page.getByRole('tab', { name: view, exact: true });
    const change = await traced(browser, page, async () => {
      await tab.click();
      const place = page.getByRole('button', { name: 'Place the prompts' });
      if (view === 'Map' && (await place.count()) > 0) {
        await place.click();
        await page.getByRole('progressbar').waitFor({ state: 'detached' });
      }
      await page.waitForTimeout(300);
    });
    // The second visit: the first also fetches the view's code.
    shown.set(view, change.tasks);
    if (view === 'Lineage') await page.locator('[aria-labelledby=lineage-title] label').first().click();
  }
  await page.getByRole('tab', { name: 'Score', exact: true }).click();

  const back = await page.getByRole('button', { name: /Back$/ }).elementHandle();
  /** @type {number[]} */
  const backs = [];
  for (let i = 0; i < 12; i++)
    backs.push(await page.evaluate((button) => Reflect.get(globalThis, 'measured').clicked(button), back));
  await page.getByRole('button', { name: 'End', exact: true }).click();

  const scroll = (/** @type {string} */ selector) =>
    page.evaluate((what) => {
      const element = document.querySelector(what);
      return element === null ? [] : Reflect.get(globalThis, 'measured').scroll(element, 60, 120);
    }, selector);
  const scrolled = [{ name: 'the run with its candidates', times: await scroll('.middle') }];
  await page
    .getByRole('table', { name: 'Candidates' })
    .getByRole('button', { name: /^c\d+$/ })
    .first()
    .click();
  await page.waitForTimeout(300);
  scrolled.push({ name: 'the answers of a candidate', times: await scroll('.right') });
  for (const { view, name } of [
    { view: 'Lineage', name: 'the lineage' },
    { view: 'Examples', name: 'the examples' },
  ]) {
    await page.getByRole('tab', { name: view, exact: true }).click();
    if (view === 'Lineage') await page.locator('[aria-labelledby=lineage-title] label').first().click();
    await page.waitForTimeout(300);
    scrolled.push({ name, times: await scroll('[role=tabpanel] .hold') });
  }
  return { opened: fromKept, shown, backs, scrolled };
}
