/**
 * npm start: sets up whatever is missing and serves the page on this machine.
 * Options: --port N, --dev (development server), --no-open (no browser window).
 * Everything that needs the dependencies, or a new Node, is imported after both are there.
 */
import { ensureDependencies, ensureNode, isEntry } from './setup.js';

/** @typedef {{ port: number, dev: boolean, open: boolean }} Options */

if (isEntry(import.meta.url)) {
  ensureNode();
  const options = readOptions(process.argv.slice(2));
  ensureDependencies();
  run(options).catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}

/**
 * Serves the page for another script; see serve.js. The dependencies must be there.
 * @param {{ port?: number, mode?: 'preview' | 'dev' }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export function serve(options) {
  return import('./serve.js').then((module) => module.serve(options));
}

/** @param {Options} options */
async function run({ port, dev, open }) {
  const { ensureModels } = await import('./models.js');
  try {
    await ensureModels();
  } catch (error) {
    // The page says the same and still runs with the models of WebLLM or a server on this machine.
    console.error(error instanceof Error ? error.message : error);
    console.error('Starting without the small models.');
  }
  const { buildIsCurrent } = await import('./serve.js');
  if (!dev && !buildIsCurrent()) console.log('Building the page ...');
  const { url, close } = await serve({ port, mode: dev ? 'dev' : 'preview' });
  console.log(`Whetstone is at ${url} (Ctrl-C ends it).`);
  const end = () => {
    close().finally(() => process.exit(0));
    // A page that is still open keeps its connection; it is not waited for.
    setTimeout(() => process.exit(0), 500);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  if (open) await openBrowser(url);
}

/**
 * @param {string[]} args
 * @returns {Options}
 */
function readOptions(args) {
  const options = { port: 4173, dev: false, open: true };
  for (let i = 0; i < args.length; i++) {
    const [name, value] = String(args[i]).split('=');
    if (name === '--dev') options.dev = true;
    else if (name === '--no-open') options.open = false;
    else if (name === '--port') options.port = readPort(value === undefined ? args[++i] : value);
    else refuse(`Unknown option ${name}.`);
  }
  return options;
}

/** @param {string | undefined} text */
function readPort(text) {
  const port = Number(text);
  if (!text || !Number.isInteger(port) || port < 0 || port > 65535)
    refuse('--port needs a number up to 65535.');
  return port;
}

/**
 * @param {string} message
 * @returns {never}
 */
function refuse(message) {
  console.error(`${message} Options of npm start -- : --port N, --dev, --no-open.`);
  process.exit(1);
}

/**
 * Opens the address where there is a screen; no screen and no opener are no errors.
 * @param {string} url
 */
async function openBrowser(url) {
  const { spawn } = await import('child_process');
  const { DISPLAY, WAYLAND_DISPLAY, CI } = process.env;
  if (CI) return;
  const commands = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '', url],
    linux: ['xdg-open', url],
  };
  const system = process.platform;
  if (system !== 'darwin' && system !== 'win32' && system !== 'linux') return;
  if (system === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) return;
  const [program = '', ...args] = commands[system];
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
