/**
 * Bayesian optimization over sentence embeddings of prompts. Its parts are those of InstructZero (Chen et al., 2023,
 * section 3), a Gaussian process on prompts and expected improvement, without the open model that InstructZero and
 * INSTINCT (Lin et al., 2023) need to write prompts from soft tokens: here a pool of ready-made prompts is searched.
 *
 *   X = {p0} + prompts guessed from examples + paraphrases of p0            (APE's two generators)
 *   x(p) = embedding of p on the first min(16, |X| - 1) principal components of X
 *   observe p0 and the prompts of X farthest from each other, `initial` in all, each on `items` examples
 *   for t = 1..steps:
 *     every `refillEvery` steps, or when X is used up: X += mutations of the `parents` best (by posterior mean),
 *       each one change made with some of the parent's errors on train in view
 *     GP = fit(x, scores): Matern 5/2, noise s(1-s)/m of m examples, likeliest length scale and variance
 *     Q = `candidates` of X by EI or UCB, one after the other, each pretended to score the `lie` (constant liar)
 *     observe Q; observe the incumbent, the best posterior mean among the observed, on all of validation
 *   observe incumbents on all of validation until the incumbent is
 *
 * The paper's rule returns the best posterior mean among the observed prompts. A run returns the highest score on the
 * whole of validation, among those that have one: p0 and every prompt that was the incumbent after some step. The two
 * differ only where the process trusts another incumbent more than its own score; a `note` tells the last incumbent.
 *
 * Deviations and choices where the sources are silent:
 * - p0 is observed on all of validation first, since every prompt is compared with it;
 * - each prompt is asked a draw of `items` examples of its own, so that the noise of two prompts is independent, as
 *   the model has it; 0 items means all of validation;
 * - the noise takes (m s + 1) / (m + 2) for s, so that two right of two are no certainty (`noise`);
 * - the value to improve on is the highest posterior mean at an observed prompt, not the luckiest score;
 * - InstructZero's kernel couples scores on single examples and learns a length scale for each of its 10 dimensions;
 *   one length scale is what some ten to a hundred noisy scores can tell;
 * - the kernel is fitted anew when the scores have grown by a fifth, and keeps its two numbers in between;
 * - at most 200 observations are fitted: beyond, the 100 best and the latest 100 of the others;
 * - scores that are all equal are not standardized by their spread of 0 (InstructZero adds 1e-9, which would turn
 *   their noise into everything), and prompts with equal embeddings count as one, over all their examples.
 */
import {
  betaAt,
  expectedImprovement,
  liarBatch,
  recent,
  shareNoise,
  smoothedNoise,
  surrogate,
  upperBound,
  type Acquire,
  type Lie,
  type Surrogate,
} from '../core/acquisition.ts';
import type { Candidate, Scored } from '../core/candidate.ts';
import type { Op } from '../core/events.ts';
import { caseList, type Case } from '../core/feedback.ts';
import type { Kernel } from '../core/gaussian.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { farthestPoints, firstMaximum, principalCoordinates } from '../core/pca.ts';
import { firstLine, proposals } from '../core/propose.ts';
import { mistakes } from '../core/reflect.ts';
import { exemplarText } from '../core/render.ts';
import { between } from '../core/tags.ts';
import type { Example } from '../core/task.ts';
import { filled, INDUCE, PARAPHRASE, paraphrases, population, populationAsks } from '../core/variants.ts';

export interface BayesOptions extends Record<string, boolean | number | string> {
  steps: number;
  candidates: number;
  pool: number;
  initial: number;
  items: number;
  acquisition: string;
  xi: number;
  beta: number;
  betaSchedule: boolean;
  lie: string;
  noise: string;
  refillEvery: number;
  parents: number;
  offspring: number;
  mutation: string;
  exemplars: number;
  components: number;
  temperature: number;
}

