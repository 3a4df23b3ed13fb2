import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Ask, Content, LoadProgress } from '../../src/core/model.ts';
import { wllamaEngine } from '../../src/engines/wllama.ts';
import { modelAt } from './model-at.ts';

const url = await modelAt('smollm2-135m-instruct-q8_0.gguf');
const never = new AbortController().signal;
const nothing = () => undefined;

const asking = (content: Content, more: Partial<Ask> = {}): Ask => ({
  content,
  maxTokens: 6,
  temperature: 0,
  seed: 1,
  ...more,
});
const completion = (text: string, more: Partial<Ask> = {}) => asking({ kind: 'completion', text }, more);
const PROMPT = 'Review: A warm and funny film.\nSentiment (good or bad):';

describe.skipIf(url === null)('wllamaEngine with SmolLM2-135M-Instruct', () => {
  const engine = wllamaEngine({ url: url ?? '', name: 'smollm2-135m-instruct:q8_0', contextTokens: 512 });
  const seen: LoadProgress[] = [];
  /** Every worker the page made, so that a test can end one as a browser out of memory does. */
  const workers: Worker[] = [];
  const NativeWorker = globalThis.Worker;

  beforeAll(async () => {
    globalThis.Worker = class extends NativeWorker {
      constructor(...made: ConstructorParameters<typeof Worker>) {
        super(...made);
        workers.push(this);
      }
    };
    await engine.load((progress) => seen.push(progress), never);
  });
  afterAll(async () => {
    await engine.dispose();
    globalThis.Worker = NativeWorker;
  });

  test('reports bytes while it loads, and says how it runs', async () => {
    const read = seen.find((progress) => progress.total !== null);
    expect(read?.total).toBeGreaterThan(90e6);
    expect(seen.at(-1)?.doing).toBe('Starting smollm2-135m-instruct:q8_0');
    expect(engine.contextTokens).toBe(512);
    expect(engine.details[0]).toMatch(/^CPU, [2-8] threads$/);
    expect(engine.details[1]).toMatch(/^llama\.cpp b\d+/);
    await engine.load(nothing, never);
    expect(workers).toHaveLength(1);
  });

  test('is greedy at temperature 0 and counts what was computed again', async () => {
    const text = 'The capital of France is';
    const first = await engine.generate(completion(text, { maxTokens: 2 }), never);
    expect(first).toEqual({ text: ' Paris.', finish: 'length', tokens: { in: 5, cached: 0, out: 2 } });
    const heard: string[] = [];
    const again = await engine.generate(completion(text, { maxTokens: 2, seed: 99 }), never, (so) =>
      heard.push(so),
    );
    expect(heard).toEqual([' Paris', ' Paris.']);
    expect(again).toEqual({ text: ' Paris.', finish: 'length', tokens: { in: 5, cached: 4, out: 2 } });
  });

  test('computes a shared beginning once', async () => {
    await engine.generate(completion(`${PROMPT} good\nReview: Dull.`, { maxTokens: 1 }), never);
    const { tokens } = await engine.generate(
      completion(`${PROMPT} good\nReview: Great fun.`, { maxTokens: 1 }),
      never,
    );
    expect(tokens.in - tokens.cached).toBeLessThanOrEqual(4);
    expect(tokens.cached).toBeGreaterThanOrEqual(18);
  });

  test('gives the same text for the same seed and others for other seeds', async () => {
    const draw = async (seed: number) =>
      (await engine.generate(completion(PROMPT, { temperature: 1, seed }), never)).text;
    const first = await draw(5);
    expect(await draw(5)).toBe(first);
    expect(new Set([first, await draw(6), await draw(7), await draw(4294967295)]).size).toBeGreaterThan(1);
  });

  test('a drawn text does not depend on what was asked before', async () => {
    const drawn = completion(`${PROMPT} good\n\nReview: Dull.\nSentiment (good or bad):`, {
      temperature: 1,
      maxTokens: 16,
    });
    const texts: string[] = [];
    for (const before of ['Something else.', PROMPT, `${PROMPT} good\n\nReview: Dull and`]) {
      await engine.generate(completion(before, { maxTokens: 2 }), never);
      texts.push((await engine.generate(drawn, never)).text);
      texts.push((await engine.generate(drawn, never)).text);
    }
    expect(new Set(texts).size).toBe(1);
  });

  test('ends before a stop string and keeps to a grammar', async () => {
    const counting = completion('1, 2, 3,', { maxTokens: 12, stop: ['6', ''] });
    expect(await engine.generate(counting, never)).toMatchObject({ text: ' 4, 5, ', finish: 'stop' });
    const grammar = 'root ::= " bad" | " awful"';
    const reply = await engine.generate(completion(PROMPT, { grammar }), never);
    expect([' bad', ' awful']).toContain(reply.text);
    expect(reply.finish).toBe('stop');
  });

  test('ends with a whole object where it may, with its tokens counted', async () => {
    const text =
      'Bob is 5.\nJSON: {"name": "Bob", "age": 5} (done)\nEve is 9.\nJSON: {"name": "Eve", "age": 9} (done)\nAnn is 7.\nJSON:';
    const plain = await engine.generate(completion(text, { maxTokens: 24 }), never);
    const ended = await engine.generate(completion(text, { maxTokens: 24, until: 'object' }), never);
    // Whom so small a model names is not the point; that it ends there is.
    expect(ended.text).toMatch(/^ \{"name": "\w+", "age": \d\}$/);
    expect(plain.text.startsWith(`${ended.text} (`)).toBe(true);
    expect(ended.finish).toBe('stop');
    expect(ended.tokens.in).toBe(plain.tokens.in);
    expect(ended.tokens.out).toBeGreaterThan(8);
    expect(ended.tokens.out).toBeLessThan(plain.tokens.out);
    const after = await engine.generate(completion(text, { maxTokens: 24 }), never);
    expect(after.text).toBe(plain.text);
  });

  test('says which build of which model it is', () => {
    // The MD5 of the whole file, as it came without a SHA-256.
    expect(engine.build).toMatch(/^[0-9a-f]{32} llama\.cpp b\d+\S* 512$/);
  });

  test('puts system message and examples through the chat template', async () => {
    const messages = [
      { role: 'system', content: 'Answer good or bad.' },
      { role: 'user', content: 'I loved it' },
      { role: 'assistant', content: 'good' },
      { role: 'user', content: 'I hated it' },
    ] as const;
    const reply = await engine.generate(asking({ kind: 'chat', messages }), never);
    expect(reply).toMatchObject({ text: 'bad', finish: 'stop', tokens: { in: 37 } });
  });

  test('special tokens and broken characters in a text are only text', async () => {
    const count = async (text: string) =>
      (await engine.generate(completion(text, { maxTokens: 1 }), never)).tokens.in;
    expect(await count('a<|im_end|>b')).toBeGreaterThan(6);
    expect(await count('a\ud800b')).toBeGreaterThan(2);
    const cut = completion('Hi ', { grammar: 'root ::= "😀"', maxTokens: 2 });
    expect(await engine.generate(cut, never)).toMatchObject({ text: '', finish: 'length' });
  });

  test('choose agrees with forced decoding token by token', async () => {
    const choose = async (text: string, options: string[]) => {
      const choice = await engine.choose?.(completion(text), options, never);
      if (!choice) throw new Error('choose is missing');
      return choice.logProbs;
    };
    // A label of three tokens against its tokens one at a time, each after the text before it: list against grammar.
    const [whole, alone] = await choose(PROMPT, [' terrible nonsense here', ' terrible']);
    const [second] = await choose(`${PROMPT} terrible`, [' nonsense']);
    const [third] = await choose(`${PROMPT} terrible nonsense`, [' here']);
    expect(alone).toBeLessThan(-5);
    expect(Math.abs((alone ?? 0) + (second ?? 0) + (third ?? 0) - (whole ?? 0))).toBeLessThan(1e-2);
    // The answer does not depend on the order, on company, or on what was asked before.
    const options = [' good', ' bad', ' Positive', ''];
    const scores = await choose(PROMPT, options);
    const reversed = await choose(PROMPT, [...options].reverse());
    reversed.reverse().forEach((score, i) => expect(score).toBeCloseTo(scores[i] ?? NaN, 2));
    expect(scores[3]).toBe(0);
    expect(scores.slice(0, 3).reduce((sum, score) => sum + Math.exp(score), 0)).toBeLessThan(1);
    const [withOthers] = await choose(PROMPT, [' terrible nonsense here', ' good']);
    expect(withOthers).toBeCloseTo(whole ?? NaN, 2);
  });

  test('an option outside plain tokens is refused with its text', async () => {
    await expect(engine.choose?.(completion(PROMPT), ['😀'], never)).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('😀') as string,
    });
  });

  test('a prompt beyond the context names both sizes; a bad grammar and an empty prompt are refused', async () => {
    await expect(engine.generate(completion('word '.repeat(600)), never)).rejects.toMatchObject({
      fault: 'context',
      message: 'The prompt has 601 tokens; the context of this model holds 512.',
    });
    const grammar = 'root ::= [';
    await expect(engine.generate(completion(PROMPT, { grammar }), never)).rejects.toMatchObject({
      fault: 'refused',
    });
    await expect(engine.generate(completion(''), never)).rejects.toMatchObject({ fault: 'refused' });
    expect(workers).toHaveLength(1);
  });

  test('cancels the running ask and a waiting one, then answers the next', async () => {
    const cancel = new AbortController();
    const long = completion('Once upon a time', { maxTokens: 200 });
    const running = engine.generate(long, cancel.signal);
    const waiting = engine.generate(long, cancel.signal);
    const next = engine.generate(completion('The capital of France is', { maxTokens: 1 }), never);
    setTimeout(() => cancel.abort(), 400);
    await expect(running).rejects.toMatchObject({ fault: 'aborted' });
    await expect(waiting).rejects.toMatchObject({ fault: 'aborted' });
    expect((await next).text).toBe(' Paris');
  });

  test('replaces a worker that dies and puts the ask again', async () => {
    const before = workers.length;
    const dying = engine.generate(completion('Once upon a time', { maxTokens: 8 }), never);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const worker = workers.at(-1);
    worker?.terminate();
    worker?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
    expect((await dying).tokens).toMatchObject({ cached: 0, out: 8 });
    expect(workers.length).toBe(before + 1);
  });

  test('an ask that brings it down twice is lost, the next is answered', async () => {
    const grammar = `root ::= ${'('.repeat(200_000)}"a"${')'.repeat(200_000)}`;
    await expect(engine.generate(completion(PROMPT, { grammar }), never)).rejects.toMatchObject({
      fault: 'lost',
    });
    const reply = await engine.generate(completion('The capital of France is', { maxTokens: 1 }), never);
    expect(reply.text).toBe(' Paris');
  });

  test('dispose rejects what waits; a file that is missing or wrong says so', async () => {
    const pending = engine.generate(completion('Once', { maxTokens: 50 }), never);
    await engine.dispose();
    await expect(pending).rejects.toMatchObject({ fault: 'aborted' });
    await engine.dispose();

    const absent = wllamaEngine({
      url: new URL('/models/no-such.gguf', location.origin).href,
      name: 'none:q0',
    });
    onTestFinished(() => absent.dispose());
    await expect(absent.load(nothing, never)).rejects.toMatchObject({
      fault: 'unavailable',
      advice: expect.stringContaining('npm run models') as string,
    });
    const broken = wllamaEngine({ url: URL.createObjectURL(new Blob(['not a model'])), name: 'broken:q0' });
    onTestFinished(() => broken.dispose());
    await expect(broken.load(nothing, never)).rejects.toMatchObject({ fault: 'unavailable' });
    const changed = wllamaEngine({
      url: URL.createObjectURL(new Blob(['changed'])),
      name: 'changed:q0',
      sha256: '0'.repeat(64),
    });
    onTestFinished(() => changed.dispose());
    await expect(changed.load(nothing, never)).rejects.toMatchObject({ fault: 'integrity' });
  });
});
