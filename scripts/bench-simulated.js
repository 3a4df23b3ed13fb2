/** The simulated bench: every method on every landscape with every seed at the same token budget, in worker threads. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'vite';
import { csv, landscapeTable, methodTable, summarize, withSection } from './bench-report.js';
import { ROOT } from './setup.js';

/** @typedef {import('./bench-worker.ts').Row} Row */
/** @typedef {import('./bench-worker.ts').Job} Job */

const TITLE = `# Bench

What the methods do at equal budget, and what the program around them costs. Simulated numbers come from synthetic
tasks and models (\`test/landscape\`): they compare methods against a known truth in minutes, and say nothing about how
good a prompt for a real model will be.
`;

/**
 * @param {{ methods: string[] | null, landscapes: string[] | null, seeds: number, tokens: number, fresh: number, write: boolean }} wanted
 *   null takes all; `fresh` adds landscapes that the bench does not have
 * @returns {Promise<number>} the exit code
 */
export async function benchSimulated(wanted) {
  const began = Date.now();
  const bundle = await bundled('bench-worker');
  /** @type {typeof import('./bench-worker.ts')} */
  const known = await import(pathToFileURL(bundle).href);
  const methods = chosen(
    'method',
    wanted.methods,
    known.methods.map(({ id }) => id),
  );
  const usual = known.landscapes.map(({ id }) => id);
  const landscapes =
    wanted.fresh > 0 ? freshNames(wanted.fresh) : chosen('landscape', wanted.landscapes, usual);
  if (methods === null || landscapes === null) return 2;
  /** @type {Job[]} */
  const jobs = methods.flatMap((method) =>
    landscapes.flatMap((landscape) =>
      Array.from({ length: wanted.seeds }, (_, i) => ({
        method,
        landscape,
        seed: i + 1,
        tokens: wanted.tokens,
      })),
    ),
  );
  const threads = Math.min(availableParallelism(), jobs.length);
  console.log(
    `Simulated: ${methods.length} methods, ${landscapes.length} landscapes, ${wanted.seeds} seeds, ` +
      `${wanted.tokens} tokens a run: ${jobs.length} runs in ${threads} threads.`,
  );
  const rows = await inWorkers(bundle, jobs, threads);
  const lines = summarize(rows);
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(`\n${methodTable(lines)}\n`);
  console.log(
    landscapeTable(
      rows,
      lines.map(({ method }) => method),
    ),
  );
  const { user, system } = process.cpuUsage();
  const busy = Math.round((user + system) / 1e6);
  console.log(`\n${rows.length} runs in ${seconds} s, ${busy} s of processor time.`);
  const whole = wanted.methods === null && wanted.landscapes === null && wanted.fresh === 0;
  if (!whole && !wanted.write) {
    console.log('A part only: docs/bench.md stays as it is (--write replaces it).');
    return 0;
  }
  writeFileSync(join(ROOT, 'docs', 'bench.csv'), csv(rows));
  const command = `npm run bench${wanted.seeds === 10 ? '' : ` -- --seeds ${wanted.seeds}`}`;
  writeSection(
    'simulated',
    `## Simulated

\`${command}\` plays each method with its default settings (its length raised to the largest that it allows, so that the budget ends it) on ${landscapes.length} simulated landscapes with ${wanted.seeds} seeds each. A run may spend ${wanted.tokens} tokens, prompts and replies of both models together, nothing counted as cached; 50 train and 50 validation examples. Held-out is the expected accuracy of the best prompt on 2,000 inputs that no run sees, known to the simulation. One line a run is in [bench.csv](bench.csv); the same command gives the same file.

${methodTable(lines)}

Mean ± 95 % interval over ${landscapes.length * wanted.seeds} runs a method. Rank is by final accuracy among the runs on one landscape with one seed; 1 is best. Tokens to 80 % and 85 % are the median over all runs until the best prompt's held-out accuracy first passed it, and in how many runs it did. Calls and tokens are means.

Final held-out accuracy in %, by landscape:

${landscapeTable(
  rows,
  lines.map(({ method }) => method),
)}`,
  );
  console.log('Written to docs/bench.md and docs/bench.csv.');
  return 0;
}

/**
 * Puts a section into docs/bench.md; the others stay.
 * @param {string} name
 * @param {string} body
 */
export function writeSection(name, body) {
  const path = join(ROOT, 'docs', 'bench.md');
  let page = TITLE;
  try {
    page = readFileSync(path, 'utf8');
  } catch {
    // The first one.
  }
  writeFileSync(path, withSection(page, name, body));
}

/**
 * A TypeScript file of this folder with all that it imports, as one module that Node can run.
 * @param {string} name
 */
export async function bundled(name) {
  const outDir = join(ROOT, 'node_modules', '.cache', name);
  mkdirSync(outDir, { recursive: true });
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: join(ROOT, 'scripts', `${name}.ts`),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  });
  return join(outDir, `${name}.mjs`);
}

/**
 * @param {string} what
 * @param {string[] | null} wanted
 * @param {string[]} known
 */
function chosen(what, wanted, known) {
  const unknown = (wanted ?? []).filter((id) => !known.includes(id));
  if (unknown.length === 0) return wanted ?? known;
  console.error(`There is no ${what} called ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  return null;
}

/** Landscapes drawn from seeds that nobody has looked at: another set with every start. */
function freshNames(/** @type {number} */ count) {
  const first = 1_000_000 + Math.floor(Math.random() * 1_000_000);
  return Array.from({ length: count }, (_, i) => `drawn-${first + i}`);
}

/**
 * Does the jobs, each worker one at a time; rows come back in the order of the jobs.
 * @param {string} bundle
 * @param {readonly Job[]} jobs
 * @param {number} threads
 * @returns {Promise<Row[]>}
 */
async function inWorkers(bundle, jobs, threads) {
  /** @type {Map<number, Row>} */
  const rows = new Map();
  let next = 0;
  let spoke = Date.now();
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(bundle);
      try {
        for (let i = next++; i < jobs.length; i = next++) {
          const answer = await new Promise((resolve, reject) => {
            worker.once('message', resolve);
            worker.once('error', reject);
            worker.postMessage(jobs[i]);
          });
          worker.removeAllListeners('error');
          if (answer.failed !== undefined) throw new Error(answer.failed);
          rows.set(i, answer.row);
          if (Date.now() - spoke > 10_000) {
            spoke = Date.now();
            console.log(`${rows.size} of ${jobs.length} runs`);
          }
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  return jobs.flatMap((_, i) => rows.get(i) ?? []);
}
