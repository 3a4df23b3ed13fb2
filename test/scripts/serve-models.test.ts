import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { modelsMiddleware, parseRange } from '../../scripts/serve-models.js';
import { listen } from './listen.ts';

describe('parseRange', () => {
  it.each([
    ['bytes=0-3', { first: 0, last: 3 }],
    ['bytes=4-', { first: 4, last: 9 }],
    ['bytes=-4', { first: 6, last: 9 }],
    ['bytes=-99', { first: 0, last: 9 }],
    ['bytes=8-99', { first: 8, last: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-4', null],
    ['bytes=-', null],
    ['bytes=0-1,3-4', null],
    ['lines=0-1', null],
    [undefined, null],
  ])('%s of ten bytes', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  it('never leaves the file', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(1000), (noise, from, to, bytes) => {
        for (const header of [noise, `bytes=${from}-${to}`, `bytes=-${to}`, `bytes=${noise}`]) {
          const range = parseRange(header, bytes);
          if (range === null || range === 'unsatisfiable') continue;
          expect(range.first).toBeGreaterThanOrEqual(0);
          expect(range.first).toBeLessThanOrEqual(range.last);
          expect(range.last).toBeLessThan(bytes);
        }
      }),
    );
  });
});

describe('modelsMiddleware', () => {
  const WEBLLM = 'smollm2-135m-instruct-q4f32-webllm';
  let folder = '';
  let server: Server;
  let port = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whetstone-serve-'));
    mkdirSync(join(folder, WEBLLM));
    writeFileSync(join(folder, WEBLLM, 'params_shard_0.bin'), '0123456789');
    writeFileSync(join(folder, WEBLLM, 'empty.bin'), '');
    writeFileSync(join(folder, WEBLLM, 'model.wasm'), 'wasm');
    writeFileSync(join(folder, WEBLLM, '.hidden'), 'hidden');
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    // An empty models folder: what the default models are is no matter here.
    vi.stubEnv('MODELS_DIR', join(folder, 'none'));
    vi.stubEnv('WHETSTONE_MODELS', folder);
    const handle = modelsMiddleware('/app/');
    server = createServer((incoming, response) => {
      Object.assign(incoming, { originalUrl: incoming.url });
      handle(incoming, response, () => response.writeHead(299).end('passed on'));
    });
    port = await listen(server);
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await new Promise((done) => server.close(done));
    rmSync(folder, { recursive: true });
  });

  /** Sends the path as it stands; fetch would tidy up the dots. */
  const ask = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((done, failed) => {
      httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
      })
        .on('error', failed)
        .end();
    });

  const shard = `/app/models/${WEBLLM}/resolve/main/params_shard_0.bin`;

  it('serves a whole file with the headers an isolated page needs', async () => {
    const { status, headers, body } = await ask(shard);
    expect([status, body]).toEqual([200, '0123456789']);
    expect(headers).toMatchObject({
      'content-length': '10',
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'cross-origin-resource-policy': 'same-origin',
    });
    const wasm = await ask(`/app/models/${WEBLLM}/resolve/main/model.wasm?x=1`);
    expect(wasm.headers['content-type']).toBe('application/wasm');
  });

  it('serves an empty file', async () => {
    const { status, headers, body } = await ask(`/app/models/${WEBLLM}/resolve/main/empty.bin`);
    expect([status, headers['content-length'], body]).toEqual([200, '0', '']);
  });

  it('answers HEAD without a body', async () => {
    const { status, headers, body } = await ask(shard, 'HEAD');
    expect([status, headers['content-length'], body]).toEqual([200, '10', '']);
  });

  it('answers ranges', async () => {
    const part = await ask(shard, 'GET', { Range: 'bytes=2-4' });
    expect([part.status, part.body, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10']);
    const beyond = await ask(shard, 'GET', { Range: 'bytes=10-' });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */10']);
  });

  it('does not send again what the reader has, and no part of another version', async () => {
    const tag = String((await ask(shard)).headers.etag);
    expect((await ask(shard, 'GET', { 'If-None-Match': tag })).status).toBe(304);
    const old = await ask(shard, 'GET', { Range: 'bytes=2-4', 'If-Range': '"old"' });
    expect([old.status, old.body]).toEqual([200, '0123456789']);
    expect((await ask(shard, 'GET', { Range: 'bytes=2-4', 'If-Range': tag })).status).toBe(206);
  });

  it.each([
    '/app/models/nothing.bin',
    '/app/models/',
    '/app/models/smollm2-135m-instruct-q8_0.gguf',
    `/app/models/${WEBLLM}/resolve/main/nothing.bin`,
    `/app/models/${WEBLLM}/resolve/main/`,
    `/app/models/${WEBLLM}/resolve/main/.hidden`,
    `/app/models/${WEBLLM}/resolve/main/../secret.txt`,
    `/app/models/${WEBLLM}/resolve/main/..%2fsecret.txt`,
    `/app/models/${WEBLLM}/resolve/main/..%5csecret.txt`,
    `/app/models/${WEBLLM}/resolve/main/%00`,
    '/app/models/../secret.txt',
    '/app/models/%2e%2e/secret.txt',
    '/app/models/%zz',
  ])('%s is not found', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBe(404);
    expect(body).not.toContain('secret');
  });

  it('lists what is there', async () => {
    const { files } = JSON.parse((await ask('/app/models/index.json')).body);
    const found = files.find((file: { path: string }) => file.path.endsWith('params_shard_0.bin'));
    expect(found).toEqual({
      path: `${WEBLLM}/resolve/main/params_shard_0.bin`,
      bytes: 10,
      sha256: '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882', // of 0123456789
    });
    expect(files.length).toBe(3);
  });

  it('leaves other paths and refuses other methods', async () => {
    expect((await ask('/app/other')).status).toBe(299);
    expect((await ask('/models/index.json')).status).toBe(299);
    expect((await ask(shard, 'DELETE')).status).toBe(405);
  });
});
