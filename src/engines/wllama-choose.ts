import { type Choice, type Content, EngineError } from '../core/model.ts';
import { exactly } from './inert.ts';
import type { Output, Runtime } from './wllama-runtime.ts';

/** Likeliest tokens listed after the prompt. A label that a prompt asks for is nearly always among the first dozen. */
const LISTED = 500;

/** Tokens of each option once it has been scored, so that later asks decode no token too many. */
export type Lengths = Map<string, number>;

/**
 * Log-probability of each option as the text that follows the prompt. One request reads all options of one token from
 * the list of likeliest tokens; every other option is forced by a grammar that admits only its text, with its own
 * tokens preferred, and each forced token reports the probability it had before grammar and preference. The prompt is
 * computed once: later requests find it cached and compute its last token again.
 *
 * The tokens are those of the option standing alone. Where an option repeats one token and another of its tokens
 * begins with it, the likelier of the two is taken, which may differ from the tokenizer's own choice.
 */
export async function chooseBy(
  runtime: Runtime,
  content: Content,
  options: readonly string[],
  lengths: Lengths,
  signal: AbortSignal,
): Promise<Choice> {
  const scores = new Map<string, number>([['', 0]]);
  const requests: Output[] = [];
  const wanted = [...new Set(options)].filter((option) => option !== '');

  if (wanted.some((option) => (lengths.get(option) ?? 1) === 1)) {
    const listed = await likeliest(runtime, content, signal);
    if (listed) requests.push(listed);
    const byText = new Map(listed?.steps[0]?.top.map(({ text, logProb }) => [text, logProb]));
    for (const option of wanted) {
      const logProb = byText.get(option);
      if (logProb === undefined) continue;
      scores.set(option, logProb);
      lengths.set(option, 1);
    }
  }
  for (const option of wanted) {
    if (scores.has(option)) continue;
    const { output, steps } = await force(runtime, content, option, lengths, signal);
    requests.push(output);
    scores.set(
      option,
      steps.reduce((sum, step) => sum + step.logProb, 0),
    );
    lengths.set(option, steps.length);
  }

  const prompt = requests[0]?.tokens ?? { in: 0, cached: 0 };
  const out = requests.reduce((sum, request) => sum + request.tokens.out, 0);
  return {
    logProbs: options.map((option) => scores.get(option) ?? -Infinity),
    tokens: { in: prompt.in, cached: prompt.cached, out },
  };
}

/** Null when the list holds a piece of a character, which this runtime cannot report: the options are forced instead. */
const likeliest = (runtime: Runtime, content: Content, signal: AbortSignal) =>
  unlessRefused(runtime.run(content, { maxTokens: 1, temperature: 0, top: LISTED }, signal));

async function force(
  runtime: Runtime,
  content: Content,
  option: string,
  lengths: Lengths,
  signal: AbortSignal,
) {
  const text = option.toWellFormed();
  // Unknown length: one token a byte is the most it can be, and one more ends the reply.
  const maxTokens = lengths.get(option) ?? new TextEncoder().encode(text).length + 1;
  const settings = { maxTokens, temperature: 0, top: 1, prefer: text, grammar: exactly(text) };
  const output = await unlessRefused(runtime.run(content, settings, signal));
  let joined = '';
  const steps = (output?.steps ?? []).filter((step) => {
    if (joined === text) return false;
    joined += step.text;
    return true;
  });
  if (output && joined === text) return { output, steps };
  throw new EngineError(
    'refused',
    `The option ${JSON.stringify(option)} cannot be scored: some of its characters are split over tokens.`,
    'Use labels in plain letters, or let the model write its answer.',
  );
}

async function unlessRefused(output: Promise<Output>): Promise<Output | null> {
  try {
    return await output;
  } catch (error) {
    if (error instanceof EngineError && error.fault === 'refused') return null;
    throw error;
  }
}
