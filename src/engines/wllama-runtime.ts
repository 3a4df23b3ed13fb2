import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import * as v from 'valibot';
import { wholeObjectEnd } from '../core/json-object.ts';
import { type Content, EngineError, type Heard, type Tokens } from '../core/model.ts';
import { inert, specialNames } from './inert.ts';

/** llama.cpp in WASM with one model loaded: asks in, checked answers out. Dead once it threw RuntimeDeath. */
export interface Runtime {
  readonly contextTokens: number;
  readonly threads: number;
  readonly version: string;
  /** Bytes of past prompts that llama.cpp may be holding for reuse; it only grows, so the engine starts afresh at a limit. */
  heldBytes(): number;
  run(content: Content, settings: Settings, signal: AbortSignal, heard?: Heard): Promise<Output>;
  exit(): void;
}

export interface Settings {
  maxTokens: number;
  /** 0 is greedy. */
  temperature: number;
  seed?: number;
  stop?: readonly string[];
  until?: 'object';
  grammar?: string;
  /** List this many likeliest tokens at every step, by their probability before temperature and grammar. */
  top?: number;
  /** Prefer the tokens that the tokenizer itself would make of this text. */
  prefer?: string;
  /** Compute the whole prompt, whatever the cache holds of it. */
  fresh?: boolean;
}

export interface Output {
  text: string;
  finish: 'stop' | 'length';
  tokens: Tokens;
  /** One a generated token; empty unless `top` was set. Log-probabilities are the model's own, over all tokens. */
  steps: Step[];
}

export interface Step {
  text: string;
  logProb: number;
  top: { text: string; logProb: number }[];
}

/** The WASM instance or its worker is gone; what it was asked may succeed in a new one. */
export class RuntimeDeath extends Error {}

/** Prompt tokens computed between two looks at the abort signal: about 3 s on a slow machine. */
const CHUNK = 64;

const probability = v.object({ token: v.string(), logprob: v.nullable(v.number(), -Infinity) });
const step = v.object({ ...probability.entries, top_logprobs: v.optional(v.array(probability), []) });

/** A streamed piece of a chat or a completion. The last one carries the reason to end and the token counts. */
const chunk = v.object({
  choices: v.tuple([
    v.object({
      text: v.optional(v.string(), ''),
      delta: v.optional(v.object({ content: v.nullish(v.string(), '') }), {}),
      finish_reason: v.nullish(v.string()),
      logprobs: v.nullish(v.object({ content: v.array(step) })),
    }),
  ]),
  timings: v.optional(v.object({ cache_n: v.number(), prompt_n: v.number(), predicted_n: v.number() })),
});

/** A WebAssembly module with one 64-bit memory and nothing else. */
const MEMORY64 = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1]);

export async function startRuntime(
  model: Blob,
  name: string,
  wanted: { contextTokens: number; threads: number },
): Promise<Runtime> {
  if (!WebAssembly.validate(MEMORY64)) {
    throw new EngineError(
      'unavailable',
      'This browser has no 64-bit WebAssembly memory, which the CPU runtime needs.',
      'Use a current Chrome, Edge or Firefox, or a server on this machine.',
    );
  }
  const { Wllama, WllamaError } = await import('@wllama/wllama/esm/index.js');
  const native = listenToLog();
  const wllama = new Wllama({ default: wasmUrl }, { logger: native.logger });
  wllama.setCompat(null); // its default would fetch code from a CDN where the browser is old
  try {
    const started = wllama.loadModel([model], {
      n_ctx: wanted.contextTokens,
      n_threads: wanted.threads,
      n_parallel: 1,
      n_batch: CHUNK,
      n_ubatch: CHUNK,
      n_gpu_layers: 0,
      warmup: false,
      jinja: true,
      reasoning_format: 'none',
      log_level: 4,
      // No seed here: it would override the seed of every ask.
    });
    await Promise.race([started, native.death]);
    // A file that llama.cpp cannot read does not reject: it leaves an empty description.
    if (!(wllama.getLoadedContextInfo().n_vocab > 0))
      throw new Error('it is not a model that llama.cpp knows');
  } catch (error) {
    await wllama.exit();
    throw loadFault(error, name, native.last());
  }
  const info = wllama.getLoadedContextInfo();
  const names = specialNames(wllama.getChatTemplate() ?? '');
  const bytesPerToken = keptBytesPerToken(info.metadata, info.n_embd, info.n_layer);
  let spentTokens = 0;

  /** Sends one request and gathers what is streamed back. Unstreamed replies fail when cut inside a character. */
  async function stream(
    content: Content,
    settings: Settings,
    signal: AbortSignal,
    heard?: Heard,
  ): Promise<Output> {
    const steps: Step[] = [];
    let text = '';
    let finish: 'stop' | 'length' = 'stop';
    const whole = new AbortController();
    let tokens: Tokens = { in: 0, cached: 0, out: 0 };
    const onData = (data: unknown) => {
      const { choices, timings } = v.parse(chunk, data);
      const [choice] = choices;
      const more = choice.text + (choice.delta.content ?? '');
      text += more;
      if (more !== '') heard?.(text);
      if (choice.finish_reason === 'length') finish = 'length';
      for (const { token, logprob, top_logprobs } of choice.logprobs?.content ?? []) {
        const top = top_logprobs.map((t) => ({ text: t.token, logProb: t.logprob }));
        steps.push({ text: token, logProb: logprob, top });
      }
      if (timings) {
        const { cache_n: cached, prompt_n: computed, predicted_n: out } = timings;
        tokens = { in: cached + computed, cached, out };
        const end = settings.until === 'object' ? wholeObjectEnd(text) : null;
        if (end !== null) {
          text = text.slice(0, end);
          finish = 'stop';
          whole.abort();
        }
      }
    };
    const request = {
      ...sampling(settings),
      cache_prompt: settings.fresh !== true,
      stream: true,
      onData,
      // Each piece tells what it cost, so that the sum is known wherever the reply is broken off.
      ...(settings.until !== undefined && { timings_per_token: true }),
      abortSignal: AbortSignal.any([signal, whole.signal]),
    } as const;
    try {
      if (content.kind === 'chat') {
        const messages = content.messages.map((m) => ({ role: m.role, content: inert(m.content, names) }));
        await wllama.createChatCompletion(Object.assign({ messages }, request));
      } else {
        await wllama.createCompletion(Object.assign({ prompt: inert(content.text, names) }, request));
      }
    } catch (error) {
      if (!whole.signal.aborted || signal.aborted) throw error;
    }
    spentTokens += tokens.in - tokens.cached + tokens.out;
    return { text, finish, tokens, steps };
  }

  return {
    contextTokens: info.n_ctx,
    threads: wllama.getNumThreads(),
    version: Wllama.getLibllamaVersion(),
    // A prompt is set aside when the next shares less than half of it: at most two tokens held for one computed.
    heldBytes: () => 2 * spentTokens * bytesPerToken,
    async run(content, settings, signal, heard) {
      if (content.kind === 'completion' && content.text === '') {
        throw new EngineError(
          'refused',
          'The prompt is empty.',
          'Give the model at least one character to go on from.',
        );
      }
      try {
        return await Promise.race([stream(content, settings, signal, heard), native.death]);
      } catch (error) {
        if (signal.aborted) throw new EngineError('aborted', 'The ask was cancelled before its reply came.');
        if (error instanceof WllamaError) throw askFault(error.message, info.n_ctx);
        // The way a C++ exception arrives: this ask is at fault, the instance lives on.
        const thrown = error instanceof Error && error.message.startsWith('Invalid typed array length');
        if (thrown) throw askFault(native.last(), info.n_ctx);
        throw new RuntimeDeath(describe(error));
      }
    },
    exit: () => void wllama.exit(),
  };
}

