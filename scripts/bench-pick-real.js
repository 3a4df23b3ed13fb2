/**
 * npm run bench -- --pick --engine wllama --task T: the pick bench with the real small model. One search proposes prompts
 * and answers every example with each, once; races are then played over these answers, which a greedy model would only
 * repeat. Writes docs/racing-real.md and, so that the table can be made again without a model, docs/racing-real.csv.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright';
import { meanInterval, table } from './bench-report.js';
import { bundled } from './bench-simulated.js';
import { neededBrowser } from './browser.js';
import { FIRST_MODELS, plain } from './demonstrate.js';
import { ensureModels } from './models.js';
import { serve } from './serve.js';
import { ROOT } from './setup.js';
import { SOFTWARE_FLAGS } from './webgpu.js';

/** @typedef {typeof import('./bench-pick-pools.ts')} Pools */
/** @typedef {import('./bench-pick-pools.ts').Pool} Pool */
/** @typedef {{ prompt: number, example: string, score: number, in: number, cached: number, out: number }} Line */
/** @typedef {{ prompts: string[], lines: Line[] }} Answered */

const PROMPTS = 12;
const EXAMPLES = 120;
const CSV = join(ROOT, 'docs', 'racing-real.csv');

/**
 * @param {{ engine: string, task: string, seeds: number, again: boolean }} wanted `again`: from the answers kept
 * @returns {Promise<number>} the exit code
 */
export async function benchPickReal({ engine, task, seeds, again }) {
  if (engine !== 'wllama') {
    console.error(`The bench with a real model runs on wllama, not on ${engine}.`);
    return 2;
  }
  /** @type {import('../src/core/task.ts').Task} */
  const whole = JSON.parse(readFileSync(join(ROOT, 'tasks', `${task}.json`), 'utf8'));
  const answered = again ? kept() : await ask(whole);
  if (!again) keep(answered);
  /** @type {Pools} */
  const known = await import(pathToFileURL(await bundled('bench-pick-pools')).href);
  const pool = poolOf(whole, answered);
  const size = pool.task.splits.validation.length;
  const count = pool.candidates.length;
  /** @param {import('../src/core/race.ts').RaceOptions | null} options */
  const picks = async (options) => {
    const all = [];
    for (let seed = 1; seed <= seeds; seed++) all.push(await known.pick(pool, count, size, seed, options));
    return all;
  };
  const full = await picks(null);
  /** @param {readonly import('./bench-pick-pools.ts').Pick[]} list @param {'asks' | 'tokens' | 'computed'} what */
  const mean = (list, what) => meanInterval(list.map((one) => one[what])).mean;
  const rows = [
    ['test', 'error', 'block', 'asks', 'fewer tokens', 'with a cache', 'regret, points', 'worst regret'],
  ];
  const { block, alpha: usual } = known.defaultRace;
  for (const [test, alpha, size] of /** @type {const} */ ([
    ['none', 0, 0],
    ['sign', 0.15, block],
    ['sign', 0.05, block],
    ['t', 0.15, block],
    ['t', 0.05, block],
    ['sign', 0.15, 5],
    ['t', 0.15, 5],
  ])) {
    const all = test === 'none' ? full : await picks({ ...known.defaultRace, test, alpha, block: size });
    const { mean: regret, half } = meanInterval(all.map((one) => 100 * one.regret));
    rows.push([
      test === 'none' ? 'none: all answered' : test,
      test === 'none' ? '' : String(alpha),
      test === 'none' ? '' : String(size),
      mean(all, 'asks').toFixed(0),
      test === 'none' ? '' : `${(mean(full, 'tokens') / mean(all, 'tokens')).toFixed(1)}x`,
      test === 'none' ? '' : `${(mean(full, 'computed') / mean(all, 'computed')).toFixed(1)}x`,
      `${regret.toFixed(2)} ± ${half.toFixed(2)}`,
      Math.max(...all.map((one) => 100 * one.regret)).toFixed(1),
    ]);
  }
  const prompts = pool.candidates.map(({ prompt }, k) => [
    String(k + 1),
    (100 * (pool.truth[k] ?? 0)).toFixed(1),
    plain(prompt).replaceAll('|', '/'),
  ]);
  const page = `# Racing with a real model

\`npm run bench -- --pick --engine wllama --task ${task}${seeds === 10 ? '' : ` --seeds ${seeds}`}\`: ${count} prompts (the initial one and what GPO proposed) and ${size} examples of \`${task}\`, each answered once by ${FIRST_MODELS.wllama} in headless Chromium; the answers are in [racing-real.csv](racing-real.csv), from which \`--again\` makes this page without a model. A race (\`src/core/race.ts\`, one kept) meets them in the order of its seed, ${seeds} seeds. **Regret** is the score over all ${size} examples of the best prompt less that of the pick, so answering everything has none by definition; what it shows is how often a race throws away the prompt that full evaluation would have kept.

${table(rows)}

The default is the sign test with an error of ${usual} and blocks of ${block}. A race of so few prompts cannot save much: where the best two are much alike, both answer everything, and that alone is ${count / 2}x at most, however soon the others leave. In pools of 64 the same settings reach 5x: the simulated bench in [racing.md](racing.md).

## The prompts

${table([['prompt', `right, % of ${size}`, 'text'], ...prompts])}
`;
  writeFileSync(join(ROOT, 'docs', 'racing-real.md'), page);
  console.log(`\n${table(rows)}\n\nWritten to docs/racing-real.md.`);
  return 0;
}

/**
 * Has the model answer everything.
 * @param {import('../src/core/task.ts').Task} whole
 * @returns {Promise<Answered>}
 */
