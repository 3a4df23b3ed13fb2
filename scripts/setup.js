/**
 * What must hold before anything else can run: a new enough Node, and the dependencies installed.
 * Node built-ins only, and syntax that an old Node still reads, so that it can say what is wrong.
 */
import { spawnSync } from 'child_process';
import { existsSync, realpathSync, statSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

/** The top folder of the project. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Whether this module is the one that node was started with, also through a symbolic link.
 * @param {string} url import.meta.url of the module
 */
export function isEntry(url) {
  const script = process.argv[1];
  if (!script || !existsSync(script)) return false;
  return realpathSync(script) === fileURLToPath(url);
}

const NEEDED = [20, 19];

/** An npm that changes the lock file writes it and its marker at the same time, in either order. */
const TOGETHER_MS = 2000;

/**
 * Whether a Node of this version can run the project.
 * @param {string} version as process.versions.node gives it
 */
export function isNewEnough(version) {
  const parts = version.split('.').map(Number);
  if (parts[0] !== NEEDED[0]) return Number(parts[0]) > Number(NEEDED[0]);
  return Number(parts[1]) >= Number(NEEDED[1]);
}

/** Ends the process with one clear line when Node is too old. */
export function ensureNode() {
  if (isNewEnough(process.versions.node)) return;
  console.error(
    `Node ${NEEDED.join('.')} or newer is needed; this is ${process.versions.node}. Get one from https://nodejs.org.`,
  );
  process.exit(1);
}

/**
 * Whether the installed dependencies are those of the lock file: npm leaves a marker when it has finished,
 * and it must not be older than the lock file.
 * @param {string} [root]
 */
export function dependenciesAreCurrent(root = ROOT) {
  const marker = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(marker)) return false;
  const lock = join(root, 'package-lock.json');
  return !existsSync(lock) || statSync(marker).mtimeMs + TOGETHER_MS >= statSync(lock).mtimeMs;
}

/** Installs the dependencies where that is needed; ends the process with one clear line when npm fails. */
export function ensureDependencies() {
  if (dependenciesAreCurrent()) return;
  const verb = existsSync(join(ROOT, 'package-lock.json')) ? 'ci' : 'install';
  console.log(`Installing the dependencies (npm ${verb}) ...`);
  const started = Date.now();
  // No package needs its install script here, and the browser is found or installed elsewhere.
  const result = runNpm([verb, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (result !== 0) {
    console.error(
      `npm ${verb} failed in ${ROOT}. Its own message is above; run "npm ${verb}" there to see more.`,
    );
    process.exit(1);
  }
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/**
 * @param {string[]} args
 * @returns {number | null} npm's exit code; null when there is no npm
 */
function runNpm(args) {
  const script = process.env.npm_execpath;
  const env = Object.assign({}, process.env, { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' });
  // Under another package manager npm_execpath names that one.
  const byScript = script && /npm-cli\.c?js$/.test(script) && existsSync(script);
  const outcome = byScript
    ? spawnSync(process.execPath, [script].concat(args), { cwd: ROOT, stdio: 'inherit', env })
    : spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit', env, shell: process.platform === 'win32' });
  return outcome.status;
}
