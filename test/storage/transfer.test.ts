import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LoggedEffect } from '../../src/core/log.ts';
import { StorageError } from '../../src/storage/errors.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { exportRun, importRun } from '../../src/storage/transfer.ts';
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
  fc.record({ kind: exact('refused' as const), reason: anyText, ms: finite }, plain),
);
const anyOutcome = fc
  .tuple(anyOutcomeAtOnce, fc.option(anyText))
  .map(([outcome, recovered]) => (recovered === null ? outcome : { ...outcome, recovered }));
const anyEffect: fc.Arbitrary<LoggedEffect> = fc.record({ key: anyText, outcome: anyOutcome }, plain);

const anyRecord: fc.Arbitrary<RunRecord> = fc
  .record({
    id: anyText,
    started: finite,
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
        const back = importRun(await exportRun(run, log).text());
        // toStrictEqual tells apart 0 and -0, and takes NaN to equal itself.
        expect(back).toStrictEqual({ record: run, effects: log });
      }),
      { numRuns: 300 },
    );
  });

  test('is one outcome a line, in JSON that names its format', async () => {
    const text = await exportRun(record(), effects(4)).text();
    const lines = text.split('\n');
    expect(JSON.parse(text)).toMatchObject({ format: 'whetstone-run', version: 1, record: { id: 'run-1' } });
    expect(lines.slice(3, 7).every((line) => line.startsWith('{"key":"target:generate:model:'))).toBe(true);
    // 1.0 and -2.5 are the bytes 00 00 80 3f and 00 00 20 c0.
    const one = {
      key: 'k',
      outcome: { kind: 'embed' as const, vectors: [new Float32Array([1, -2.5])], ms: 0 },
    };
    expect(await exportRun(record(), [one]).text()).toContain('"vectors":["AACAPwAAIMA="]');
  });

  test('may be empty', async () => {
    expect(importRun(await exportRun(record(), []).text())).toStrictEqual({ record: record(), effects: [] });
  });
});

/** The message with which a text is refused. */
function refusal(text: string): string {
  try {
    importRun(text);
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
    ['another format', '{"format":"notes","version":1}', /not a run exported/],
    ['a list', '[]', /not a run exported/],
    ['a newer version', JSON.stringify({ ...good, version: 2 }), /version 2/],
    ['no record', '{"format":"whetstone-run","version":1,"effects":[]}', /record/],
    [
      'a field of the wrong type',
      JSON.stringify({ ...good, record: { ...record(), steps: '3' } }),
      /record\.steps/,
    ],
    ['an unknown field', JSON.stringify({ ...good, record: { ...record(), extra: 1 } }), /record\.extra/],
    ['an unknown kind of outcome', withEffect({ kind: 'guess', ms: 1 }), /effects\.0\.outcome\.kind/],
    [
      'a vector that is not base64',
      withEffect({ kind: 'embed', vectors: ['*'], ms: 1 }),
      /vectors\.0: expected base64/,
    ],
    ['a vector of five bytes', withEffect({ kind: 'embed', vectors: ['AAAAAAA='], ms: 1 }), /vectors\.0/],
  ])('%s', (_case, text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  test('never with any other error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .json()
            .map((json) => `{"format":"whetstone-run","version":1,"record":${json},"effects":[${json}]}`),
        ),
        (text) => {
          refusal(text);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('and keys that could reach built-in objects are dropped', () => {
    const hostile = JSON.stringify(good).replace('"options":{', '"options":{"__proto__":{"polluted":true},');
    expect(hostile).not.toBe(JSON.stringify(good));
    const { options } = importRun(hostile).record.config;
    expect(options).toStrictEqual(record().config.options);
    expect(Object.getPrototypeOf(options)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});
