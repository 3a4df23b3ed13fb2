import { wholeObjectEnd } from '../core/json-object.ts';
import { type Ask, type Choice, type Content, EngineError, type Heard, type Reply } from '../core/model.ts';
import { makeRng } from '../core/rng.ts';
import { planForward, type Reuse, type Speeds } from './webllm-plan.ts';
import type { Inside } from './webllm-private.ts';
import { cutAtStop, pickToken } from './webllm-sample.ts';
import { type ChatTemplate, type Segment, renderChat } from './webllm-template.ts';
import { type Encode, encodeOption, encodeSegment } from './webllm-tokens.ts';
import { scoreOptions } from './webllm-trie.ts';

/** Called between two steps; throws when the ask is no longer wanted. */
export type Step = () => void;

/** One way of asking the loaded model. One ask at a time. */
export interface Runner {
  /** `heard` is told the text so far after each token; null where nobody listens. */
  generate(ask: Ask, step: Step, heard: Heard | null): Promise<Reply>;
  choose(ask: Ask, options: readonly string[], step: Step): Promise<Choice>;
}

export interface OwnSettings {
  reuse: Reuse;
  speeds: Speeds;
  specials: readonly string[];
  emptyThinking: boolean;
}

/** Token ids of a prompt, and its last segment, which the reply continues. For ordinary text the ids are web-llm's own. */
export function promptIds(
  content: Content,
  template: ChatTemplate,
  encode: Encode,
  settings: Pick<OwnSettings, 'specials' | 'emptyThinking'>,
): { ids: number[]; lastSegment: Segment } {
  const segments =
    content.kind === 'chat'
      ? renderChat(template, content.messages, settings)
      : [[{ text: content.text, inert: true }]];
  const ids = [...(template.system_prefix_token_ids ?? [])];
  for (const segment of segments) ids.push(...encodeSegment(segment, encode, settings.specials));
  if (ids.length === 0) throw new EngineError('refused', 'The prompt is empty.');
  return { ids, lastSegment: segments.at(-1) ?? [] };
}

/** Our own way: own template, own token ids, own sampling, and the KV cache used for all that prompts have in common. */
export function ownRunner(inside: Inside, settings: OwnSettings): Runner {
  const { reuse, specials } = settings;
  const speeds = { ...settings.speeds };
  const encode = (text: string) => inside.encode(text);
  /** Token ids in the KV cache; null when that is not known and it must be emptied. */
  let cached: number[] | null = null;

  /** Logits after exactly these tokens, and how many of them had to be computed. */
  async function rowAfter(
    wanted: readonly number[],
    step: Step,
  ): Promise<{ row: Float32Array; computed: number }> {
    const held = cached ?? [];
    const plan = planForward(held, wanted, reuse, speeds, inside.maxPiece);
    const fresh = cached === null || plan.keep === 0;
    cached = null; // unknown while it is being changed
    if (fresh) inside.reset();
    else if (plan.keep < held.length) inside.rollBack(held.length - plan.keep);
    cached = wanted.slice(0, plan.keep);

    let row: Float32Array | null = null;
    for (const piece of plan.pieces) {
      step();
      const at: number = cached.length + piece.length;
      cached = null;
      const started = performance.now();
      if (at === wanted.length) row = await inside.forward(piece);
      else await inside.advance(piece);
      learn(speeds, piece.length, performance.now() - started);
      if (inside.filled !== at)
        throw new Error(`The cache holds ${inside.filled} tokens where ${at} were put.`);
      cached = wanted.slice(0, at);
    }
    if (!row) throw new Error('There was nothing to compute.');
    return { row, computed: wanted.length - plan.keep };
  }

  const promptOf = ({ content }: Ask) => promptIds(content, inside.template, encode, settings);

  function requireRoom(prompt: number, reply: number): void {
    if (prompt + reply <= inside.contextTokens) return;
    throw new EngineError(
      'context',
      `The prompt has ${prompt} tokens and its reply needs at least ${reply}, but the model's context holds ${inside.contextTokens}.`,
      'Shorten the prompt, use fewer examples in it, or choose a model with a longer context.',
    );
  }

  return {
    async generate(ask, step, heard) {
      const prompt = promptOf(ask).ids;
      requireRoom(prompt.length, 1);
      const stops = [...(ask.content.kind === 'chat' ? inside.template.stop_str : []), ...(ask.stop ?? [])];
      const random = makeRng(ask.seed, 'sample');
      const matcher = ask.grammar === undefined ? null : await inside.matcher(ask.grammar);
      const most = Math.min(ask.maxTokens, inside.contextTokens - prompt.length);

      const read = await rowAfter(prompt, step);
      const tokens = { in: prompt.length, cached: prompt.length - read.computed, out: 0 };
      let row = read.row;
      const out: number[] = [];
      for (;;) {
        const mask = matcher ? await matcher.mask() : null;
        const token = pickToken(row, ask.temperature, random.next, mask);
        if (token === null || inside.template.stop_token_ids.includes(token)) {
          return { text: inside.decode(out), tokens, finish: 'stop' };
        }
        matcher?.accept(token);
        out.push(token);
        tokens.out = out.length;
        const text = inside.decode(out);
        const stopped = cutAtStop(text, stops);
        if (stopped !== null) return { text: stopped, tokens, finish: 'stop' };
        const whole = ask.until === 'object' ? wholeObjectEnd(text) : null;
        if (whole !== null) return { text: text.slice(0, whole), tokens, finish: 'stop' };
        // The last token may be the first bytes of a character that needs more.
        const readable = text.replace(/\uFFFD+$/, '');
        heard?.(readable);
        if (out.length >= most) return { text: readable, tokens, finish: 'length' };
        ({ row } = await rowAfter([...prompt, ...out], step));
      }
    },

    async choose(ask, options, step) {
      const { ids: prompt, lastSegment } = promptOf(ask);
      const ways = options.map((option) => encodeOption(option, lastSegment, encode, specials));
      const empty = ways.findIndex((way) => way.length === 0);
      if (empty >= 0) throw new EngineError('refused', `Option ${empty + 1} of ${options.length} is empty.`);
      requireRoom(prompt.length, Math.max(1, ...ways.map((way) => way.length)));
      const tokens = { in: prompt.length, cached: prompt.length, out: 0 };
      const logProbs = await scoreOptions(ways, async (path) => {
        const { row, computed } = await rowAfter([...prompt, ...path], step);
        if (path.length === 0) tokens.cached = prompt.length - computed;
        else tokens.out += Math.min(computed, path.length);
        return row;
      });
      return { logProbs, tokens };
    },
  };
}

/** Moves the measured speed a fifth of the way to the newest measurement. */
function learn(speeds: Speeds, tokens: number, ms: number): void {
  if (tokens === 1) speeds.decodeMs += (ms - speeds.decodeMs) / 5;
  else if (tokens >= 16) speeds.prefillMs += (ms / tokens - speeds.prefillMs) / 5;
}
