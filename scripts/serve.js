/** Builds the page where that is needed and serves it on this machine: for npm start, the demo and the tests. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as bundle, createServer, preview } from 'vite';
import { ROOT } from './setup.js';

/** All that the built page is made of. */
const SOURCES = [
  'src',
  'public',
  'tasks',
  'index.html',
  'scripts/guard.js',
  'scripts/licences.js',
  'scripts/method-data.js',
  'scripts/run-code.js',
  'vite.config.ts',
  'package-lock.json',
];

/**
 * Serves the page on localhost until `close` is called. 'preview' serves the built page and builds it before
 * when it is missing or older than its sources; 'dev' serves the sources with Vite's development server.
 * `first` sees every request for the built page, with the policy already among the answer's headers.
 * @param {{ port?: number, mode?: 'preview' | 'dev', first?: import('vite').Connect.NextHandleFunction }} [options] the
 *   next free port is taken if this one is not
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} the address ends in a slash
 */
export async function serve({ port = 4173, mode = 'preview', first } = {}) {
  const address = { port, host: 'localhost', strictPort: false, open: false };
  if (mode === 'dev') {
    const server = await createServer({ root: ROOT, logLevel: 'warn', server: address });
    await server.listen();
    return { url: urlOf(server), close: () => server.close() };
  }
  await ensureBuilt();
  /** @type {import('vite').Plugin} */
  const watching = {
    name: 'whetstone-first',
    enforce: 'post',
    configurePreviewServer: {
      order: 'pre',
      handler: ({ middlewares }) => void (first && middlewares.use(first)),
    },
  };
  const server = await preview({ root: ROOT, logLevel: 'warn', preview: address, plugins: [watching] });
  return { url: urlOf(server), close: () => server.close() };
}

/**
 * Serves a page of a test or a bench, built as the real one is, in a folder that is gone with `close`. `input` is its
 * path in the repository. `built` names a folder where it was built before; `minify: false` leaves names as they are.
 * @param {string} input
 * @param {{ built?: string | undefined, minify?: boolean }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} the address of the page
 */
export async function servePage(input, { built, minify = true } = {}) {
  const outDir = built ?? mkdtempSync(join(tmpdir(), 'whetstone-page-'));
  const output = { outDir, emptyOutDir: true, rolldownOptions: { input: join(ROOT, input) } };
  if (built === undefined)
    await bundle({
      root: ROOT,
      logLevel: 'error',
      mode: 'production',
      build: minify ? output : { ...output, minify },
    });
  const server = await preview({ root: ROOT, logLevel: 'error', build: { outDir }, preview: { port: 0 } });
  return {
    url: `${urlOf(server)}${input === 'index.html' ? '' : input}`,
    async close() {
      await server.close();
      if (built === undefined) rmSync(outDir, { recursive: true, force: true });
    },
  };
}

/** Builds the page where that is needed. */
export async function ensureBuilt() {
  if (!buildIsCurrent()) await build();
}

/**
 * Builds the page into dist/. A process of its own, so that the caller's NODE_ENV has no part in it.
 * @returns {Promise<void>}
 */
export async function build() {
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const env = { ...process.env, NODE_ENV: 'production' };
  const args = [vite, 'build', '--logLevel', 'warn'];
  const code = await new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
    child.on('error', failed);
    child.on('close', done);
  });
  if (code !== 0) throw new Error('The page could not be built. The message above says why.');
}

/** Whether dist/ is there and newer than all that it is made of. */
export function buildIsCurrent(root = ROOT) {
  const built = statSync(join(root, 'dist', 'index.html'), { throwIfNoEntry: false });
  return built !== undefined && SOURCES.every((path) => newest(join(root, path)) <= built.mtimeMs);
}

/**
 * When the file, or anything in the folder, was changed last; 0 if it is not there. A folder's own time counts,
 * so that a deleted file is noticed.
 * @param {string} path
 * @returns {number} milliseconds
 */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** @param {{ resolvedUrls: import('vite').ResolvedServerUrls | null }} server */
function urlOf({ resolvedUrls }) {
  const url = resolvedUrls?.local[0];
  if (!url) throw new Error('The server has no address on this machine.');
  return url;
}
