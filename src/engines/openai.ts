import * as v from 'valibot';
import { type Ask, type Content, type Engine, EngineError, type Heard, type Reply } from '../core/model.ts';
import { hash32 } from '../core/hash.ts';
import { chooseWith, findScorer, type Scorer } from './openai-choose.ts';
import { type Gather, openWire, type Wire } from './openai-wire.ts';
import { makeQueue, type Queue } from './queue.ts';

export interface OpenaiOptions {
  /** `http://localhost:8080/v1`: what `/chat/completions` and `/completions` are appended to. */
  baseUrl: string;
  model: string;
  /** Asks in flight at once, at least 1. */
  parallel: number;
  /** Empty for none. Kept in memory only. */
  apiKey: string;
  /** Allows a server on another machine, to which prompts and examples are then sent. */
  beyondThisMachine: boolean;
  /** Default 4096. Servers do not say; the ask that overflows is recognised all the same. */
  contextTokens?: number;
  /** How long a failing request is tried again; default one minute. */
  patienceMs?: number;
  /** How long one reply may take; default ten minutes. */
  replyMs?: number;
}

const counts = v.nullish(
  v.object({
    prompt_tokens: v.number(),
    completion_tokens: v.number(),
    prompt_tokens_details: v.nullish(v.object({ cached_tokens: v.nullish(v.number()) })),
  }),
);
const chatAnswer = v.object({
  choices: v.tupleWithRest(
    [
      v.object({
        message: v.object({ content: v.nullable(v.string()) }),
        finish_reason: v.nullish(v.string()),
      }),
    ],
    v.unknown(),
  ),
  usage: counts,
});
const textAnswer = v.object({
  choices: v.tupleWithRest(
    [v.object({ text: v.string(), finish_reason: v.nullish(v.string()) })],
    v.unknown(),
  ),
  usage: counts,
});

/** A part of a reply of either kind. */
const piece = v.object({
  choices: v.array(
    v.object({
      delta: v.nullish(v.object({ content: v.nullish(v.string()) })),
      text: v.nullish(v.string()),
      finish_reason: v.nullish(v.string()),
    }),
  ),
  usage: counts,
});

/**
 * A model behind an OpenAI-compatible server on this machine (llama.cpp, vLLM, Ollama, LM Studio). Throws EngineError
 * for an address that may not be used. `choose` appears with `load`, if the server turns out to be able to.
 */
export function openaiEngine(options: OpenaiOptions): Engine {
  const patience = { patienceMs: 60_000, replyMs: 600_000, ...options };
  const wire = openWire(patience);
  const lanes = Array.from({ length: Math.max(1, options.parallel) }, () => ({
    queue: makeQueue(),
    waiting: 0,
  }));
  const details: string[] = [];
  let loaded = false;

  /** Puts a job into the shortest lane, so at most `parallel` run at once. */
  async function inLane<T>(job: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const lane = lanes.reduce((best, other) => (other.waiting < best.waiting ? other : best));
    lane.waiting++;
    try {
      return await lane.queue.run(job, signal);
    } finally {
      lane.waiting--;
    }
  }

  const engine: Engine = {
    id: `openai:${options.model}:unknown`,
    parallel: lanes.length,
    contextTokens: options.contextTokens ?? 4096,
    details,
    async load(report, signal) {
      if (loaded) return;
      report({
        loaded: 0,
        total: null,
        doing: `Asking ${new URL(options.baseUrl).host} for ${options.model}`,
      });
      const impatient = openWire({
        ...patience,
        patienceMs: Math.min(LOAD_PATIENCE_MS, patience.patienceMs),
      });
      await inLane((stop) => greet(impatient, options.model, stop), signal);
      const scorer = await inLane((stop) => findScorer(impatient, options.model, wire, stop), signal);
      if (scorer) engine.choose = chooser(scorer, inLane);
      const scoring = scorer ? 'answers can be scored' : 'answers cannot be scored, only read';
      details.splice(0, details.length, `Server at ${new URL(options.baseUrl).host}; ${scoring}`);
      loaded = true;
    },
    generate: (ask, signal, heard) =>
      inLane((stop) => complete(wire, options.model, ask, stop, heard), signal),
    dispose() {
      closeAll(lanes, options.model);
      return Promise.resolve();
    },
  };
  return engine;
}

