import { noUsage } from './budget.ts';
import type { Candidate } from './candidate.ts';
import { makeEvaluator, type Evaluator } from './evaluator.ts';
import type { Op } from './events.ts';
import { hash32 } from './hash.ts';
import type { Effects } from './log.ts';
import { makeRng } from './rng.ts';
import type { RunConfig } from './run.ts';
import { movableOptions, otherOrders, reorderListed, reorderNamed } from './shuffle.ts';
import type { Example, SearchTask } from './task.ts';
import { makeTools } from './tools.ts';
import { paraphrases } from './variants.ts';
import { ROBUSTNESS_EXAMPLES, type RobustnessConfig } from './robustness-config.ts';

export * from './robustness-config.ts';

/** Scores of variants, 0..1, beside that of the best prompt itself on the same `n` examples. */
export interface Spread {
  own: number;
  n: number;
  scores: readonly number[];
  mean: number;
  min: number;
  max: number;
}

export interface Robustness {
  /** Null when none was asked for or could be had; `prompts` in the order of `scores`. */
  paraphrases: (Spread & { prompts: readonly string[] }) | null;
  /** Null likewise; only of the examples whose options can change places. */
  shuffles: Spread | null;
  /** Why there are fewer variants than asked for, a sentence each. */
  notes: readonly string[];
}

export interface RobustnessParts {
  config: RunConfig;
  asked: RobustnessConfig;
  task: SearchTask;
  test: readonly Example[];
  best: Candidate;
  /** The method's templates, as edited for this run. */
  prompts: Readonly<Record<string, string>>;
  effects: Effects;
  /** Knows the best prompt's answers to the test split. */
  evaluator: Evaluator;
  step: number;
}

/** Yields the stage's events, the last of them what it found. Answers under variants bear ids such as `c7/p1`. */
export async function* robustness(parts: RobustnessParts): Op<void> {
  const { asked, best, step } = parts;
  const examples = parts.test.slice(0, ROBUSTNESS_EXAMPLES);
  const answers = yield* parts.evaluator.answers(best, 'test', examples, null);
  const own = new Map(answers.map((answer) => [answer.example, answer.score]));
  const notes: string[] = [];
  const said = (detail: string) => ({ type: 'stage', step, stage: 'robustness', detail }) as const;

  let inOtherWords: Robustness['paraphrases'] = null;
  if (asked.paraphrases > 0 && examples.length > 0) {
    yield said(`${asked.paraphrases} paraphrases of ${best.id}`);
    const made = yield* written(parts, asked.paraphrases);
    const scores: number[] = [];
    for (const [i, { prompt }] of made.entries()) {
      const variant: Candidate = { ...best, id: `${best.id}/p${i + 1}`, prompt };
      scores.push(mean(yield* scoresOf(parts.evaluator, variant, examples)));
    }
    if (made.length < asked.paraphrases) {
      notes.push(`${made.length} of ${asked.paraphrases} paraphrases could be used.`);
    }
    const spread = spreadOf(examples, own, scores);
    if (spread !== null) inOtherWords = { ...spread, prompts: made.map(({ prompt }) => prompt) };
  }

  let reordered: Spread | null = null;
  if (asked.shuffles > 0 && examples.length > 0) {
    const { variants, why } = shuffledVariants(parts, examples);
    if (why !== '') notes.push(why);
    if (variants.length > 0) yield said(`${variants.length} orders of the options`);
    const scores: number[] = [];
    for (const { candidate, examples: moved } of variants) {
      // A variant's examples bear the ids of those that they were made from: its answers are kept apart.
      const evaluator = makeEvaluator(
        parts.task,
        parts.config.rendering,
        parts.effects,
        noUsage(),
        parts.config.parallel,
      );
      scores.push(mean(yield* scoresOf(evaluator, candidate, moved)));
    }
    reordered = spreadOf(variants[0]?.examples ?? [], own, scores);
  }
  yield { type: 'robustness', result: { paraphrases: inOtherWords, shuffles: reordered, notes } };
}

