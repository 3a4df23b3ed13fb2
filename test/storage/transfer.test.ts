import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import type { LoggedEffect } from '../../src/core/log.ts';
import { StorageError } from '../../src/storage/errors.ts';
import type { TuneResult } from '../../src/core/tuner.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { exportRun, importRun, MAX_FILE_BYTES } from '../../src/storage/transfer.ts';
import { effects, record } from './records.ts';

/** Any text that JavaScript can hold, halves of surrogate pairs included. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 34, 92, 0x2028, 0xd800, 0xdfff)))
  .map((units) => String.fromCharCode(...units));
/** Times and scores; never minus zero. */
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x || 0);
const count = fc.nat();
/** Objects as literals make them; fast-check also makes some without a prototype. */
const plain = { noNullPrototype: true };
const tokens = fc.record({ in: count, cached: count, out: count }, plain);
const exact = <T>(value: T) => fc.constant(value);

const anyVector = fc.float32Array().map((all) => all.subarray(Math.min(1, all.length)));
const softPrompt = fc.record({ tokens: count, width: count, values: anyVector }, plain);
const moments = fc.record({ first: anyVector, second: anyVector, count }, plain);
const losses = fc.array(fc.double());
const anyTuneResult: fc.Arbitrary<TuneResult> = fc.oneof(
  fc.record(
    { did: fc.constantFrom('embed' as const, 'draw' as const), prompt: softPrompt, text: anyText },
    plain,
  ),
  fc.record(
    { did: exact('steps' as const), prompt: softPrompt, moments, losses, failed: fc.option(anyText) },
    plain,
  ),
  fc.record({ did: exact('measure' as const), losses, chosen: fc.array(count) }, plain),
  fc.record(
    {
      did: exact('project' as const),
      text: anyText,
      nearest: fc.array(fc.array(fc.record({ text: anyText, similarity: fc.double() }, plain))),
    },
    plain,
  ),
);

const anyOutcomeAtOnce: fc.Arbitrary<LoggedEffect['outcome']> = fc.oneof(
  fc.record(
    {
      kind: exact('generate' as const),
      reply: fc.record({ text: anyText, tokens, finish: fc.constantFrom('stop', 'length', 'abort') }, plain),
      ms: finite,
    },
    plain,
  ),
  fc.record(
    {
      kind: exact('choose' as const),
      choice: fc.record({ logProbs: fc.array(fc.double()), tokens }, plain),
      ms: finite,
    },
    plain,
  ),
  fc.record(
    {
      kind: exact('embed' as const),
      // Views into a larger buffer, as a batch of embeddings comes.
      vectors: fc.array(fc.float32Array().map((all) => all.subarray(Math.min(1, all.length)))),
      ms: finite,
    },
    plain,
  ),
  fc.record({ kind: exact('tune' as const), result: anyTuneResult, ms: finite }, plain),
  fc.record({ kind: exact('refused' as const), reason: anyText, ms: finite }, plain),
);
const anyOutcome = fc
  .tuple(anyOutcomeAtOnce, fc.option(anyText))
  .map(([outcome, recovered]) => (recovered === null ? outcome : { ...outcome, recovered }));
const anyEffect: fc.Arbitrary<LoggedEffect> = fc.record({ key: anyText, outcome: anyOutcome }, plain);

const anyRecord: fc.Arbitrary<RunRecord> = fc
  .record({
    id: anyText,
    started: fc.double({ noNaN: true, min: -8.64e15, max: 8.64e15 }).map((x) => x || 0),
    status: fc.constantFrom('running' as const, 'stopped' as const, 'failed' as const, 'finished' as const),
    steps: count,
    bestScore: fc.option(finite),
    bestPrompt: fc.option(anyText),
    verdict: fc.option(fc.constantFrom('better' as const, 'worse' as const, 'not shown' as const)),
    effects: count,
  })
  .map((fields) => ({ ...record(), ...fields }));

