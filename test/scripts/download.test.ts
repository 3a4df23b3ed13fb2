import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Unreachable, download } from '../../scripts/download.js';
import { listen } from './listen.ts';

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31 + (i >> 8)) % 256));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

describe('download', () => {
  let folder = '';
  let file = '';
  let server: Server;
  let url = '';
  /** The Range header of each request, '' where there was none. */
  let ranges: string[] = [];
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whetstone-download-'));
    file = join(folder, 'sub', 'model.bin');
    ranges = [];
    handle = serveRanges;
    server = createServer((request, response) => {
      ranges.push(request.headers.range ?? '');
      handle(request, response);
    });
    url = `http://127.0.0.1:${await listen(server)}/model.bin`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    rmSync(folder, { recursive: true });
  });

  function serveRanges(request: IncomingMessage, response: ServerResponse) {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': CONTENT.length - start });
    response.end(CONTENT.subarray(start));
  }

  const fetchIt = (report: (done: number) => void = () => undefined) =>
    download({ url, file, bytes: CONTENT.length, sha256: SHA256 }, report);
  const isWhole = () => readFileSync(file).equals(CONTENT) && !existsSync(`${file}.part`);

  it('fetches a file and reports how far it is', async () => {
    const seen: number[] = [];
    await fetchIt((done) => seen.push(done));
    expect(isWhole()).toBe(true);
    expect(seen.at(-1)).toBe(CONTENT.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('goes on where the connection broke off', async () => {
    let first = true;
    handle = (request, response) => {
      if (!first) return serveRanges(request, response);
      first = false;
      response.writeHead(200, { 'Content-Length': CONTENT.length });
      response.write(CONTENT.subarray(0, 40_000));
      setTimeout(() => response.destroy(), 200);
    };
    await fetchIt();
    expect(isWhole()).toBe(true);
    expect(ranges).toEqual(['', 'bytes=40000-']);
  });

  it('goes on with what an earlier run has left', async () => {
    let sent = 0;
    handle = (_, response) => {
      response.writeHead(sent === 0 ? 200 : 206, { 'Content-Length': CONTENT.length - sent });
      response.write(CONTENT.subarray(sent, sent + 10));
      sent += 10;
      setTimeout(() => response.destroy(), 200);
    };
    await expect(fetchIt()).rejects.toThrow();
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(`${file}.part`).equals(CONTENT.subarray(0, sent))).toBe(true);

    ranges = [];
    handle = serveRanges;
    await fetchIt();
    expect(isWhole()).toBe(true);
    expect(ranges).toEqual([`bytes=${sent}-`]);
  });

  it('starts over when the server knows no ranges', async () => {
    await fetchIt();
    rmSync(file);
    writeFileSync(`${file}.part`, CONTENT.subarray(0, 500));
    handle = (_, response) => response.end(CONTENT);
    await fetchIt();
    expect(isWhole()).toBe(true);
  });

  it('keeps nothing of a file with other content', async () => {
    handle = (_, response) => response.end(Buffer.alloc(CONTENT.length));
    await expect(fetchIt()).rejects.toThrow('another one');
    expect(existsSync(file) || existsSync(`${file}.part`)).toBe(false);
  });

  it('recovers from a damaged earlier part at the call after', async () => {
    await fetchIt();
    rmSync(file);
    writeFileSync(`${file}.part`, Buffer.alloc(500));
    await expect(fetchIt()).rejects.toThrow('another one');
    await fetchIt();
    expect(isWhole()).toBe(true);
  });

  it('does not fetch a file of another size', async () => {
    handle = (_, response) => response.end('a page that says sorry');
    await expect(fetchIt()).rejects.toThrow('22 bytes, not 100000');
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('stops at a file without an end', async () => {
    handle = (_, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 5);
      response.on('close', () => clearInterval(timer));
    };
    await expect(fetchIt()).rejects.toThrow('more than 100000 bytes');
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('says what the server answered', async () => {
    handle = (_, response) => response.writeHead(404).end();
    await expect(fetchIt()).rejects.toThrow('answered 404');
    expect(ranges.length).toBe(1);
  });

  it('tells a server that is not there from one that refuses', async () => {
    await new Promise((done) => server.close(done));
    await expect(fetchIt()).rejects.toBeInstanceOf(Unreachable);
  });
});
