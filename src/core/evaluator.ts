import { charge, exhausted, type Budget, type Usage } from './budget.ts';
import { candidateKey, type Candidate } from './candidate.ts';
import type { Answer, Op } from './events.ts';
import { allowedAnswers, answerGrammar, extract } from './extract.ts';
import type { Effect, Effects, Outcome } from './log.ts';
import { scoreAnswer } from './metrics.ts';
import { render } from './render.ts';
import type { Rendering } from './rendering.ts';
import type { Example, SplitName, Task } from './task.ts';

/** Thrown by budgeted work when a limit is met; only the run loop catches it. */
export class Stop extends Error {
  constructor(
    readonly reason:
      'patience' | 'budget-targetCalls' | 'budget-tokens' | 'budget-minutes' | 'budget-steps' | 'asked',
  ) {
    super(reason);
  }
}

/** Decides before each ask of a search whether it may go on. */
export interface Meter {
  /** Null when another ask may be made. */
  limit(): Stop | null;
  /** How often `limit` has been consulted. */
  consulted(): number;
}

/** `finishing` becomes true when the user wants the search to end. */
export function makeMeter(budget: Budget, usage: Usage, finishing: () => boolean): Meter {
  let consulted = 0;
  return {
    consulted: () => consulted,
    limit() {
      consulted += 1;
      const met = exhausted(budget, usage);
      if (met !== null) return new Stop(`budget-${met}`);
      if (budget.endAt !== undefined ? consulted >= budget.endAt : finishing()) return new Stop('asked');
      return null;
    },
  };
}

/** Answers examples with the target model; each (candidate, example) pair is asked once a run. */
export interface Evaluator {
  /** Answers in the order of `examples`. With `meter` null (the final test) no budget applies. */
  answers(
    candidate: Candidate,
    split: SplitName,
    examples: readonly Example[],
    meter: Meter | null,
  ): Op<Answer[]>;
  /** Answers of a candidate that have come so far on a split, in the order in which they came; asks nothing. */
  known(candidate: Candidate, split: SplitName): Answer[];
}

/**
 * How the target is asked for the answer to one input, and the answers that `choose` weighs, in their own words; null
 * options where the reply is text.
 */
export function targetEffect(
  candidate: Pick<Candidate, 'prompt' | 'shots'>,
  input: string,
  task: Pick<Task, 'metric' | 'markers'>,
  rendering: Rendering,
):
  | { effect: Extract<Effect, { kind: 'generate' }>; options: null }
  | { effect: Extract<Effect, { kind: 'choose' }>; options: readonly string[] } {
  const { content, stop, until, optionLead } = render(candidate, input, task, rendering);
  const options = rendering.read === 'choose' ? allowedAnswers(task.metric, input) : null;
  const grammar = rendering.read === 'grammar' ? answerGrammar(task.metric, input) : null;
  const ask = {
    content,
    maxTokens: rendering.maxTokens,
    temperature: 0,
    seed: 0,
    ...(stop.length > 0 ? { stop } : {}),
    ...(until !== undefined && rendering.read === 'decode' ? { until } : {}),
    ...(grammar === null ? {} : { grammar }),
  };
  if (options === null) return { effect: { kind: 'generate', role: 'target', ask }, options };
  const continuations = options.map((option) => optionLead + option);
  return { effect: { kind: 'choose', role: 'target', ask, options: continuations }, options };
}

type Reading = Pick<Answer, 'answer' | 'score'>;

/** Characters of a reply that may well come again, and how many of them are remembered an example. */
const SHORT = 64;
const MOST_READINGS = 64;

/**
 * `parallel` asks are kept in flight, but results are taken in the order of the asks, so that a run's events do not
 * depend on which reply arrives first. When the budget ends, asks in flight are still taken and charged.
 */
export function makeEvaluator(
  task: Pick<Task, 'metric' | 'markers'>,
  rendering: Rendering,
  effects: Effects,
  usage: Usage,
  parallel: number,
): Evaluator {
  const known = new Map<string, Map<string, Answer>>();

  /** What was read from short replies, by example: under many prompts an example gets few different ones. */
  const readings = new Map<Example, Map<string, Reading>>();

  function readingOf(example: Example, text: string): Reading {
    const mine = readings.get(example) ?? new Map<string, Reading>();
    const earlier = mine.get(text);
    if (earlier !== undefined) return earlier;
    const answer = extract(task.metric, text, example.input);
    const reading = { answer, score: scoreAnswer(task.metric, answer, example.gold) };
    if (text.length <= SHORT && mine.size < MOST_READINGS) readings.set(example, mine.set(text, reading));
    return reading;
  }

  function read(
    candidate: Candidate,
    split: SplitName,
    example: Example,
    options: readonly string[] | null,
    outcome: Outcome,
  ): Answer {
    // Of one shape, written out: a long log is read again by the ten thousand.
    const answer = (reply: string, { answer, score }: Reading, tokens: Answer['tokens']): Answer => ({
      candidate: candidate.id,
      example: example.id,
      split,
      reply,
      answer,
      score,
      tokens,
      ms: outcome.ms,
    });
    switch (outcome.kind) {
      case 'generate': {
        const { text, tokens } = outcome.reply;
        return answer(text, readingOf(example, text), tokens);
      }
      case 'choose': {
        const { logProbs, tokens } = outcome.choice;
        const best = logProbs.reduce((top, value, i) => (value > (logProbs[top] ?? -Infinity) ? i : top), 0);
        const chosen = options?.[best] ?? null;
        const score = scoreAnswer(task.metric, chosen, example.gold);
        return answer(chosen ?? '', { answer: chosen, score }, tokens);
      }
      default: {
        const refused =
          outcome.kind === 'refused' ? outcome.reason : 'The log holds another kind of outcome here.';
        return { ...answer('', { answer: null, score: 0 }, { in: 0, cached: 0, out: 0 }), refused };
      }
    }
  }

  return {
    known: (candidate, split) =>
      [...(known.get(candidateKey(candidate))?.values() ?? [])].filter((answer) => answer.split === split),

    async *answers(candidate, split, examples, meter) {
      const key = candidateKey(candidate);
      const mine = known.get(key) ?? new Map<string, Answer>();
      known.set(key, mine);
      const open = examples.filter((example) => !mine.has(example.id));
      const flying: { example: Example; options: readonly string[] | null; outcome: Promise<Outcome> }[] = [];
      let next = 0;
      let stop: Stop | null = null;
      while (flying.length > 0 || (next < open.length && stop === null)) {
        while (flying.length < parallel && next < open.length && stop === null) {
          const example = open[next];
          stop = meter?.limit() ?? null;
          if (example === undefined || stop !== null) break;
          const { effect, options } = targetEffect(candidate, example.input, task, rendering);
          const outcome = effects.perform(effect);
          // A rejection is met when its turn comes; until then it must not count as unhandled.
          outcome.catch(() => undefined);
          flying.push({ example, options, outcome });
          next += 1;
        }
        const first = flying.shift();
        if (first === undefined) break;
        const outcome = await first.outcome;
        if (outcome.recovered !== undefined) yield { type: 'recovered', text: outcome.recovered };
        const answer = read(candidate, split, first.example, first.options, outcome);
        if (outcome.reused) answer.reused = true;
        if (meter !== null) charge(usage, 'target', answer.tokens, answer.ms);
        mine.set(first.example.id, answer);
        yield { type: 'answered', answer };
      }
      if (stop !== null) throw stop;
      return examples.flatMap((example) => mine.get(example.id) ?? []);
    },
  };
}
