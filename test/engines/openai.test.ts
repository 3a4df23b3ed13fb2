import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { openaiEngine, type OpenaiOptions } from '../../src/engines/openai.ts';
import { checkedAddress } from '../../src/engines/openai-wire.ts';

const never = new AbortController().signal;
const KEY = 'sk-very-secret-0123';

const request = v.looseObject({
  prompt: v.optional(v.string()),
  messages: v.optional(v.array(v.object({ role: v.string(), content: v.string() }))),
  echo: v.optional(v.boolean()),
  grammar: v.optional(v.string()),
  max_tokens: v.number(),
  stream: v.optional(v.boolean()),
});
type Body = v.InferOutput<typeof request>;
interface Seen {
  path: string;
  key: string | undefined;
  body: Body;
}
type Handler = (seen: Seen, response: ServerResponse, n: number) => void | Promise<void>;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function readBody(incoming: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const part of incoming) text += String(part);
  return v.parse(request, JSON.parse(text));
}

/** A real server on a free port; gives the address and what it was sent. */
async function serve(handler: Handler): Promise<{ baseUrl: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((incoming, response) => {
    void readBody(incoming).then((body) => {
      const one = { path: incoming.url ?? '', key: incoming.headers.authorization, body };
      return handler(one, response, seen.push(one) - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { baseUrl: `http://127.0.0.1:${port}/v1`, seen };
}

function send(
  response: ServerResponse,
  body: object,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
const chat = (content: string, more: object = {}) => ({
  choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop', ...more }],
  usage: {
    prompt_tokens: 12,
    completion_tokens: 3,
    total_tokens: 15,
    prompt_tokens_details: { cached_tokens: 8 },
  },
});
const fault = (message: string, more: object = {}) => ({ error: { message, ...more } });

const engineAt = (baseUrl: string, more: Partial<OpenaiOptions> = {}) =>
  openaiEngine({
    baseUrl,
    model: 'tiny',
    parallel: 2,
    apiKey: KEY,
    beyondThisMachine: false,
    patienceMs: 700,
    ...more,
  });
const asking: Ask = {
  content: { kind: 'chat', messages: [{ role: 'user', content: 'Hello' }] },
  maxTokens: 7,
  temperature: 0.5,
  seed: 3,
};
const continuing = (text: string): Ask => ({ ...asking, content: { kind: 'completion', text } });

describe('asks and replies', () => {
  test('a chat goes to /chat/completions with its settings and the key', async () => {
    const { baseUrl, seen } = await serve((_seen, response) => send(response, chat('Hi there')));
    const engine = engineAt(`${baseUrl}/`);
    const reply = await engine.generate({ ...asking, stop: ['\n'], grammar: 'root ::= "Hi"' }, never);
    expect(reply).toEqual({ text: 'Hi there', tokens: { in: 12, cached: 8, out: 3 }, finish: 'stop' });
    const [first] = seen;
    expect(first).toMatchObject({ path: '/v1/chat/completions', key: `Bearer ${KEY}` });
    expect(first?.body).toMatchObject({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 7,
      temperature: 0.5,
      stop: ['\n'],
      grammar: 'root ::= "Hi"',
    });
    expect(first?.body.seed).toBeTypeOf('number');
    expect(engine.id).toBe('openai:tiny:unknown');
  });

  /** Sends the lines cut into pieces of some bytes, so that words and events are torn apart. */
  function stream(response: ServerResponse, lines: string): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const bytes = Buffer.from(lines);
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  }
  const said = (part: object) => `data: ${JSON.stringify(part)}\r\n\r\n`;

  test('whoever listens hears a reply as it grows, and gets the same reply', async () => {
    const { baseUrl, seen } = await serve(({ path }, response) => {
      const piece = (text: string | null, finish: string | null = null) =>
        path.endsWith('chat/completions')
          ? said({ choices: [{ delta: { role: 'assistant', content: text }, finish_reason: finish }] })
          : said({ choices: [{ text, finish_reason: finish }] });
      const counted = { prompt_tokens: 12, completion_tokens: 3 };
      const end = `${said({ choices: [], usage: counted })}: a remark\ndata: [DONE]\n\n`;
      stream(response, piece(null) + piece('Gr\u00fc\u00df') + piece(' dich', 'length') + end);
    });
    const engine = engineAt(baseUrl);
    for (const ask of [asking, continuing('Say it:')]) {
      const heard: string[] = [];
      const reply = await engine.generate(ask, never, (text) => heard.push(text));
      expect(heard).toEqual(['Gr\u00fc\u00df', 'Gr\u00fc\u00df dich']);
      const tokens = { in: 12, cached: 0, out: 3 };
      expect(reply).toEqual({ text: 'Gr\u00fc\u00df dich', tokens, finish: 'length' });
    }
    expect(seen.map(({ body }) => body.stream)).toEqual([true, true]);
  });

  test('a server that sends a listened reply whole is understood, and one that breaks off says why', async () => {
    const { baseUrl } = await serve((_seen, response, n) =>
      n === 0
        ? send(response, chat('All at once'))
        : stream(
            response,
            said({ choices: [{ delta: { content: 'Half' } }] }) + said(fault(`out of memory ${KEY}`)),
          ),
    );
    const engine = engineAt(baseUrl);
    expect((await engine.generate(asking, never, () => undefined)).text).toBe('All at once');
    const broken = engine.generate(asking, never, () => undefined);
    await expect(broken).rejects.toThrow(/broke off its reply: out of memory \(key\)/);
  });

  test('a completion goes to /completions; without usage the tokens are estimated; no key, no header', async () => {
    const { baseUrl, seen } = await serve((_seen, response) =>
      send(response, { choices: [{ text: ' and so on', finish_reason: 'length' }] }),
    );
    const reply = await engineAt(baseUrl, { apiKey: '' }).generate(continuing('One, two'), never);
    expect(reply).toEqual({ text: ' and so on', tokens: { in: 2, cached: 0, out: 3 }, finish: 'length' });
    expect(seen[0]).toMatchObject({ path: '/v1/completions', key: undefined, body: { prompt: 'One, two' } });
    expect(seen[0]?.body).not.toHaveProperty('grammar');
  });

  test('sends at most `parallel` at once and answers all', async () => {
    let now = 0;
    let most = 0;
    const { baseUrl } = await serve(async (_seen, response) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 30));
      now--;
      send(response, chat('ok'));
    });
    const engine = engineAt(baseUrl, { parallel: 3 });
    const replies = await Promise.all(Array.from({ length: 9 }, () => engine.generate(asking, never)));
    expect(replies).toHaveLength(9);
    expect(most).toBe(3);
    expect(engine.parallel).toBe(3);
  });
});

describe('faults', () => {
  test('waits and tries again on 429, 503 and a broken connection, as the server asks', async () => {
    const { baseUrl, seen } = await serve((_seen, response, n) => {
      if (n === 0) send(response, fault('slow down'), 429, { 'retry-after': '0' });
      else if (n === 1) send(response, fault('loading model'), 503);
      else if (n === 2) response.destroy();
      else send(response, chat('at last'));
    });
    const reply = await engineAt(baseUrl, { patienceMs: 5000 }).generate(asking, never);
    expect(reply.text).toBe('at last');
    expect(seen).toHaveLength(4);
  });

  test('gives up in time with what the server said last', async () => {
    const { baseUrl, seen } = await serve((_seen, response) => send(response, fault('still loading'), 503));
    const started = performance.now();
    await expect(engineAt(baseUrl).generate(asking, never)).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('503: still loading') as string,
    });
    expect(performance.now() - started).toBeLessThan(1500);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.length).toBeLessThan(5);
  });

  test('does not repeat what cannot succeed: context, refusal, key, address', async () => {
    const answers: [number, string, string][] = [
      [
        400,
        'request (3031 tokens) exceeds the available context size (2048 tokens), try increasing it',
        'context',
      ],
      [400, "This model's maximum context length is 4096 tokens. However, you requested 5000", 'context'],
      [400, 'failed to parse grammar', 'refused'],
      [401, 'bad key', 'unavailable'],
      [404, 'no such model', 'unavailable'],
    ];
    const { baseUrl, seen } = await serve((_seen, response, n) => {
      const [status, message] = answers[n] ?? [500, ''];
      send(response, fault(message), status);
    });
    const engine = engineAt(baseUrl);
    for (const [, message, expected] of answers) {
      await expect(engine.generate(asking, never)).rejects.toMatchObject({
        fault: expected,
        message: expect.stringContaining(message) as string,
      });
    }
    expect(seen).toHaveLength(answers.length);
  });

  test('does not follow a redirect', async () => {
    const other = await serve((_seen, response) => send(response, chat('from elsewhere')));
    const { baseUrl } = await serve((_seen, response) => {
      response.writeHead(307, { location: `${other.baseUrl}/chat/completions` });
      response.end();
    });
    await expect(engineAt(baseUrl).generate(asking, never)).rejects.toMatchObject({ fault: 'unavailable' });
    expect(other.seen).toHaveLength(0);
  });

  test('never shows the key, even when the server repeats it', async () => {
    const { baseUrl } = await serve((_seen, response, n) => {
      if (n === 0) send(response, fault(`key ${KEY} is not known`), 401);
      else response.writeHead(400).end(`plain text with ${KEY}`);
    });
    const engine = engineAt(baseUrl);
    for (let i = 0; i < 2; i++) {
      const error: unknown = await engine.generate(asking, never).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: 'EngineError' });
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(KEY);
      expect(String(error)).toContain('(key)');
    }
    expect(JSON.stringify([engine.id, engine.details])).not.toContain(KEY);
  });

  test('an answer of another kind names the address', async () => {
    const { baseUrl } = await serve((_seen, response) => void response.end('<html>It works!</html>'));
    await expect(engineAt(baseUrl).generate(asking, never)).rejects.toMatchObject({
      fault: 'unavailable',
      advice: expect.stringContaining('/v1') as string,
    });
  });

  test('a reply that takes too long is given up, also one that stops half-way', async () => {
    const { baseUrl } = await serve((_seen, response) => {
      response.writeHead(200);
      response.write('{"choices"');
    });
    await expect(engineAt(baseUrl, { replyMs: 150 }).generate(asking, never)).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('did not answer') as string,
    });
  });

  test('no server at all', async () => {
    const engine = engineAt('http://127.0.0.1:9/v1', { patienceMs: 0 });
    await expect(engine.load(() => undefined, never)).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('http://127.0.0.1:9') as string,
    });
  });

  test('cancels a reply under way, one that waits, and one between two tries', async () => {
    const { baseUrl, seen } = await serve(() => undefined);
    const engine = engineAt(baseUrl, { parallel: 1 });
    const cancel = new AbortController();
    const running = engine.generate(asking, cancel.signal);
    const waiting = engine.generate(asking, cancel.signal);
    setTimeout(() => cancel.abort(), 50);
    await expect(running).rejects.toMatchObject({ fault: 'aborted' });
    await expect(waiting).rejects.toMatchObject({ fault: 'aborted' });
    expect(seen).toHaveLength(1);

    const busy = await serve((_seen, response) => send(response, {}, 503, { 'retry-after': '30' }));
    const patient = engineAt(busy.baseUrl, { patienceMs: 60_000 });
    const later = patient.generate(asking, never);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await patient.dispose();
    await expect(later).rejects.toMatchObject({ fault: 'aborted' });
    await expect(patient.generate(asking, never)).rejects.toMatchObject({ fault: 'aborted' });
  });
});

