import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { checkGguf, checkWebllm } from '../../src/engines/check-model.ts';
import { listen } from '../scripts/listen.ts';

const gguf = (version: number) =>
  Buffer.concat([Buffer.from('GGUF'), Buffer.from([version, 0, 0, 0]), Buffer.alloc(500)]);
const config = { tokenizer_files: ['tokenizer.json'], quantization: 'q4f32_1', context_window_size: 2048 };
const list = {
  records: [
    { dataPath: 'params_shard_0.bin', nbytes: 70 },
    { dataPath: 'params_shard_1.bin', nbytes: 30 },
  ],
};
const files: Record<string, { type?: string; body: Buffer | string }> = {
  '/good/tiny-q8_0.gguf': { body: gguf(3) },
  '/good/old.gguf': { body: gguf(1) },
  '/good/not.gguf': { body: Buffer.from('PK and so on, and so on') },
  '/blob/main/page.gguf': { type: 'text/html', body: '<!doctype html>' },
  '/webllm/resolve/main/mlc-chat-config.json': { type: 'application/json', body: JSON.stringify(config) },
  '/webllm/resolve/main/tensor-cache.json': { type: 'application/json', body: JSON.stringify(list) },
  '/webllm/lib.wasm': { type: 'application/wasm', body: Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 9]) },
  '/odd/resolve/main/mlc-chat-config.json': { type: 'application/json', body: '{"tokenizer_files":"none"}' },
  '/broken/resolve/main/mlc-chat-config.json': { type: 'application/json', body: '{' },
};

let server: Server;
let base = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    if (!file) return void response.writeHead(404).end('no');
    response.writeHead(200, {
      'Content-Type': file.type ?? 'application/octet-stream',
      'Content-Length': file.body.length,
    });
    response.end(file.body);
  });
  base = `http://127.0.0.1:${await listen(server)}`;
});
afterAll(() => server.close());

async function fault(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof EngineError)) throw new Error('It was accepted.');
  return `${error.message} ${error.advice}`;
}

describe('a GGUF file by its address', () => {
  test('is taken with its size and quantization', async () => {
    expect(await checkGguf(` ${base}/good/tiny-q8_0.gguf `)).toEqual({
      downloadBytes: 508,
      contextTokens: null,
      quantization: 'q8_0',
    });
  });

  test.each([
    ['', /not a whole address: it is empty.*https/],
    ['model.gguf', /not a whole address: model\.gguf/],
    ['ftp://a.example/b.gguf', /begins with ftp:/],
    ['https://a.example/model-q8_0-00001-of-00003.gguf', /split into several files/],
    ['http://127.0.0.1:9/model.gguf', /could not be fetched.*CORS.*Access-Control-Allow-Origin/],
  ])('%s is refused', async (url, told) => {
    expect(await fault(checkGguf(url))).toMatch(told);
  });

  test.each([
    ['/good/not.gguf', /is not a GGUF file/],
    ['/good/old.gguf', /GGUF of version 1/],
    ['/nowhere.gguf', /HTTP status 404.*open it in a new tab/],
    ['/blob/main/page.gguf', /a web page.*\/resolve\/ stands for \/blob\//],
  ])('%s is refused', async (path, told) => {
    expect(await fault(checkGguf(base + path))).toMatch(told);
  });
});

describe('a WebLLM model by its addresses', () => {
  test('is taken with what its files say', async () => {
    expect(await checkWebllm(`${base}/webllm`, `${base}/webllm/lib.wasm`)).toEqual({
      downloadBytes: 100,
      contextTokens: 2048,
      quantization: 'q4f32_1',
    });
  });

  test.each([
    [
      '/nowhere',
      '/webllm/lib.wasm',
      /model configuration is not at .*\/nowhere\/resolve\/main\/mlc-chat-config\.json.*404/,
    ],
    ['/odd', '/webllm/lib.wasm', /model configuration .* is not one of web-llm 0\.2\.86: tokenizer_files/],
    ['/broken', '/webllm/lib.wasm', /is not JSON/],
    ['/webllm', '/good/tiny-q8_0.gguf', /is not a WebAssembly library/],
    ['/webllm', '/lib.wasm', /model library is not at .*404/],
  ])('%s with %s is refused', async (weights, library, told) => {
    expect(await fault(checkWebllm(base + weights, base + library))).toMatch(told);
  });
});
