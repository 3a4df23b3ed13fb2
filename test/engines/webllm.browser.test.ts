import { MLCEngine } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ask, LoadProgress, Message } from '../../src/core/model.ts';
import {
  type WebllmEngine,
  type WebllmOptions,
  type WebllmSpec,
  webllmEngine,
} from '../../src/engines/webllm.ts';
import { keptOf, type ModelFiles, removeFiles } from '../../src/engines/model-files.ts';
import { tokenizerJson } from '../../src/engines/webllm-files.ts';
import { promptIds } from '../../src/engines/webllm-own.ts';
import { Inside } from '../../src/engines/webllm-private.ts';
import { escaped } from '../../src/engines/webllm-public.ts';
import { specialTokens } from '../../src/engines/webllm-tokens.ts';
import { idsOfWebllm, modelRecord } from './webllm-inside.ts';
import reference from './webllm-reference.json';

/**
 * The real web-llm with a real model, on whatever adapter this browser has: the small local model, which is compared
 * with an independent computation, or one of WebLLM's own list (VITE_WEBLLM_MODEL; see docs/webllm.md), which is
 * compared with itself and with web-llm's own way of asking.
 */

const named: unknown = import.meta.env.VITE_WEBLLM_MODEL;
const hubModel = typeof named === 'string' && named !== '' ? named.replace(/^webllm:/, '') : null;
const folder = new URL('/models/smollm2-135m-instruct-q4f32-webllm/', location.href).href;
const localSpec = {
  kind: 'custom' as const,
  name: 'SmolLM2-135M-Instruct',
  quantization: 'q4f32',
  weightsUrl: folder,
  libraryUrl: `${folder}resolve/main/model.wasm`,
  sha256: { 'model.wasm': 'bd0695110836934b7d8bb9fe1891e416aa4416beb4802531f6c8435dc4295e7d' },
};
const spec: WebllmSpec = hubModel === null ? localSpec : { kind: 'prebuilt', modelId: hubModel };
const files: ModelFiles = { kind: 'webllm', addresses: modelRecord(spec), sha256: {} };
const present = hubModel !== null || (await fetch(`${folder}resolve/main/mlc-chat-config.json`)).ok;
const skipped = present ? '' : ' (skipped: its WebLLM model is not on this machine)';

const roles = v.picklist(['system', 'user', 'assistant']);
const messages = (outside: unknown): Message[] =>
  v.parse(v.array(v.object({ role: roles, content: v.string() })), outside);
const calm = () => new AbortController().signal;
const chat = (outside: unknown, more: Partial<Ask> = {}): Ask => ({
  content: { kind: 'chat', messages: messages(outside) },
  maxTokens: 8,
  temperature: 0,
  seed: 1,
  ...more,
});
const completion = (text: string, more: Partial<Ask> = {}): Ask => ({
  content: { kind: 'completion', text },
  maxTokens: 1,
  temperature: 0,
  seed: 1,
  ...more,
});
const rainbow = (more: Partial<Ask>) => chat(reference.chat.messages, more);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Generous: a software adapter on a busy machine takes seconds a token. */
const LONG = 240_000;

async function open(options: WebllmOptions = {}): Promise<{ engine: WebllmEngine; seen: LoadProgress[] }> {
  const seen: LoadProgress[] = [];
  const engine = webllmEngine(spec, options);
  await engine.load((progress) => seen.push(progress), calm());
  return { engine, seen };
}

/** The first 24 greedy tokens about the rainbow; those of a model of the hub are its own first reply. */
let greedy = hubModel === null ? reference.chat.text : '';
/** Only the local model's replies have been computed independently. */
const testLocal = test.skipIf(hubModel !== null);