/** The ask's settings in llama.cpp's words. Temperature alone shapes the distribution: an Ask names nothing else. */
function sampling(settings: Settings): Record<string, unknown> {
  const stop = settings.stop?.filter((text) => text !== '').map((text) => text.toWellFormed()) ?? [];
  return {
    max_tokens: settings.maxTokens,
    temperature: settings.temperature,
    samplers: ['temperature'],
    ...(settings.seed !== undefined && { seed: settings.seed }),
    ...(stop.length > 0 && { stop }),
    ...(settings.grammar !== undefined && { grammar: settings.grammar }),
    ...(settings.top !== undefined && { n_probs: settings.top }),
    ...(settings.prefer !== undefined && { logit_bias: { [settings.prefer]: 100 } }),
  };
}

function askFault(message: string, contextTokens: number): EngineError {
  const sizes = /request \((\d+) tokens\) exceeds the available context size \((\d+) tokens\)/.exec(message);
  if (sizes) {
    const [, asked, available] = sizes;
    return new EngineError(
      'context',
      `The prompt has ${asked} tokens; the context of this model holds ${available ?? contextTokens}.`,
      'Use fewer or shorter examples in the prompt, or a model with a larger context.',
    );
  }
  const about = /grammar/i.test(message) ? 'Check the grammar (GBNF).' : '';
  return new EngineError('refused', `llama.cpp refused the ask: ${message}`, about);
}

function loadFault(error: unknown, name: string, lastLine: string): EngineError {
  const why = [describe(error), lastLine].filter((part) => part !== '').join('; ');
  if (/memory|alloc|oom/i.test(why)) {
    return new EngineError(
      'memory',
      `${name} does not fit into the memory this page can have: ${why}`,
      'Close other tabs or choose a smaller model.',
    );
  }
  return new EngineError(
    'unavailable',
    `llama.cpp could not load ${name}: ${why}`,
    'Check that the file is a whole GGUF model; choose another model otherwise.',
  );
}

/** Keys and values of one token over all layers in 16 bits, by the model's own description. */
function keptBytesPerToken(metadata: Record<string, string>, width: number, layers: number): number {
  const fact = (key: string) => Number(metadata[`${metadata['general.architecture']}.${key}`]);
  const heads = fact('attention.head_count');
  const kvHeads = fact('attention.head_count_kv');
  const share = heads > 0 && kvHeads > 0 ? kvHeads / heads : 1;
  return 2 * 2 * layers * width * share;
}

const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Keeps the last native line for error messages and turns the worker's own death, which is only logged, into a rejection. */
function listenToLog() {
  let last = '';
  let die: (error: RuntimeDeath) => void = () => undefined;
  const death = new Promise<never>((_, reject) => {
    die = reject;
  });
  death.catch(() => undefined);
  const listen = (...parts: unknown[]) => {
    const [first] = parts;
    if (first instanceof ErrorEvent) die(new RuntimeDeath(`the worker died: ${first.message}`));
    else if (typeof first === 'string' && !first.startsWith('Stack trace')) last = parts.join(' ').trim();
  };
  const logger = { debug: () => undefined, log: listen, warn: listen, error: listen };
  return { logger, death, last: () => last };
}
