import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtPolicy, ELSEWHERE, headerPolicy } from '../../src/guard/policy.ts';
import {
  covers,
  DEFAULT_REACH,
  HUB,
  isOrigin,
  LOOPBACK,
  readReach,
  sourcesOf,
} from '../../src/guard/reach.ts';

describe('what is kept', () => {
  test('nothing, or what cannot be read, is the default', () => {
    for (const text of [null, '', '{', 'null', '3', '"x"', '[]', '{"offline":"yes","origins":"all"}'])
      expect(readReach(text)).toEqual(DEFAULT_REACH);
  });

  test('comes back as it was', () => {
    const reach = { offline: true, downloads: false, servers: true, origins: ['https://a.example:8443'] };
    expect(readReach(JSON.stringify(reach))).toEqual(reach);
  });

  test('no text becomes a rule of the policy that is no origin', () => {
    for (const text of [
      '*',
      'https:',
      "https://a.example 'unsafe-eval'",
      'https://a.example;',
      'https://*.a',
      'data:',
    ])
      expect(readReach(JSON.stringify({ origins: [text] })).origins).toEqual([]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const origin of readReach(JSON.stringify({ origins: [text] })).origins)
          expect(origin).toMatch(/^https?:\/\/[^\s;,'*/]+$/);
      }),
    );
  });
});

describe('sources', () => {
  const all = { offline: false, downloads: true, servers: true, origins: ['https://a.example'] };
  test('offline leaves none, whatever the others say', () => {
    expect(sourcesOf({ ...all, offline: true })).toEqual([]);
  });
  test('by default the hub alone', () => {
    expect(sourcesOf(DEFAULT_REACH)).toEqual(HUB);
  });
  test('each switch adds its own', () => {
    expect(sourcesOf({ ...all, downloads: false, origins: [] })).toEqual(LOOPBACK);
    expect(sourcesOf({ ...all, downloads: false, servers: false })).toEqual(['https://a.example']);
  });

  test.each([
    ['https://huggingface.co/x/resolve/main/y', true],
    ['https://cdn-lfs-us-1.hf.co/y', true],
    ['https://cas-bridge.xethub.hf.co/y', true],
    ['http://huggingface.co/x', false],
    ['https://huggingface.co:8443/x', false],
    ['https://huggingface.co.evil.example/', false],
    ['https://evilhf.co/', false],
    ['https://hf.co/', false],
    ['http://localhost:11434/v1', false],
  ])('the hub covers %s: %s', (address, expected) => {
    expect(covers(HUB, new URL(address))).toBe(expected);
  });
  test.each([
    ['http://localhost:11434/v1', true],
    ['https://localhost/v1', true],
    ['http://127.0.0.1:8080/', true],
    ['http://127.0.0.2:8080/', false],
    ['http://localhost.evil.example/', false],
  ])('loopback covers %s: %s', (address, expected) => {
    expect(covers(LOOPBACK, new URL(address))).toBe(expected);
  });
  test('an origin covers its own port alone', () => {
    expect(isOrigin('http://10.0.0.5:8080')).toBe(true);
    expect(covers(['http://10.0.0.5:8080'], new URL('http://10.0.0.5:8080/v1'))).toBe(true);
    expect(covers(['http://10.0.0.5:8080'], new URL('http://10.0.0.5:8081/v1'))).toBe(false);
  });
});

describe('the policy', () => {
  const of = (text: string) =>
    Object.fromEntries(text.split('; ').map((one) => [one.split(' ')[0], one.split(' ').slice(1)]));
  test('scripts from this origin and WebAssembly, nothing unsafe', () => {
    const policy = of(builtPolicy('index.html'));
    expect(policy['default-src']).toEqual(["'self'"]);
    expect(policy['script-src']).toEqual(["'self'", "'wasm-unsafe-eval'"]);
    expect(policy['worker-src']).toEqual(["'self'", 'blob:']);
    for (const none of ['object-src', 'base-uri', 'form-action', 'frame-src'])
      expect(policy[none]).toEqual(["'none'"]);
    expect(policy['style-src']).toBeUndefined();
  });
  test('connections: the hub and this machine at most, other addresses only in the page that is for them', () => {
    expect(of(builtPolicy('index.html'))['connect-src']).toEqual(["'self'", ...HUB, ...LOOPBACK]);
    expect(of(builtPolicy(ELSEWHERE))['connect-src']).toEqual(["'self'", 'https:', 'http:']);
  });
  test('the header adds who may frame the page; the service worker may ask this origin alone', () => {
    expect(headerPolicy('index.html')).toBe(`${builtPolicy('index.html')}; frame-ancestors 'none'`);
    expect(of(headerPolicy('sw.js'))).toEqual({ 'default-src': ["'self'"], 'frame-ancestors': ["'none'"] });
  });
});
