/** Fetches one file over HTTP: goes on where an earlier try stopped, and keeps only what is right. */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Short, so that a machine without internet goes on quickly to the other sources. */
const CONNECT_SECONDS = 5;
const STALL_SECONDS = 30;
const TRIES = 4;

/** The server could not be reached at all: no other file of it is worth a try. */
export class Unreachable extends Error {}

/**
 * Downloads to `file` by way of `file`.part, which is kept when the transfer breaks off and is gone on from
 * at the next call. Throws Unreachable without a connection, and Error when the content is not the expected.
 * @param {{ url: string, file: string, bytes: number, sha256: string }} what
 * @param {(done: number) => void} report bytes so far
 */
export async function download({ url, file, bytes, sha256 }, report) {
  const part = `${file}.part`;
  mkdirSync(dirname(file), { recursive: true });
  for (let attempt = 1; sizeOf(part) < bytes; attempt++) {
    try {
      await transfer(url, part, bytes, report);
      if (sizeOf(part) < bytes) throw new Dropped('the connection ended early');
    } catch (error) {
      if (!(error instanceof Dropped) || attempt === TRIES) throw error;
    }
  }
  const found = await hashOf(part);
  if (found !== sha256) {
    rmSync(part);
    throw new Error(`the file there is another one (SHA-256 ${found.slice(0, 12)}…)`);
  }
  renameSync(part, file);
}

/** A transfer that broke off in the middle: worth going on with. */
class Dropped extends Error {}

/**
 * @param {string} url
 * @param {string} part
 * @param {number} bytes
 * @param {(done: number) => void} report
 */
async function transfer(url, part, bytes, report) {
  const control = new AbortController();
  let timer = setTimeout(() => control.abort(), CONNECT_SECONDS * 1000);
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(), STALL_SECONDS * 1000);
  };
  try {
    const have = sizeOf(part);
    // Compressed on the way, neither the length nor a range would be those of the file.
    const headers = { 'Accept-Encoding': 'identity', ...(have > 0 ? { Range: `bytes=${have}-` } : {}) };
    const response = await fetch(url, { signal: control.signal, headers }).catch((error) => {
      const reason = control.signal.aborted ? `no answer within ${CONNECT_SECONDS} s` : cause(error);
      throw new Unreachable(reason);
    });
    wait();
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const start = response.status === 206 ? have : 0;
    const length = Number(response.headers.get('content-length'));
    if (length > 0 && start + length !== bytes)
      throw new Error(`the file there has ${start + length} bytes, not ${bytes}`);

    let done = start;
    const handle = await open(part, start > 0 ? 'a' : 'w');
    try {
      for await (const chunk of readable(response.body, control.signal)) {
        wait();
        await handle.writeFile(chunk);
        done += chunk.length;
        if (done > bytes) break;
        report(done);
      }
    } finally {
      await handle.close();
    }
    if (done > bytes) {
      rmSync(part);
      throw new Error(`the file there has more than ${bytes} bytes`);
    }
  } finally {
    clearTimeout(timer);
    control.abort();
  }
}

/**
 * The chunks of a body; its errors become Dropped, so that those of the disk stay apart.
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortSignal} signal
 */
async function* readable(body, signal) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw new Dropped(signal.aborted ? `no data for ${STALL_SECONDS} s` : cause(error));
    });
    if (done) return;
    yield value;
  }
}

/** @param {string} file */
async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** @param {string} file */
function sizeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * The reason that fetch hides one level down.
 * @param {unknown} error
 */
function cause(error) {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause;
  if (inner instanceof Error) return inner.message || ('code' in inner ? String(inner.code) : error.message);
  return error.message;
}