/** Somebody waits before the page while a server is tried for the first time. */
const LOAD_PATIENCE_MS = 2000;

/** One token, to see that address, key and model are right. A base model may have no chat template. */
async function greet(wire: Wire, model: string, signal: AbortSignal): Promise<void> {
  const one = { maxTokens: 1, temperature: 0, seed: 0 };
  try {
    const messages = [{ role: 'user', content: 'Hi' }] as const;
    await complete(wire, model, { ...one, content: { kind: 'chat', messages } }, signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.fault !== 'refused') throw error;
    await complete(wire, model, { ...one, content: { kind: 'completion', text: 'Hi' } }, signal);
  }
}

async function complete(
  wire: Wire,
  model: string,
  ask: Ask,
  signal: AbortSignal,
  heard?: Heard,
): Promise<Reply> {
  const gather = heard && (() => gathering(heard));
  const body = {
    model,
    max_tokens: ask.maxTokens,
    temperature: ask.temperature,
    seed: hash32(String(ask.seed)) >>> 1,
    ...(ask.stop && ask.stop.length > 0 && { stop: ask.stop }),
    ...(ask.grammar !== undefined && { grammar: ask.grammar }),
    // In parts only where somebody listens: then not every server counts the tokens.
    ...(heard && { stream: true }),
  };
  const { content } = ask;
  if (content.kind === 'chat') {
    const answer = await wire.post(
      'chat/completions',
      { ...body, messages: content.messages },
      chatAnswer,
      signal,
      gather,
    );
    const [{ message, finish_reason }] = answer.choices;
    return reply(content, message.content ?? '', finish_reason, answer.usage);
  }
  const answer = await wire.post(
    'completions',
    { ...body, prompt: content.text },
    textAnswer,
    signal,
    gather,
  );
  const [{ text, finish_reason }] = answer.choices;
  return reply(content, text, finish_reason, answer.usage);
}

/** Makes the answer, as it would have come whole, of its parts, and tells what is there of its text. */
function gathering(heard: Heard): Gather {
  let text = '';
  let finish: string | null = null;
  let usage: v.InferOutput<typeof counts>;
  return {
    take(part) {
      const { choices, usage: counted } = v.parse(piece, part);
      usage = counted ?? usage;
      const [choice] = choices;
      finish = choice?.finish_reason ?? finish;
      const more = choice?.delta?.content ?? choice?.text ?? '';
      if (more === '') return;
      text += more;
      heard(text);
    },
    whole: () => ({ choices: [{ message: { content: text }, text, finish_reason: finish }], usage }),
  };
}

function reply(
  content: Content,
  text: string,
  finish: string | null | undefined,
  usage: v.InferOutput<typeof counts>,
): Reply {
  const tokens = usage
    ? {
        in: usage.prompt_tokens,
        cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
        out: usage.completion_tokens,
      }
    : { in: roughTokens(promptText(content)), cached: 0, out: roughTokens(text) };
  return { text, tokens, finish: finish === 'length' ? 'length' : 'stop' };
}

/** Four characters a token, for servers that do not count: a budget is better roughly kept than not at all. */
const roughTokens = (text: string) => Math.ceil(text.length / 4);

const promptText = (content: Content) =>
  content.kind === 'completion'
    ? content.text
    : content.messages.map((message) => message.content).join('\n');

type Run = <T>(job: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Each option is a request of its own in whatever lane is free. */
function chooser(scorer: Scorer, inLane: Run): NonNullable<Engine['choose']> {
  const inTurn: Scorer = (text, option, signal) => inLane((stop) => scorer(text, option, stop), signal);
  return ({ content }, options, signal) => {
    if (content.kind === 'completion') return chooseWith(inTurn, content.text, options, signal);
    const message = 'A server scores answers only as continuations of a text, not within a chat.';
    return Promise.reject(new EngineError('refused', message, 'Put the task to the model as a completion.'));
  };
}

function closeAll(lanes: readonly { queue: Queue }[], model: string): void {
  for (const { queue } of lanes)
    queue.close(new EngineError('aborted', `The connection to ${model} was closed.`));
}