describe('a run sent through a file', () => {
  test('comes back identical, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(anyRecord, fc.array(anyEffect, { maxLength: 8 }), async (run, log) => {
        const back = await importRun(await exportRun(run, log));
        // toStrictEqual tells apart 0 and -0, and takes NaN to equal itself.
        expect(back).toStrictEqual({ record: run, effects: log });
      }),
      { numRuns: 300 },
    );
  });

  test('is one outcome a line, in packed JSON that names its format', async () => {
    const text = await unpacked(await exportRun(record(), effects(4)));
    const lines = text.split('\n');
    expect(JSON.parse(text)).toMatchObject({ format: 'whetstone-run', version: 2, record: { id: 'run-1' } });
    expect(lines.slice(4, 8).every((line) => line.startsWith('{"key":"target:generate:model:'))).toBe(true);
    // 1.0 and -2.5 are the bytes 00 00 80 3f and 00 00 20 c0.
    const one = {
      key: 'k',
      outcome: { kind: 'embed' as const, vectors: [new Float32Array([1, -2.5])], ms: 0 },
    };
    expect(await unpacked(await exportRun(record(), [one]))).toContain('"vectors":["AACAPwAAIMA="]');
  });

  test('may be empty', async () => {
    expect(await importRun(await exportRun(record(), []))).toStrictEqual({ record: record(), effects: [] });
  });

  test('tells the hashes of its splits, which another program can check', async () => {
    const { hashes } = v.parse(
      v.object({ hashes: v.record(v.string(), v.string()) }),
      JSON.parse(await unpacked(await exportRun(record(), []))),
    );
    // printf '[["a","blood",["red"]]]' | sha256sum
    expect(hashes['train']).toBe('eb7ae92131bccd407651a94eec37f8bb2f5b150ff4ce690e0d0570ff11f79429');
    // printf '' | sha256sum
    expect(hashes['effects']).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('is read as version 1 wrote it: neither packed nor with hashes', async () => {
    const old = new Blob([
      JSON.stringify({ format: 'whetstone-run', version: 1, record: record(), effects: [] }),
    ]);
    expect(await importRun(old)).toStrictEqual({ record: record(), effects: [] });
  });

  test('may lie unpacked', async () => {
    const text = await unpacked(await exportRun(record(), effects(5)));
    expect(await importRun(new Blob([text]))).toStrictEqual({ record: record(), effects: effects(5) });
  });
});

const unpacked = (file: Blob) =>
  new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).text();

const packed = (text: string) =>
  new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).blob();

/** The message with which a file is refused. */
async function refusal(file: string | Blob): Promise<string> {
  try {
    await importRun(typeof file === 'string' ? new Blob([file]) : file);
  } catch (error) {
    if (error instanceof StorageError && error.fault === 'broken' && error.advice !== '')
      return error.message;
    throw error;
  }
  return expect.fail('it was accepted');
}

