import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bundledTask } from '../../src/app/bundled-tasks.ts';
import {
  ANOTHER,
  fingerprint,
  readLink,
  sharedSetup,
  writeLink,
  type SharedSetup,
} from '../../src/app/setup-link.ts';
import { optionsOf } from '../../src/core/run.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { record, task } from '../storage/records.ts';

const plain = { noNullPrototype: true };
/** Halves of surrogate pairs included: an edited prompt may hold them. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\ud800', '__proto__', '</script>', '#run=1.'),
);
// Names that valibot's records leave out; no template and no option has one.
const name = fc.string().filter((key) => !['__proto__', 'prototype', 'constructor'].includes(key));
const count = (most: number) => fc.integer({ min: 1, max: most });
const positive = fc.double({ min: 0.1, max: 1000, noNaN: true });
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const noHoles = <T extends object>(entries: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(entries, { requiredKeys: [], noNullPrototype: true });
/** JSON has no minus zero. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x || 0);

const anySetup: fc.Arbitrary<SharedSetup> = fc.record(
  {
    task: some(anyText),
    examples: fc.stringMatching(/^[0-9a-f]{16}$/),
    method: anyText,
    options: fc.dictionary(name, fc.oneof(fc.boolean(), number, anyText), plain),
    prompts: fc.dictionary(name, anyText, plain),
    initialPrompt: some(anyText),
    target: some(anyText),
    optimizer: some(anyText),
    rendering: fc.record(
      {
        style: fc.constantFrom('chat', 'completion'),
        position: fc.constantFrom('before', 'question-begin', 'question-end', 'answer-begin'),
        read: fc.constantFrom('decode', 'grammar', 'choose'),
        maxTokens: count(100_000),
      },
      plain,
    ),
    metaStyle: fc.constantFrom('chat', 'continuation'),
    budget: noHoles({
      steps: count(10_000),
      targetCalls: count(10_000_000),
      tokens: count(1_000_000_000),
      minutes: positive,
    }),
    limits: noHoles({ train: count(100_000), validation: count(100_000), test: count(100_000) }),
    seed: fc.integer({ min: 0, max: 4_294_967_295 }),
    racing: some(
      fc.record(
        {
          test: fc.constantFrom('sign', 't', 'bernstein'),
          alpha: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
          block: count(1000),
          minBlocks: fc.nat(1000),
        },
        plain,
      ),
    ),
    freshReplies: fc.boolean(),
    checkReading: fc.boolean(),
    robustness: some(fc.record({ paraphrases: fc.nat(20), shuffles: fc.nat(20) }, plain)),
  },
  plain,
);

const written = async (setup: SharedSetup) => (await writeLink(setup)) ?? expect.fail('it is too long');

const own = { bundled: true, addedModels: [], templates: gpo.prompts };
const config = { ...record().config, options: optionsOf(gpo, {}), prompts: {} };

describe('a set-up in a link', () => {
  test('comes back as it was, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(anySetup, async (setup) => {
        const link = await written(setup);
        expect(link).toMatch(/^1\.[\w-]+$/);
        expect(await readLink(link)).toStrictEqual({ setup, notes: [] });
      }),
      { numRuns: 300 },
    );
  });

  test('is short enough to be sent around', async () => {
    const reviews = await bundledTask('movie-reviews');
    if (reviews === null) throw new Error('The task is missing.');
    const setup = await sharedSetup({ ...config, initialPrompt: reviews.initialPrompt }, reviews, own);
    expect(setup.initialPrompt).toBeNull();
    expect((await written(setup)).length).toBeLessThan(800);
  });

  test('is written only where it can be read again', async () => {
    const setup = await sharedSetup(config, task(), own);
    const long = { ...setup, initialPrompt: 'Say what the review is. '.repeat(2000) };
    expect((await readLink(await written(long))).setup).toStrictEqual(long);
    // Noise that does not pack, and text that packs to little but unpacks to much.
    const noise = Array.from({ length: 20_000 }, (_, i) =>
      String.fromCodePoint(33 + ((i * i * 7919) % 20_011)),
    );
    expect(await writeLink({ ...setup, initialPrompt: noise.join('') })).toBeNull();
    expect(await writeLink({ ...setup, initialPrompt: 'a'.repeat(500_000) })).toBeNull();
  });

  test('any text is read without a throw', async () => {
    const valid = await written(await sharedSetup(config, task(), own));
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((rest) => `1.${rest}`),
      fc.base64String().map((rest) => `1.${rest}`),
      fc.nat(valid.length).map((length) => valid.slice(0, length)),
      fc
        .tuple(fc.nat(valid.length), fc.string({ maxLength: 3 }))
        .map(([at, put]) => valid.slice(0, at) + put + valid.slice(at + 1)),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const { setup, notes } = await readLink(text);
        if (setup === null) expect(notes).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });

  test('any JSON in it is read without a throw; parts that cannot be used are named and left out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (json) => {
        const { setup, notes } = await readLink(await packed(json));
        expect(setup !== null || notes.length === 1).toBe(true);
      }),
    );
    const { setup, notes } = await readLink(
      await packed({ m: 'gpo', g: { steps: -3 }, d: 'one', l: { test: 5 }, x: 1 }),
    );
    expect(setup).toStrictEqual({ method: 'gpo', limits: { test: 5 } });
    expect(notes).toEqual([
      'Not understood and left as it was: the budget, the seed.',
      'The link also holds a part unknown here.',
    ]);
  });

  test('of a newer version is used as far as it is known', async () => {
    const { setup, notes } = await readLink((await packed({ m: 'gpo', z: {} })).replace('1.', '7.'));
    expect(setup).toStrictEqual({ method: 'gpo' });
    expect(notes[0]).toMatch(/newer version/);
  });

  test('that would unpack to very much is not unpacked', async () => {
    const { setup, notes } = await readLink(await packed({ m: 'a'.repeat(2_000_000) }));
    expect(setup).toBeNull();
    expect(notes[0]).toMatch(/cut short or damaged|too long/);
  });
});

async function packed(json: unknown): Promise<string> {
  const stream = new Blob([JSON.stringify(json)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return `1.${Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url')}`;
}

describe('nothing personal is in a link', () => {
  test('no address of a server, no added model, no imported task', async () => {
    const models = {
      target: 'openai:llama@http://127.0.0.1:8080/v1?key=secret',
      optimizer: 'wllama:custom:my-own',
      embedder: 'bge',
    };
    const mine = { ...config, models, initialPrompt: task().initialPrompt };
    const setup = await sharedSetup(mine, task(), {
      bundled: false,
      addedModels: ['wllama:custom:my-own'],
      templates: gpo.prompts,
    });
    const text = JSON.stringify(setup);
    for (const secret of ['127.0.0.1', 'secret', 'my-own', 'colours', 'blood', 'Name the colour'])
      expect(text).not.toContain(secret);
    expect(setup).toMatchObject({ task: null, target: null, optimizer: ANOTHER, initialPrompt: null });
  });

  test('whether two added models are one and the same', async () => {
    const models = { target: 'wllama:custom:one', optimizer: 'wllama:custom:two', embedder: 'bge' };
    const mine = { bundled: true, addedModels: [models.target, models.optimizer], templates: {} };
    const shared = (of: typeof models) => sharedSetup({ ...config, models: of }, task(), mine);
    expect(await shared(models)).toMatchObject({ target: null, optimizer: ANOTHER });
    const both = await shared({ ...models, optimizer: models.target });
    expect(both).toMatchObject({ target: null, optimizer: null });
  });

  test('templates only where they were edited, an early end not at all', async () => {
    const [first = '', said = ''] = Object.entries(gpo.prompts)[0] ?? [];
    const edited = { ...config, prompts: { [first]: said, other: 'mine' }, budget: { steps: 2, endAt: 9 } };
    const setup = await sharedSetup(edited, task(), own);
    expect(setup.prompts).toEqual({ other: 'mine' });
    expect(setup.budget).toEqual({ steps: 2 });
  });
});

test('the hash of the examples tells tasks apart', async () => {
  const one = task();
  const { splits } = one;
  const other = { ...one, splits: { ...splits, test: [] } };
  expect(await fingerprint(one)).toMatch(/^[0-9a-f]{16}$/);
  expect(await fingerprint(task('another', 'Another name'))).toBe(await fingerprint(one));
  expect(await fingerprint(other)).not.toBe(await fingerprint(one));
});