/** Paraphrases are no candidates of the search: of what their making tells, only a lost and found device is passed on. */
async function* written(parts: RobustnessParts, count: number): Op<Candidate[]> {
  const { config, task, prompts, effects, evaluator, best } = parts;
  const { tools } = makeTools({
    task,
    // Other seeds than the search's, whose asks are counted from one too.
    config: { ...config, seed: hash32('robustness', config.seed) },
    prompts,
    effects,
    evaluator,
    meter: { limit: () => null, consulted: () => 0 },
    usage: noUsage(),
    selectsOn: 'validation',
  });
  const work = (async function* (): Op<Candidate[]> {
    // Known to these tools, so that its own words are no paraphrase of it.
    yield* tools.propose(best.prompt, { parents: [], origin: 'best', shots: best.shots });
    return yield* paraphrases(tools, best, count, { temperature: 1 });
  })();
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
    if (next.value.type === 'recovered') yield next.value;
  }
}

interface Variant {
  candidate: Candidate;
  examples: readonly Example[];
}

/** The same examples in every variant, and in words why there are fewer than asked for. */
function shuffledVariants(
  { asked, task, best, config }: RobustnessParts,
  examples: readonly Example[],
): { variants: Variant[]; why: string } {
  const { metric } = task;
  const rng = makeRng(config.seed, 'robustness');
  const named = (i: number) => `${best.id}/s${i + 1}`;
  const none = (why: string) => ({ variants: [], why });
  const fewer = (count: number) =>
    count < asked.shuffles ? `The options have only ${count} other order${count === 1 ? '' : 's'}.` : '';
  if (metric.kind !== 'choice' && metric.kind !== 'boolean')
    return none('The answers of this task are open: there are no options to put in another order.');
  const options = metric.kind === 'boolean' ? [metric.yes, metric.no] : metric.options;

  if (options === undefined) {
    const movable = examples.flatMap((example) => {
      const places = movableOptions(example.input);
      if (places === null) return [];
      const orders = otherOrders(places.length, asked.shuffles, rng.fork(example.id));
      const letters = places.map(({ letter }) => letter);
      return [{ example, places, orders, letters }];
    });
    const count = Math.max(0, ...movable.map(({ orders }) => orders.length));
    if (count === 0) return none('No example lists options that can change places.');
    const variants = Array.from({ length: count }, (_, i) => ({
      candidate: { ...best, id: named(i) },
      examples: movable.map(({ example, places, orders, letters }) => {
        const order = orders[i % orders.length] ?? [];
        const gold = example.gold.map((each) => {
          const from = letters.indexOf(each.replace(/[().\s]/g, '').toUpperCase());
          return from < 0 ? each : `(${letters[order.indexOf(from)] ?? ''})`;
        });
        return { ...example, input: reorderListed(example.input, places, order), gold };
      }),
    }));
    return { variants, why: fewer(count) };
  }

  const orders = otherOrders(options.length, asked.shuffles, rng);
  const [trial = []] = orders;
  const inPrompt = reorderNamed(best.prompt, options, trial) !== null;
  const movable = inPrompt
    ? examples
    : examples.filter(({ input }) => reorderNamed(input, options, trial) !== null);
  if (movable.length === 0)
    return none('The options are listed neither in the prompt nor in the inputs: they have no order.');
  const variants = orders.map((order, i) => {
    const reorder = (text: string) => reorderNamed(text, options, order) ?? text;
    const moved = <T extends { input: string }>(each: T) => ({ ...each, input: reorder(each.input) });
    return {
      candidate: {
        ...best,
        id: named(i),
        prompt: reorder(best.prompt),
        shots: best.shots.map(moved),
      },
      examples: movable.map(moved),
    };
  });
  return { variants, why: fewer(orders.length) };
}

async function* scoresOf(
  evaluator: Evaluator,
  candidate: Candidate,
  examples: readonly Example[],
): Op<number[]> {
  const answers = yield* evaluator.answers(candidate, 'test', examples, null);
  return answers.map((answer) => answer.score);
}

function spreadOf(
  examples: readonly Example[],
  own: ReadonlyMap<string, number>,
  scores: readonly number[],
): Spread | null {
  if (scores.length === 0) return null;
  return {
    own: mean(examples.map((example) => own.get(example.id) ?? 0)),
    n: examples.length,
    scores,
    mean: mean(scores),
    min: Math.min(...scores),
    max: Math.max(...scores),
  };
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
