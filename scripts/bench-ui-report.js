/** What `npm run bench:ui` says, as the text of docs/ui.md. */
import { table } from './bench-report.js';
import { kilobytes, THROTTLE } from './bench-ui-first.js';
import { longOf } from './bench-ui-trace.js';

/** What is wanted: kilobytes, milliseconds. */
const WANTED = { kilobytes: 100, interactive: 1000, open: 1000, longTask: 50, frame: 1000 / 60 };

/**
 * @param {object} all
 * @param {import('./bench-ui-first.js').First} all.again
 * @param {import('./bench-ui-first.js').First} all.lesson
 * @param {import('./bench-ui-run.js').Run} all.run
 * @param {number} all.entries
 * @param {string} all.machine
 * @param {string} all.browser
 */
export function uiReport({ again, lesson, run, entries, machine, browser }) {
  const n = entries.toLocaleString('en-US');
  const chunks = [...new Map(again.scripts.map((one) => [one.name + one.size, one])).values()]
    .filter(({ late }) => !late)
    .sort((a, b) => b.size - a.size);
  const small = chunks.filter(({ size }) => size < 1000);
  const chunkRows = [
    ['chunk', 'gzipped'],
    ...chunks.filter(({ size }) => size >= 1000).map(({ name, size }) => [`\`${name}\``, kb(size / 1000)]),
    [`${small.length} smaller ones`, kb(small.reduce((sum, { size }) => sum + size, 0) / 1000)],
  ];
  const first = [
    ['what', 'measured', 'wanted'],
    [
      'scripts of the form, before anything is chosen in it',
      kb(kilobytes(again).form),
      `< ${WANTED.kilobytes} KB`,
    ],
    [
      'scripts until a run could be started: with the examples of the chosen task and the code of the chosen method',
      kb(kilobytes(again).ready),
      '',
    ],
    ['scripts of such a visit in all', kb(kilobytes(again).all), ''],
    [
      'scripts of a first visit in all: the run view, and the lesson that plays in it',
      kb(kilobytes(lesson).all),
      '',
    ],
    [`form shown, processor ${THROTTLE} times slower`, ms(again.shown), ''],
    ['a run could be started', ms(again.ready), ''],
    ['no long task any more', ms(again.interactive), `< ${ms(WANTED.interactive)}`],
    ['the same of a first visit, while its lesson loads', ms(lesson.interactive), ''],
  ];
  const live = [
    ['watched', 'longest task', 'of it processor time', `over ${WANTED.longTask} ms`],
    ...[...run.live.views].map(([view, tasks]) => taskRow(view, tasks)),
  ];
  const still = [
    ['view', 'longest task', 'of it processor time', `over ${WANTED.longTask} ms`],
    ...[...run.shown].map(([view, tasks]) => taskRow(view, tasks)),
  ];
  const open = [
    ['what', 'measured', 'wanted'],
    ['all of it is there', ms(run.opened.whole), `< ${ms(WANTED.open)}`],
    ['tasks over 50 ms meanwhile', over(run.opened.tasks), 'none'],
    ['replayed from its log instead: its beginning is there', ms(run.replayed.first), ''],
    ['all of it is there', ms(run.replayed.whole), ''],
    ['tasks over 50 ms meanwhile', over(run.replayed.tasks), 'none'],
    [
      'one stage back, until painted',
      `${ms(quantile(run.backs, 0.5))}, ${ms(Math.max(...run.backs))} at most`,
      '',
    ],
    ...run.scrolled.map(({ name, times }) => [
      `frames while scrolling ${name}`,
      `${ms(quantile(times, 0.5))} median, ${ms(quantile(times, 0.95))} at 95 %, ${times.filter((time) => time > 1.5 * WANTED.frame).length} of ${times.length} late`,
      ms(WANTED.frame),
    ]),
  ];
  return `# What the page costs

Made by \`npm run bench:ui\` over the built page, in headless Chromium ${browser} without a GPU: ${machine}. A task is a stretch of work on the page's main thread that nothing can interrupt; its processor time is what is left of it when other programs' share is taken away.

## The first visit

${table(first)}

What is fetched until a run could be started:

${table(chunkRows)}

## A live run at full speed

OPRO with models that answer at once, ${n} log entries in ${run.live.seconds.toFixed(0)} s, each view watched in turn.

${table(live)}

## The same run, opened

What a finished run told is kept beside its log. It is replayed from the log where that is missing: the browser cleared it, an update of the program runs otherwise, or the run came from a file and was not opened before.

${table(open)}

Going to a view of the whole run:

${table(still)}
`;
}

const ms = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const kb = (/** @type {number} */ value) => `${value.toFixed(1)} KB`;

/** @param {string} name @param {readonly import('./bench-ui-trace.js').Task[]} tasks */
function taskRow(name, tasks) {
  if (tasks.length === 0) return [name, 'not seen: the run had ended', '', ''];
  const { wall, busy } = longOf(tasks);
  return [name, ms(wall), ms(busy), over(tasks)];
}

/** @param {readonly import('./bench-ui-trace.js').Task[]} tasks */
function over(tasks) {
  const { wallOver, busyOver } = longOf(tasks);
  if (wallOver === 0) return 'none';
  return `${wallOver}, ${busyOver} by processor time`;
}

/** @param {readonly number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
