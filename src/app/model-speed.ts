import type { Content, Engine } from '../core/model.ts';

/** How fast a model reads prompts and writes replies, in tokens a second. */
export interface ModelSpeed {
  read: number;
  write: number;
}

/** What one ask computed and took. */
interface Timed {
  read: number;
  written: number;
  ms: number;
}

/** Some 250 tokens to read, as long as a prompt with a few examples in it. */
const PASSAGE =
  'The ferry leaves the old harbour at seven and reaches the island before noon, when the wind allows it. ';
const SENTENCES = 12;
/** A count goes on by itself in any model, so that the reply is as long as it may be. */
const COUNT = 'One, two, three, four, five, six,';
const WRITTEN = 32;

/**
 * Measures a loaded model with two asks, one nearly all prompt and one nearly all reply, after a short one that is not
 * counted, since the first of all may compile. `now` is a clock in milliseconds; `mark` begins each prompt, and one that
 * was not used before keeps the engine from remembering it. A server is asked by chat, as it may offer nothing else. Rejects as the engine does.
 */
export async function measureSpeed(
  engine: Pick<Engine, 'generate'>,
  style: Content['kind'],
  mark: string,
  now: () => number,
  signal: AbortSignal,
): Promise<ModelSpeed> {
  async function timed(text: string, maxTokens: number): Promise<Timed> {
    const content: Content =
      style === 'chat'
        ? { kind: 'chat', messages: [{ role: 'user', content: text }] }
        : { kind: 'completion', text };
    const began = now();
    const { tokens } = await engine.generate({ content, maxTokens, temperature: 0, seed: 0 }, signal);
    return { read: tokens.in - tokens.cached, written: tokens.out, ms: now() - began };
  }
  await timed(`Warming up ${mark}.`, 2);
  const reading = await timed(`${mark}. ${PASSAGE.repeat(SENTENCES)}`, 1);
  const ask = style === 'chat' ? `${mark}. Count from one to fifty in words.` : `Count ${mark}. ${COUNT}`;
  return speedOf(reading, await timed(ask, WRITTEN));
}

/**
 * Both speeds from an ask that mostly reads and one that mostly writes: ms = read · x + written · y for each, solved for x
 * and y. Where the clock was too noisy for that, each ask is taken for pure reading and pure writing.
 */
export function speedOf(reading: Timed, writing: Timed): ModelSpeed {
  const determinant = reading.read * writing.written - writing.read * reading.written;
  const x = (reading.ms * writing.written - writing.ms * reading.written) / determinant;
  const y = (reading.read * writing.ms - writing.read * reading.ms) / determinant;
  if (determinant > 0 && x > 0 && y > 0) return { read: 1000 / x, write: 1000 / y };
  const rate = (tokens: number, ms: number) => (1000 * Math.max(1, tokens)) / Math.max(1, ms);
  return { read: rate(reading.read, reading.ms), write: rate(writing.written, writing.ms) };
}
