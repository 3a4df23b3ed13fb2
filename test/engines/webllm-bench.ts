import type { Ask } from '../../src/core/model.ts';
import { LOCAL_TEST_MODEL } from '../../src/engines/models.ts';
import { type WebllmEngine, type WebllmSpec, webllmEngine } from '../../src/engines/webllm.ts';

/**
 * Speed of the WebLLM adapter in the page that loads this file (scripts/gpu.js does): tokens a second, and what it saves
 * on many short inputs behind one prompt, against the same asks made by web-llm's own chat path.
 */

export interface BenchOptions {
  /** An id of web-llm's own list, or `smollm2-local`. */
  model: string;
  /** About so many tokens are common to all asks of a workload. */
  prefixes: readonly number[];
  /** Asks in each workload. */
  inputs: number;
  /** Tokens generated when decoding is measured. */
  decode: number;
}

export interface Workload {
  asks: number;
  /** Tokens that each ask found in the cache, as the second one said. */
  prefix: number;
  /** Tokens of all prompts, and those of them that were computed. */
  prompt: number;
  computed: number;
  ownMs: number;
  webllmMs: number;
  /** Asks with the same text both ways. */
  same: number;
}

export interface Figures {
  details: readonly string[];
  loadMs: number;
  /** Tokens a second. */
  prefill: { tokens: number; rate: number };
  decode: { tokens: number; rate: number };
  workloads: Workload[];
}

/** One token a word, more or less, for every tokenizer. */
const WORDS =
  'The old clock in the hall struck nine while the rain went on and nobody at the long table said a word about the letter'.split(
    ' ',
  );

const REVIEWS = [
  'A joy from start to end.',
  'I walked out after an hour.',
  'Sharp, moving and funny.',
  'The plot makes no sense.',
  'Dull and far too long.',
  'I loved every minute of it.',
  'A waste of a good cast.',
  'The best film of the year.',
  'Nothing in it is new.',
  'It made me laugh and cry.',
  'The jokes fall flat.',
  'A small, quiet wonder.',
  'I fell asleep twice.',
  'Go and see it tonight.',
  'The ending ruins it.',
  'Warm, clever and kind.',
];

/** Short answers, as labels are. */
const ANSWER_TOKENS = 2;

const calm = () => new AbortController().signal;

export async function bench(options: BenchOptions, say: (line: string) => void): Promise<Figures> {
  const spec = specOf(options.model);
  const jobs = options.prefixes.map((prefix) => ({ prefix, asks: asksBehind(prefix, options.inputs) }));

  const own = webllmEngine(spec);
  const began = performance.now();
  await own.load(() => undefined, calm());
  const loadMs = performance.now() - began;
  const { details } = own;
  say(`Loaded in ${(loadMs / 1000).toFixed(1)} s. ${details.join('. ')}`);
  const prefill = await prefillRate(own, Math.min(...options.prefixes));
  const decode = await decodeRate(own, options.decode);
  say(`Prefill ${prefill.rate.toFixed(1)} tokens/s, decode ${decode.rate.toFixed(1)} tokens/s`);
  const mine = [];
  for (const { prefix, asks } of jobs) {
    await forget(own);
    mine.push(await timed(own, asks));
    say(`Prefix of about ${prefix} tokens, this adapter: ${asks.length} asks done`);
  }
  await own.dispose();

  const plain = webllmEngine(spec, { path: 'public' });
  await plain.load(() => undefined, calm());
  await forget(plain);
  const workloads: Workload[] = [];
  for (const [n, { prefix, asks }] of jobs.entries()) {
    const theirs = await timed(plain, asks);
    say(`Prefix of about ${prefix} tokens, web-llm's own chat path: ${asks.length} asks done`);
    const ours = mine[n];
    if (!ours) continue;
    const { tokens } = ours;
    workloads.push({
      asks: asks.length,
      prefix: tokens[1]?.cached ?? 0,
      prompt: tokens.reduce((sum, one) => sum + one.in, 0),
      computed: tokens.reduce((sum, one) => sum + one.in - one.cached, 0),
      ownMs: ours.ms,
      webllmMs: theirs.ms,
      same: ours.texts.filter((text, i) => text === theirs.texts[i]).length,
    });
  }
  await plain.dispose();
  return { details, loadMs, prefill, decode, workloads };
}

function specOf(model: string): WebllmSpec {
  const { source } = LOCAL_TEST_MODEL;
  if (`webllm:${model}` !== LOCAL_TEST_MODEL.id || source.kind !== 'local')
    return { kind: 'prebuilt', modelId: model };
  const { engineName: name, quantization, folder, library } = source;
  const at = (path: string) => new URL(`/models/${path}`, location.href).href;
  return { kind: 'custom', name, quantization, weightsUrl: at(folder), libraryUrl: at(library) };
}

/** Chats with one long system message and a short input each. */
function asksBehind(prefix: number, count: number): Ask[] {
  // The chat template and the instruction take some twenty tokens themselves.
  const filler = wordsOf(Math.max(1, prefix - 20));
  const system = `Say whether the film review is positive or negative. ${filler}.`;
  return Array.from({ length: count }, (_, i) => ({
    content: {
      kind: 'chat',
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: REVIEWS[i % REVIEWS.length] ?? '' },
      ],
    },
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    seed: 0,
  }));
}

const wordsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => WORDS[i % WORDS.length] ?? '').join(' ');

const completion = (text: string, maxTokens: number): Ask => ({
  content: { kind: 'completion', text },
  maxTokens,
  temperature: 0,
  seed: 0,
});

/** Leaves nothing useful in the cache, and warms the device up. */
async function forget(engine: WebllmEngine): Promise<void> {
  await engine.generate(completion('x', 1), calm());
}

async function timed(engine: WebllmEngine, asks: readonly Ask[]) {
  const texts: string[] = [];
  const tokens: { in: number; cached: number }[] = [];
  const began = performance.now();
  for (const ask of asks) {
    const reply = await engine.generate(ask, calm());
    texts.push(reply.text);
    tokens.push(reply.tokens);
  }
  return { ms: performance.now() - began, texts, tokens };
}

/** A prompt read in full, with one token generated, which costs next to nothing more. */
async function prefillRate(engine: WebllmEngine, count: number) {
  const ask = completion(wordsOf(count), 1);
  await forget(engine);
  await engine.generate(ask, calm()); // the first of its length compiles and allocates
  await forget(engine);
  const { ms, tokens } = await timed(engine, [ask]);
  const computed = tokens.reduce((sum, one) => sum + one.in - one.cached, 0);
  return { tokens: computed, rate: (1000 * computed) / ms };
}

/** With the prompt in the cache, each token of the reply is one step. */
async function decodeRate(engine: WebllmEngine, count: number) {
  const text = 'Once upon a time there was a';
  await engine.generate(completion(text, 1), calm());
  const began = performance.now();
  const { tokens } = await engine.generate(completion(text, count), calm());
  return { tokens: tokens.out, rate: (1000 * tokens.out) / (performance.now() - began) };
}
