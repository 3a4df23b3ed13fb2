/** What the page's main thread does while something goes on, from Chromium's own trace. */

/**
 * @typedef {object} Task a stretch of work that nothing could interrupt, in milliseconds
 * @property {number} wall from its beginning to its end, whatever else the machine did meanwhile
 * @property {number} busy processor time that it took
 */

/** Chromium's limit for a task that people notice, in milliseconds. */
const LONG = 50;

/**
 * All tasks of the page's main thread while `work` goes on.
 * @template T
 * @param {import('playwright').Browser} browser
 * @param {import('playwright').Page} page
 * @param {() => Promise<T>} work
 * @returns {Promise<{ tasks: Task[], result: T }>}
 */
export async function traced(browser, page, work) {
  await browser.startTracing(page, {
    categories: ['-*', 'toplevel', 'disabled-by-default-devtools.timeline'],
  });
  let result;
  let trace;
  try {
    result = await work();
  } finally {
    trace = await browser.stopTracing();
  }
  /** @type {{ traceEvents: { name: string, ph: string, pid: number, tid: number, dur?: number, tdur?: number, args?: { name?: string } }[] }} */
  const { traceEvents } = JSON.parse(trace.toString());
  const thread = (/** @type {{ pid: number, tid: number }} */ { pid, tid }) => `${pid} ${tid}`;
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(thread),
  );
  const tasks = traceEvents
    .filter((event) => event.ph === 'X' && event.name === 'RunTask' && main.has(thread(event)))
    .map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, busy: tdur / 1000 }));
  return { tasks, result };
}

/**
 * How many tasks were long, and how long the longest was: as it came about, and in processor time.
 * @param {readonly Task[]} tasks
 */
export function longOf(tasks) {
  const most = (/** @type {keyof Task} */ what) => tasks.reduce((top, task) => Math.max(top, task[what]), 0);
  const over = (/** @type {keyof Task} */ what) => tasks.filter((task) => task[what] > LONG).length;
  return { wall: most('wall'), wallOver: over('wall'), busy: most('busy'), busyOver: over('busy') };
}
