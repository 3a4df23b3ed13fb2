import { beforeAll, describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { wllamaEngine } from '../../src/engines/wllama.ts';
import { allowedTokens } from '../../src/gradient/allowed-tokens.ts';
import { type GgufModel, readGguf } from '../../src/gradient/gguf.ts';
import { readTokenizer, type Tokenizer } from '../../src/gradient/tokenizer.ts';
import { modelAt } from '../engines/model-at.ts';
import written from './words.fixture.json';

const url = await modelAt('smollm2-135m-instruct-q8_0.gguf');
const never = new AbortController().signal;

const { texts, smollm2: expected } = v.parse(
  v.object({ texts: v.array(v.string()), smollm2: v.array(v.array(v.number())) }),
  written,
);

describe.skipIf(url === null)('the file of SmolLM2-135M-Instruct', () => {
  let model: GgufModel;
  let tokenizer: Tokenizer;

  beforeAll(async () => {
    model = await readGguf(await (await fetch(url ?? '')).blob());
    tokenizer = readTokenizer(model.metadata);
  });

  test('has the sizes that its makers publish', () => {
    expect(model.shape).toEqual({
      width: 576,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headSize: 64,
      feedForward: 1536,
      vocabulary: 49152,
      context: 8192,
      ropeTheta: 100_000,
      rmsEpsilon: Math.fround(1e-5),
      tied: true,
    });
    expect(model.quantization).toBe('Q8_0');
    expect(model.parameters).toBe(134_515_008);
  });

  test('gives all weights as numbers of ordinary size', async () => {
    for (const name of model.tensorNames) {
      const weights = await model.tensor(name);
      let most = 0;
      for (const weight of weights) if (!(Math.abs(weight) <= most)) most = Math.abs(weight);
      expect(most, name).toBeGreaterThan(0);
      expect(most, name).toBeLessThan(100);
    }
  });

  test("tokenizes as the model's published tokenizer does, special tokens in data aside", () => {
    expect(texts.map((text) => tokenizer.encode(text))).toEqual(expected);
    expect(texts.map((text) => tokenizer.decode(tokenizer.encode(text)))).toEqual(texts);
    expect(tokenizer.begin).toEqual([]);
    expect(tokenizer.end === null ? '' : tokenizer.decode([tokenizer.end])).toBe('<|im_end|>');
  });

  test('counts as many tokens as the CPU engine', async () => {
    const engine = wllamaEngine({ url: url ?? '', name: 'smollm2-135m-instruct:q8_0', contextTokens: 256 });
    await engine.load(() => undefined, never);
    // That engine takes special tokens in data apart in its own way, so texts with them are left out here. Reading a
    // text takes it a second on a slow machine, so some of them must do.
    const plain = texts.filter((text) => text !== '' && !text.includes('<|')).filter((_, i) => i % 3 === 2);
    const counts: number[] = [];
    for (const text of plain) {
      const content = { kind: 'completion', text } as const;
      const reply = await engine.generate({ content, maxTokens: 1, temperature: 0, seed: 1 }, never);
      counts.push(reply.tokens.in);
    }
    await engine.dispose();
    expect(plain.map((text) => tokenizer.encode(text).length)).toEqual(counts);
  });

  test('allows thousands of common words, which read back as they are', () => {
    const allowed = allowedTokens(tokenizer);
    expect(allowed.length).toBeGreaterThan(5000);
    const words = new Set(allowed.map(({ text }) => text));
    for (const word of [' the', ' review', ' good', ' movie']) expect(words).toContain(word);
    const some = allowed.filter((_, i) => i % 97 === 0);
    expect(tokenizer.encode(some.map(({ text }) => text).join(''))).toEqual(some.map(({ id }) => id));
  });
});
