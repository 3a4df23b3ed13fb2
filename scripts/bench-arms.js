/**
 * npm run bench:arms: gradient descent on a soft prompt with different sources of restarts, at equal minutes, with the
 * real small model in a headless Chromium. Each run is kept as soon as it ends (docs/gradient-arms.jsonl), and runs that
 * are there already are not made again: what was cut off goes on where it stopped. Writes docs/gradient.md.
 *   --arms a,b (none,language-only,language-model)  --seeds N (3)  --minutes N (4) of model time a search
 *   --task T (movie-reviews)  --fresh makes all runs anew  --report only writes the page from the runs kept
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies, ensureNode, isEntry, ROOT } from './setup.js';

/** Fewer examples than a computer with a GPU could use; the same in every arm. */
const SIZE = {
  options: {
    rounds: 1000,
    gradientSteps: 8,
    measureEvery: 4,
    batchSize: 4,
    validationExamples: 16,
  },
  limits: { train: 24, validation: 30 },
};

/** Names of the arms for the tables, in their order. */
const ARMS = {
  none: 'gradient only',
  'language-only': 'language model only',
  'language-model': 'language model as complement',
  random: 'restart at random',
  perturbation: 'restart by perturbation',
  crossover: 'restart by crossover',
  bayesian: 'restart by Bayesian optimization',
};

const RUNS = join(ROOT, 'docs', 'gradient-arms.jsonl');
const PAGE = join(ROOT, 'docs', 'gradient.md');

const HELP = 'Options: --arms a,b, --seeds N, --minutes N, --task T, --fresh, --report.';

/** The 97.5 % point of Student's t by degrees of freedom; beyond, the normal one is near enough. */
const T = [NaN, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** @typedef {{ task: string, minutes: number, arm: string, seed: number, size: typeof SIZE, model: string }} Job */
/** @typedef {Job & { outcome: import('./demonstrate.js').Outcome }} Kept */

/** @param {string[]} args */
function readOptions(args) {
  const options = {
    arms: ['none', 'language-only', 'language-model'],
    seeds: 3,
    minutes: 4,
    task: 'movie-reviews',
    fresh: false,
    report: false,
  };
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = String(args[i]).split('=', 2);
    if (name === '--fresh' || name === '--report') {
      options[name === '--fresh' ? 'fresh' : 'report'] = true;
      continue;
    }
    const value = inline ?? args[++i] ?? '';
    const number = Number(value);
    if (name === '--arms' && value.split(',').every((arm) => Object.hasOwn(ARMS, arm)))
      options.arms = value.split(',');
    else if (name === '--seeds' && Number.isInteger(number) && number >= 1) options.seeds = number;
    else if (name === '--minutes' && number > 0) options.minutes = number;
    else if (name === '--task' && value !== '') options.task = value;
    else {
      console.error(`Cannot use ${name} ${value}. ${HELP} Arms: ${Object.keys(ARMS).join(', ')}.`);
      return null;
    }
  }
  return options;
}

/** @param {Job} job */
const identity = ({ task, minutes, arm, seed, size, model }) =>
  JSON.stringify([task, minutes, arm, seed, size, model]);

const kept = () => (existsSync(RUNS) ? readRuns(readFileSync(RUNS, 'utf8')) : []);

/**
 * The runs of a file, one a line. A line that was cut off with the program that wrote it is left out.
 * @param {string} text
 * @returns {Kept[]}
 */
export function readRuns(text) {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

/** @param {string[]} args */
async function benchArms(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  const { neededBrowser } = await import('./browser.js');
  const { FIRST_MODELS, plain, runReal } = await import('./demonstrate.js');
  const { ensureModels } = await import('./models.js');
  const { SOFTWARE_FLAGS } = await import('./webgpu.js');
  const model = FIRST_MODELS.wllama;
  const { task, minutes, seeds } = options;
  /** @type {Job[]} */
  const jobs = Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) =>
    options.arms.map((arm) => ({ task, minutes, arm, seed, size: SIZE, model })),
  );
  if (options.fresh) rmSync(RUNS, { force: true });
  if (!options.report) {
    const executablePath = neededBrowser();
    await ensureModels();
    // Once for all runs: what is built does not change between them.
    const { serve } = await import('./serve.js');
    const { url, close } = await serve({ port: 0, mode: 'preview' });
    for (const [i, job] of jobs.entries()) {
      if (kept().some((run) => identity(run) === identity(job))) continue;
      console.log(`\n${i + 1}/${jobs.length}: ${job.arm}, seed ${job.seed}`);
      const short = {
        options: { ...SIZE.options, arm: job.arm },
        limits: SIZE.limits,
        minutes,
        budget: { minutes },
      };
      const wanted = { task, optimizer: 'gradient-complement', model, seed: job.seed, steps: 1, short };
      const outcome = await runReal(wanted, { executablePath, flags: SOFTWARE_FLAGS, url }, console.log);
      if ('problem' in outcome) {
        await close();
        console.error(plain(outcome.problem));
        return 1;
      }
      // A torn line before it must not swallow this one.
      appendFileSync(RUNS, `\n${JSON.stringify({ ...job, outcome })}\n`);
      await write(options, jobs);
    }
    await close();
  }
  await write(options, jobs);
  console.log('Written to docs/gradient.md.');
  return 0;
}