const prompts = {
  ...INDUCE,
  ...PARAPHRASE,
  mutate: `A prompt for a language model stands {position}.

{exemplars}

The current prompt:
{current}

{errors}

Change one thing about the current prompt that could make the model right more often: say something that it leaves unsaid, make a vague word exact, or drop what misleads. Keep the rest. Put the changed prompt between <prompt> and </prompt>.`,
  mutateContinuation: `{exemplars}

{one} for this task: {current}

{errors}

The same with one change that makes the task clearer.

{one}:`,
};

/** An ask that gave nothing usable is repeated this often. */
const RETRIES = 1;

/** Train examples that a parent is asked at most to find its errors, where it stops, and errors that one request shows. */
const LOOKED_AT = 16;
const ENOUGH = 6;
const SHOWN = 3;

export const bayes: Optimizer<BayesOptions> = {
  id: 'bayes',
  name: 'Bayesian optimization',
  paper: {
    title: 'InstructZero: Efficient Instruction Optimization for Black-Box Large Language Models',
    url: 'https://arxiv.org/abs/2306.03082',
  },
  summary:
    'Learns from the prompts scored so far which regions of meaning score well and which are unknown, and tries next the prompts of a pool that promise the largest improvement.',
  loop: [
    { name: 'Pool', says: 'write many prompts', stage: 'propose', once: true },
    { name: 'Model', says: 'fit scores over meanings', stage: 'retrieve' },
    { name: 'Choose', says: 'largest promise', stage: 'select' },
    { name: 'Evaluate', says: 'score these few', stage: 'evaluate' },
    { name: 'Mutate', says: 'refill from the best, now and then', stage: 'propose' },
  ],
  prompts,
  options: {
    steps: whole('Steps', 'How often a batch of prompts is chosen and scored.', 20, 1, 500),
    candidates: whole('Prompts a step', 'How many prompts of the pool are scored in each step.', 4, 1, 64),
    pool: whole('First pool', 'Prompts written before the search begins.', 30, 1, 200),
    initial: whole(
      'First prompts scored',
      'How many prompts, as different as possible, are scored before the first step.',
      10,
      1,
      100,
    ),
    items: whole(
      'Examples a prompt',
      'Validation examples that score a prompt at first; 0 for all. The leading prompt is always scored on all.',
      16,
      0,
      1000,
    ),
    acquisition: choice('Choose by', 'What makes a prompt worth scoring.', 'improvement', {
      improvement: 'expected improvement',
      bound: 'upper confidence bound',
    }),
    refillEvery: whole('Refill every', 'Steps between additions to the pool.', 5, 1, 100),
    parents: advanced(whole('Parents', 'How many of the best prompts are mutated at a refill.', 5, 1, 50)),
    offspring: advanced(whole('Mutations of each', 'New prompts asked for from each parent.', 4, 1, 50)),
    mutation: advanced(
      choice('Mutation', 'How new prompts are made from the best.', 'errors', {
        errors: 'one change, with some of its errors on train in view',
        change: 'one change, with examples in view',
        paraphrase: 'the same in other words',
      }),
    ),
    exemplars: advanced(
      whole('Exemplars', 'Worked examples of train shown when prompts are guessed or changed.', 3, 0, 20),
    ),
    xi: advanced(
      decimal(
        'Least improvement',
        'Expected improvement counts only what exceeds the best by this, in standard deviations of the scores.',
        0.01,
        0,
        2,
      ),
    ),
    beta: advanced(decimal('Beta', 'Standard deviations added by the upper confidence bound.', 2, 0, 10)),
    betaSchedule: advanced(
      toggle(
        'Beta by schedule',
        'Beta grows with the step t as sqrt(2 ln(t² π² / 0.6)) instead of staying fixed.',
        false,
      ),
    ),
    lie: advanced(
      choice('Constant lie', 'What a prompt of the batch is pretended to score until it is.', 'mean', {
        lowest: 'the lowest score so far',
        mean: 'the mean score so far',
        highest: 'the highest score so far',
      }),
    ),
    noise: advanced(
      choice('Noise', 'How uncertain a score s over m examples is.', 'smoothed', {
        smoothed: 's(1-s)/m with one right and one wrong answer added',
        share: 's(1-s)/m',
      }),
    ),
    components: advanced(
      whole('Dimensions', 'Most principal components of the embeddings that the model uses.', 16, 1, 64),
    ),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the proposals are.', 1, 0, 2)),
  },
  selectsOn: () => 'validation',
  embeds: () => true,
  cost(options, sizes) {
    const observed = Math.max(1, options.initial) + options.steps * options.candidates;
    const refills = Math.floor(options.steps / options.refillEvery);
    const mutations =
      refills * options.parents * options.offspring + (options.steps - refills) * options.candidates;
    return {
      steps: options.steps,
      // Every observed prompt may lead at some time and be scored in full, and may become a parent.
      targetCalls:
        observed *
        (sizes.validation + (options.mutation === 'errors' ? Math.min(LOOKED_AT, sizes.train) : 0)),
      optimizerCalls: populationAsks(options.pool) + mutations * (1 + RETRIES),
    };
  },

  async *search(tools, options) {
    const known: Known = {
      pool: [tools.initial],
      x: [],
      observed: new Map(),
      whole: new Set(),
      fitted: null,
      model: null,
    };
    yield { type: 'stage', step: 0, stage: 'evaluate', detail: 'the initial prompt' };
    yield* observe(tools, known, known.pool, 0);
    yield { type: 'stage', step: 0, stage: 'propose', detail: `a pool of ${options.pool}` };
    const { temperature, exemplars: demos } = options;
    known.pool = yield* population(tools, options.pool, { temperature, demos });
    yield* place(tools, known, options);
    const first = farthestPoints(known.x, options.initial).flatMap((i) => known.pool[i] ?? []);
    yield { type: 'stage', step: 0, stage: 'evaluate', detail: `${first.length} prompts far apart` };
    yield* observe(tools, known, first, options.items);
    yield* scoreIncumbent(tools, known, options);

    for (let t = 1; t <= options.steps; t++) {
      const step = yield* tools.step(options.steps);
      const due = t % options.refillEvery === 0;
      if (due || unobserved(known).length === 0) {
        const count = due ? options.parents * options.offspring : options.candidates;
        const parents = believed(known, options, options.parents);
        yield { type: 'stage', step, stage: 'propose', detail: `${count} mutations of the best` };
        known.pool.push(...(yield* mutations(tools, parents, count, step, options)));
        yield* place(tools, known, options);
      }
      const batch = yield* choose(known, options, step);
      if (batch.length === 0) continue;
      yield { type: 'stage', step, stage: 'evaluate', detail: `${batch.length} prompts` };
      yield* observe(tools, known, batch, options.items);
      yield* scoreIncumbent(tools, known, options);
    }
    while (yield* scoreIncumbent(tools, known, options));
    yield* tellIncumbent(known, options);
  },
};

