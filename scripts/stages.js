/** The stages of npm test, and the summary at its end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './browser.js';
import { ensureModels } from './models.js';
import { ROOT } from './setup.js';

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string[][]} [commands] scripts of node_modules with their arguments
 * @property {string} [project] of vitest, or several by a pattern, instead of commands
 * @property {boolean} [browser] whether it needs one
 * @property {boolean} [alongside] one core is enough for it: runs at the same time as the other such stages
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 *
 * @typedef {Counts & { name: string, ok: boolean, seconds: number, note: string }} Outcome
 */

/** @type {Stage[]} */
const STAGES = [
  {
    name: 'format',
    alongside: true,
    commands: [['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']],
  },
  { name: 'lint', alongside: true, commands: [['eslint/bin/eslint.js', '.']] },
  {
    name: 'typecheck',
    alongside: true,
    // svelte-check looks at every file of tsconfig.json; the other one knows no DOM.
    commands: [
      ['typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.core.json'],
      ['svelte-check/bin/svelte-check', '--fail-on-warnings', '--output', 'human'],
    ],
  },
  { name: 'unit', project: 'unit' },
  {
    name: 'build',
    commands: [['vite/bin/vite.js', 'build', '--logLevel', 'warn'], ['../scripts/check-build.js']],
  },
  { name: 'browser', project: 'browser*', browser: true },
  { name: 'e2e', project: 'e2e*', browser: true },
];

/**
 * Runs the stages named, or all, and prints a summary.
 * @param {string[]} args stage names and --keep-going
 * @returns {Promise<number>} the exit code
 */
export async function runStages(args) {
  const keepGoing = args.includes('--keep-going');
  const named = args.filter((arg) => arg !== '--keep-going');
  const unknown = named.find((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown !== undefined) {
    const names = STAGES.map((stage) => stage.name).join(', ');
    throw new Error(
      `There is no stage ${unknown}. The stages are ${names}; --keep-going goes on after a failure.`,
    );
  }
  const stages = STAGES.filter((stage) => named.length === 0 || named.includes(stage.name));

  await setUpModels();
  const browser = stages.some((stage) => stage.browser) ? await ensureBrowser() : null;
  if (browser) console.log('path' in browser ? `Browser: ${browser.path}` : browser.reason);

  /** @param {Stage} stage @returns {Promise<Outcome>} */
  const outcomeOf = async (stage) => {
    console.log(`\n== ${stage.name}`);
    const started = Date.now();
    const missing = stage.browser && browser && 'reason' in browser ? browser.reason : null;
    const result = missing ? { ...failure(1), note: missing } : await runStage(stage);
    const outcome = { name: stage.name, seconds: (Date.now() - started) / 1000, ...result };
    console.log(`== ${stage.name}: ${outcome.ok ? 'passed' : 'FAILED'} in ${duration(outcome.seconds)}`);
    return outcome;
  };
  const outcomes = await Promise.all(stages.filter((stage) => stage.alongside).map(outcomeOf));
  for (const stage of stages.filter(({ alongside }) => !alongside)) {
    if (!keepGoing && outcomes.some(({ ok }) => !ok)) break;
    outcomes.push(await outcomeOf(stage));
  }
  for (const line of summary(stages, outcomes)) console.log(line);
  return outcomes.every((outcome) => outcome.ok) ? 0 : 1;
}

/**
 * The table and the closing line. A stage that is no set of tests counts as one check.
 * @param {{ name: string }[]} stages
 * @param {Outcome[]} outcomes of the stages that were run
 * @returns {string[]}
 */
export function summary(stages, outcomes) {
  const rows = stages.map(({ name }) => {
    const outcome = outcomes.find((one) => one.name === name);
    if (!outcome) return `${name.padEnd(10)} not run`;
    const { ok, seconds, passed, failed, skipped, note } = outcome;
    const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    const columns = [name.padEnd(10), ok ? 'passed' : 'FAILED', duration(seconds).padStart(10)];
    return `${columns.join(' ')}   ${counts}${note ? ` (${note})` : ''}`;
  });
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  return ['', ...rows, '', `${passed} passed, ${failed} failed`];
}

/**
 * The counts in a report of vitest's json reporter; null when it is no such report.
 * @param {string} text
 * @returns {Counts | null}
 */
export function readReport(text) {
  try {
    /** @type {unknown} */
    const report = JSON.parse(text);
    if (typeof report !== 'object' || report === null) return null;
    const passed = 'numPassedTests' in report ? report.numPassedTests : null;
    const failed = 'numFailedTests' in report ? report.numFailedTests : null;
    const skipped = 'numPendingTests' in report ? report.numPendingTests : null;
    const whole = typeof passed === 'number' && typeof failed === 'number' && typeof skipped === 'number';
    return whole ? { passed, failed, skipped } : null;
  } catch {
    return null;
  }
}

/** Fetches the models; tests of real models skip without them. */
async function setUpModels() {
  try {
    await ensureModels();
  } catch (error) {
    console.warn(error instanceof Error ? error.message : error);
    console.warn('Going on without the small models: the tests that need them will be skipped.');
  }
}

/**
 * @param {Stage} stage
 * @returns {Promise<Counts & { ok: boolean, note: string }>}
 */
async function runStage({ commands, project, alongside = false }) {
  if (project) return runTests(project);
  for (const [script = '', ...args] of commands ?? []) {
    const code = await node(script, args, alongside);
    if (code !== 0) return { ...failure(1), note: `${script.split('/')[0]} ended with ${code}` };
  }
  return { ok: true, passed: 1, failed: 0, skipped: 0, note: '' };
}

/** @param {string} project */
async function runTests(project) {
  const folder = mkdtempSync(join(tmpdir(), 'whetstone-test-'));
  const file = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const code = await node('vitest/vitest.mjs', ['run', '--project', project, ...reporters]);
    const counts = readReport(readIfThere(file));
    if (!counts) return { ...failure(1), note: `vitest ended with ${code} and left no report` };
    if (code === 0) return { ok: true, ...counts, note: '' };
    // A file that does not even load fails the stage without a failed test.
    const none = counts.failed === 0;
    const note = none ? 'no test failed, but vitest did: see its errors above' : '';
    return { ok: false, ...counts, failed: none ? 1 : counts.failed, note };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a script of an installed package. Its output goes straight to the terminal; with `gathered` all at once at its
 * end, so that it does not mix with that of others.
 * @param {string} script path below node_modules
 * @param {string[]} args
 * @param {boolean} [gathered]
 * @returns {Promise<number | string>} the exit code, or the signal that ended it
 */
function node(script, args, gathered = false) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
      cwd: ROOT,
      stdio: gathered ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    /** @type {Buffer[]} */
    const output = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (/** @type {Buffer} */ part) => void output.push(part));
    child.on('error', failed);
    child.on('close', (code, signal) => {
      process.stdout.write(Buffer.concat(output));
      done(code ?? signal ?? 1);
    });
  });
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {number} failed */
function failure(failed) {
  return { ok: false, passed: 0, failed, skipped: 0 };
}

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.round(seconds);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
