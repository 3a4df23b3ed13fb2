/** Gathers the licences of all that the built page consists of, for the page to show: `licences.json` beside it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup.js';

export const FILE = 'licences.json';

/** Licences that let the page be passed on as it is. Any other one has to be looked at by a person first. */
const KNOWN = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD', 'Zlib'];

/** Packages that do not say it in their package.json in the usual form. What is said here was read in their files. */
const SAID_ELSEWHERE = new Map([['flatbuffers', 'Apache-2.0']]);

/**
 * What packages hold in files that were built before they were published, which no module graph shows.
 * @type {ReadonlyMap<string, readonly { name: string, licence: string, url: string }[]>}
 */
const INSIDE = new Map([
  [
    '@mlc-ai/web-llm',
    [
      { name: 'Apache TVM runtime', licence: 'Apache-2.0', url: 'https://github.com/apache/tvm' },
      { name: 'tokenizers-cpp', licence: 'Apache-2.0', url: 'https://github.com/mlc-ai/tokenizers-cpp' },
      { name: 'XGrammar', licence: 'Apache-2.0', url: 'https://github.com/mlc-ai/xgrammar' },
    ],
  ],
  ['@wllama/wllama', [{ name: 'llama.cpp', licence: 'MIT', url: 'https://github.com/ggml-org/llama.cpp' }]],
  [
    'onnxruntime-web',
    [{ name: 'ONNX Runtime', licence: 'MIT', url: 'https://github.com/microsoft/onnxruntime' }],
  ],
]);

/** Packages of node_modules that others hold in the same way. */
const PACKAGES_INSIDE = new Map([
  [
    'onnxruntime-web',
    ['flatbuffers', 'guid-typescript', 'long', 'onnxruntime-common', 'platform', 'protobufjs'],
  ],
]);

/** What the service worker is made of, which a program of its own builds. */
const SERVICE_WORKER = [
  'workbox-core',
  'workbox-expiration',
  'workbox-precaching',
  'workbox-routing',
  'workbox-strategies',
];

/** Modules that build tools add, by the beginning of their names. */
const TOOLS = new Map([
  ['\0vite/', 'vite'],
  ['\0rolldown/', 'rolldown'],
]);

/**
 * @typedef {{ name: string, licence: string, url: string }} Line
 * @typedef {Line & { version: string, text: string | null, inside: readonly Line[] }} Licensed
 */

/** @param {string} name @returns {Line} */
function packageLine(name) {
  const { licence, url } = licensed(join(ROOT, 'node_modules', name));
  return { name, licence, url };
}

/**
 * What a package says of itself. `licence` is empty where it says nothing.
 * @param {string} folder
 * @returns {Licensed}
 */
export function licensed(folder) {
  const { name, version, license, repository, homepage } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const file = readdirSync(folder).find((each) => /^(?:licen[cs]e|copying)(?:[.-]|$)/i.test(each));
  return {
    name,
    version,
    licence: SAID_ELSEWHERE.get(name) ?? (typeof license === 'string' ? license : ''),
    url: addressOf(repository?.url ?? repository ?? homepage ?? ''),
    text: file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim(),
    inside: [...(INSIDE.get(name) ?? []), ...(PACKAGES_INSIDE.get(name) ?? []).map(packageLine)],
  };
}

/** @param {unknown} told */
function addressOf(told) {
  if (typeof told !== 'string' || told === '') return '';
  const address = told
    .replace(/^git\+/, '')
    .replace(/^git:/, 'https:')
    .replace(/\.git$/, '');
  if (address.startsWith('ssh:') || address.startsWith('git@')) return '';
  return address.includes('://') ? address : `https://github.com/${address}`;
}

/**
 * The folder of the package that a module is from; null for our own modules.
 * @param {string} id
 * @returns {string | null}
 */
export function packageOf(id) {
  for (const [beginning, name] of TOOLS)
    if (id.startsWith(beginning)) return join(ROOT, 'node_modules', name);
  const path = id.replace(/^\0/, '').replace(/[?#].*$/, '');
  const marker = `${'node_modules'}/`;
  const at = path.lastIndexOf(marker);
  if (at === -1) return null;
  const parts = path.slice(at + marker.length).split('/');
  const name = parts.slice(0, parts[0]?.startsWith('@') ? 2 : 1).join('/');
  // Prebuilt dependencies of the development server and the like are no packages.
  const folder = path.slice(0, at + marker.length) + name;
  return existsSync(join(folder, 'package.json')) ? folder : null;
}

/**
 * The plugins for the page and for its workers, which are built by themselves and before the page is written. A package
 * without a licence, or with one that nobody has looked at, fails the build.
 * @param {readonly string[]} others folders of packages that are shipped too
 * @returns {{ page: import('vite').Plugin, worker: () => import('vite').Plugin }}
 */
export function licencePlugins(others = SERVICE_WORKER.map((name) => join(ROOT, 'node_modules', name))) {
  /** @type {Set<string>} */
  const folders = new Set();
  /** @param {import('vite').Rollup.OutputBundle} bundle */
  const gather = (bundle) => {
    for (const part of Object.values(bundle)) {
      const ids =
        part.type === 'chunk'
          ? Object.keys(part.modules)
          : (part.originalFileNames ?? []).map((name) => join(ROOT, name));
      for (const id of ids) {
        const folder = packageOf(id);
        if (folder !== null) folders.add(folder);
      }
    }
  };
  return {
    page: {
      name: 'whetstone-licences',
      generateBundle(_options, bundle) {
        gather(bundle);
        const packages = [...new Set([...folders, ...others])]
          .map((folder) => ({ folder, ...licensed(folder) }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        const unknown = packages.filter(({ licence, inside }) =>
          [licence, ...inside.map((each) => each.licence)].some((each) => !KNOWN.includes(each)),
        );
        if (unknown.length > 0)
          this.error(
            `Licences that nobody has looked at: ${unknown.map(({ name, licence }) => `${name} (${licence || 'none'})`).join(', ')}. ` +
              'Read them; then name them in scripts/licences.js, or take the package out.',
          );
        this.emitFile({ type: 'asset', fileName: FILE, source: licencesText(packages) });
      },
    },
    worker: () => ({
      name: 'whetstone-licences-of-workers',
      generateBundle: (_options, bundle) => gather(bundle),
    }),
  };
}

/**
 * The file: each text once, and packages that point to them.
 * @param {readonly Licensed[]} packages
 */
export function licencesText(packages) {
  const texts = [...new Set(packages.map(({ text }) => text).filter((text) => text !== null))];
  return JSON.stringify({
    packages: packages.map(({ name, version, licence, url, text, inside }) => ({
      name,
      version,
      licence,
      url,
      text: text === null ? null : texts.indexOf(text),
      inside,
    })),
    texts,
  });
}
