import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MODEL_FILES } from '../../scripts/model-files.js';
import { EngineError } from '../../src/core/model.ts';
import { EMBEDDER_BUILD, EMBEDDER_BYTES } from '../../src/embed/bge.ts';
import { BGE_FILES, checkedFiles, MODEL } from '../../src/embed/bge-files.ts';

const BASE = 'https://page.invalid/models/';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const good = '{"model_type": "bert"}';
const FILES = [{ path: 'config.json', bytes: good.length, sha256: sha256(good) }];

/** Answers every ask with this. */
const served = (text: string, init: ResponseInit = {}) =>
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(text, init)));
afterEach(() => vi.unstubAllGlobals());

const refused = async () => {
  const error: unknown = await checkedFiles(BASE, () => undefined, FILES).catch((thrown: unknown) => thrown);
  if (!(error instanceof EngineError)) expect.fail('it was taken');
  return error;
};

test('its build is the hash of its weights', () => {
  expect(BGE_FILES.find(({ path }) => path.endsWith('.onnx'))?.sha256).toBe(EMBEDDER_BUILD);
});

test('the list is that of the files which npm run models brings', () => {
  const brought = MODEL_FILES.filter(({ path }) => path.startsWith(MODEL));
  const known = BGE_FILES.map(({ path, bytes, sha256: hash }) => ({
    path: `${MODEL}/${path}`,
    bytes,
    sha256: hash,
  }));
  const plain = brought.map(({ path, bytes, sha256: hash }) => ({ path, bytes, sha256: hash }));
  expect(new Set(known)).toEqual(new Set(plain));
  expect(BGE_FILES.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(EMBEDDER_BYTES);
});

describe('a file of the embedding model', () => {
  test('is taken when it is the one, and told as it comes', async () => {
    served(good);
    const told: [string, number, number][] = [];
    const files = await checkedFiles(BASE, (...one) => told.push(one), FILES);
    expect([...files.keys()]).toEqual([`${BASE}${MODEL}/config.json`]);
    expect(await files.get(`${BASE}${MODEL}/config.json`)?.text()).toBe(good);
    expect(told.at(-1)).toEqual(['config.json', good.length, good.length]);
  });

  test.each([
    ['changed', good.replace('bert', 'bart')],
    ['cut short', good.slice(0, -1)],
    ['empty', ''],
  ])('is refused when it is %s, with both hashes', async (_, wrong) => {
    served(wrong);
    const { fault, message, advice } = await refused();
    expect(fault).toBe('integrity');
    expect(message).toContain(sha256(good));
    expect(message).toContain(sha256(wrong));
    expect(advice).toMatch(/npm run models/);
  });

  test('is missing where the server has none, or answers with its start page', async () => {
    served('', { status: 404 });
    expect(await refused()).toMatchObject({ fault: 'unavailable', message: expect.stringContaining('404') });
    served('<!doctype html>', { headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(await refused()).toMatchObject({
      fault: 'unavailable',
      message: expect.stringContaining('a web page'),
    });
  });
});
