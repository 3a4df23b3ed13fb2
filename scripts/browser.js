/** Finds a Chromium on this machine, and gets one from the system's package manager where that is permitted. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/microsoft-edge',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * What each package manager is told. A step that fails ends the attempt, except the refresh of a list.
 * @type {{ program: string, asRoot: boolean, steps: string[][] }[]}
 */
const MANAGERS = [
  {
    program: 'apt-get',
    asRoot: true,
    steps: [['update'], ['install', '-y', '--no-install-recommends', 'chromium']],
  },
  { program: 'dnf', asRoot: true, steps: [['install', '-y', 'chromium']] },
  { program: 'apk', asRoot: true, steps: [['add', '--no-cache', 'chromium']] },
  { program: 'pacman', asRoot: true, steps: [['-Sy', '--noconfirm', 'chromium']] },
  { program: 'brew', asRoot: false, steps: [['install', '--cask', 'google-chrome']] },
];

const BY_HAND =
  'Install Chromium or Chrome, or name one with CHROME_PATH=/path/to/chrome, ' +
  'or run "npx playwright install --with-deps chromium".';

/**
 * Path of a Chromium: CHROME_PATH, else the usual places, else one on PATH, else null.
 * A CHROME_PATH that names nothing gives null too: it was meant, so no other browser takes its place.
 * @returns {string | null}
 */
export function browserPath(environment = process.env) {
  const named = environment.CHROME_PATH;
  if (named) return existsSync(named) ? named : null;
  return USUAL_PLACES.find((path) => existsSync(path)) ?? onPath(PROGRAMS, environment);
}

/**
 * The same, for a command that can do nothing without one: it says so and ends.
 * @returns {string}
 */
export function neededBrowser() {
  const path = browserPath();
  if (path !== null) return path;
  console.error(`No Chromium was found. ${BY_HAND}`);
  process.exit(1);
}

/**
 * A browser for the tests: one that is there, else Playwright's own, else one installed now. Never throws.
 * @param {(line: string) => void} [log]
 * @returns {Promise<{ path: string } | { reason: string }>} the reason is one line that says what to do
 */
export async function ensureBrowser(log = console.log) {
  const found = browserPath() ?? (await playwrightBrowser());
  if (found) return { path: found };
  if (process.env.CHROME_PATH)
    return { reason: `CHROME_PATH names ${process.env.CHROME_PATH}, which is not there.` };

  const commands = installCommands(isRoot(), canSudo);
  if (typeof commands === 'string') return { reason: `No Chromium found, and ${commands}. ${BY_HAND}` };
  for (const [program = '', ...args] of commands) {
    log(`No Chromium found: ${[program, ...args].join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    if (status !== 0 && !args.includes('update'))
      return { reason: `No Chromium found, and ${program} could not install one. ${BY_HAND}` };
  }
  const installed = browserPath();
  if (installed && spawnSync(installed, ['--version']).status === 0) return { path: installed };
  return { reason: `No Chromium found, and the package that was installed holds none. ${BY_HAND}` };
}

/**
 * The commands that install a Chromium here, or why there are none.
 * @param {boolean} root
 * @param {() => boolean} sudo whether sudo works without a password; asked only when needed
 * @returns {string[][] | string}
 */
export function installCommands(root, sudo, environment = process.env) {
  const manager = MANAGERS.find(({ program }) => onPath([program], environment));
  if (!manager) return 'this system has no package manager known here';
  const before = manager.asRoot && !root ? ['sudo', '-n'] : [];
  if (before.length > 0 && !sudo()) return `${manager.program} needs root rights`;
  return manager.steps.map((step) => [...before, manager.program, ...step]);
}

/** The browser that Playwright has downloaded for itself, null if it has none. */
async function playwrightBrowser() {
  const { chromium } = await import('playwright');
  const path = chromium.executablePath();
  return existsSync(path) ? path : null;
}

/**
 * @param {string[]} programs
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string | null}
 */
function onPath(programs, environment) {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = programs.flatMap((program) => folders.map((folder) => join(folder, program)));
  return paths.find((path) => existsSync(path)) ?? null;
}

function isRoot() {
  return process.getuid?.() === 0;
}

function canSudo() {
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
}
