import { init } from '@jax-js/jax';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { makeRng } from '../../src/core/rng.ts';
import type { SoftPrompt, TuneAsk, TuneExample, TuneResult } from '../../src/core/tuner.ts';
import { type Llama, type LlamaSource, loadLlama } from '../../src/gradient/llama.ts';
import { readTokenizer } from '../../src/gradient/tokenizer.ts';
import { makeTune } from '../../src/gradient/tune.ts';
import { randomNumbers, tinyLlama, TINY } from './tiny-llama.ts';

/** One token a byte, and a few words, as a byte-level BPE writes them. */
const WORDS = ['Ġgood', 'Ġbad', 'Ġwarm', 'Ġcold', 'Ġdull', 'Ġfine'];
const bytes = Array.from({ length: 256 }, (_, byte) => {
  const prints = (value: number) => (value >= 33 && value <= 126) || (value >= 161 && value !== 173);
  const others = Array.from({ length: byte }, (__, value) => value).filter((value) => !prints(value)).length;
  return String.fromCharCode(prints(byte) ? byte : 256 + others);
});
const pieces = WORDS.flatMap((word) => Array.from(word, (_, i) => word.slice(0, i + 1)).slice(1));
const tokens = [...new Set([...bytes, ...pieces])];
const merges = [...new Set(pieces.map((piece) => `${piece.slice(0, -1)} ${piece.slice(-1)}`))];
const tokenizer = readTokenizer(
  new Map<string, string | string[]>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'smollm'],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.merges', merges],
  ]),
);
const shape = { ...TINY, vocabulary: tokens.length };
const { width } = shape;

const EXAMPLES: TuneExample[] = [
  { id: 'a', before: '', after: '\nsunny:', options: [' good', ' bad'], gold: 0 },
  { id: 'b', before: '', after: '\nrain:', options: [' good', ' bad'], gold: 1 },
  { id: 'c', before: 'Say:', after: '\nsnow:', options: [' cold', ' not warm'], gold: 0 },
  { id: 'd', before: '', after: ' 2+2=', options: ['four'], gold: 0 },
];
const go = () => undefined;