describe.skipIf(!present)(`webllm with ${hubModel ?? 'SmolLM2-135M'}${skipped}`, () => {
  let engine: WebllmEngine;
  let seen: LoadProgress[];
  const recovered: string[] = [];
  beforeAll(async () => {
    await removeFiles(files, []);
    ({ engine, seen } = await open({ onRecovered: (text) => recovered.push(text) }));
  }, LONG);
  afterAll(() => engine.dispose());

  test('loads with progress in bytes, tests the device and says what it found', async () => {
    if (hubModel === null) {
      expect(engine.id).toBe('webllm:smollm2-135m-instruct:q4f32');
      expect(engine.contextTokens).toBe(2048);
    }
    expect(engine.details[0]).toMatch(/^WebGPU on \w+/);
    expect(engine.details[1]).toMatch(/^Self-test/);
    // The hash of its files, the runtime and the way it is asked.
    expect(engine.build).toMatch(/^[0-9a-f]{32} web-llm \d+\.\d+\.\d+ own /);
    const bytes = seen.filter((progress) => progress.total !== null).map((progress) => progress.loaded);
    expect(bytes.at(-1)).toBeGreaterThan(100_000_000);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect((await keptOf([files])).map(({ whole }) => whole)).toEqual([true]);
  });

  test(
    'gives the 24 greedy tokens of an independent forward pass',
    async () => {
      const heard: string[] = [];
      const reply = await engine.generate(rainbow({ maxTokens: 24 }), calm(), (text) => heard.push(text));
      greedy = reply.text;
      expect(heard).toHaveLength(24);
      expect(heard.every((text, i) => i === 0 || text.startsWith(heard[i - 1] ?? ''))).toBe(true);
      expect(heard.at(-1)).toBe(reply.text);
      expect(reply.finish).toBe('length');
      expect(reply.tokens.out).toBe(24);
      if (hubModel !== null) return;
      expect(reply.text).toBe(reference.chat.text);
      expect(reply.tokens.in).toBe(reference.chat.promptTokens);
    },
    LONG,
  );

  test(
    'stops before a stop string of several tokens',
    async () => {
      const words = greedy.split(' ');
      const stop = ` ${words.slice(4, 6).join(' ')}`;
      const reply = await engine.generate(rainbow({ maxTokens: 24, stop: ['never said', stop] }), calm());
      expect(reply).toMatchObject({ text: words.slice(0, 4).join(' '), finish: 'stop' });
      expect(reply.tokens.cached).toBe(reply.tokens.in - 1);
    },
    LONG,
  );

  test(
    'ends a running ask between two tokens, a queued one at once, and is right afterwards',
    async () => {
      const running = new AbortController();
      const queued = new AbortController();
      const first = engine.generate(rainbow({ maxTokens: 500 }), running.signal);
      const second = engine.generate(rainbow({ maxTokens: 500 }), queued.signal);
      const third = engine.generate(rainbow({ maxTokens: 4 }), calm());
      queued.abort();
      await expect(second).rejects.toMatchObject({ name: 'EngineError', fault: 'aborted' });
      // Late enough to be in the middle, early enough not to be over.
      await pause(hubModel === null ? 2000 : 50);
      running.abort();
      await expect(first).rejects.toMatchObject({ fault: 'aborted' });
      const { text } = await third;
      expect(text).not.toBe('');
      expect(greedy.startsWith(text)).toBe(true);
    },
    LONG,
  );

  testLocal(
    'scores options as an independent forward pass does',
    async () => {
      const options = Object.keys(reference.options.logProbs);
      const { logProbs } = await engine.choose(completion(reference.options.prompt), options, calm());
      Object.values(reference.options.logProbs).forEach((expected, i) => {
        expect(Math.abs((logProbs[i] ?? NaN) - expected)).toBeLessThan(0.01);
      });
    },
    LONG,
  );

  testLocal(
    'reads the common beginning of asks once, with the probabilities of reading each in full elsewhere',
    async () => {
      const { prefix, commonTokens, options, cases } = reference.reviews;
      for (const [n, { input, tokens, logProbs }] of cases.entries()) {
        const choice = await engine.choose(completion(`${prefix}${input}\nLabel:`), options, calm());
        logProbs.forEach((p, i) => expect(Math.abs((choice.logProbs[i] ?? NaN) - p)).toBeLessThan(0.01));
        expect(choice.tokens.in).toBe(tokens);
        if (n > 0) expect(choice.tokens.cached).toBeGreaterThanOrEqual(commonTokens);
      }
    },
    LONG,
  );

  test(
    'behind a prefix in the cache, four asks compute a tenth of their tokens and give the text of reading all',
    async () => {
      const { prefix, inputs } = reference.capitals;
      const asks = inputs.map((input) => completion(`${prefix} ${input}\nCapital:`, { maxTokens: 2 }));
      // Two are enough to see it, and cost the most of all that is asked here.
      const full: string[] = [];
      for (const ask of asks.slice(0, 2)) {
        await engine.generate(completion('x'), calm()); // leaves nothing of the prefix in the cache
        const reply = await engine.generate(ask, calm());
        expect(reply.tokens.cached).toBe(0);
        full.push(reply.text);
      }
      const texts: string[] = [];
      let read = 0;
      let computed = 0;
      for (const ask of asks) {
        const { text, tokens } = await engine.generate(ask, calm());
        texts.push(text);
        read += tokens.in;
        computed += tokens.in - tokens.cached;
      }
      expect(texts.slice(0, 2)).toEqual(full);
      expect(new Set(texts).size).toBe(asks.length);
      expect(computed).toBeGreaterThanOrEqual(asks.length);
      expect(computed / read).toBeLessThan(0.1);
    },
    LONG,
  );

  test(
    'draws by the seed alone, and differently for small seeds',
    async () => {
      const draw = async (seed: number) =>
        (await engine.generate(completion('My favourite word is', { temperature: 1, seed }), calm())).text;
      const drawn: string[] = [];
      for (const seed of [1, 2, 3, 4, 5, 6]) drawn.push(await draw(seed));
      expect(new Set(drawn).size).toBeGreaterThanOrEqual(3);
      expect(await draw(3)).toBe(drawn[2]);
    },
    LONG,
  );

  test(
    'keeps to a grammar, and refuses one that cannot be compiled',
    async () => {
      const ask = (grammar: string) => completion(reference.options.prompt, { grammar, maxTokens: 8 });
      await expect(engine.generate(ask('root ::= ('), calm())).rejects.toMatchObject({ fault: 'refused' });
      const reply = await engine.generate(ask('root ::= " positive" | " negative"'), calm());
      expect([' positive', ' negative']).toContain(reply.text);
      expect(reply.finish).toBe('stop');
    },
    LONG,
  );

  test(
    'sends texts to the model as they are: no patterns, no special tokens from data',
    async () => {
      const reply = await engine.generate(chat(reference.tricky.messages, { maxTokens: 1 }), calm());
      if (hubModel === null) expect(reply.tokens.in).toBe(reference.tricky.promptTokens);
      const broken = await engine.generate(completion('Half a character: \ud83d'), calm());
      expect(broken.tokens.out).toBe(1);
    },
    LONG,
  );

  test('refuses a prompt beyond the context with both numbers', async () => {
    const ask = engine.generate(completion('word '.repeat(engine.contextTokens + 50)), calm());
    await expect(ask).rejects.toMatchObject({ fault: 'context' });
    await expect(ask).rejects.toThrow(new RegExp(`\\d{4} tokens.*${engine.contextTokens}`));
  });

  test(
    'brings the model back when the device is lost, idle or in the middle of an ask',
    async () => {
      const begins = (text: string) => text !== '' && greedy.startsWith(text);
      engine.loseDevice();
      await pause(300);
      expect((await engine.generate(rainbow({ maxTokens: 2 }), calm())).text).toSatisfy(begins);
      expect(recovered).toHaveLength(1);

      const hit = engine.generate(rainbow({ maxTokens: 4 }), calm());
      const behind = engine.generate(rainbow({ maxTokens: 2 }), calm());
      await pause(hubModel === null ? 100 : 5);
      engine.loseDevice();
      expect((await hit).text).toSatisfy(begins);
      expect((await behind).text).toSatisfy(begins);
      expect(recovered).toHaveLength(2);
    },
    LONG,
  );
});

