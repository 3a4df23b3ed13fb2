/** Where the model files lie on disk, and which of them are really there and right. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Remembers the hash of a file by its size and time of change, so that 180 MB are not read at every start. */
const MEMORY = '.checked.json';

/**
 * @typedef {object} Checked
 * @property {number} bytes
 * @property {number} changed milliseconds, as stat gives them
 * @property {string} sha256
 */

/**
 * The folders to look in, first one first, and the one to write to: MODELS_DIR where it is set, else a folder
 * in the user's cache. A MODELS_DIR that cannot be written is still read.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {{ read: string[], write: string }}
 */
export function modelFolders(environment = process.env) {
  const cache = join(userCache(environment), 'whetstone', 'models');
  if (!environment.MODELS_DIR) return { read: [cache], write: cache };
  const named = resolve(environment.MODELS_DIR);
  return writable(named) ? { read: [named], write: named } : { read: [named, cache], write: cache };
}

/**
 * The first of the folders that has a file of this name and size; null if none has.
 * @param {string} path below the models folder, with forward slashes
 * @param {number} bytes
 * @returns {string | null}
 */
export function locate(path, bytes, folders = modelFolders()) {
  for (const folder of folders.read) {
    const file = join(folder, path);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() && stat.size === bytes) return file;
  }
  return null;
}

/**
 * The SHA-256 of a file, from memory where size and time of change are what they were.
 * @param {string} file
 * @returns {Promise<string>} in hexadecimal
 */
export async function checksum(file, folders = modelFolders()) {
  const stat = statSync(file);
  const memory = readMemory(folders.write);
  const known = memory.get(file);
  if (known && known.bytes === stat.size && known.changed === stat.mtimeMs) return known.sha256;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const sha256 = hash.digest('hex');
  const fresh = readMemory(folders.write).set(file, { bytes: stat.size, changed: stat.mtimeMs, sha256 });
  for (const name of fresh.keys()) if (!existsSync(name)) fresh.delete(name);
  writeMemory(folders.write, fresh);
  return sha256;
}

/**
 * Writes through a temporary name, so that an interrupted write never leaves a half file under the real one.
 * @param {string} file
 * @param {string | Buffer[]} content
 */
export function writeWhole(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  const chunks = typeof content === 'string' ? [content] : content;
  writeFileSync(temporary, '');
  for (const chunk of chunks) writeFileSync(temporary, chunk, { flag: 'a' });
  renameSync(temporary, file);
}

/** @param {NodeJS.ProcessEnv} environment */
function userCache(environment) {
  if (environment.XDG_CACHE_HOME) return resolve(environment.XDG_CACHE_HOME);
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (platform() === 'win32' && environment.LOCALAPPDATA) return environment.LOCALAPPDATA;
  return join(homedir(), '.cache');
}

/** @param {string} folder */
function writable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} folder
 * @returns {Map<string, Checked>} empty when there is no memory or it cannot be read: then files are hashed again
 */
function readMemory(folder) {
  const known = new Map();
  try {
    /** @type {unknown} */
    const stored = JSON.parse(readFileSync(join(folder, MEMORY), 'utf8'));
    if (typeof stored !== 'object' || stored === null) return known;
    for (const [file, entry] of Object.entries(stored)) if (isChecked(entry)) known.set(file, entry);
  } catch {
    // No memory yet, or one that a person has edited.
  }
  return known;
}

/**
 * @param {string} folder
 * @param {Map<string, Checked>} memory
 */
function writeMemory(folder, memory) {
  try {
    writeWhole(join(folder, MEMORY), `${JSON.stringify(Object.fromEntries(memory), null, 2)}\n`);
  } catch {
    // A folder that cannot be written costs only time at the next start.
  }
}

/**
 * @param {unknown} entry
 * @returns {entry is Checked}
 */
function isChecked(entry) {
  if (typeof entry !== 'object' || entry === null) return false;
  return (
    'bytes' in entry &&
    typeof entry.bytes === 'number' &&
    'changed' in entry &&
    typeof entry.changed === 'number' &&
    'sha256' in entry &&
    typeof entry.sha256 === 'string'
  );
}
