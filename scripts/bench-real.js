/** npm run bench -- --engine wllama --task T --methods a,b: the comparison at equal budget with a real small model. */
import { pathToFileURL } from 'node:url';
import { table } from './bench-report.js';
import { bundled, writeSection } from './bench-simulated.js';
import { neededBrowser } from './browser.js';
import { FIRST_MODELS, plain, runReal } from './demonstrate.js';
import { ensureModels } from './models.js';
import { SOFTWARE_FLAGS } from './webgpu.js';

/** Tokens a run where none are given: some minutes on two cores. */
const TOKENS = 30_000;

/** Fewer examples and candidates than the papers', for the model is slow. */
const SIZE = {
  options: { candidates: 4 },
  limits: { train: 24, validation: 30 },
  minutes: 0,
};

/**
 * @param {{ engine: string, task: string, methods: string[], seeds: number, tokens: number }} wanted tokens 0: the usual
 * @returns {Promise<number>} the exit code
 */
export async function benchReal({ engine, task, methods, seeds, tokens }) {
  if (engine !== 'wllama') {
    console.error(`The bench with a real model runs on wllama, not on ${engine}.`);
    return 2;
  }
  if (task === '' || methods.length === 0) {
    console.error('Name the task and the methods: --engine wllama --task movie-reviews --methods gpo,opro.');
    return 2;
  }
  const executablePath = neededBrowser();
  /** @type {typeof import('./bench-worker.ts')} */
  const known = await import(pathToFileURL(await bundled('bench-worker')).href);
  const chosen = methods.flatMap((id) => known.methods.find((method) => method.id === id) ?? []);
  if (chosen.length < methods.length) {
    console.error(`Methods that can be compared so: ${known.methods.map(({ id }) => id).join(', ')}.`);
    return 2;
  }
  await ensureModels();
  const model = FIRST_MODELS.wllama;
  const budget = { tokens: tokens === 0 ? TOKENS : tokens };
  const rows = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const { id: method, endless } of chosen) {
      console.log(`\n${method}, seed ${seed}`);
      // As long as each method can be, so that the budget ends it.
      const options = { ...SIZE.options, ...endless };
      const steps = Number(endless['steps'] ?? 0);
      const outcome = await runReal(
        { task, optimizer: method, model, seed, steps, short: { ...SIZE, options, budget } },
        { executablePath, flags: SOFTWARE_FLAGS },
        console.log,
      );
      if ('problem' in outcome) {
        console.error(plain(outcome.problem));
        return 1;
      }
      rows.push(line(method, seed, outcome));
    }
  }
  const { limits } = SIZE;
  const body = table([
    [
      'method',
      'seed',
      'initial %',
      'best %',
      'difference, 95 % interval',
      'target calls',
      'optimizer calls',
      'tokens in (cached) / out',
      'best prompt',
    ],
    ...rows,
  ]);
  console.log(`\n${body}`);
  writeSection(
    `real ${task}`,
    `## Real: ${task}

\`npm run bench -- --engine wllama --task ${task} --methods ${methods.join(',')} --seeds ${seeds} --tokens ${budget.tokens}\`: both roles ${model}, ${budget.tokens} computed tokens a search, at most ${limits.train} train and ${limits.validation} validation examples; accuracy on the whole test split, which no search sees.

${body}`,
  );
  console.log('Written to docs/bench.md.');
  return 0;
}

/**
 * @param {string} method
 * @param {number} seed
 * @param {import('./demonstrate.js').Outcome} outcome
 */
function line(method, seed, { initial, best, comparison, usage }) {
  /** @param {number} share */
  const points = (share) => (100 * share).toFixed(1);
  const { target, optimizer } = usage;
  const difference =
    comparison === null
      ? 'initial kept'
      : `${points(comparison.difference)} [${points(comparison.low)}, ${points(comparison.high)}]`;
  return [
    method,
    String(seed),
    points(initial.score),
    points(best.score),
    difference,
    String(usage.targetCalls),
    String(usage.optimizerCalls),
    `${target.in + optimizer.in} (${target.cached + optimizer.cached}) / ${target.out + optimizer.out}`,
    // A bar would end the cell.
    plain(best.prompt).replaceAll('|', '/'),
  ];
}