/**
 * @param {NonNullable<ReturnType<typeof readOptions>>} options
 * @param {Job[]} jobs
 */
async function write({ arms, seeds, minutes, task }, jobs) {
  const { table, withSection } = await import('./bench-report.js');
  const { plain } = await import('./demonstrate.js');
  const known = kept();
  const runs = jobs.flatMap((job) => known.find((run) => identity(run) === identity(job)) ?? []);
  const one = runs[0];
  if (one === undefined) return;
  const command = `npm run bench:arms -- --task ${task} --arms ${arms.join(',')} --seeds ${seeds} --minutes ${minutes}`;
  const head = [
    'arm',
    'seed',
    'best text, test %',
    'initial, test %',
    'difference, 95 % interval',
    'soft prompt, validation: loss, %',
    'gradient steps (chunks)',
    'restarts',
    'optimizer asks',
    'target calls',
    'best text',
  ];
  const rows = runs.map(({ arm, seed, outcome }) => [
    ARMS[/** @type {keyof typeof ARMS} */ (arm)],
    String(seed),
    points(outcome.best.score),
    points(outcome.initial.score),
    outcome.comparison === null
      ? 'initial kept'
      : `${points(outcome.comparison.difference)} [${points(outcome.comparison.low)}, ${points(outcome.comparison.high)}]`,
    outcome.soft === null ? '–' : `${outcome.soft.loss.toFixed(3)}, ${points(outcome.soft.accuracy ?? NaN)}`,
    `${outcome.gradient.steps} (${outcome.gradient.chunks})`,
    String(Math.max(0, outcome.gradient.restarts - 1)),
    String(outcome.usage.optimizerCalls),
    String(outcome.usage.targetCalls),
    // A bar would end the cell.
    plain(outcome.best.prompt).replaceAll('|', '/'),
  ]);
  const means = arms.flatMap((arm) => {
    const its = runs.filter((run) => run.arm === arm).map(({ outcome }) => outcome);
    if (its.length === 0) return [];
    const soft = its.flatMap(({ soft }) => (soft === null ? [] : [soft.accuracy ?? NaN]));
    return [
      [
        ARMS[/** @type {keyof typeof ARMS} */ (arm)],
        String(its.length),
        interval(its.map(({ best }) => best.score)),
        soft.length === 0 ? '–' : interval(soft),
        mean(its.map(({ gradient }) => gradient.chunks)).toFixed(1),
        mean(its.map(({ usage }) => usage.optimizerCalls)).toFixed(1),
      ],
    ];
  });
  const { n } = one.outcome;
  const missing = jobs.length - runs.length;
  const body = `## Arms at equal time

\`${command}\`: both roles ${one.model}, in Chromium on the processor, ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} of model time a search (gradients, measurements and asks alike; the final test is not charged), at most ${SIZE.limits.train} train and ${SIZE.limits.validation} validation examples, ${SIZE.options.gradientSteps} gradient steps of ${SIZE.options.batchSize} examples between two restarts. The test split has ${n} examples, which no search sees; the initial prompt has ${points(one.outcome.initial.score)} % there. The soft prompt is measured on ${SIZE.options.validationExamples} validation examples by the differentiable model, at its lowest loss, so its accuracy is coarse and flattered. Each run is a line of [gradient-arms.jsonl](gradient-arms.jsonl).${missing > 0 ? ` ${missing} of ${jobs.length} runs are still to be made.` : ''}

${table([['arm', 'runs', 'best text, test %', 'soft prompt, validation %', 'chunks', 'optimizer asks'], ...means])}

Mean with its 95 % interval over seeds (Student's t, cut at 0 and 100; with so few seeds it is wide). How fast the arms go depends on the machine and on what else it does: minutes are what they share.

${table([head, ...rows])}`;
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# Gradients\n';
  writeFileSync(PAGE, withSection(page, 'arms', body));
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Mean and its 95 % interval by Student's t, cut to what a share can be, in percent.
 * @param {readonly number[]} values shares
 */
export function interval(values) {
  const n = values.length;
  const middle = mean(values);
  if (n < 2) return points(middle);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (n - 1);
  const half = (T[n - 1] ?? 1.96) * Math.sqrt(variance / n);
  return `${points(middle)} [${points(Math.max(0, middle - half))}, ${points(Math.min(1, middle + half))}]`;
}

/** @param {number} share */
const points = (share) => (100 * share).toFixed(1);

if (isEntry(import.meta.url)) {
  ensureNode();
  ensureDependencies();
  benchArms(process.argv.slice(2))
    .then((code) => process.exit(code))
    .catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    });
}