/** What the search knows. */
interface Known {
  pool: Candidate[];
  /** Where the pool's prompts lie, same order. */
  x: Float64Array[];
  /** Scores of the prompts observed, by id, in time order. */
  observed: Map<string, Scored>;
  /** Those put to all of validation (in a run with racing a beaten one may have left early). */
  whole: Set<string>;
  /** The likeliest kernel when there were so many scores. */
  fitted: { kernel: Kernel; scores: number } | null;
  /** What follows from the scores and places above; null when it is to be made anew. */
  model: Model | null;
}

interface Model extends Surrogate {
  /** The posterior mean at a prompt of the pool. */
  meanOf(id: string): number;
}

/** The kernel is fitted anew when the scores have grown by a fifth; in between it only meets the new scores. */
const GROWTH = 1.2;

const unobserved = ({ pool, observed }: Known) => pool.filter((candidate) => !observed.has(candidate.id));

/**
 * Scores prompts that have no score yet, each on its own draw of `items` validation examples; with 0 items all
 * prompts, on all of validation.
 */
async function* observe(
  tools: Tools,
  known: Known,
  candidates: readonly Candidate[],
  items: number,
): Op<void> {
  const { observed, whole: done } = known;
  const { validation } = tools.task.splits;
  const all = items === 0 || items >= validation.length;
  for (const candidate of candidates) {
    if (all ? done.has(candidate.id) : observed.has(candidate.id)) continue;
    const examples = all ? validation : tools.rng.fork(`items/${candidate.id}`).sample(validation, items);
    for (const scored of yield* tools.score([candidate], { examples })) {
      observed.set(candidate.id, scored);
      known.model = null;
    }
    if (all) done.add(candidate.id);
  }
}

