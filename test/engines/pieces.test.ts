import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { gather, wholeOf } from '../../src/engines/gather.ts';
import { forgetPieces, piecesOf } from '../../src/engines/pieces.ts';
import { type FlakyServer, flakyServer } from './flaky-server.ts';

/** Over real HTTP; what a browser's cache would hold is in memory here. */

const MB = 2 ** 20;
/** Bytes that repeat nowhere at a distance that a mistake would have. */
const content = Buffer.from(Uint32Array.from({ length: (19 * MB) / 4 }, (_, i) => i * 2654435761).buffer);
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let server: FlakyServer;
beforeEach(async () => {
  server = await flakyServer(content);
});
afterEach(async () => {
  await forgetPieces(server.url);
  server.close();
});

interface Fetched {
  seen: [loaded: number, total: number | null][];
  error: EngineError | null;
}

/** One try. `until` stops it as soon as so many bytes are here. */
async function fetchOnce(until = Infinity, bytes: number | null = null, patience = 60_000): Promise<Fetched> {
  const stop = new AbortController();
  const fetched: Fetched = { seen: [], error: null };
  const say = (loaded: number, total: number | null) => {
    fetched.seen.push([loaded, total]);
    if (loaded >= until) stop.abort();
  };
  try {
    await gather({ url: server.url, name: 'the model', bytes, say, signal: stop.signal, patience });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    fetched.error = error;
  }
  return fetched;
}

const kept = async () => new Uint8Array(await new Response((await wholeOf(server.url)).body).arrayBuffer());

test('a whole download is the file, with its progress', async () => {
  const { seen, error } = await fetchOnce();
  expect(error).toBeNull();
  expect(seen[0]).toEqual([0, content.length]);
  expect(seen.at(-1)).toEqual([content.length, content.length]);
  expect(sha(await kept())).toBe(sha(content));
  expect((await piecesOf(server.url)).urls).toHaveLength(3);
  await forgetPieces(server.url);
  expect(await piecesOf(server.url)).toMatchObject({ urls: [], bytes: 0, total: null });
});

test('a pause loses nothing, and the rest alone is asked for', async () => {
  const { error } = await fetchOnce(11 * MB);
  expect(error?.fault).toBe('aborted');
  const { bytes, total } = await piecesOf(server.url);
  expect(bytes).toBeGreaterThanOrEqual(11 * MB);
  expect(total).toBe(content.length);
  const { seen } = await fetchOnce();
  expect(seen[0]).toEqual([bytes, content.length]);
  expect(server.asked).toEqual(['-', `bytes=${bytes}-`]);
  expect(sha(await kept())).toBe(sha(content));
});

test('a file that is whole already is not asked for again', async () => {
  await fetchOnce();
  expect((await fetchOnce()).seen).toEqual([[content.length, content.length]]);
  expect(server.asked).toEqual(['-']);
});

describe('what goes wrong on the way', () => {
  test('a broken connection: told with what to do, and gone on with', async () => {
    server.cutAfter = 9 * MB;
    const { error } = await fetchOnce();
    expect(error).toMatchObject({ fault: 'unavailable', advice: expect.stringContaining('go on') as string });
    expect((await piecesOf(server.url)).bytes).toBeGreaterThan(0);
    server.cutAfter = Infinity;
    expect((await fetchOnce()).error).toBeNull();
    expect(server.asked[1]).toMatch(/^bytes=\d+-$/);
    expect(sha(await kept())).toBe(sha(content));
  });

  test('a server without ranges: from the beginning', async () => {
    server.ranges = false;
    await fetchOnce(10 * MB);
    const { seen, error } = await fetchOnce();
    expect(error).toBeNull();
    expect(seen[0]).toEqual([0, content.length]);
    expect(sha(await kept())).toBe(sha(content));
  });

  test.each([
    ['another tag', '"two"'],
    ['no tag, but another length', ''],
  ])('another file in its place (%s): from the beginning', async (_, tag) => {
    server.tag = tag === '' ? '' : '"one"';
    await fetchOnce(10 * MB);
    server.tag = tag;
    server.content = Buffer.concat([Buffer.from('new!'), tag === '' ? content : content.subarray(4)]);
    expect((await fetchOnce()).error).toBeNull();
    expect(sha(await kept())).toBe(sha(server.content));
  });

  test('a file that has become shorter than what is here: from the beginning', async () => {
    await fetchOnce(10 * MB);
    server.content = content.subarray(0, MB);
    expect((await fetchOnce()).error).toBeNull();
    expect(sha(await kept())).toBe(sha(server.content));
  });

  test('another size than the model’s list says: refused before anything is kept', async () => {
    const { error } = await fetchOnce(Infinity, content.length + 1);
    expect(error).toMatchObject({ fault: 'integrity' });
    expect(error?.message).toContain(`has ${content.length} bytes; ${content.length + 1} were expected`);
    expect((await piecesOf(server.url)).bytes).toBe(0);
  });

  test.each([
    [403, /another address/],
    [404, /Check the address/],
    [429, /limits downloads.*some minutes/],
    [500, /in trouble.*later/],
    [503, /in trouble.*later/],
  ])('status %i: told with what to do, and what had arrived is kept', async (status, advice) => {
    await fetchOnce(10 * MB);
    const { bytes } = await piecesOf(server.url);
    server.status = status;
    const { error } = await fetchOnce();
    expect(error).toMatchObject({ fault: 'unavailable' });
    expect(error?.message).toContain(`HTTP status ${status}`);
    expect(error?.advice).toMatch(advice);
    expect((await piecesOf(server.url)).bytes).toBe(bytes);
    server.status = 200;
    server.asked.length = 0;
    expect((await fetchOnce()).error).toBeNull();
    expect(server.asked).toEqual([`bytes=${bytes}-`]);
    expect(sha(await kept())).toBe(sha(content));
  });

  test('a server that falls silent: given up in time, and gone on with', async () => {
    server.stallAfter = 9 * MB;
    const { error } = await fetchOnce(Infinity, null, 300);
    expect(error).toMatchObject({ fault: 'unavailable' });
    expect(error?.message).toMatch(/sent nothing for 0 s/);
    expect((await piecesOf(server.url)).bytes).toBeGreaterThan(0);
    server.stallAfter = Infinity;
    expect((await fetchOnce()).error).toBeNull();
    expect(sha(await kept())).toBe(sha(content));
  });

  test('a slow server is waited for, as long as it sends something', async () => {
    server.slow = 40;
    const { error } = await fetchOnce(Infinity, null, 400);
    expect(error).toBeNull();
    expect(sha(await kept())).toBe(sha(content));
  });

  test('no such file, a web page in its place, no server: each told', async () => {
    server.status = 404;
    expect((await fetchOnce()).error?.message).toContain('HTTP status 404');
    server.status = 200;
    server.type = 'text/html; charset=utf-8';
    expect((await fetchOnce()).error?.message).toContain('a web page');
    server.close();
    server.url = 'http://127.0.0.1:9/model.bin';
    expect((await fetchOnce()).error).toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('127.0.0.1:9') as string,
    });
  });
});
