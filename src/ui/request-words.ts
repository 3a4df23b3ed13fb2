import type { Request } from '../guard/request.ts';

/** What a request was for, what came of it, and the list of them as a file. */

const HUB_HOSTS = /(?:^|\.)(?:huggingface\.co|hf\.co)$/;

/** The part of the program that a request was made for. `base` is the page's folder. */
export function whyOf({ url, how }: Request, base: string): string {
  if (!url.startsWith(base)) return whyBeyond(new URL(url));
  const path = url.slice(base.length).replace(/\?.*$/, '');
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (how === 'navigation') return 'The page itself';
  if (path === 'guard.js') return 'What holds the page to these rules';
  if (path === 'sw.js' || path === 'notified.js') return 'The copy that opens without a network';
  if (path.startsWith('lessons/')) return 'Lesson';
  if (path === 'models/index.json') return 'Which models this server has';
  if (path.startsWith('models/Xenova/')) return 'Embedding model';
  if (path.startsWith('models/')) return file.endsWith('.json') ? 'Description of a model' : 'Model weights';
  if (/^(?:wllama|webllm|ort-wasm|bge|worker|esm)\b/.test(file)) return 'Engine';
  if (/^workbox|^(?:import\.worker)/.test(file)) return 'Part of the page';
  if (/\.(?:svg|png|webmanifest|ico)$/.test(file)) return 'Icon and name, for the browser';
  return 'Part of the page';
}

function whyBeyond(url: URL): string {
  if (/\/(?:chat\/)?completions$/.test(url.pathname)) return 'Model server';
  if (url.hostname === 'raw.githubusercontent.com') return 'Model library';
  if (HUB_HOSTS.test(url.hostname))
    return url.pathname.endsWith('.json') ? 'Description of a model' : 'Model weights';
  return /\.(?:gguf|wasm|bin|json)$/.test(url.pathname) ? 'Model by its address' : 'Other';
}

/** In words. */
export function outcomeOf({ outcome, status, network, bytes }: Request): string {
  if (outcome === 'left') return 'left to the browser, which fetches it when it likes';
  if (outcome === 'refused') return 'refused: nothing was sent';
  if (outcome === 'asked') return 'under way, or its asker was ended';
  if (outcome === 'failed') return 'failed';
  const kept = network === 0 && (bytes ?? 0) > 0 ? ', from a copy in the browser' : '';
  return `${status === null ? 'answered' : `answered ${status}`}${kept}`;
}

const COLUMNS = ['time', 'who', 'why', 'address', 'how', 'outcome', 'bytes', 'network bytes', 'ms'];

/** One line a request. Fields that a spreadsheet would take for a formula begin with an apostrophe. */
export function requestsCsv(requests: readonly Request[], base: string): string {
  const lines = requests.map((one) => [
    new Date(one.at).toISOString(),
    one.who,
    whyOf(one, base),
    one.url,
    one.how,
    outcomeOf(one),
    one.bytes ?? '',
    one.network ?? '',
    one.ms ?? '',
  ]);
  return (
    [COLUMNS, ...lines].map((line) => line.map((field) => quoted(String(field))).join(',')).join('\r\n') +
    '\r\n'
  );
}

function quoted(field: string): string {
  const safe = /^[=+\-@\t]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function requestsJson(requests: readonly Request[], base: string): string {
  const rows = requests.map(({ id: _, at, ...one }) => ({
    at: new Date(at).toISOString(),
    ...one,
    why: whyOf({ id: _, at, ...one }, base),
  }));
  return `${JSON.stringify(rows, null, 1)}\n`;
}

/** How many went where, for the line above the list. `network` leaves out what the browser does not say. */
export function summed(requests: readonly Request[], base: string) {
  const origin = new URL(base).origin;
  const beyond = requests.filter(
    ({ url, outcome }) => new URL(url).origin !== origin && outcome !== 'refused',
  );
  const refused = requests.filter(({ outcome }) => outcome === 'refused');
  const network = requests.reduce((sum, one) => sum + (one.network ?? 0), 0);
  return { all: requests.length, beyond: beyond.length, refused: refused.length, network };
}