async function ask(whole) {
  const executablePath = neededBrowser();
  await ensureModels();
  const { train, validation, test } = whole.splits;
  const all = [...validation, ...test, ...train.slice(8)];
  const task = {
    version: 1,
    ...whole,
    id: 'pick-bench',
    splits: {
      train: train.slice(0, 8),
      validation: all.slice(0, EXAMPLES),
      test: all.slice(EXAMPLES).slice(0, 2),
    },
  };
  const served = await serve({ port: 0, mode: 'preview' });
  const browser = await chromium.launch({ executablePath, args: SOFTWARE_FLAGS });
  try {
    const page = await browser.newPage();
    await page.exposeFunction('benchSays', (/** @type {string} */ line) => console.log(line));
    await page.goto(served.url);
    await page.waitForFunction(() => 'whetstone' in globalThis);
    return await page.evaluate(answerAll, {
      text: JSON.stringify(task),
      model: FIRST_MODELS.wllama,
      prompts: PROMPTS,
      examples: task.splits.validation.length,
    });
  } finally {
    await browser.close();
    await served.close();
  }
}

/**
 * Runs inside the page: a search whose budget ends when that many prompts have answered every example.
 * @param {{ text: string, model: string, prompts: number, examples: number }} wanted
 * @returns {Promise<Answered>}
 */
async function answerAll({ text, model, prompts, examples }) {
  /** @type {{ whetstone: import('../src/app/types.ts').Whetstone }} */
  const { whetstone } = Object(globalThis);
  const say = Reflect.get(globalThis, 'benchSays');
  const { id } = await whetstone.importTask(text);
  const {
    config: { reading: _, ...usual },
  } = await whetstone.defaults({ task: id, target: model, optimizer: model, method: 'gpo' });
  const run = await whetstone.start({
    ...usual,
    // GPO scores every prompt on the whole validation split.
    options: { ...usual.options, candidates: 4, epochs: 20 },
    budget: { targetCalls: prompts * examples },
    limits: {},
    seed: 1,
  });
  /** @type {Map<string, string>} */
  const texts = new Map();
  /** @type {Map<string, Line[]>} */
  const lines = new Map();
  await new Promise((resolve) => {
    run.subscribe((signal) => {
      if (signal.type === 'status' && ['finished', 'failed', 'stopped'].includes(signal.status))
        resolve(null);
      if (signal.type !== 'event') return;
      const { event } = signal;
      if (event.type === 'proposed') texts.set(event.candidate.id, event.candidate.prompt);
      if (event.type !== 'answered' || event.answer.split !== 'validation') return;
      const { candidate, example, score, tokens } = event.answer;
      const own = lines.get(candidate) ?? [];
      lines.set(candidate, own);
      own.push({ prompt: lines.size, example, score, ...tokens });
      if (own.length === examples) say(`${lines.size} of ${prompts} prompts answered`);
    });
  });
  const whole = [...lines].filter(([, own]) => own.length === examples);
  return {
    prompts: whole.map(([candidate]) => texts.get(candidate) ?? ''),
    lines: whole.flatMap(([, own], k) => own.map((line) => ({ ...line, prompt: k + 1 }))),
  };
}

/** @param {Answered} answered */
function keep({ prompts, lines }) {
  const head = prompts.map((prompt, k) => `# ${k + 1} ${JSON.stringify(prompt)}`);
  const rows = lines.map((line) =>
    [line.prompt, line.example, line.score, line.in, line.cached, line.out].join(','),
  );
  writeFileSync(CSV, [...head, 'prompt,example,score,in,cached,out', ...rows, ''].join('\n'));
}

/** @returns {Answered} */
function kept() {
  const rows = readFileSync(CSV, 'utf8').trim().split('\n');
  const prompts = rows
    .filter((row) => row.startsWith('#'))
    .map((row) => JSON.parse(row.replace(/^# \d+ /, '')));
  const lines = rows.slice(prompts.length + 1).map((row) => {
    const [prompt, example = '', score, tokensIn, cached, out] = row.split(',');
    return {
      prompt: Number(prompt),
      example,
      score: Number(score),
      in: Number(tokensIn),
      cached: Number(cached),
      out: Number(out),
    };
  });
  return { prompts, lines };
}

/**
 * The answers as the simulated bench has its own: prompts by examples. What an ask costs without a cache is its whole
 * prompt; with one, what was measured.
 * @param {import('../src/core/task.ts').Task} whole
 * @param {Answered} answered
 * @returns {Pool}
 */
function poolOf(whole, { prompts, lines }) {
  const all = Object.values(whole.splits).flat();
  const ids = [...new Set(lines.map(({ example }) => example))];
  const validation = ids.flatMap((id) => all.find((example) => example.id === id) ?? []);
  const of = prompts.map((_, k) => {
    const own = new Map(lines.filter(({ prompt }) => prompt === k + 1).map((line) => [line.example, line]));
    return ids.flatMap((id) => own.get(id) ?? []);
  });
  return {
    candidates: prompts.map((prompt, k) => ({
      id: `c${k}`,
      prompt,
      shots: [],
      parents: [],
      origin: 'pool',
      step: 0,
    })),
    task: { ...whole, splits: { train: whole.splits.train, validation } },
    truth: of.map((own) => own.reduce((sum, { score }) => sum + score, 0) / own.length),
    right: of.map((own) => Uint8Array.from(own, ({ score }) => score)),
    fresh: of.map((own) => Uint16Array.from(own, (line) => line.in + line.out)),
    cached: of.map((own) => Uint16Array.from(own, (line) => line.in - line.cached + line.out)),
  };
}
