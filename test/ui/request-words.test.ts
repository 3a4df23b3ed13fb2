import { describe, expect, test } from 'vitest';
import type { Request } from '../../src/guard/request.ts';
import { outcomeOf, requestsCsv, requestsJson, summed, whyOf } from '../../src/ui/request-words.ts';

const BASE = 'http://localhost:4173/tool/';
const asked = (url: string, more: Partial<Request> = {}): Request => ({
  id: 'a1',
  who: 'page',
  url: URL.canParse(url) ? url : BASE + url,
  how: 'fetch',
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  ms: 12,
  outcome: 'answered',
  status: 200,
  bytes: 100,
  network: 100,
  ...more,
});

test.each([
  ['', 'navigation', 'The page itself'],
  ['guard.js', 'script', 'What holds the page to these rules'],
  ['sw.js', 'browser', 'The copy that opens without a network'],
  ['notified.js', 'browser', 'The copy that opens without a network'],
  ['assets/Library-AaYd4Vh-.js', 'script', 'Part of the page'],
  ['assets/wllama-DrYkKwf9.wasm', 'fetch', 'Engine'],
  ['assets/webllm.worker-D9O78hQO.js', 'other', 'Engine'],
  ['assets/import.worker-Cb4nuU19.js', 'other', 'Part of the page'],
  ['icon.svg', 'other', 'Icon and name, for the browser'],
  ['lessons/a-gain.bundle', 'fetch', 'Lesson'],
  ['models/index.json', 'fetch', 'Which models this server has'],
  ['models/Xenova/bge-small-en-v1.5/config.json', 'fetch', 'Embedding model'],
  ['models/smollm2-135m-instruct-q8_0.gguf', 'fetch', 'Model weights'],
  ['https://huggingface.co/mlc-ai/x/resolve/main/params_shard_0.bin', 'fetch', 'Model weights'],
  ['https://huggingface.co/mlc-ai/x/resolve/main/mlc-chat-config.json', 'fetch', 'Description of a model'],
  ['https://raw.githubusercontent.com/mlc-ai/x.wasm', 'fetch', 'Model library'],
  ['http://localhost:11434/v1/chat/completions', 'fetch', 'Model server'],
  ['https://models.example.com/x.gguf', 'fetch', 'Model by its address'],
  ['https://other.example.com/', 'fetch', 'Other'],
])('%s as %s: %s', (url, how, why) => {
  expect(whyOf(asked(url, { how }), BASE)).toBe(why);
});

test('outcomes in words', () => {
  expect(outcomeOf(asked('x'))).toBe('answered 200');
  expect(outcomeOf(asked('x', { network: 0 }))).toBe('answered 200, from a copy in the browser');
  expect(outcomeOf(asked('x', { outcome: 'refused', status: null }))).toBe('refused: nothing was sent');
  expect(outcomeOf(asked('x', { outcome: 'failed' }))).toBe('failed');
});

describe('as a file', () => {
  test('CSV: a line each, with fields that no spreadsheet takes for a formula', () => {
    const rows = [
      asked('models/index.json'),
      asked('https://a.example/?q="x",1', { who: '=HYPERLINK("x")' }),
    ];
    expect(requestsCsv(rows, BASE)).toBe(
      [
        'time,who,why,address,how,outcome,bytes,network bytes,ms',
        `2026-01-02T03:04:05.006Z,page,Which models this server has,${BASE}models/index.json,fetch,answered 200,100,100,12`,
        `2026-01-02T03:04:05.006Z,"'=HYPERLINK(""x"")",Other,"https://a.example/?q=""x"",1",fetch,answered 200,100,100,12`,
        '',
      ].join('\r\n'),
    );
  });
  test('JSON: every field, and why', () => {
    expect(JSON.parse(requestsJson([asked('models/index.json', { bytes: null })], BASE))).toEqual([
      {
        at: '2026-01-02T03:04:05.006Z',
        who: 'page',
        url: `${BASE}models/index.json`,
        how: 'fetch',
        ms: 12,
        outcome: 'answered',
        status: 200,
        bytes: null,
        network: 100,
        why: 'Which models this server has',
      },
    ]);
  });
});

test('sums: what was refused went nowhere', () => {
  const rows = [
    asked('a'),
    asked('https://huggingface.co/a', { network: 5 }),
    asked('https://evil.example/', { outcome: 'refused', network: null }),
  ];
  expect(summed(rows, BASE)).toEqual({ all: 3, beyond: 1, refused: 1, network: 105 });
});
