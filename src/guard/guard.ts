/**
 * Runs before anything else in the page, in every worker that the page or a worker begins, and in the service worker. It
 * holds them to what the user allows (reach.ts) and writes down what they ask for.
 *
 * A policy binds a worker made of a blob as it binds its maker, on any server; one fetched by its address has only the
 * policy that came with it. So every worker is begun from a blob, which runs this text first.
 *
 * Requests are heard of twice: `fetch` tells of each as it is asked, so that a worker that is ended in the middle hides
 * none, and the browser's own record adds sizes, and whatever was asked for otherwise (scripts, styles, pages).
 */
import { ELSEWHERE } from './policy.ts';
import { covers, readReach, REACH_KEY, sourcesOf } from './reach.ts';
import { type Guard, MOST_REQUESTS, type Request as Asked } from './request.ts';

/** The function whose body this file becomes (scripts/guard.js), so that it can hand its own text on. */
declare const guardText: () => void;

declare global {
  var whetstoneGuard: Guard | undefined;
}

const inPage = 'document' in globalThis;
const inServiceWorker = 'skipWaiting' in globalThis;
const who = inPage ? 'page' : inServiceWorker ? 'service worker' : self.name || 'thread';
/** Where this text can be had; empty where it came with another. */
const address =
  inPage && document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : '';
/** What was asked, to all pages. */
const ROWS = 'whetstone/requests';
/** Who keeps a channel open is sent all that passes; a thread that waits inside WebAssembly would heap it up for ever. */
const rows = inPage ? new BroadcastChannel(ROWS) : null;
/** What a page says to workers: rules that became narrower, or a question. */
const words = new BroadcastChannel('whetstone/reach');
/** Under this name in sessionStorage the list outlasts a reload. */
const LIST_KEY = 'whetstone:requests';
const run = Math.random().toString(36).slice(2);
/** Asked for by `fetch`, and not yet in the browser's record. */
const waiting: Asked[] = [];
let count = 0;
/** What may be asked beside this origin; null where the policy alone says it. */
let sources: readonly string[] | null = inServiceWorker ? [] : null;

const kept = new Map<string, Asked>();
const watchers = new Set<() => void>();
let dropped = 0;

function keep(row: Asked): void {
  kept.set(row.id, row);
  for (const id of kept.keys()) {
    if (kept.size <= MOST_REQUESTS) break;
    kept.delete(id);
    dropped++;
  }
  for (const tell of watchers) tell();
}

/** What the page has not told the other pages yet. A worker tells at once: it may be ended at any moment. */
const untold = new Set<Asked>();
/** How long the page gathers it, in milliseconds: a message for each row of its first moments would hold these up. */
const GATHERED_MS = 250;

function send(some: readonly Asked[]): void {
  const channel = rows ?? new BroadcastChannel(ROWS);
  channel.postMessage(some);
  if (channel !== rows) channel.close();
}

function sendUntold(): void {
  if (untold.size > 0) send([...untold]);
  untold.clear();
}

function tell(row: Asked): void {
  if (!inPage) send([row]);
  else if (untold.add(row).size === 1) setTimeout(sendUntold, GATHERED_MS);
  // A page that opens asks the service worker for what it missed.
  if (inPage || inServiceWorker) keep({ ...row });
}

function note(url: string, how: string, outcome: Asked['outcome']): Asked {
  const at = Date.now();
  const row: Asked = {
    id: `${run}${count++}`,
    who,
    url,
    how,
    at,
    ms: null,
    outcome,
    status: null,
    bytes: null,
    network: null,
  };
  tell(row);
  return row;
}

/** The address without its fragment; null for what no network is needed for (blob:, data:). */
function plain(text: string): string | null {
  return /^https?:/.test(text) ? (text.split('#', 1)[0] ?? text) : null;
}

function narrow(next: readonly string[]): void {
  sources = sources?.filter((source) => next.includes(source)) ?? next;
  if (!inPage) return;
  const meta = document.createElement('meta');
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = `connect-src 'self' ${sources.join(' ')}`;
  document.head.append(meta);
}

