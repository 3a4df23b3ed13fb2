import { EngineError } from '../core/model.ts';
import { makeRng } from '../core/rng.ts';
import type { SoftPrompt, TuneAsk, TuneExample, TuneResult } from '../core/tuner.ts';
import { adamwStep, freshMoments, lengthOf } from './adamw.ts';
import { type AllowedToken, allowedTokens } from './allowed-tokens.ts';
import { type ExampleLoss, exampleLoss, type HeadInput, normedRow } from './head.ts';
import type { Llama, Trace } from './llama.ts';
import { type Pack, packAll, rowsOf, type Sequence, type Unit, virtual, virtualRow } from './pack.ts';
import { nearestTokens } from './project.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Rows that are computed together: enough for matrix products to be fast, few enough for attention to stay small. */
const PACK_ROWS = 256;
/** Attention grows with the square of an example's length. */
const MOST_ROWS = 1024;

/** A loss above three times what was to be expected, and ten nat more, has exploded. */
const exploded = (loss: number, expected: number) => loss > 3 * expected + 10;

/** Answers asks with a model in memory. `stopped` is looked at between two packs of examples. */
export function makeTune(llama: Llama, tokenizer: Tokenizer) {
  const { width, context, vocabulary, rmsEpsilon } = llama.shape;
  let allowed: AllowedToken[] | null = null;
  let squares: Float32Array | null = null;
  const allowedOnes = () => (allowed ??= allowedTokens(tokenizer));

  async function promptOf(tokens: readonly number[]): Promise<SoftPrompt> {
    const rows = await llama.embeddings(tokens);
    const values = new Float32Array(tokens.length * width);
    tokens.forEach((token, i) => values.set(row(rows, token), i * width));
    return { tokens: tokens.length, width, values };
  }

  function sequenceOf(example: TuneExample, prompt: SoftPrompt | string): Sequence {
    const { before, after } = example;
    const middle: Unit[] =
      typeof prompt === 'string'
        ? // As text it is cut into tokens as a whole, like any prompt.
          tokenizer.encode(before + prompt + after)
        : [
            ...tokenizer.encode(before),
            ...Array.from({ length: prompt.tokens }, (_, i) => virtual(i)),
            ...tokenizer.encode(after),
          ];
    const sequence = {
      context: [...tokenizer.begin, ...middle],
      options: example.options.map((option) => tokenizer.encode(option)),
    };
    if (sequence.context.length === 0 || sequence.options.some((option) => option.length === 0)) {
      throw new EngineError(
        'refused',
        `Example ${example.id} has no tokens ${sequence.context.length === 0 ? 'before its answer' : 'in an answer'}.`,
        'Remove the example or give it text.',
      );
    }
    const most = Math.min(context, MOST_ROWS);
    const rows = rowsOf(sequence);
    if (rows > most) {
      throw new EngineError(
        'context',
        `Example ${example.id} needs ${rows} tokens with its prompt; gradients can be computed for ${most}.`,
        'Choose a task with shorter examples, or leave long ones out.',
      );
    }
    return sequence;
  }

  async function inputOf(pack: Pack, prompt: SoftPrompt | string): Promise<Float32Array<ArrayBuffer>> {
    const tokens = [...new Set(pack.units)].filter((unit) => virtualRow(unit) === null);
    const rows = await llama.embeddings(tokens);
    const input = new Float32Array(pack.units.length * width);
    pack.units.forEach((unit, i) => {
      const soft = virtualRow(unit);
      if (soft === null) input.set(row(rows, unit), i * width);
      else if (typeof prompt !== 'string') {
        input.set(prompt.values.subarray(soft * width, (soft + 1) * width), i * width);
      }
    });
    return input;
  }

  /** What the losses of a pack are computed from. */
  async function headOf(pack: Pack, hidden: Float32Array): Promise<HeadInput> {
    const guesses = pack.guesses.flat(2);
    const rows = await llama.headRows(guesses.map((guess) => guess.token));
    const input = { hidden, width, norm: llama.lastNorm, epsilon: rmsEpsilon };
    const whole = [...new Set(guesses.filter((guess) => guess.whole).map((guess) => guess.row))];
    const partial: HeadInput = { ...input, tokenRow: (token) => row(rows, token), normalizer: missing };
    if (whole.length === 0) return partial;
    const found = await llama.normalizers(whole.map((at) => normedRow(partial, at)));
    const byRow = new Map(whole.map((at, i) => [at, found[i]] as const));
    return { ...partial, normalizer: (at) => byRow.get(at) ?? missing(at) };
  }

  /** Losses of a batch and, where asked for, their mean's gradient with respect to the prompt's rows. */
  async function evaluate(
    prompt: SoftPrompt | string,
    examples: readonly TuneExample[],
    stopped: () => void,
    gradient: Float32Array | null,
  ): Promise<ExampleLoss[]> {
    const results: ExampleLoss[] = [];
    const sequences = examples.map((example) => sequenceOf(example, prompt));
    for (const { pack, first } of packAll(sequences, PACK_ROWS)) {
      stopped();
      const input = await inputOf(pack, prompt);
      let trace: Trace | null = null;
      let hidden: Float32Array;
      if (gradient) ({ hidden, trace } = await llama.runForBack(pack, input));
      else hidden = await llama.run(pack, input);
      const head = await headOf(pack, hidden);
      const slope = new Float32Array(hidden.length);
      const into = gradient ? { of: slope, scale: 1 / examples.length } : null;
      pack.guesses.forEach((options, i) => {
        results.push(exampleLoss(options, examples[first + i]?.gold ?? 0, head, into));
      });
      if (!trace || !gradient) continue;
      const whole = await llama.back(trace, slope);
      pack.units.forEach((unit, at) => {
        const soft = virtualRow(unit);
        if (soft === null) return;
        for (let i = 0; i < width; i++) {
          const to = soft * width + i;
          gradient[to] = (gradient[to] ?? 0) + (whole[at * width + i] ?? 0);
        }
      });
    }
    return results;
  }

  /** Loss to be expected of a guess without any knowledge. */
  function blind(examples: readonly TuneExample[]): number {
    const each = examples.map(({ options, gold }) =>
      options.length > 1
        ? Math.log(options.length)
        : Math.log(vocabulary) * tokenizer.encode(options[gold] ?? '').length,
    );
    return mean(each);
  }

  async function steps(
    ask: Extract<TuneAsk, { do: 'steps' }>,
    stopped: () => void,
  ): Promise<Extract<TuneResult, { did: 'steps' }>> {
    let { prompt } = ask;
    let moments = ask.moments ?? freshMoments(prompt.values.length);
    const losses: number[] = [];
    const failure = (failed: string) => ({ did: 'steps' as const, prompt, moments, losses, failed });
    for (const [i, batch] of ask.batches.entries()) {
      const gradient = new Float32Array(prompt.values.length);
      const loss = mean((await evaluate(prompt, batch, stopped, gradient)).map((result) => result.loss));
      if (!Number.isFinite(loss)) return failure(`The loss of step ${i + 1} is not a number.`);
      if (!Number.isFinite(lengthOf(gradient))) {
        return failure(`The gradient of step ${i + 1} is not a number.`);
      }
      const expected = losses.length > 0 ? mean(losses) : blind(batch);
      if (exploded(loss, expected)) {
        return failure(
          `The loss of step ${i + 1} exploded: ${loss.toFixed(1)} nat where ${expected.toFixed(1)} was to be expected.`,
        );
      }
      const settings = { rate: ask.rates[i] ?? 0, weightDecay: ask.weightDecay, clip: ask.clip };
      const next = adamwStep(prompt.values, gradient, moments, settings);
      if (!next.values.every(Number.isFinite)) {
        return failure(`The prompt after step ${i + 1} is not a number.`);
      }
      prompt = { ...prompt, values: next.values };
      moments = next.moments;
      losses.push(loss);
    }
    return { did: 'steps', prompt, moments, losses, failed: null };
  }

  async function project(ask: Extract<TuneAsk, { do: 'project' }>): Promise<TuneResult> {
    const { prompt, by } = ask;
    squares ??= await llama.squares();
    const rows = Array.from({ length: prompt.tokens }, (_, i) =>
      prompt.values.slice(i * width, (i + 1) * width),
    );
    const likeness = await llama.likeness(rows);
    const nearest = rows.map((values, i) => {
      const products = likeness[i] ?? new Float32Array();
      const lengths = { products, squares: squares ?? new Float32Array(), square: lengthOf(values) ** 2 };
      return nearestTokens(allowedOnes(), lengths, by, Math.max(1, ask.nearest));
    });
    return { did: 'project', text: nearest.map((list) => list[0]?.text ?? '').join(''), nearest };
  }

  return async function tune(ask: TuneAsk, stopped: () => void): Promise<TuneResult> {
    switch (ask.do) {
      case 'embed': {
        const own = tokenizer.encode(ask.text);
        if (own.length === 0) {
          throw new EngineError(
            'refused',
            `The text ${JSON.stringify(ask.text)} has no tokens.`,
            'Give a text.',
          );
        }
        const tokens = Array.from({ length: ask.tokens }, (_, i) => own[i % own.length] ?? 0);
        return { did: 'embed', prompt: await promptOf(tokens), text: tokenizer.decode(tokens) };
      }
      case 'draw': {
        const rng = makeRng(ask.seed);
        const all = allowedOnes();
        const drawn = Array.from({ length: ask.tokens }, () => all[rng.below(all.length)]?.id ?? 0);
        return { did: 'draw', prompt: await promptOf(drawn), text: tokenizer.decode(drawn) };
      }
      case 'steps':
        return steps(ask, stopped);
      case 'measure': {
        const results = await evaluate(ask.prompt, ask.examples, stopped, null);
        return {
          did: 'measure',
          losses: results.map((result) => result.loss),
          chosen: results.map((result) => result.chosen),
        };
      }
      case 'project':
        return project(ask);
    }
  };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function row(rows: ReadonlyMap<number, Float32Array>, token: number): Float32Array {
  const found = rows.get(token);
  if (!found) throw new RangeError(`The model has no token ${token}.`);
  return found;
}

function missing(row: number): never {
  throw new Error(`Row ${row} was not put through the head.`);
}
