import type { MLCEngine } from '@mlc-ai/web-llm';
import { EngineError, type Heard, type Message, type Reply } from '../core/model.ts';
import { hash32 } from '../core/hash.ts';
import type { Runner, Step } from './webllm-own.ts';

/**
 * web-llm's own way of asking, for when its inside is not as expected, and for comparisons: every prompt is read in full,
 * options cannot be scored, and special tokens in a prompt are not made inert.
 */
export function publicRunner(engine: MLCEngine): Runner {
  return {
    async generate(ask, step, heard) {
      await engine.resetChat(); // its own reuse of an earlier chat is not token for token what a fresh one gives
      const settings = {
        max_tokens: ask.maxTokens,
        temperature: ask.temperature,
        // The model's configuration may name others; ours are neutral so that temperature alone decides.
        top_p: 1,
        frequency_penalty: 0,
        presence_penalty: 0,
        repetition_penalty: 1,
        // Its generator is a bare linear congruence: small seeds would all draw the same first token.
        seed: hash32('sample', ask.seed) >>> 1,
        stop: [...(ask.stop ?? [])],
        stream_options: { include_usage: true },
      };
      const { content, grammar } = ask;
      if (content.kind === 'completion') {
        if (grammar !== undefined) {
          throw new EngineError('refused', 'WebLLM itself has no grammar for completions.', 'Ask by chat.');
        }
        const stream = await engine.completions.create({ ...settings, prompt: content.text, stream: true });
        return collect(engine, stream, step, heard);
      }
      const stream = await engine.chat.completions.create({
        ...settings,
        messages: content.messages.map(escaped),
        stream: true,
        ...(grammar !== undefined && { response_format: { type: 'grammar' as const, grammar } }),
      });
      return collect(engine, stream, step, heard);
    },
    choose() {
      return Promise.reject(
        new EngineError(
          'refused',
          'This version of WebLLM does not let the probabilities of given answers be read.',
          'Let the target answer freely (decode) instead.',
        ),
      );
    },
  };
}

/** web-llm fills its template by String.replace, where `$` is a command, and deletes the first `{function_string}`. */
export function escaped(message: Message): Message {
  const content = message.content.replaceAll('$', () => '$$');
  if (message.role === 'system') return { ...message, content };
  const slot = '{function_string}';
  return { ...message, content: content.replace(slot, () => slot + slot) };
}

interface Chunk {
  choices: { finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null | undefined;
}

/**
 * Reads the stream to its end for the sake of the steps between, then takes the final text: a stream lets the first
 * characters of a stop string of several tokens through. Leaving early ends the generation and frees the engine.
 */
async function collect(
  engine: MLCEngine,
  stream: AsyncIterable<Chunk>,
  step: Step,
  heard: Heard | null,
): Promise<Reply> {
  let finish: Reply['finish'] = 'abort';
  const tokens = { in: 0, cached: 0, out: 0 };
  for await (const chunk of stream) {
    step();
    heard?.(await engine.getMessage());
    const reason = chunk.choices[0]?.finish_reason;
    if (reason === 'stop' || reason === 'length') finish = reason;
    if (chunk.usage) {
      tokens.in = chunk.usage.prompt_tokens;
      tokens.out = chunk.usage.completion_tokens;
    }
  }
  return { text: await engine.getMessage(), tokens, finish };
}