if (inPage) {
  let text: string | null = null;
  try {
    text = localStorage.getItem(REACH_KEY);
    const before: unknown = JSON.parse(sessionStorage.getItem(LIST_KEY) ?? '[]');
    if (Array.isArray(before))
      for (const row of before) if (URL.canParse(Object(row).url)) keep(row as Asked);
  } catch {
    // Storage is blocked: the default holds.
  }
  const reach = readReach(text);
  narrow(sourcesOf(reach));
  const elsewhere = !reach.offline && reach.origins.length > 0;
  if (elsewhere !== location.pathname.endsWith(`/${ELSEWHERE}`))
    location.replace(new URL(elsewhere ? ELSEWHERE : '.', location.href).href + location.hash);

  addEventListener('storage', ({ key, newValue }) => {
    if (key !== REACH_KEY) return;
    narrow(sourcesOf(readReach(newValue)));
    words.postMessage(sources);
  });
  addEventListener('pagehide', () => {
    // What was asked for last may not be in the browser's record yet, and will not be any more.
    for (const entry of observer.takeRecords()) recorded(entry as PerformanceResourceTiming);
    const listed = new Set([...kept.values()].map(({ url }) => url));
    for (const one of document.querySelectorAll<HTMLLinkElement | HTMLScriptElement>(
      'link[href],script[src]',
    )) {
      const url = 'src' in one ? one.src : one.href;
      if (!listed.has(url)) note(url, one.localName, 'asked');
    }
    sendUntold();
    try {
      sessionStorage.setItem(LIST_KEY, JSON.stringify([...kept.values()].slice(-1000)));
    } catch {
      // The list begins anew then.
    }
  });
  addEventListener('DOMContentLoaded', () => {
    for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel=icon],link[rel=manifest]'))
      note(link.href, 'browser', 'left');
  });
}
if (inServiceWorker)
  addEventListener('install', () => {
    for (const script of [location.href, 'guard.js', 'notified.js'])
      note(new URL(script, location.href).href, 'browser', 'left');
  });

if (rows) rows.onmessage = ({ data }: MessageEvent<readonly Asked[]>) => data.forEach(keep);
type Word = readonly string[] | 'what was asked?';
words.onmessage = ({ data }: MessageEvent<Word>) => {
  if (data === 'what was asked?') {
    if (inServiceWorker) send([...kept.values()]);
    // Sources come from a page whose user has just taken some away.
  } else if (!inPage && !inServiceWorker) narrow(data);
};
if (inPage) words.postMessage('what was asked?' satisfies Word);

// Nothing here uses these, and neither the policy nor the record would cover all of them.
for (const name of [
  'WebSocket',
  'EventSource',
  'WebTransport',
  'RTCPeerConnection',
  'webkitRTCPeerConnection',
  'SharedWorker',
])
  Reflect.deleteProperty(globalThis, name);
if (inPage) Reflect.deleteProperty(Navigator.prototype, 'sendBeacon');

const ask = globalThis.fetch.bind(globalThis);
globalThis.fetch = async (input, init) => {
  const given = input instanceof Request ? input.url : String(input);
  const whole = URL.canParse(given, location.href) ? new URL(given, location.href) : null;
  const url = whole && plain(whole.href);
  if (!url) return ask(input, init);
  const row = note(url, 'fetch', 'asked');
  // In a page the policy does this.
  if (!inPage && sources && whole.origin !== origin && !covers(sources, whole)) {
    row.outcome = 'refused';
    tell(row);
    throw new TypeError(`${url} is not among the addresses that may be asked.`);
  }
  waiting.push(row);
  if (waiting.length > 500) waiting.shift();
  try {
    const response = await ask(input, init);
    row.outcome = 'answered';
    row.status = response.status || null;
    return response;
  } catch (error) {
    if (row.outcome === 'asked') row.outcome = 'failed';
    throw error;
  } finally {
    tell(row);
  }
};

