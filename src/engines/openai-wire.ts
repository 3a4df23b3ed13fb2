import * as v from 'valibot';
import { EngineError } from '../core/model.ts';

/** How to reach one server: every request of the engine goes through `post`. */
export interface Wire {
  /**
   * Sends JSON and gives the answer checked against `schema`. Rejects with EngineError and nothing else. An answer that
   * the server sends in parts goes through what `gather` makes, anew for each try.
   */
  post<S extends v.GenericSchema>(
    path: string,
    body: object,
    schema: S,
    signal: AbortSignal,
    gather?: () => Gather,
  ): Promise<v.InferOutput<S>>;
}

/** Makes one answer of its parts. `take` throws at a part that it cannot use. */
export interface Gather {
  take(part: unknown): void;
  whole(): unknown;
}

export interface WireOptions {
  baseUrl: string;
  /** Sent as a bearer token if not empty; kept in memory only and never shown. */
  apiKey: string;
  /** Allows addresses other than this machine's own. */
  beyondThisMachine: boolean;
  /** Milliseconds during which a request that fails for the moment is tried again. */
  patienceMs: number;
  /** Milliseconds that one reply may take. */
  replyMs: number;
}

/** First pause before another try; it doubles each time. */
const FIRST_PAUSE_MS = 250;

export function openWire(options: WireOptions): Wire {
  const base = checkedAddress(options.baseUrl, options.beyondThisMachine);
  const redact = (text: string) => (options.apiKey === '' ? text : text.replaceAll(options.apiKey, '(key)'));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.apiKey !== '') headers.authorization = `Bearer ${options.apiKey}`;

  async function once(
    url: URL,
    body: string,
    signal: AbortSignal,
    gather: Gather | undefined,
  ): Promise<{ response: Response; answer: string }> {
    const limit = AbortSignal.timeout(options.replyMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.any([signal, limit]),
        redirect: 'error', // a redirect could carry the prompts off this machine
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
      });
      const inParts = response.ok && response.headers.get('content-type')?.startsWith('text/event-stream');
      if (!gather || !inParts || !response.body) return { response, answer: await response.text() };
      for await (const part of events(response.body)) take(gather, part, url, redact);
      return { response, answer: JSON.stringify(gather.whole()) };
    } catch (error) {
      if (limit.aborted && !signal.aborted) throw slow(url, options.replyMs);
      throw error;
    }
  }

  return {
    async post(path, body, schema, signal, gather) {
      const url = new URL(`${base.href}${path}`);
      const text = JSON.stringify(body);
      const giveUp = performance.now() + options.patienceMs;
      for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
        let passing: { fault: EngineError; waitMs: number };
        try {
          const { response, answer } = await once(url, text, signal, gather?.());
          if (response.ok) return read(schema, answer, url);
          const fault = statusFault(response.status, redact(serverMessage(answer)), url);
          if (!isPassing(response.status)) throw fault;
          passing = { fault, waitMs: Math.max(pause, retryAfterMs(response)) };
        } catch (error) {
          if (signal.aborted)
            throw new EngineError('aborted', 'The ask was cancelled before its reply came.');
          if (error instanceof EngineError) throw error;
          passing = { fault: unreachable(url, redact(causes(error))), waitMs: pause };
        }
        if (performance.now() + passing.waitMs > giveUp) throw passing.fault;
        await sleep(passing.waitMs, signal);
      }
    },
  };
}

/** The server's address with a slash at its end. Throws EngineError. */
export function checkedAddress(baseUrl: string, beyondThisMachine: boolean): URL {
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw new EngineError(
      'unavailable',
      `${JSON.stringify(baseUrl)} is not an address.`,
      'Write it like http://localhost:8080/v1.',
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new EngineError(
      'unavailable',
      `A model server is reached by http or https, not by ${url.protocol}`,
      'Write it like http://localhost:8080/v1.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new EngineError(
      'unavailable',
      'The server address holds a name or a password.',
      'Put the key into its own field.',
    );
  }
  if (!beyondThisMachine && !isThisMachine(url.hostname)) {
    throw new EngineError(
      'unavailable',
      `${url.hostname} is not this machine, and prompts would leave it.`,
      'Use a server on localhost, or allow addresses beyond this machine.',
    );
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Names and numbers that lead to this machine; URL has brought other spellings of them (127.1, 0x7f000001) into this form. */
function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function read<S extends v.GenericSchema>(schema: S, answer: string, url: URL): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(answer));
  } catch (error) {
    throw misread(url, error);
  }
}

function misread(url: URL, error: unknown): EngineError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EngineError(
    'unavailable',
    `${url.origin} answers, but not as an OpenAI-compatible server does: ${reason}`,
    'Check the address: it usually ends in /v1.',
  );
}

function take(gather: Gather, part: string, url: URL, redact: (text: string) => string): void {
  let failed: boolean;
  try {
    const read: unknown = JSON.parse(part);
    failed = v.is(errorBody, read);
    if (!failed) gather.take(read);
  } catch (error) {
    throw misread(url, error);
  }
  if (failed)
    throw new EngineError(
      'unavailable',
      `${url.origin} broke off its reply: ${redact(serverMessage(part))}`,
      'See the log of the server.',
    );
}

/** What the events of a stream hold, a line each as these servers write them, without the word that ends it. */
async function* events(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = `${rest}${done ? '\n' : value}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const data = line.startsWith('data:') ? line.slice('data:'.length).trim() : '';
      if (data !== '' && data !== '[DONE]') yield data;
    }
    if (done) return;
  }
}

const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

const CONTEXT = /context.{0,20}(length|size|window)|maximum context|exceed_context/i;

function statusFault(status: number, message: string, url: URL): EngineError {
  const said = `${url.origin} answered with status ${status}${message === '' ? '' : `: ${message}`}`;
  // LM Studio and older servers report an overflow as a failure of their own.
  if (CONTEXT.test(message)) {
    return new EngineError(
      'context',
      said,
      'Use fewer or shorter examples in the prompt, or give the server a larger context.',
    );
  }
  if (status === 401 || status === 403)
    return new EngineError('unavailable', said, 'Check the key for this server.');
  if (status === 404)
    return new EngineError(
      'unavailable',
      said,
      "Check the address (it usually ends in /v1) and the model's name.",
    );
  if (isPassing(status))
    return new EngineError(
      'unavailable',
      said,
      'See the log of the server; resume the run when it answers again.',
    );
  return new EngineError('refused', said, 'See the log of the server.');
}

const errorBody = v.object({
  error: v.union([v.string(), v.object({ message: v.string() })]),
});

/** The server's own words, or the beginning of whatever it sent. */
function serverMessage(answer: string): string {
  try {
    const { error } = v.parse(errorBody, JSON.parse(answer));
    return typeof error === 'string' ? error : error.message;
  } catch {
    return answer.slice(0, 200);
  }
}

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? '0');
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0;
}

function slow(url: URL, ms: number): EngineError {
  const message = `${url.origin} did not answer within ${Math.round(ms / 1000)} seconds.`;
  return new EngineError(
    'unavailable',
    message,
    'See whether the server still works; resume the run when it does.',
  );
}

function unreachable(url: URL, reason: string): EngineError {
  return new EngineError(
    'unavailable',
    `${url.origin} could not be reached (${reason}).`,
    'Start the server, and let it accept this page (CORS). Redirects are not followed.',
  );
}

/** `fetch` says only that it failed; where the platform adds the cause, it is in here. */
function causes(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(new EngineError('aborted', 'The ask was cancelled before its reply came.'));
    };
    if (signal.aborted) return onAbort();
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
