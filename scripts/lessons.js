/**
 * npm run lessons: records the lessons of public/lessons with the real small model, in a headless Chromium that shows
 * the built page. Some minutes each on two cores. What comes out is saved as it is; whether it still teaches what
 * lessons.json says of it is for people to see, and for the tests: a new recording has other prompts and scores, so its
 * guide must be read again. Options: --only NAME, --out FOLDER.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureDependencies, ensureNode, ROOT } from './setup.js';

/** @typedef {Partial<import('../src/core/run.ts').RunConfig>} Settings */

/**
 * Few examples and candidates, so that each ends in minutes; the settings are part of what a lesson shows.
 * @type {Record<string, { task: string, method: string, options: Record<string, number | boolean | string>, settings: Settings }>}
 */
export const LESSONS = {
  'a-gain-that-holds': {
    task: 'movie-reviews',
    method: 'opro',
    options: { candidates: 4, steps: 3 },
    settings: { seed: 2, budget: { minutes: 2 }, limits: { train: 12, validation: 10, test: 60 } },
  },
  'a-gain-that-vanishes': {
    task: 'movie-reviews',
    method: 'opro',
    options: { candidates: 6, steps: 2 },
    settings: {
      seed: 3,
      budget: { targetCalls: 54 },
      limits: { train: 6, validation: 6, test: 24 },
      initialPrompt: 'The film contains',
    },
  },
  'nothing-to-find': {
    task: 'boolean-expressions',
    method: 'opro',
    options: { candidates: 5, steps: 2 },
    settings: { seed: 1, budget: { minutes: 3 }, limits: { train: 8, validation: 8, test: 36 } },
  },
  'a-budget-that-ends-too-soon': {
    task: 'support-tickets',
    method: 'gpo',
    options: { candidates: 3, epochs: 1, batch: 6, elitism: true },
    settings: { seed: 1, budget: { minutes: 3 }, limits: { train: 18, validation: 12, test: 24 } },
  },
  'sent-home-early': {
    task: 'movie-reviews',
    method: 'random',
    options: { candidates: 3, steps: 2 },
    settings: {
      seed: 1,
      budget: { targetCalls: 70 },
      limits: { train: 6, validation: 15, test: 24 },
      racing: { test: 'sign', alpha: 0.1, block: 5, minBlocks: 1 },
    },
  },
};

/** Both roles are played by it. */
const MODEL = 'wllama:smollm2-135m-instruct-q8_0';

/**
 * Runs inside the page, through the object that the page itself works with.
 * @param {{ lesson: (typeof LESSONS)[string], model: string }} wanted
 * @returns {Promise<{ file: string, said: string }>} the bundle in base64, and what came of the run in words
 */
export async function recordInPage({ lesson, model }) {
  /** @type {{ whetstone: import('../src/app/types.ts').Whetstone }} */
  const { whetstone } = Object(globalThis);
  // How answers are read is not checked first: what is shown is the search.
  const {
    config: { reading: _, ...usual },
  } = await whetstone.defaults({
    task: lesson.task,
    target: model,
    optimizer: model,
    method: lesson.method,
  });
  const config = { ...usual, ...lesson.settings, options: { ...usual.options, ...lesson.options } };
  const run = await whetstone.start(config);
  let said = '';
  /** @type {string} */
  const status = await new Promise((done) => {
    run.subscribe((signal) => {
      if (signal.type === 'problem') said = `${signal.message} ${signal.advice}`;
      if (signal.type === 'event' && signal.event.type === 'tested') {
        const { initial, best, comparison, n } = signal.event.result;
        said = `initial ${initial.score.toFixed(3)}, best ${best.candidate} ${best.score.toFixed(3)} on ${n}: ${comparison?.verdict ?? 'nothing better was found'}`;
      }
      if (signal.type === 'status' && ['finished', 'failed', 'stopped'].includes(signal.status))
        done(signal.status);
    });
  });
  if (status !== 'finished') throw new Error(`The run ended as ${status}. ${said}`);
  const bytes = new Uint8Array(await (await whetstone.exportRun(run.id)).arrayBuffer());
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { file: btoa(binary), said };
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function recordAll(args) {
  const value = (/** @type {string} */ name) =>
    args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
  const only = value('--only');
  const folder = resolve(value('--out') ?? join(ROOT, 'public', 'lessons'));
  const names = Object.keys(LESSONS).filter((name) => only === undefined || name === only);
  if (names.length === 0) {
    console.error(`There is no lesson called ${only}. There are ${Object.keys(LESSONS).join(', ')}.`);
    return 2;
  }
  const [{ chromium }, { neededBrowser }, { ensureModels }, { serve }, { SOFTWARE_FLAGS }] =
    await Promise.all([
      import('playwright'),
      import('./browser.js'),
      import('./models.js'),
      import('./serve.js'),
      import('./webgpu.js'),
    ]);
  const executablePath = neededBrowser();
  await ensureModels();
  mkdirSync(folder, { recursive: true });
  const { url, close } = await serve({ port: 0, mode: 'preview' });
  const browser = await chromium.launch({ executablePath, args: SOFTWARE_FLAGS });
  try {
    for (const name of names) {
      const lesson = LESSONS[name];
      if (lesson === undefined) continue;
      // A profile of its own, so that no lesson answers from another's replies.
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      await page.waitForFunction(() => 'whetstone' in globalThis);
      console.log(`${name}: ${lesson.method} on ${lesson.task} …`);
      const began = Date.now();
      const { file, said } = await page.evaluate(recordInPage, { lesson, model: MODEL });
      const bytes = Buffer.from(file, 'base64');
      writeFileSync(join(folder, `${name}.bundle`), bytes);
      const took = Math.round((Date.now() - began) / 1000);
      console.log(`${name}: ${said}; ${Math.round(bytes.length / 1000)} kB, ${took} s`);
      await context.close();
    }
  } finally {
    await browser.close();
    await close();
  }
  return 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === join(ROOT, 'scripts', 'lessons.js')) {
  ensureNode();
  ensureDependencies();
  recordAll(process.argv.slice(2))
    .then((code) => process.exit(code))
    .catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    });
}
