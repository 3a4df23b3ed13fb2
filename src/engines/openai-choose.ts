import * as v from 'valibot';
import { type Choice, EngineError, type Tokens } from '../core/model.ts';
import { exactly } from './inert.ts';
import type { Wire } from './openai-wire.ts';

/** Scores one option as the continuation of a text. Null when the server's answer does not hold what is needed. */
export type Scorer = (text: string, option: string, signal: AbortSignal) => Promise<Scored | null>;

interface Scored {
  logProb: number;
  tokens: Tokens;
}

const usage = v.nullish(v.object({ prompt_tokens: v.number(), completion_tokens: v.number() }));

const echoed = v.object({
  choices: v.tupleWithRest(
    [
      v.object({
        logprobs: v.nullish(
          v.object({
            tokens: v.array(v.string()),
            token_logprobs: v.array(v.nullable(v.number())),
            text_offset: v.array(v.number()),
          }),
        ),
      }),
    ],
    v.unknown(),
  ),
  usage,
});

const forced = v.object({
  choices: v.tupleWithRest(
    [
      v.object({
        logprobs: v.nullish(
          v.object({ content: v.array(v.object({ token: v.string(), logprob: v.number() })) }),
        ),
      }),
    ],
    v.unknown(),
  ),
  usage,
});

/**
 * By the prompt's own log-probabilities (vLLM and others): text and option go in as one prompt that is echoed back.
 * A token that straddles the border counts as the option's.
 */
export function echoScorer(wire: Wire, model: string): Scorer {
  return async (text, option, signal) => {
    const body = { model, prompt: text + option, max_tokens: 1, temperature: 0, echo: true, logprobs: 1 };
    const answer = await wire.post('completions', body, echoed, signal);
    const given = answer.choices[0].logprobs;
    if (!given) return null;
    // Servers count characters as Python does, by code points.
    const start = codePoints(text);
    const end = start + codePoints(option);
    let logProb = 0;
    let covered = start;
    for (const [i, offset] of given.text_offset.entries()) {
      const next = offset + codePoints(given.tokens[i] ?? '');
      if (next <= start || offset >= end) continue;
      const own = given.token_logprobs[i];
      if (own === null || own === undefined) return null;
      logProb += own;
      covered = Math.max(covered, next);
    }
    const whole = answer.usage?.prompt_tokens ?? 0;
    return covered >= end ? { logProb, tokens: { in: whole, cached: 0, out: 1 } } : null;
  };
}

const codePoints = (text: string) => [...text].length;

/** By a grammar that admits only the option (llama.cpp), which reports each token's probability before the grammar. */
export function forcedScorer(wire: Wire, model: string): Scorer {
  return async (text, option, signal) => {
    const body = {
      model,
      prompt: text,
      max_tokens: new TextEncoder().encode(option).length + 1,
      temperature: 0,
      n_probs: 1,
      grammar: exactly(option),
      logit_bias: [[option, 100]],
    };
    const answer = await wire.post('completions', body, forced, signal);
    let joined = '';
    let logProb = 0;
    for (const step of answer.choices[0].logprobs?.content ?? []) {
      if (joined === option) break;
      joined += step.token;
      logProb += step.logprob;
    }
    const counts = answer.usage ?? { prompt_tokens: 0, completion_tokens: 0 };
    const tokens = { in: counts.prompt_tokens, cached: 0, out: counts.completion_tokens };
    return joined === option ? { logProb, tokens } : null;
  };
}

/** The way this server can score options, found by trying it on `trial`; null when it has none. */
export async function findScorer(
  trial: Wire,
  model: string,
  wire: Wire,
  signal: AbortSignal,
): Promise<Scorer | null> {
  for (const make of [echoScorer, forcedScorer]) {
    try {
      // A text that no model would write by itself: only echo or grammar bring it back.
      const found = await make(trial, model)('1 2 3', ' zq zq', signal);
      if (found && found.logProb < 0) return make(wire, model);
    } catch (error) {
      if (error instanceof EngineError && error.fault === 'aborted') throw error;
    }
  }
  return null;
}

/** All options by one scorer; each is its own request, so that a server with room takes them at once. */
export async function chooseWith(
  scorer: Scorer,
  text: string,
  options: readonly string[],
  signal: AbortSignal,
): Promise<Choice> {
  const scored = await Promise.all(
    options.map(async (option) => {
      if (option === '') return { logProb: 0, tokens: { in: 0, cached: 0, out: 0 } };
      const found = await scorer(text, option, signal);
      if (found) return found;
      throw new EngineError(
        'refused',
        `The server did not score the option ${JSON.stringify(option)}.`,
        'Use labels in plain letters, or let the model write its answer.',
      );
    }),
  );
  return {
    logProbs: scored.map(({ logProb }) => logProb),
    tokens: {
      in: scored.reduce((sum, { tokens }) => sum + tokens.in, 0),
      cached: 0,
      out: scored.reduce((sum, { tokens }) => sum + tokens.out, 0),
    },
  };
}