function recorded(entry: PerformanceResourceTiming): void {
  const url = plain(entry.name);
  if (!url) return;
  const { initiatorType, responseStatus, encodedBodySize, decodedBodySize, transferSize } = entry;
  const found = initiatorType === 'fetch' ? waiting.findIndex((row) => row.url === url) : -1;
  const how = entry.entryType === 'navigation' ? 'navigation' : initiatorType;
  const row =
    waiting.splice(found, found < 0 ? 0 : 1)[0] ??
    note(url, how, responseStatus === 0 ? 'failed' : 'answered');
  row.at = Math.round(performance.timeOrigin + entry.startTime);
  row.ms = Math.round(entry.duration);
  row.status ??= responseStatus || null;
  row.bytes = encodedBodySize || decodedBodySize;
  // The platform counts 300 for the head of an answer, and nothing more where the body was here already.
  row.network = transferSize > 300 ? encodedBodySize : 0;
  tell(row);
}

const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) recorded(entry as PerformanceResourceTiming);
});
for (const type of inPage ? ['navigation', 'resource'] : ['resource'])
  observer.observe({ type, buffered: true });

addEventListener('securitypolicyviolation', ({ blockedURI, effectiveDirective, disposition }) => {
  const url = plain(blockedURI);
  if (!url || disposition !== 'enforce') return;
  const known = waiting.findLast((row) => row.url === url && row.outcome !== 'answered');
  // One attempt may break several policies.
  if (known?.outcome === 'refused') return;
  if (!known) return void waiting.push(note(url, effectiveDirective, 'refused'));
  known.outcome = 'refused';
  tell(known);
});

if ('ServiceWorkerContainer' in globalThis) {
  const { register } = ServiceWorkerContainer.prototype;
  ServiceWorkerContainer.prototype.register = function (url, options) {
    note(new URL(url, location.href).href, 'browser', 'left');
    return register.call(this, url, options);
  };
}

/** Texts of programs that were made here, by their addresses. */
const blobs = new Map<string, Blob>();
const begun = new Map<string, string>();
const makeAddress = URL.createObjectURL;
URL.createObjectURL = (object) => {
  const url = makeAddress.call(URL, object);
  if (object instanceof Blob && (object.type === '' || object.type.includes('javascript')))
    blobs.set(url, object);
  return url;
};
const revoke = URL.revokeObjectURL;
URL.revokeObjectURL = (url) => {
  blobs.delete(url);
  revoke.call(URL, url);
};

/** The address of a program that runs this text, then that of the given address. */
function guarded(given: string, module: boolean): string {
  const url = new URL(given, inPage ? document.baseURI : location.href);
  const key = `${module} ${url.href}`;
  const known = begun.get(key);
  if (known) return known;
  const text = `(${guardText})();\n`;
  const blob = blobs.get(url.href);
  const quoted = JSON.stringify(url.href);
  const parts: BlobPart[] = blob
    ? [text, blob]
    : // Imports run before any text beside them, so the guard is imported too where its address is known.
      [
        address === ''
          ? text
          : module
            ? `import ${JSON.stringify(address)};`
            : `importScripts(${JSON.stringify(address)});`,
        module ? `import ${quoted};` : `importScripts(${quoted});`,
      ];
  if (!blob && url.origin !== origin) return given;
  const made = makeAddress.call(URL, new Blob(parts, { type: 'text/javascript' }));
  // A blob's address may be used again after it was revoked here, for another program.
  if (!blob) begun.set(key, made);
  return made;
}

if ('Worker' in globalThis) {
  const Plain = globalThis.Worker;
  globalThis.Worker = class extends Plain {
    constructor(given: string | URL, options?: WorkerOptions) {
      const named = /([\w.]+?)(-[\w-]+)?\.js$/.exec(String(given))?.[1] ?? '';
      super(guarded(String(given), options?.type === 'module'), { name: named, ...options });
    }
  };
}

// Last: a page that finds it knows that all of the above is in place.
if (inPage) {
  const guard: Guard = {
    get sources() {
      return sources ?? [];
    },
    get requests() {
      return [...kept.values()];
    },
    get dropped() {
      return dropped;
    },
    watch(listener) {
      watchers.add(listener);
      return () => void watchers.delete(listener);
    },
  };
  globalThis.whetstoneGuard = guard;
}
