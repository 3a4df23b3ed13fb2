import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allowing, changeReach, originOf, refusal } from '../../src/app/reach.ts';
import { readReach, REACH_KEY, sourcesOf } from '../../src/guard/reach.ts';

let kept: string | null = null;
const reload = vi.fn();

/** A page that was loaded with these settings kept. */
function loaded(reach: object): void {
  kept = JSON.stringify(reach);
  const sources = sourcesOf(readReach(kept));
  vi.stubGlobal('whetstoneGuard', { sources, requests: [], dropped: 0, watch: () => () => undefined });
}

beforeEach(() => {
  kept = null;
  reload.mockClear();
  vi.stubGlobal('location', { origin: 'http://localhost:4173', reload });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => (key === REACH_KEY ? kept : null),
    setItem: (_key: string, text: string) => void (kept = text),
  });
});
afterEach(() => vi.unstubAllGlobals());

test('a page without a guard asks whatever it likes', () => {
  expect(refusal('https://huggingface.co/x')).toBeNull();
});

test('its own origin, and what is switched on', () => {
  loaded({ servers: true, origins: ['https://models.example.com'] });
  for (const address of [
    'http://localhost:4173/models/x.gguf',
    'https://huggingface.co/x',
    'http://localhost:11434/v1',
    'https://models.example.com/x.gguf',
  ])
    expect(refusal(address), address).toBeNull();
});

test.each([
  [{ offline: true }, 'http://localhost:11434/v1', /offline by your choice.*localhost:11434/, /Privacy/],
  [
    { offline: true, downloads: true },
    'https://huggingface.co/x',
    /offline by your choice/,
    /on this machine/,
  ],
  [{ downloads: false }, 'https://huggingface.co/x', /Downloads.*switched off.*huggingface\.co/, /Privacy/],
  [{}, 'http://127.0.0.1:8080/v1', /Servers on this machine are switched off/, /loaded again/],
  [{}, 'https://models.example.com/x', /not among the addresses/, /Add it under Privacy/],
  [{ servers: true }, 'http://[::1]:8080/v1', /cannot be allowed/, /localhost/],
])('with %o, %s is refused in words', (reach, address, message, advice) => {
  loaded(reach);
  const refused = refusal(address);
  expect(refused?.message).toMatch(message);
  expect(refused?.advice).toMatch(advice);
});

test('what would allow an address', () => {
  loaded({ downloads: false, origins: ['https://a.example'] });
  expect(allowing('https://huggingface.co/x')).toEqual({ downloads: true });
  expect(allowing('http://localhost:1234/v1')).toEqual({ servers: true });
  expect(allowing('http://10.0.0.5:8080/v1')).toEqual({
    origins: ['https://a.example', 'http://10.0.0.5:8080'],
  });
  expect(allowing('http://[fe80::1]:8080/v1')).toBeNull();
  loaded({ offline: true });
  expect(allowing('https://huggingface.co/x')).toBeNull();
});

test('an origin is taken out of a whole address', () => {
  expect(originOf(' https://models.example.com/a/b?c ')).toBe('https://models.example.com');
  expect(originOf('models.example.com')).toBeNull();
  expect(originOf('ftp://models.example.com')).toBeNull();
});

test('a change is kept beside what else is kept, and the page is loaded again', () => {
  loaded({ servers: true });
  changeReach({ offline: true });
  expect(readReach(kept)).toEqual({ offline: true, downloads: true, servers: true, origins: [] });
  expect(reload).toHaveBeenCalledOnce();
});

test('a browser that keeps nothing changes nothing', () => {
  vi.stubGlobal('localStorage', {
    getItem: () => null,
    setItem: () => {
      throw new DOMException('no', 'SecurityError');
    },
  });
  expect(() => changeReach({ offline: true })).toThrow(/does not let the page remember/);
  expect(reload).not.toHaveBeenCalled();
});
