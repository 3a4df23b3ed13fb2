/** Simulation only: an Engine whose replies are worked out at once, with a plausible count of tokens. */
import { EngineError, type Ask, type Content, type Engine } from '../../src/core/model.ts';

/** Tokens a word, and tokens around each message of a chat. */
const A_WORD = 1.3;
const A_MESSAGE = 4;

/**
 * `cache` plays one key-value cache: what an ask shares with the beginning of the previous one counts as cached.
 * Without it every prompt token counts as computed.
 */
export function simulatedEngine(id: string, reply: (ask: Ask) => string, cache: boolean): Engine {
  let held = '';
  return {
    id,
    parallel: 1,
    contextTokens: 8192,
    details: ['Simulated: no model is asked'],
    load: () => Promise.resolve(),
    generate(ask, signal) {
      if (signal.aborted) return Promise.reject(new EngineError('aborted', 'The ask was cancelled.'));
      const text = reply(ask);
      const stops = (ask.stop ?? []).map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
      const kept = stops.length > 0 ? text.slice(0, Math.min(...stops)) : text;
      const prompt = promptText(ask.content);
      const tokensIn = tokensOf(prompt) + A_MESSAGE * messagesOf(ask.content);
      const cached = cache ? Math.min(tokensIn - 1, tokensOf(shared(held, prompt))) : 0;
      held = prompt;
      const written = tokensOf(kept);
      const tokens = { in: tokensIn, cached, out: Math.min(ask.maxTokens, Math.max(1, written)) };
      const long = written > ask.maxTokens;
      return Promise.resolve({
        text: long ? cut(kept, ask.maxTokens) : kept,
        tokens,
        finish: long ? ('length' as const) : ('stop' as const),
      });
    },
    dispose: () => Promise.resolve(),
  };
}

/** Tokens of a text: words and punctuation at the usual rate. */
export function tokensOf(text: string): number {
  return Math.round(A_WORD * countWords(text));
}

/** Words are what blanks separate; counted without making them. */
function countWords(text: string): number {
  let count = 0;
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const blank = code === 32 || (code >= 9 && code <= 13);
    if (!blank && !inside) count += 1;
    inside = !blank;
  }
  return count;
}

/** All words of an ask's prompt, in order. */
export function promptText(content: Content): string {
  return content.kind === 'completion'
    ? content.text
    : content.messages.map((message) => message.content).join('\n');
}

const messagesOf = (content: Content) => (content.kind === 'completion' ? 0 : content.messages.length);

/** The common beginning of two texts, up to the last whole word. */
function shared(a: string, b: string): string {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return b.slice(0, b.lastIndexOf(' ', n) + 1);
}

function cut(text: string, maxTokens: number): string {
  const words = Math.floor(maxTokens / A_WORD);
  return new RegExp(`^(?:\\s*\\S+){0,${words}}`, 'u').exec(text)?.[0] ?? '';
}