/** Gives the pool's prompts their places: their embeddings on the pool's own principal components. */
async function* place(tools: Tools, known: Known, options: BayesOptions): Op<void> {
  const vectors = yield* tools.embed(known.pool.map((candidate) => candidate.prompt));
  known.x = principalCoordinates(vectors, options.components);
  known.model = null;
}

/** What is believed of all prompts, made once for the scores that there are. */
function model(known: Known, options: BayesOptions): Model {
  known.model ??= modelOf(known, options);
  return known.model;
}

function modelOf(known: Known, options: BayesOptions): Model {
  const { pool, x, observed, fitted } = known;
  const places = new Map(pool.map((candidate, i) => [candidate.id, x[i]]));
  const observations = [...observed.values()].flatMap(({ candidate, score, n }) => {
    const at = places.get(candidate.id);
    return at === undefined ? [] : [{ id: candidate.id, x: at, score, n }];
  });
  const fittedOn = recent(observations);
  const noise = options.noise === 'share' ? shareNoise : smoothedNoise;
  const kept = fitted !== null && observed.size < GROWTH * fitted.scores ? fitted.kernel : undefined;
  const made = surrogate(fittedOn, noise, kept);
  if (kept === undefined) known.fitted = { kernel: made.process.kernel, scores: observed.size };
  const means = new Map(fittedOn.map(({ id }, i) => [id, made.means[i] ?? 0]));
  return {
    ...made,
    meanOf: (id) => means.get(id) ?? made.at(places.get(id) ?? new Float64Array()).mean,
  };
}

/** The first `count` of the observed prompts, best posterior mean first; ties keep the pool's order. */
function believed(known: Known, options: BayesOptions, count: number): Candidate[] {
  const { meanOf } = model(known, options);
  const open = known.pool.flatMap((candidate) =>
    known.observed.has(candidate.id) ? [{ candidate, mean: meanOf(candidate.id) }] : [],
  );
  const inOrder: Candidate[] = [];
  while (open.length > 0 && inOrder.length < count)
    for (const { candidate } of open.splice(firstMaximum(open.map(({ mean }) => mean)), 1))
      inOrder.push(candidate);
  return inOrder;
}

/** Scores the incumbent on all of validation; false when that has been done. */
async function* scoreIncumbent(tools: Tools, known: Known, options: BayesOptions): Op<boolean> {
  const [incumbent] = believed(known, options, 1);
  if (incumbent === undefined) return false;
  const open = !known.whole.has(incumbent.id);
  if (open) yield* observe(tools, known, [incumbent], 0);
  const scored = known.observed.get(incumbent.id);
  if (scored !== undefined) yield* tools.current(scored);
  return open;
}

async function* tellIncumbent(known: Known, options: BayesOptions): Op<void> {
  const [incumbent] = believed(known, options, 1);
  const at = known.pool.findIndex((candidate) => candidate.id === incumbent?.id);
  const x = known.x[at];
  if (incumbent === undefined || x === undefined) return;
  const { at: beliefAt, scoreOf } = model(known, options);
  const { mean, sd } = scoreOf(beliefAt(x));
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const scored = percent(known.observed.get(incumbent.id)?.score ?? 0);
  const text = `Best believed: ${incumbent.id}, ${percent(mean)} give or take ${percent(sd)}; scored ${scored}.`;
  yield { type: 'note', step: options.steps, text };
}