describe('a file that is not a run is refused', () => {
  const good = { format: 'whetstone-run', version: 1, record: record(), effects: [] };
  const withEffect = (outcome: unknown) => JSON.stringify({ ...good, effects: [{ key: 'k', outcome }] });

  test.each([
    ['empty', '', /not JSON/],
    ['cut short', JSON.stringify(good).slice(0, -5), /not JSON/],
    ['another format', '{"format":"notes","version":1}', /not a run saved/],
    ['a list', '[]', /not a run saved/],
    ['a newer version', JSON.stringify({ ...good, version: 3 }), /version 3/],
    ['a second version without hashes', JSON.stringify({ ...good, version: 2 }), /hashes/],
    ['lists within lists without end', '['.repeat(2_000_000), /not JSON/],
    ['no record', '{"format":"whetstone-run","version":1,"effects":[]}', /record/],
    [
      'a field of the wrong type',
      JSON.stringify({ ...good, record: { ...record(), steps: '3' } }),
      /record\.steps/,
    ],
    [
      'a start that is no date',
      JSON.stringify({ ...good, record: { ...record(), started: 8.64e15 + 1 } }),
      /record\.started/,
    ],
    ['an unknown field', JSON.stringify({ ...good, record: { ...record(), extra: 1 } }), /record\.extra/],
    ['an unknown kind of outcome', withEffect({ kind: 'guess', ms: 1 }), /effects\.0\.outcome\.kind/],
    [
      'a vector that is not base64',
      withEffect({ kind: 'embed', vectors: ['*'], ms: 1 }),
      /vectors\.0: expected base64/,
    ],
    [
      'a result of a gradient step without its vector',
      withEffect({ kind: 'tune', result: { did: 'embed', text: 'a' }, ms: 1 }),
      /outcome\.result\.prompt/,
    ],
    ['a vector of five bytes', withEffect({ kind: 'embed', vectors: ['AAAAAAA='], ms: 1 }), /vectors\.0/],
  ])('%s', async (_case, text, message) => {
    expect(await refusal(text)).toMatch(message);
    expect(await refusal(await packed(text))).toMatch(message);
  });

  test('cut short at any byte, or with any byte changed', async () => {
    const whole = new Uint8Array(await (await exportRun(record(), effects(10))).arrayBuffer());
    const isGood = async (bytes: Uint8Array<ArrayBuffer>) => {
      const { effects: log } = await importRun(new Blob([bytes]));
      expect(log).toStrictEqual(effects(10));
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect(await refusal(new Blob([whole.slice(0, length)]))).toMatch(/cut short|not JSON/);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = whole.slice();
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        // Some bytes of the head of a gzip file (time, system) say nothing of the content.
        await isGood(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(StorageError));
      }),
    );
  });

  test('changed in one place that still has the right form, naming the place', async () => {
    const text = await unpacked(await exportRun(record(), effects(10)));
    const changed = (from: string, to: string) => {
      expect(text).toContain(from);
      return refusal(text.replace(from, () => to));
    };
    expect(await changed('"text":"red 0"', '"text":"red 1"')).toMatch(/log of effects .*hashes\.effects/);
    expect(await changed('"bestPrompt":"Which', '"bestPrompt":"What')).toMatch(/record .*hashes\.record/);
    expect(await changed('"input":"blood"', '"input":"wine"')).toMatch(/train examples .*hashes\.train/);
    expect(await changed('"gold":["green","Green"]', '"gold":["green"]')).toMatch(/hashes\.validation/);
    expect(await changed('a ripe tomato', 'an unripe tomato')).toMatch(/test examples .*hashes\.test/);
    expect(await changed('"test":"', '"test":"00')).toMatch(/hashes\.test: expected 64 hexadecimal/);
  });

  test('changed in any value: refused, or the same as it was', async () => {
    const text = await unpacked(await exportRun(record(), effects(10)));
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('', -1, 1e308, null, [], {}, '<img src=x onerror=alert(1)>'),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), odd, async (nth, value) => {
        const paths: (() => void)[] = [];
        const json: unknown = JSON.parse(text);
        const walk = (at: unknown) => {
          if (typeof at !== 'object' || at === null) return;
          for (const [key, below] of Object.entries(at)) {
            paths.push(
              () => Reflect.set(at, key, value),
              () => Reflect.deleteProperty(at, key),
            );
            walk(below);
          }
        };
        walk(json);
        paths[nth % paths.length]?.();
        const mutated = JSON.stringify(json);
        try {
          await importRun(new Blob([mutated]));
          expect(mutated.replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('larger than the limits, without being unpacked to the end', async () => {
    expect(await refusal(new Blob([new Uint8Array(MAX_FILE_BYTES + 1)]))).toMatch(/more than the 100 MB/);
    const piece = new Uint8Array(4_000_000).fill(32);
    const bomb = new Blob(Array.from({ length: 101 }, () => piece)).stream();
    const small = await new Response(bomb.pipeThrough(new CompressionStream('gzip'))).blob();
    expect(small.size).toBeLessThan(1_000_000);
    expect(await refusal(small)).toMatch(/unpacks to more than the 400 MB/);
  });

  test('never with any other error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .json()
            .map((json) => `{"format":"whetstone-run","version":1,"record":${json},"effects":[${json}]}`),
        ),
        async (text) => {
          await refusal(text);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('and keys that could reach built-in objects are dropped', async () => {
    const hostile = JSON.stringify(good).replace('"options":{', '"options":{"__proto__":{"polluted":true},');
    expect(hostile).not.toBe(JSON.stringify(good));
    const { options } = (await importRun(new Blob([hostile]))).record.config;
    expect(options).toStrictEqual(record().config.options);
    expect(Object.getPrototypeOf(options)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});