describe('checkedAddress', () => {
  test('admits this machine only, in every spelling, unless told otherwise', () => {
    for (const url of [
      'http://localhost:8080/v1',
      'http://127.0.0.1/v1',
      'http://127.1:80',
      'http://[::1]:1234/v1/',
      'https://LOCALHOST/',
    ])
      expect(checkedAddress(url, false).pathname.endsWith('/')).toBe(true);
    for (const url of [
      'http://192.168.0.4/v1',
      'https://api.example.com/v1',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'http://0.0.0.0:8080',
      'http://[::2]',
      'http://128.0.0.1',
    ]) {
      expect(() => checkedAddress(url, false), url).toThrow('is not this machine');
      expect(checkedAddress(url, true).href).toContain('http');
    }
    expect(() => checkedAddress('http://127.0.0.1@example.com', false)).toThrow('password');
    expect(() => checkedAddress('ftp://localhost', false)).toThrow('http or https');
    expect(() => checkedAddress('localhost', false)).toThrow();
    expect(() => engineAt('https://api.example.com/v1')).toThrow('is not this machine');
  });
});

describe('choose', () => {
  /** Words as tokens, each with the log-probability minus its length. */
  const words = (text: string) => text.match(/\s*\S+/g) ?? [];

  test('by the echoed prompt', async () => {
    const { baseUrl } = await serve(({ body, path }, response) => {
      if (path.endsWith('/chat/completions')) return send(response, chat('x'));
      const tokens = [...words(body.prompt ?? ''), ' next'];
      let at = 0;
      const text_offset = tokens.map((token) => (at += [...token].length) - [...token].length);
      const token_logprobs = tokens.map((token, i) => (i === 0 ? null : -token.length));
      const logprobs = body.echo ? { tokens, token_logprobs, text_offset } : null;
      send(response, {
        choices: [{ text: '', logprobs }],
        usage: { prompt_tokens: 5, completion_tokens: 1 },
      });
    });
    const engine = engineAt(baseUrl);
    expect(engine.choose).toBeUndefined();
    await engine.load(() => undefined, never);
    const choice = await engine.choose?.(continuing('A 😀 label:'), [' good', ' very bad', ''], never);
    expect(choice?.logProbs).toEqual([-5, -9, 0]);
    expect(engine.details[0]).toContain('can be scored');
    await expect(engine.choose?.(asking, [' good'], never)).rejects.toMatchObject({ fault: 'refused' });
  });

  test('by a grammar that forces the option', async () => {
    const { baseUrl, seen } = await serve(({ body, path }, response) => {
      if (path.endsWith('/chat/completions')) return send(response, chat('x'));
      const text = /^root ::= "(.*)"$/.exec(body.grammar ?? '')?.[1];
      const content =
        text === undefined ? [] : [...words(text), ''].map((token) => ({ token, logprob: -1.5 }));
      send(response, { choices: [{ text: text ?? '', logprobs: { content } }] });
    });
    const engine = engineAt(baseUrl);
    await engine.load(() => undefined, never);
    const choice = await engine.choose?.(continuing('Label:'), [' good', ' very bad'], never);
    expect(choice?.logProbs).toEqual([-1.5, -3]);
    expect(seen.at(-1)?.body).toMatchObject({
      prompt: 'Label:',
      logit_bias: [[' very bad', 100]],
      temperature: 0,
    });
  });

  test('stays away where the server gives no log-probabilities', async () => {
    const { baseUrl } = await serve(({ path }, response) => {
      if (path.endsWith('/chat/completions')) return send(response, chat('x'));
      send(response, { choices: [{ text: ' zq zq', logprobs: null }] });
    });
    const engine = engineAt(baseUrl);
    await engine.load(() => undefined, never);
    expect(engine.choose).toBeUndefined();
    expect(engine.details[0]).toContain('cannot be scored');
  });

  test('a base model without a chat template loads by completion', async () => {
    const { baseUrl } = await serve(({ path }, response) => {
      if (path.endsWith('/chat/completions')) return send(response, fault('no chat template'), 400);
      send(response, { choices: [{ text: 'x' }] });
    });
    await expect(engineAt(baseUrl).load(() => undefined, never)).resolves.toBeUndefined();
  });
});