/** The prompts of the pool to score next; none when all are scored. */
async function* choose(known: Known, options: BayesOptions, step: number): Op<Candidate[]> {
  const { pool, x, observed } = known;
  const open = unobserved(known);
  if (open.length === 0) {
    const text =
      'Every prompt of the pool is scored and the optimizer wrote no new one: nothing to choose from.';
    yield { type: 'note', step, text };
    return [];
  }
  yield { type: 'stage', step, stage: 'retrieve', detail: `scores of ${observed.size} prompts` };
  const places = pool.flatMap((candidate, i) =>
    observed.has(candidate.id) ? [] : [x[i] ?? new Float64Array()],
  );
  const picks = liarBatch(
    model(known, options),
    places,
    options.candidates,
    acquire(options, step),
    options.lie as Lie,
  );
  const chosen = picks.flatMap(({ index, value }) => {
    const candidate = open[index];
    return candidate === undefined ? [] : [{ candidate, value }];
  });
  yield {
    type: 'retrieved',
    step,
    how: options.acquisition === 'bound' ? 'upper confidence bound' : 'expected improvement',
    items: chosen.map(({ candidate, value }) => ({ candidate: candidate.id, weight: value })),
  };
  const detail = chosen.map(({ candidate }) => candidate.id).join(', ');
  yield { type: 'stage', step, stage: 'select', detail };
  return chosen.map(({ candidate }) => candidate);
}

function acquire(options: BayesOptions, t: number): Acquire {
  if (options.acquisition !== 'bound') return (belief, best) => expectedImprovement(belief, best, options.xi);
  const beta = options.betaSchedule ? betaAt(t) : options.beta;
  return (belief) => upperBound(belief, beta);
}

/** New prompts made from `parents` by turns, one for each of `count` requests that gives one. */
async function* mutations(
  tools: Tools,
  parents: readonly Candidate[],
  count: number,
  step: number,
  options: BayesOptions,
): Op<Candidate[]> {
  const { temperature } = options;
  const { train } = tools.task.splits;
  const made: Candidate[] = [];
  for (let i = 0; i < count; i++) {
    const parent = parents[i % parents.length];
    if (parent === undefined) break;
    if (options.mutation === 'paraphrase') {
      made.push(...(yield* paraphrases(tools, parent, 1, { temperature, retries: RETRIES })));
      continue;
    }
    const rng = tools.rng.fork(`mutate/${step}/${i}`);
    let wrong: Case[] = [];
    if (options.mutation === 'errors') {
      // A parent's draw stays the same, so what it has answered is not asked again.
      const looked = tools.rng.fork(`errors/${parent.id}`).sample(train, LOOKED_AT);
      wrong = rng.sample((yield* mistakes(tools, parent, looked, ENOUGH)).wrong, SHOWN);
    }
    const exemplars = wrong.length > 0 ? [] : rng.sample(train, options.exemplars);
    made.push(...(yield* changed(tools, parent, wrong, exemplars, temperature)));
  }
  return made;
}

/** `parent` with one change; none when the optimizer gives nothing usable. */
function changed(
  tools: Tools,
  parent: Candidate,
  wrong: readonly Case[],
  exemplars: readonly Example[],
  temperature: number,
): Op<Candidate[]> {
  const { task, metaStyle } = tools;
  const { slot, parts } = filled(tools, 'mutate', prompts, {
    current: { origin: 'current', text: parent.prompt },
    exemplars: { origin: 'exemplars', text: exemplarText(exemplars, '', task.position, task.markers) },
    errors: {
      origin: 'reflection',
      text: wrong.length === 0 ? '' : `With it, the model got these wrong:\n\n${caseList(task, wrong)}`,
    },
  });
  return proposals(
    tools,
    {
      slot,
      parts,
      ask: { temperature },
      parse: metaStyle === 'continuation' ? firstLine : (reply) => between(reply, '<prompt>', '</prompt>'),
      parents: [parent],
      origin: 'mutate',
      repeats: false,
    },
    1,
    RETRIES,
  );
}
