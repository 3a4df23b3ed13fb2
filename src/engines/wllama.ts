import { type Ask, type Content, type Engine, EngineError, type Report } from '../core/model.ts';
import { hash32 } from '../core/hash.ts';
import { fetchModel } from './fetch-model.ts';
import type { ModelFile } from './gguf-files.ts';
import { md5 } from './md5.ts';
import { makeQueue } from './queue.ts';
import { chooseBy, type Lengths } from './wllama-choose.ts';
import { type Runtime, RuntimeDeath, startRuntime } from './wllama-runtime.ts';

export interface WllamaOptions extends ModelFile {
  /** Model and quantization as they stand in the engine's id: `smollm2-135m-instruct:q8_0`. */
  name: string;
  /** Default 2048. */
  contextTokens?: number;
  /** Default: half the machine's logical cores, at least 2 and at most 8; always 1 without cross-origin isolation. */
  threads?: number;
}

/** Past prompts that llama.cpp keeps may grow to this before it is started afresh; WASM never gives memory back. */
const HELD_LIMIT = 1 << 30;

/**
 * llama.cpp on the CPU, in WASM. One ask at a time. A prompt that shares its beginning with an earlier one is computed
 * from where they part. What is cached changes the last digits of the logits, which a draw may turn into other words: so
 * the prompt of a sampled ask is computed in one piece first, unless the ask before had the same prompt, and the same ask
 * and seed give the same text whatever was asked before, also after a restart. An instance that dies is replaced and the ask put again, once.
 */
export function wllamaEngine(options: WllamaOptions): Engine {
  const queue = makeQueue();
  const lengths: Lengths = new Map();
  const contextTokens = options.contextTokens ?? 2048;
  let model: Blob | null = null;
  /** The hash of the model file. */
  let file = '';
  let runtime: Runtime | null = null;
  /** The prompt that was last computed in one piece and that the cache still holds; null after any other ask. */
  let primed: string | null = null;

  async function ready(report: Report, signal: AbortSignal): Promise<Runtime> {
    if (runtime && runtime.heldBytes() > HELD_LIMIT) drop();
    if (runtime) return runtime;
    if (model === null) {
      model = await fetchModel(options, report, signal);
      file = options.sha256 ?? (await md5Of(model));
    }
    report({ loaded: model.size, total: model.size, doing: `Starting ${options.name}` });
    const threads = crossOriginIsolated ? (options.threads ?? defaultThreads()) : 1;
    const started = await startRuntime(model, options.name, { contextTokens, threads });
    if (signal.aborted) {
      started.exit();
      throw new EngineError('aborted', `Loading ${options.name} was cancelled.`);
    }
    runtime = started;
    return started;
  }

  function drop(): void {
    primed = null;
    runtime?.exit();
    runtime = null;
  }

  /** Runs a job, in a new instance if the one it ran in died. */
  async function steady<T>(job: (runtime: Runtime) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await job(await ready(() => undefined, signal));
    } catch (error) {
      if (!(error instanceof RuntimeDeath)) throw error;
      drop();
    }
    try {
      return await job(await ready(() => undefined, signal));
    } catch (error) {
      if (error instanceof EngineError && error.fault === 'aborted') throw error;
      if (error instanceof EngineError && runtime) throw error;
      drop();
      const why = error instanceof Error ? error.message : String(error);
      throw new EngineError(
        'lost',
        `llama.cpp stopped twice in a row while answering with ${options.name}: ${why}`,
        'Resume the run: it goes on from its log with a fresh instance. Choose a smaller model if this repeats.',
      );
    }
  }

  const ask = <T>(job: (runtime: Runtime, signal: AbortSignal) => Promise<T>, signal: AbortSignal) =>
    queue.run((stop) => steady((live) => job(live, stop), stop), signal);

  return {
    id: `wllama:${options.name}`,
    parallel: 1,
    get contextTokens() {
      return runtime?.contextTokens ?? contextTokens;
    },
    get details() {
      return runtime ? describe(runtime) : [];
    },
    get build() {
      return runtime ? `${file} llama.cpp ${runtime.version} ${runtime.contextTokens}` : null;
    },
    async load(report, signal) {
      await queue.run((stop) => ready(report, stop), signal);
    },
    generate: (asked, signal, heard) =>
      ask(async (live, stop) => {
        const settings = settingsOf(asked);
        const whole = JSON.stringify(asked.content);
        const prime = asked.temperature > 0 && primed !== whole;
        primed = null;
        if (prime) await live.run(asked.content, { maxTokens: 1, temperature: 0, fresh: true }, stop);
        const { text, tokens, finish } = await live.run(asked.content, settings, stop, heard);
        if (asked.temperature > 0) primed = whole;
        return { text, tokens: prime ? { ...tokens, cached: 0 } : tokens, finish };
      }, signal),
    choose: ({ content }: { content: Content }, texts, signal) =>
      ask((live, stop) => {
        primed = null;
        return chooseBy(live, content, texts, lengths, stop);
      }, signal),
    dispose() {
      queue.close(new EngineError('aborted', `${options.name} was closed.`));
      drop();
      model = null;
      return Promise.resolve();
    },
  };
}

/** Takes a few seconds a gigabyte; files that come with a hash were checked by it. */
async function md5Of(blob: Blob): Promise<string> {
  const hash = md5();
  const reader = blob.stream().getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) hash.add(read.value);
  return hash.end();
}

function settingsOf(ask: Ask) {
  const { maxTokens, temperature, stop, until, grammar } = ask;
  return {
    maxTokens,
    temperature,
    // 31 bits, because llama.cpp takes the largest 32-bit seed to mean a random one.
    seed: hash32(String(ask.seed)) >>> 1,
    ...(stop && { stop }),
    ...(until && { until }),
    ...(grammar !== undefined && { grammar }),
  };
}

/** Threads spin while they wait, so more of them than cores slows all; half of the logical cores are real ones. */
function defaultThreads(): number {
  const cores = navigator.hardwareConcurrency;
  return cores < 2 ? 1 : Math.min(8, Math.max(2, Math.floor(cores / 2)));
}

function describe(runtime: Runtime): string[] {
  const threads = crossOriginIsolated
    ? `CPU, ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'}`
    : 'CPU, 1 thread: the page is not cross-origin isolated, so it may not use more';
  return [threads, `llama.cpp ${runtime.version} in WebAssembly`];
}
