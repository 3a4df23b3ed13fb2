import { init } from '@jax-js/jax';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeRng } from '../../src/core/rng.ts';
import type { TuneExample } from '../../src/core/tuner.ts';
import { startRuntime } from '../../src/engines/wllama-runtime.ts';
import { readGguf } from '../../src/gradient/gguf.ts';
import { normedRow } from '../../src/gradient/head.ts';
import { type Llama, loadLlama } from '../../src/gradient/llama.ts';
import { packAll } from '../../src/gradient/pack.ts';
import { readTokenizer, type Tokenizer } from '../../src/gradient/tokenizer.ts';
import { gradientTuner } from '../../src/gradient/tuner.ts';
import { makeTune } from '../../src/gradient/tune.ts';
import { modelAt } from '../engines/model-at.ts';
import { asF32 } from './as-f32.ts';

const url = await modelAt('smollm2-135m-instruct-q8_0.gguf');
const never = new AbortController().signal;
const nothing = () => undefined;

const PROMPTS = [
  'The capital of France is',
  'Review: A warm and funny film.\nSentiment (good or bad):',
  'Two plus two equals',
  'Once upon a time, there was a',
  'def add(a, b):\n    return',
  'The opposite of hot is',
  'Water boils at 100 degrees',
  'In 1969, the first man walked on the',
  'My favourite colour is blue because',
  'Question: Is the sky blue? Answer:',
  'She opened the door and saw',
  'The largest planet in the solar system is',
  'A dog is an animal that',
  'Monday, Tuesday, Wednesday,',
  'The quick brown fox jumps over the lazy',
  'Dear Sir or Madam,',
  'To make bread, you need flour,',
  'The stock market fell sharply after',
  'He was born in Berlin, the capital of',
  'Le chat est sur la',
];

const EXAMPLES: TuneExample[] = [
  { id: 'a', before: '', after: '\nA warm and funny film.\nAnswer:', options: [' good', ' bad'], gold: 0 },
  { id: 'b', before: '', after: '\nDull and far too long.\nAnswer:', options: [' good', ' bad'], gold: 1 },
];

/** Milliseconds that a test may take where other work is on the cores. */
const SLOW = 300_000;

