import { describe, expect, test } from 'vitest';
import { effectKey, logged, type Effect, type LoggedEffect, type Outcome } from '../../src/core/log.ts';

const MODELS = { target: 't:m:q', optimizer: 'o:m:q', embedder: 'e:m:q' };
const ask = (text: string, seed = 0): Effect => ({
  kind: 'generate',
  role: 'target',
  ask: { content: { kind: 'completion', text }, maxTokens: 4, temperature: 0, seed },
});
const reply = (text: string): Outcome => ({
  kind: 'generate',
  reply: { text, tokens: { in: 1, cached: 0, out: 1 }, finish: 'stop' },
  ms: 5,
});

describe('effectKey', () => {
  test('names role, kind and model, and differs with anything asked', () => {
    expect(effectKey(ask('a'), MODELS)).toMatch(/^target:generate:t:m:q:[0-9a-f]{32}$/);
    const keys = [ask('a'), ask('b'), ask('a', 1)].map((effect) => effectKey(effect, MODELS));
    expect(new Set(keys).size).toBe(3);
    expect(effectKey(ask('a'), { ...MODELS, target: 'other' })).not.toBe(keys[0]);
  });
});

describe('the key of a gradient step', () => {
  const MODELS_TOO = { ...MODELS, tuner: 'gradient:m:q8_0' };
  const steps = (values: Float32Array, text = 'a'): Effect => ({
    kind: 'tune',
    ask: {
      do: 'steps',
      prompt: { tokens: 1, width: 2, values },
      moments: null,
      batches: [[{ id: '1', before: '', after: text, options: [' x'], gold: 0 }]],
      rates: [0.01],
      weightDecay: 0,
      clip: 1,
    },
  });
  const key = (effect: Effect) => effectKey(effect, MODELS_TOO);

  test('names the model and what was done', () => {
    expect(key(steps(new Float32Array([1, 2])))).toMatch(/^tuner:steps:gradient:m:q8_0:[0-9a-f]{32}$/);
    expect(effectKey(steps(new Float32Array(2)), { ...MODELS, tuner: 'gradient:other' })).not.toBe(
      key(steps(new Float32Array(2))),
    );
  });

  test('differs with any bit of a vector and any letter of an example, and with nothing else', () => {
    const base = key(steps(new Float32Array([1, 2])));
    expect(key(steps(new Float32Array([1, 2 + 2 ** -22])))).not.toBe(base);
    expect(key(steps(new Float32Array([1, 2]), 'b'))).not.toBe(base);
    // A view into a larger buffer is the same vector.
    expect(key(steps(new Float32Array([0, 1, 2, 3]).subarray(1, 3)))).toBe(base);
    // The sign of zero is a bit too.
    expect(key(steps(new Float32Array([0, 2])))).not.toBe(key(steps(new Float32Array([-0, 2]))));
  });

  test('stays short, however long the vector', () => {
    expect(key(steps(new Float32Array(100_000))).length).toBeLessThan(80);
  });
});

describe('logged', () => {
  test('writes each outcome before handing it on, and numbers repetitions', async () => {
    const written: LoggedEffect[] = [];
    let n = 0;
    const effects = logged(
      new Map(),
      MODELS,
      { perform: () => Promise.resolve(reply(String((n += 1)))) },
      (entry) => {
        written.push(entry);
        return Promise.resolve();
      },
    );
    expect(await effects.perform(ask('a'))).toEqual(reply('1'));
    expect(await effects.perform(ask('a'))).toEqual(reply('2'));
    expect(written.map(({ key }) => key.slice(-2))).toEqual(['#1', '#2']);
  });

  test('an outcome that cannot be written is not handed on', async () => {
    const effects = logged(new Map(), MODELS, { perform: () => Promise.resolve(reply('1')) }, () =>
      Promise.reject(new Error('disk full')),
    );
    await expect(effects.perform(ask('a'))).rejects.toThrow('disk full');
  });

  test('answers from the past without asking or writing, then asks', async () => {
    const key = `${effectKey(ask('a'), MODELS)}#1`;
    const written: LoggedEffect[] = [];
    const effects = logged(
      new Map([[key, reply('old')]]),
      MODELS,
      { perform: () => Promise.resolve(reply('new')) },
      (entry) => {
        written.push(entry);
        return Promise.resolve();
      },
    );
    expect(await effects.perform(ask('a'))).toEqual(reply('old'));
    expect(written).toEqual([]);
    expect(await effects.perform(ask('a'))).toEqual(reply('new'));
    expect(written.map((entry) => entry.key)).toEqual([key.replace('#1', '#2')]);
  });

  test('reads on in the past until it finds what is asked, a part at a time for all who wait', async () => {
    const entry = (content: string, nth: number, text: string) =>
      [`${effectKey(ask(content), MODELS)}#${nth}`, reply(text)] as const;
    const parts = [
      [entry('a', 1, 'first a')],
      [entry('b', 1, 'first b'), entry('a', 2, 'second a')],
      [entry('c', 1, 'first c')],
    ];
    let read = 0;
    const effects = logged(
      [],
      MODELS,
      null,
      () => Promise.resolve(),
      async () => {
        await null;
        return parts[read++] ?? null;
      },
    );
    expect(await effects.perform(ask('a'))).toEqual(reply('first a'));
    expect(read).toBe(1);
    const both = ['b', 'a'].map((content) => effects.perform(ask(content)));
    expect(await Promise.all(both)).toEqual([reply('first b'), reply('second a')]);
    expect(read).toBe(2);
    await expect(effects.perform(ask('d'))).rejects.toMatchObject({ fault: 'unavailable' });
    expect(await effects.perform(ask('c'))).toEqual(reply('first c'));
  });

  test('without a live side an unseen ask fails loudly', async () => {
    const effects = logged(new Map(), MODELS, null, () => Promise.resolve());
    await expect(effects.perform(ask('a'))).rejects.toMatchObject({ fault: 'unavailable' });
  });
});
