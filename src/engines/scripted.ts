import { wholeObjectEnd } from '../core/json-object.ts';
import { type Ask, type Choice, type Content, type Engine, EngineError, type Reply } from '../core/model.ts';

export interface Script {
  /**
   * The reply to the n-th ask (from 0). A string is cut at the ask's stop strings, at the object that it asks for and to `maxTokens` words; a Reply is
   * given back as it is. May throw an EngineError, to play a failing runtime.
   */
  reply: (ask: Ask, n: number) => string | Reply;
  /** Log-probability of each option. Without it the engine has no `choose`. */
  choose?: (ask: Ask, options: readonly string[]) => number[];
  id?: string;
  parallel?: number;
  /** Words of prompt and reply together; an ask that exceeds it fails with `context`. Default 1 000 000. */
  contextTokens?: number;
  /** Milliseconds before each answer; 0, the default, answers in the next microtask. */
  delayMs?: number;
}

/** An engine that answers from a script, for tests and demonstrations. `asks` holds every ask in order of arrival. */
export interface ScriptedEngine extends Engine {
  readonly asks: Ask[];
}

/** Deterministic where the script is. Its tokens are words, so costs can be worked out by hand; nothing is cached. */
export function scriptedEngine(script: Script): ScriptedEngine {
  const asks: Ask[] = [];
  const disposal = new AbortController();
  const contextTokens = script.contextTokens ?? 1_000_000;

  /** Counts the ask, waits, and gives the ask's number and the words of its prompt. */
  async function take(ask: Ask, signal: AbortSignal): Promise<{ n: number; words: number }> {
    const stop = AbortSignal.any([signal, disposal.signal]);
    if (stop.aborted) throw aborted();
    const n = asks.push(ask) - 1;
    const words = promptWords(ask.content);
    if (words + 1 > contextTokens) {
      throw new EngineError('context', `The prompt has ${words} tokens; the context holds ${contextTokens}.`);
    }
    await pause(script.delayMs ?? 0, stop);
    return { n, words };
  }

  const { choose } = script;
  return {
    id: script.id ?? 'scripted:script:none',
    parallel: script.parallel ?? 1,
    contextTokens,
    details: ['Answers from a script'],
    asks,
    load: (_report, signal) => (signal.aborted ? Promise.reject(aborted()) : Promise.resolve()),
    async generate(ask, signal, heard) {
      const { n, words } = await take(ask, signal);
      const scripted = script.reply(ask, n);
      const reply = typeof scripted === 'string' ? cut(scripted, ask, words) : scripted;
      heard?.(reply.text);
      return reply;
    },
    ...(choose && {
      async choose(ask: Ask, options: readonly string[], signal: AbortSignal): Promise<Choice> {
        const { words } = await take(ask, signal);
        return { logProbs: choose(ask, options), tokens: { in: words, cached: 0, out: 1 } };
      },
    }),
    dispose() {
      disposal.abort();
      return Promise.resolve();
    },
  };
}

/** Words are what white space separates. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

function promptWords(content: Content): number {
  if (content.kind === 'completion') return countWords(content.text);
  return content.messages.reduce((sum, message) => sum + countWords(message.content), 0);
}

function cut(text: string, ask: Ask, words: number): Reply {
  const whole = ask.until === 'object' ? wholeObjectEnd(text) : null;
  const ends = (ask.stop ?? []).map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  if (whole !== null) ends.push(whole);
  const stopped = ends.length > 0 ? text.slice(0, Math.min(...ends)) : text;
  const kept = new RegExp(`^(?:\\s*\\S+){0,${ask.maxTokens}}`).exec(stopped)?.[0] ?? '';
  const long = countWords(stopped) > ask.maxTokens;
  const reply = long ? kept : stopped;
  const tokens = { in: words, cached: 0, out: countWords(reply) };
  return { text: reply, tokens, finish: long ? 'length' : 'stop' };
}

const aborted = () => new EngineError('aborted', 'The ask was cancelled before its reply came.');

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(aborted());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