describe.skipIf(!present)(`the token ids of ${hubModel ?? 'SmolLM2-135M'}${skipped}`, () => {
  const engines: MLCEngine[] = [];
  afterAll(() => Promise.all(engines.map((engine) => engine.unload())));

  test(
    'are those of web-llm itself, id by id, special tokens and all',
    async () => {
      const record = modelRecord(spec);
      const engine = new MLCEngine({ appConfig: { model_list: [record], cacheBackend: 'cache' } });
      engines.push(engine);
      await engine.reload(record.model_id);
      const inside = new Inside(engine, record.model_id);
      const specials = specialTokens(await tokenizerJson(record));
      const settings = { specials, emptyThinking: false };
      const encode = (text: string) => inside.encode(text);
      for (const conversation of reference.conversations) {
        const turns = messages(conversation);
        const { ids } = promptIds({ kind: 'chat', messages: turns }, inside.template, encode, settings);
        expect(ids).toEqual(await idsOfWebllm(engine, record.model_id, turns.map(escaped)));
        expect(ids.length).toBeGreaterThan(8);
      }
      // What would be a special token is not one in data; all else of that prompt is the same.
      const live = await idsOfWebllm(
        engine,
        record.model_id,
        messages(reference.tricky.messages).map(escaped),
      );
      const tricky = { kind: 'chat' as const, messages: messages(reference.tricky.messages) };
      const { ids: inert } = promptIds(tricky, inside.template, encode, settings);
      expect(inside.decode(inert)).toBe(inside.decode(live));
      if (hubModel === null) expect(inert.length).toBeGreaterThan(live.length);
    },
    LONG,
  );
});

describe.skipIf(!present)(`webllm's public way of asking${skipped}`, () => {
  test(
    'gives what our own way gives, save that special tokens in data are live',
    async () => {
      const { engine } = await open({ path: 'public' });
      try {
        const reply = await engine.generate(rainbow({ maxTokens: 4 }), calm());
        expect(reply.text).not.toBe('');
        expect(greedy.startsWith(reply.text)).toBe(true);
        if (hubModel === null) {
          expect(reply.tokens.in).toBe(reference.chat.promptTokens);
          const tricky = await engine.generate(chat(reference.tricky.messages, { maxTokens: 1 }), calm());
          expect(tricky.tokens.in).toBe(reference.tricky.promptTokensWithSpecial);
        }
        await expect(engine.choose(completion('a'), ['b'], calm())).rejects.toMatchObject({
          fault: 'refused',
        });
      } finally {
        await engine.dispose();
      }
    },
    LONG,
  );
});