/** Nat. llama.cpp multiplies Q8_0 weights with activations that it has rounded to 8 bits as well: 0.63 were measured. */
const ROUNDING = 1;

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe.skipIf(url === null)('SmolLM2-135M-Instruct in jax-js', () => {
  let file: Blob;
  let tokenizer: Tokenizer;
  let llama: Llama;
  beforeAll(async () => {
    file = await (await fetch(url ?? '')).blob();
    const model = await readGguf(file);
    tokenizer = readTokenizer(model.metadata);
    await init('wasm');
    llama = await loadLlama(model, { device: 'wasm' }, nothing);
  }, SLOW);
  afterAll(() => llama.dispose());

  /** Log-probability of every token as the next one, after each text; all texts in one pack. */
  async function nextTokens(texts: readonly string[]): Promise<Float64Array[]> {
    const { width, rmsEpsilon } = llama.shape;
    const sequences = texts.map((text) => ({
      context: [...tokenizer.begin, ...tokenizer.encode(text)],
      options: [[0]],
    }));
    const all: Float64Array[] = [];
    for (const { pack } of packAll(sequences, 256)) {
      const rows = await llama.embeddings([...pack.units]);
      const input = new Float32Array(pack.units.length * width);
      pack.units.forEach((unit, i) => input.set(rows.get(unit) ?? [], i * width));
      const hidden = await llama.run(pack, input);
      const last = pack.guesses.map(([option]) => option?.[0]?.row ?? -1);
      const head = { hidden, width, norm: llama.lastNorm, epsilon: rmsEpsilon };
      const outputs = last.map((row) =>
        normedRow(
          {
            ...head,
            tokenRow: () => new Float32Array(),
            normalizer: () => ({ logSum: 0, mean: new Float32Array() }),
          },
          row,
        ),
      );
      // The head of this model is its embedding.
      const logits = await llama.likeness(outputs);
      const normalizers = await llama.normalizers(outputs);
      logits.forEach((row, i) =>
        all.push(Float64Array.from(row, (value) => value - (normalizers[i]?.logSum ?? NaN))),
      );
    }
    return all;
  }

  /**
   * How far the log-probabilities of llama.cpp's twenty likeliest next tokens are from ours, and what each holds for the
   * likeliest. Tokens that are pieces of a character, and special ones, have no text there and are left out.
   */
  async function compare(model: Blob) {
    const found = await nextTokens(PROMPTS);
    const words = Array.from(found[0] ?? [], (_, token) => tokenizer.decode([token]));
    const runtime = await startRuntime(model, 'smollm2', { contextTokens: 512, threads: 2 });
    try {
      const all = [];
      for (const [i, text] of PROMPTS.entries()) {
        const settings = { maxTokens: 1, temperature: 0, top: 20 };
        const { steps } = await runtime.run({ kind: 'completion', text }, settings, never);
        const theirs = (steps[0]?.top ?? []).filter(({ text: own }) => own !== '' && !own.includes('\ufffd'));
        const own = found[i] ?? new Float64Array();
        const byText = new Map<string, number>();
        own.forEach((value, token) => {
          const key = words[token] ?? '';
          byText.set(key, Math.max(value, byText.get(key) ?? -Infinity));
        });
        const best = [...byText].reduce((most, each) => (each[1] > most[1] ? each : most));
        const apart = (token: { text: string; logProb: number }) =>
          Math.abs(token.logProb - (byText.get(token.text) ?? -Infinity));
        all.push({
          text,
          compared: theirs.length,
          theirs: theirs[0]?.text,
          ours: best[0],
          lead: (theirs[0]?.logProb ?? 0) - (theirs[1]?.logProb ?? 0),
          worst: Math.max(...theirs.map(apart)),
          /** The same over tokens of a hundredth or more. */
          likely: Math.max(...theirs.filter(({ logProb }) => logProb > Math.log(0.01)).map(apart)),
        });
      }
      const [worst, likely] = [
        Math.max(...all.map((one) => one.worst)),
        Math.max(...all.map((one) => one.likely)),
      ];
      console.info(
        `Largest difference of ${all.length} × 20 log-probabilities: ${worst.toFixed(4)} nat, of those of 1 % and more ${likely.toFixed(4)}.`,
      );
      return all;
    } finally {
      runtime.exit();
    }
  }

  test(
    'says the next token as llama.cpp does with the same weights in 32 bits',
    { timeout: SLOW },
    async () => {
      for (const one of await compare(await asF32(file))) {
        expect(one.compared, one.text).toBeGreaterThanOrEqual(18);
        expect(one.ours, one.text).toBe(one.theirs);
        expect(one.worst, one.text).toBeLessThan(1e-2);
      }
    },
  );

  test(
    'and as it does with the file as it is, but for its rounding of activations to 8 bits',
    { timeout: SLOW },
    async () => {
      for (const one of await compare(file)) {
        expect(one.worst, one.text).toBeLessThan(ROUNDING);
        if (one.lead > ROUNDING) expect(one.ours, one.text).toBe(one.theirs);
      }
    },
  );

  test('has a gradient that agrees with central differences', { timeout: SLOW }, async () => {
    const tune = makeTune(llama, tokenizer);
    const embedded = await tune({ do: 'embed', text: 'Is this review good or bad?', tokens: 4 }, nothing);
    if (embedded.did !== 'embed') throw new Error('Nothing was embedded.');
    const { prompt } = embedded;
    const stepped = await tune(
      { do: 'steps', prompt, moments: null, batches: [EXAMPLES], rates: [0], weightDecay: 0, clip: 0 },
      nothing,
    );
    if (stepped.did !== 'steps') throw new Error('No step was made.');
    // Before its first step Adam remembers a tenth of the gradient.
    const gradient = stepped.moments.first.map((value) => value / (1 - 0.9));
    const lossAt = async (direction: Float32Array, by: number) => {
      const values = prompt.values.map((value, i) => value + by * (direction[i] ?? 0));
      const result = await tune(
        { do: 'measure', prompt: { ...prompt, values }, examples: EXAMPLES },
        nothing,
      );
      return result.did === 'measure' ? sum(result.losses) / EXAMPLES.length : NaN;
    };
    /** Two differences, so that the error falls with the fourth power of the step: 32 bits allow no small one. */
    async function slope(direction: Float32Array, step: number): Promise<number> {
      const one = (await lossAt(direction, step)) - (await lossAt(direction, -step));
      const two = (await lossAt(direction, 2 * step)) - (await lossAt(direction, -2 * step));
      return (8 * one - two) / (12 * step);
    }

    // Along itself a gradient is as steep as it is long, far above the rounding of the loss.
    const length = Math.sqrt(sum([...gradient].map((value) => value * value)));
    const along = await slope(
      gradient.map((value) => value / length),
      0.02,
    );
    expect(Math.abs(along / length - 1)).toBeLessThan(1e-3);

    const rng = makeRng(7);
    const pairs: [found: number, expected: number][] = [];
    for (let k = 0; k < 10; k++) {
      const at = rng.below(gradient.length);
      const unit = new Float32Array(gradient.length);
      unit[at] = 1;
      pairs.push([gradient[at] ?? NaN, await slope(unit, 0.02)]);
    }
    // Single numbers move the loss so little that its rounding shows: they are held to the usual size of such a number.
    const usual = length / Math.sqrt(gradient.length);
    console.info(
      `Gradient ${length.toFixed(3)}, along itself ${along.toFixed(3)}; usual number ${usual.toFixed(4)}:`,
      pairs.map(([found, expected]) => `${found.toFixed(5)}/${expected.toFixed(5)}`).join(' '),
    );
    for (const [found, expected] of pairs) expect(Math.abs(found - expected)).toBeLessThan(2e-2 * usual);
  });
});

