/** Serves the model files under <base>models/: in development, in preview and to the tests in a browser. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { MODEL_FILES } from './model-files.js';
import { checksum, locate } from './model-store.js';

/** The WebLLM build of the small model, served from $WHETSTONE_MODELS/<this name>/ where that is set. */
const WEBLLM_FOLDER = 'smollm2-135m-instruct-q4f32-webllm';

/** WebLLM asks for <model>/resolve/main/<file>, the address form of the model hub. */
export const WEBLLM_PREFIX = `${WEBLLM_FOLDER}/resolve/main/`;

/**
 * A Vite plugin. Only the files that it knows are served, so no path leads anywhere else.
 * @returns {import('vite').Plugin}
 */
export function modelsPlugin() {
  return {
    name: 'whetstone-models',
    configureServer(server) {
      server.middlewares.use(modelsMiddleware(server.config.base));
    },
    configurePreviewServer(server) {
      server.middlewares.use(modelsMiddleware(server.config.base));
    },
  };
}

/**
 * Answers every request under <base>models/, and passes on all others.
 * @param {string} base of the page; a relative one counts as /
 * @returns {import('vite').Connect.NextHandleFunction}
 */
export function modelsMiddleware(base) {
  const prefix = `${base.startsWith('/') ? base : '/'}models/`;
  return (request, response, next) => {
    const path = (request.url ?? '').split(/[?#]/, 1)[0] ?? '';
    if (!path.startsWith(prefix)) return next();
    answer(path.slice(prefix.length), request, response).catch(next);
  };
}

/**
 * The file on disk of a path below models/; null if there is none.
 * @param {string} path still percent-encoded
 * @returns {string | null}
 */
export function modelPath(path, environment = process.env) {
  const plain = decoded(path);
  if (plain === null) return null;
  const known = MODEL_FILES.find((file) => file.path === plain);
  if (known) return locate(known.path, known.bytes);
  if (!environment.WHETSTONE_MODELS || !plain.startsWith(WEBLLM_PREFIX)) return null;
  const name = plain.slice(WEBLLM_PREFIX.length);
  // One plain file name: no folder, no hidden file, no way up.
  if (!/^\w[\w.-]*$/.test(name)) return null;
  const file = join(resolve(environment.WHETSTONE_MODELS), WEBLLM_FOLDER, name);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

/**
 * What models/index.json says: the files that are there, with size and SHA-256.
 * @returns {Promise<{ files: { path: string, bytes: number, sha256: string }[] }>}
 */
export async function modelIndex(environment = process.env) {
  const paths = MODEL_FILES.map((file) => file.path);
  if (environment.WHETSTONE_MODELS) {
    const folder = join(resolve(environment.WHETSTONE_MODELS), WEBLLM_FOLDER);
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      paths.push(...readdirSync(folder).map((name) => WEBLLM_PREFIX + name));
  }
  const files = [];
  for (const path of paths) {
    const file = modelPath(path, environment);
    if (file) files.push({ path, bytes: statSync(file).size, sha256: await checksum(file) });
  }
  return { files };
}

/**
 * The part of a file that a Range header asks for: null for the whole file, 'unsatisfiable' if outside of it.
 * Several ranges at once, and anything malformed, count as no range, as HTTP allows.
 * @param {string | undefined} header
 * @param {number} bytes the file's size
 * @returns {{ first: number, last: number } | 'unsatisfiable' | null} both ends are part of the range
 */
export function parseRange(header, bytes) {
  const match = /^bytes=(\d*)-(\d*)$/.exec((header ?? '').trim());
  if (!match) return null;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return null;
  if (from === '') {
    const count = Math.min(Number(to), bytes);
    return count === 0 ? 'unsatisfiable' : { first: bytes - count, last: bytes - 1 };
  }
  const first = Number(from);
  const last = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (to !== '' && Number(to) < first) return null;
  return first >= bytes ? 'unsatisfiable' : { first, last };
}

/**
 * @param {string} path
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(path, request, response) {
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Model files can only be read.');
  }
  if (path === 'index.json') {
    const text = JSON.stringify(await modelIndex());
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.setHeader('Cache-Control', 'no-store');
    return response.end(request.method === 'HEAD' ? undefined : text);
  }
  const file = modelPath(path);
  if (!file) return refuse(response, 404, 'No such model file. "npm run models" fetches the small models.');

  const stat = statSync(file);
  const tag = `"${stat.size.toString(16)}-${Math.trunc(stat.mtimeMs).toString(16)}"`;
  response.setHeader('Content-Type', contentType(file));
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', tag);
  if (request.headers['if-none-match'] === tag) {
    response.statusCode = 304;
    return response.end();
  }
  const condition = request.headers['if-range'];
  const range = condition && condition !== tag ? null : parseRange(request.headers.range, stat.size);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${stat.size}`);
    return refuse(response, 416, 'The file is shorter than that.');
  }
  const { first, last } = range ?? { first: 0, last: stat.size - 1 };
  response.statusCode = range ? 206 : 200;
  if (range) response.setHeader('Content-Range', `bytes ${first}-${last}/${stat.size}`);
  response.setHeader('Content-Length', last - first + 1);
  if (request.method === 'HEAD' || stat.size === 0) return response.end();
  // A reader that goes away in the middle is no error of the server.
  pipeline(createReadStream(file, { start: first, end: last, highWaterMark: 1 << 18 }), response, () => {});
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} message
 */
function refuse(response, status, message) {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(message));
  response.end(response.req.method === 'HEAD' ? undefined : message);
}

/** @param {string} file */
function contentType(file) {
  if (file.endsWith('.json')) return 'application/json';
  if (file.endsWith('.wasm')) return 'application/wasm';
  return 'application/octet-stream';
}

/**
 * @param {string} path
 * @returns {string | null} null if the percent-encoding is broken
 */
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