describe('tune', () => {
  let llama: Llama;
  let tune: (ask: TuneAsk, stopped?: () => void) => Promise<TuneResult>;
  async function open(source: LlamaSource) {
    const opened = await loadLlama(source, { device: 'wasm' }, () => undefined);
    const answer = makeTune(opened, tokenizer);
    return { opened, answer: (ask: TuneAsk, stopped: () => void = go) => answer(ask, stopped) };
  }
  beforeAll(async () => {
    await init('wasm');
    ({ opened: llama, answer: tune } = await open(tinyLlama(shape)));
  }, 60_000);
  afterAll(() => llama.dispose());

  const random = (count: number): SoftPrompt => ({
    tokens: count,
    width,
    values: randomNumbers(count * width, 9, 0.25),
  });
  async function steps(
    prompt: SoftPrompt,
    count: number,
    more: Partial<Extract<TuneAsk, { do: 'steps' }>> = {},
  ) {
    const result = await tune({
      do: 'steps',
      prompt,
      moments: null,
      batches: Array.from({ length: count }, () => EXAMPLES),
      rates: Array.from({ length: count }, () => 0.03),
      weightDecay: 0,
      clip: 1,
      ...more,
    });
    if (result.did !== 'steps') throw new Error(`It did ${result.did}.`);
    return result;
  }
  async function measure(prompt: SoftPrompt | string, examples: readonly TuneExample[] = EXAMPLES) {
    const result = await tune({ do: 'measure', prompt, examples });
    if (result.did !== 'measure') throw new Error(`It did ${result.did}.`);
    return result;
  }
  async function embed(text: string, count: number) {
    const result = await tune({ do: 'embed', text, tokens: count });
    if (result.did !== 'embed') throw new Error(`It did ${result.did}.`);
    return result;
  }
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  test('the gradient of the mean loss agrees with central differences', async () => {
    const prompt = random(3);
    // Before its first step Adam remembers a tenth of the gradient.
    const { moments, losses } = await steps(prompt, 1, { rates: [0], clip: 0 });
    const gradient = moments.first.map((value) => value / (1 - 0.9));
    expect(losses[0]).toBeCloseTo(mean((await measure(prompt)).losses), 6);
    const rng = makeRng(1);
    const pairs: [found: number, expected: number][] = [];
    for (let k = 0; k < 16; k++) {
      const at = rng.below(gradient.length);
      const moved = async (by: number) => {
        const values = prompt.values.slice();
        values[at] = (values[at] ?? 0) + by;
        return mean((await measure({ ...prompt, values })).losses);
      };
      pairs.push([gradient[at] ?? NaN, ((await moved(1 / 128)) - (await moved(-1 / 128))) * 64]);
    }
    const scale = Math.sqrt(mean(pairs.map(([, expected]) => expected ** 2)));
    for (const [found, expected] of pairs) expect(Math.abs(found - expected) / scale).toBeLessThan(2e-3);
  });

  test('steps lower the loss, and say the loss before each', async () => {
    const { losses, prompt, moments, failed } = await steps(random(4), 25);
    expect(failed).toBeNull();
    expect(losses).toHaveLength(25);
    expect(losses[24]).toBeLessThan((losses[0] ?? 0) / 2);
    expect(moments.count).toBe(25);
    const after = await measure(prompt);
    expect(mean(after.losses)).toBeLessThan(losses[24] ?? 0);
    expect(after.chosen).toEqual([0, 1, 0, 0]);
  });

  test('a chunk of steps is the same as its parts', async () => {
    const whole = await steps(random(2), 4);
    const first = await steps(random(2), 2);
    const second = await steps(first.prompt, 2, { moments: first.moments });
    expect(second.prompt.values).toEqual(whole.prompt.values);
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
  });

  test('a text and its embedded tokens are one prompt', async () => {
    const { prompt, text } = await embed(' warm fine cold', 3);
    expect(text).toBe(' warm fine cold');
    const [soft, hard] = [await measure(prompt), await measure(' warm fine cold')];
    soft.losses.forEach((loss, i) => expect(loss).toBeCloseTo(hard.losses[i] ?? NaN, 5));
    expect(soft.chosen).toEqual(hard.chosen);
  });

  test('a text is cut to the tokens wanted, or filled up with its own', async () => {
    expect((await embed(' warm fine cold', 2)).text).toBe(' warm fine');
    expect((await embed(' warm fine', 5)).text).toBe(' warm fine warm fine warm');
  });

  test('a text without tokens is refused', async () => {
    await expect(tune({ do: 'embed', text: '', tokens: 3 })).rejects.toMatchObject({ fault: 'refused' });
  });

  test('draws allowed words by the seed alone', async () => {
    const draw = async (seed: number) => {
      const result = await tune({ do: 'draw', tokens: 6, seed });
      return result.did === 'draw' ? result : null;
    };
    const first = await draw(1);
    expect(first?.text).toMatch(/^( \p{L}+){6}$/u);
    expect(await draw(1)).toEqual(first);
    expect((await draw(2))?.text).not.toBe(first?.text);
  });

  test('projects rows of the embedding to their own tokens', async () => {
    const { prompt } = await embed(' warm dull bad', 3);
    const project = async (by: 'cosine' | 'l2' | 'least-similar', moved: SoftPrompt) => {
      const result = await tune({ do: 'project', prompt: moved, by, nearest: 2 });
      if (result.did !== 'project') throw new Error(`It did ${result.did}.`);
      return result;
    };
    const longer = { ...prompt, values: prompt.values.map((value) => 3 * value) };
    const cosine = await project('cosine', longer);
    expect(cosine.text).toBe(' warm dull bad');
    expect(cosine.nearest.map((list) => list.length)).toEqual([2, 2, 2]);
    expect(cosine.nearest[0]?.[0]?.similarity).toBeCloseTo(1, 5);
    const l2 = await project('l2', prompt);
    expect(l2.text).toBe(' warm dull bad');
    expect(l2.nearest[0]?.[0]?.similarity).toBeCloseTo(0, 2);
    expect((await project('least-similar', prompt)).text).not.toContain(' dull');
  });

  test('a prompt that is no number fails its step and is left as it was', async () => {
    const prompt = random(2);
    prompt.values[5] = NaN;
    const { losses, failed, moments, prompt: after } = await steps(prompt, 3);
    expect(losses).toEqual([]);
    expect(failed).toMatch(/step 1 is not a number/);
    expect(after).toEqual(prompt);
    expect(moments.count).toBe(0);
  });

  test('a loss beyond all expectation ends the chunk with the steps before it', async () => {
    const source = tinyLlama(shape);
    const { opened, answer } = await open({
      ...source,
      // A head this sure of itself is wrong by hundreds of nat.
      tensor: async (name) =>
        name === 'output_norm.weight' ? new Float32Array(width).fill(2000) : source.tensor(name),
    });
    const free = EXAMPLES.slice(3);
    const result = await answer({
      do: 'steps',
      prompt: random(2),
      moments: null,
      batches: [free],
      rates: [0.1],
      weightDecay: 0,
      clip: 1,
    });
    expect(result).toMatchObject({ did: 'steps', losses: [] });
    expect(result.did === 'steps' && result.failed).toMatch(
      /loss of step 1 exploded: \d+\.\d nat where 22\.\d/,
    );
    opened.dispose();
  });

  test('can be stopped between two packs', async () => {
    let looks = 0;
    const stop = () => {
      if (++looks === 3) throw new EngineError('aborted', 'Stopped.');
    };
    const batches = [EXAMPLES, EXAMPLES, EXAMPLES, EXAMPLES];
    const ask = {
      do: 'steps',
      prompt: random(1),
      moments: null,
      batches,
      rates: [],
      weightDecay: 0,
      clip: 0,
    } as const;
    await expect(tune(ask, stop)).rejects.toMatchObject({ fault: 'aborted' });
    expect(looks).toBe(3);
  });

  test('an example that is too long is told with both numbers', async () => {
    const long = { id: 'long', before: '', after: 'x'.repeat(600), options: ['a', 'b'], gold: 0 };
    const failing = measure(random(8), [long]);
    await expect(failing).rejects.toMatchObject({ fault: 'context' });
    await expect(failing).rejects.toThrow(/Example long needs 608 tokens .* 512\./);
  });

  test('an option without tokens is refused', async () => {
    const empty = { id: 'e', before: '', after: 'x', options: ['a', ''], gold: 0 };
    await expect(measure(random(1), [empty])).rejects.toMatchObject({ fault: 'refused' });
  });
});