describe.skipIf(url === null)('gradientTuner', () => {
  const fetched = async () => (await fetch(url ?? '')).blob();

  test('answers in its worker, one ask after the other, and can be stopped', { timeout: SLOW }, async () => {
    const tuner = gradientTuner({ name: 'smollm2-135m-instruct:q8_0', file: fetched, device: 'wasm' });
    const shares: number[] = [];
    await tuner.load((progress) => shares.push(progress.loaded / (progress.total ?? 1)), never);
    await tuner.load(nothing, never);
    expect(shares.at(-1)).toBe(1);
    expect(tuner.id).toBe('gradient:smollm2-135m-instruct:q8_0');
    expect(tuner.details).toEqual([expect.stringMatching(/^WebAssembly, \d+ threads?/), '538 MB of weights']);

    const embedded = await tuner.tune({ do: 'embed', text: ' good bad', tokens: 2 }, never);
    if (embedded.did !== 'embed') throw new Error('Nothing was embedded.');
    const { prompt } = embedded;
    const asks = [
      tuner.tune({ do: 'project', prompt, by: 'cosine', nearest: 3 }, never),
      tuner.tune({ do: 'measure', prompt, examples: EXAMPLES }, never),
    ];
    const [projected, measured] = await Promise.all(asks);
    expect(projected).toMatchObject({ did: 'project', text: ' good bad' });
    expect(measured).toMatchObject({ did: 'measure', losses: [expect.any(Number), expect.any(Number)] });

    const stop = new AbortController();
    const batches = Array.from({ length: 50 }, () => EXAMPLES);
    const steps = {
      do: 'steps',
      prompt,
      moments: null,
      batches,
      rates: [],
      weightDecay: 0,
      clip: 1,
    } as const;
    const stopped = tuner.tune(steps, stop.signal);
    setTimeout(() => stop.abort(), 1000);
    await expect(stopped).rejects.toMatchObject({ name: 'EngineError', fault: 'aborted' });
    const after = await tuner.tune({ do: 'measure', prompt, examples: EXAMPLES }, never);
    expect(after).toEqual(measured);
    await tuner.dispose();
    await tuner.dispose();
  });

  test(
    'a worker that dies is told as lost, and the next ask begins with a new one',
    { timeout: SLOW },
    async () => {
      const workers: Worker[] = [];
      const NativeWorker = globalThis.Worker;
      globalThis.Worker = class extends NativeWorker {
        constructor(...made: ConstructorParameters<typeof Worker>) {
          super(...made);
          workers.push(this);
        }
      };
      onTestFinished(() => {
        globalThis.Worker = NativeWorker;
      });
      const tuner = gradientTuner({ name: 'smollm2', file: fetched, device: 'wasm' });
      await tuner.load(nothing, never);
      const failing = tuner.tune({ do: 'measure', prompt: 'Good or bad?', examples: EXAMPLES }, never);
      // The ask is on its way once the load that it waits for is settled.
      setTimeout(() => workers[0]?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' })), 50);
      await expect(failing).rejects.toMatchObject({ name: 'EngineError', fault: 'lost' });
      const again = await tuner.tune({ do: 'measure', prompt: 'Good or bad?', examples: EXAMPLES }, never);
      expect(again).toMatchObject({ did: 'measure', chosen: [expect.any(Number), expect.any(Number)] });
      expect(workers).toHaveLength(2);
      await tuner.dispose();
    },
  );

  test('a file that is no model is told as what it is', { timeout: SLOW }, async () => {
    const file = () => Promise.resolve(new Blob(['nothing of the kind']));
    const tuner = gradientTuner({ name: 'broken', file, device: 'wasm' });
    await expect(tuner.load(nothing, never)).rejects.toMatchObject({
      name: 'EngineError',
      fault: 'integrity',
    });
    await tuner.dispose();
  });

  test('loading can be cancelled', { timeout: SLOW }, async () => {
    const tuner = gradientTuner({ name: 'smollm2', file: fetched, device: 'wasm' });
    const stop = new AbortController();
    const loading = tuner.load((progress) => progress.loaded > 0.1 && stop.abort(), stop.signal);
    await expect(loading).rejects.toMatchObject({ name: 'EngineError', fault: 'aborted' });
    await tuner.dispose();
  });
});
