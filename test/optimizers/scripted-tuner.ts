import { hash32 } from '../../src/core/hash.ts';
import { EngineError } from '../../src/core/model.ts';
import type { Moments, SoftPrompt, TuneAsk, TuneExample, TuneResult, Tuner } from '../../src/core/tuner.ts';

/** What a scripted tuner is told to do wrong. */
export interface TunerScript {
  /** Called with the number of the steps ask (from 0); a text makes it fail after `kept` steps. */
  fails?: (n: number, ask: Extract<TuneAsk, { do: 'steps' }>) => string | null;
  /** Examples that the model is to refuse. */
  refuses?: (example: TuneExample) => boolean;
}

export interface ScriptedTuner extends Tuner {
  /** Every ask in order of arrival. */
  readonly asks: TuneAsk[];
}

const WIDTH = 4;

const WORDS =
  'judge item the carefully briefly twice slowly word by mood tone look think first say only one good bad read weigh feel positive negative answer plain short step'.split(
    ' ',
  );

/** A word's row: four numbers in -1..1 from its hash. */
const rowOf = (word: string) =>
  Float32Array.from({ length: WIDTH }, (_, i) => hash32(`${word}/${i}`) / 2 ** 31 - 1);

/** The direction in which the right answer grows likelier. */
const GOOD = [0.9, -0.4, 0.6, 0.2];

/**
 * No language model but a formula with the same contract, so that gradients are exact: a bag of words in front of a
 * softmax. The prompt's rows are averaged; the right answer's score is 3 x (average . GOOD) + a constant of the
 * example, the other answers' is 0. Deterministic: equal asks give equal bits.
 */
export function scriptedTuner(script: TunerScript = {}): ScriptedTuner {
  const asks: TuneAsk[] = [];
  let stretches = 0;

  function tune(ask: TuneAsk): TuneResult {
    asks.push(ask);
    switch (ask.do) {
      case 'embed':
        return { did: 'embed', text: ask.text, prompt: filled(wordsOf(ask.text), ask.tokens) };
      case 'draw': {
        const drawn = Array.from(
          { length: ask.tokens },
          (_, i) => WORDS[hash32(`draw/${i}`, ask.seed) % WORDS.length] ?? 'one',
        );
        return { did: 'draw', text: drawn.join(' '), prompt: filled(drawn, ask.tokens) };
      }
      case 'measure': {
        refuse(ask.examples);
        const prompt =
          typeof ask.prompt === 'string'
            ? filled(wordsOf(ask.prompt), wordsOf(ask.prompt).length)
            : ask.prompt;
        const each = ask.examples.map((example) => probability(prompt, example));
        return {
          did: 'measure',
          losses: each.map((p) => -Math.log(p)),
          chosen: ask.examples.map(({ gold, options }, i) =>
            (each[i] ?? 0) >= 1 / Math.max(2, options.length) ? gold : (gold + 1) % options.length,
          ),
        };
      }
      case 'project':
        return projected(ask.prompt, ask.by, ask.nearest);
      case 'steps':
        return steps(ask);
    }
  }

  function refuse(examples: readonly TuneExample[]) {
    if (examples.some((example) => script.refuses?.(example)))
      throw new EngineError('context', 'An example does not fit the context.');
  }

  function steps(ask: Extract<TuneAsk, { do: 'steps' }>): TuneResult {
    refuse(ask.batches.flat());
    const failed = script.fails?.(stretches, ask) ?? null;
    stretches += 1;
    let values: Float32Array = ask.prompt.values.slice();
    let moments: Moments = ask.moments ?? {
      first: new Float32Array(values.length),
      second: new Float32Array(values.length),
      count: 0,
    };
    const losses: number[] = [];
    const kept = failed === null ? ask.batches : ask.batches.slice(0, 1);
    for (const [i, batch] of kept.entries()) {
      const prompt = { ...ask.prompt, values };
      losses.push(batch.reduce((sum, one) => sum - Math.log(probability(prompt, one)), 0) / batch.length);
      const gradient = gradientOf(prompt, batch);
      const norm = Math.hypot(...gradient);
      const cut = ask.clip > 0 && norm > ask.clip ? ask.clip / norm : 1;
      ({ values, moments } = adam(
        values,
        gradient.map((g) => g * cut),
        moments,
        ask.rates[i] ?? 0,
      ));
    }
    return { did: 'steps', prompt: { ...ask.prompt, values }, moments, losses, failed };
  }

  return {
    id: 'gradient:scripted:none',
    details: ['A formula, for tests'],
    asks,
    load: () => Promise.resolve(),
    tune: (ask, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) reject(new EngineError('aborted', 'The ask was cancelled.'));
        else resolve(tune(ask));
      }),
    dispose: () => Promise.resolve(),
  };
}

const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

function filled(words: readonly string[], tokens: number): SoftPrompt {
  if (words.length === 0) throw new EngineError('refused', 'The text has no tokens.');
  const rows = Array.from({ length: tokens }, (_, i) => [...rowOf(words[i % words.length] ?? '')]);
  return { tokens, width: WIDTH, values: Float32Array.from(rows.flat()) };
}

/** Of the right answer. */
function probability(prompt: SoftPrompt, example: TuneExample): number {
  let score = (hash32(example.id) / 2 ** 31 - 1) * 0.5;
  for (const [i, value] of prompt.values.entries())
    score += (3 * value * (GOOD[i % WIDTH] ?? 0)) / prompt.tokens;
  return 1 / (1 + Math.max(1, example.options.length - 1) * Math.exp(-score));
}

/** d loss / d value = -(1 - p) x 3 GOOD / tokens, averaged over the batch. */
function gradientOf(prompt: SoftPrompt, batch: readonly TuneExample[]): Float32Array {
  const wrong = batch.reduce((sum, example) => sum + 1 - probability(prompt, example), 0) / batch.length;
  return prompt.values.map((_, i) => (-3 * wrong * (GOOD[i % WIDTH] ?? 0)) / prompt.tokens);
}

function adam(values: Float32Array, gradient: Float32Array, before: Moments, rate: number) {
  const count = before.count + 1;
  const first = before.first.map((m, i) => 0.9 * m + 0.1 * (gradient[i] ?? 0));
  const second = before.second.map((v, i) => 0.999 * v + 0.001 * (gradient[i] ?? 0) ** 2);
  const moved = values.map((value, i) => {
    const m = (first[i] ?? 0) / (1 - 0.9 ** count);
    const v = (second[i] ?? 0) / (1 - 0.999 ** count);
    return value - (rate * m) / (Math.sqrt(v) + 1e-8);
  });
  return { values: moved, moments: { first, second, count } };
}

function projected(prompt: SoftPrompt, by: string, nearest: number): TuneResult {
  const rows = Array.from({ length: prompt.tokens }, (_, i) =>
    prompt.values.subarray(i * WIDTH, (i + 1) * WIDTH),
  );
  const near = rows.map((row) => {
    const all = WORDS.map((text) => ({ text, similarity: similarity(row, rowOf(text), by) }));
    const sign = by === 'least-similar' ? -1 : 1;
    return all.sort((a, b) => sign * (b.similarity - a.similarity)).slice(0, nearest);
  });
  return { did: 'project', text: near.map((row) => row[0]?.text ?? '').join(' '), nearest: near };
}

function similarity(a: Float32Array, b: Float32Array, by: string): number {
  const dot = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  if (by === 'l2') return -Math.hypot(...a.map((x, i) => x - (b[i] ?? 0)));
  return dot / (Math.hypot(...a) * Math.hypot(...b) || 1);
}
