/**
 * Language models as complementary optimizers: Two Optimizers Are Better Than One: LLM Catalyst Empowers Gradient-Based
 * Optimization for Prompt Tuning (Guo et al., 2024), section 3, and its released code (the text part).
 *
 *   theta = embed(p0) or random words, n virtual tokens                                      (the model stays frozen)
 *   for r in 1..rounds:
 *     for i in 1..gradientSteps: theta = AdamW(theta, gradient of the label's cross-entropy on a batch of train)
 *       every `measureEvery` steps: loss and accuracy of theta on validation; p = nearest words of theta;
 *       trajectory += (p, loss of p, accuracy of p)
 *     ask the optimizer for `proposals` short prompts in view of the trajectory, worst to best
 *     theta = embed(the one of the lowest loss)                                   (the paper and its code: the first)
 *   return the best text that the target was scored with
 *
 * `arm` replaces the middle part and nothing else: none (gradient only), random words, a perturbed vector, a child of
 * two texts (EvoPrompt), Bayesian optimization over embeddings; or leaves the gradient out (language model only). With
 * a budget of minutes all arms have the same time.
 *
 * Deviations from the released code:
 * - projection takes the most similar word; the code sorts cosines the wrong way and takes the least similar
 *   (`projection`);
 * - all trajectory texts are candidates for the message, spread over the whole of it; the code shows its first five
 *   (`shown`);
 * - a text is measured as it stands, not cut to n tokens, and so is a proposal before it becomes a restart;
 * - Adam's memory and the warm-up begin anew at a restart; the code keeps them (`moments`);
 * - there is no classifier head: the label's own tokens are the answer;
 * - the published score is the best over epochs on the split that it reports; here texts compete on validation, and
 *   the test split is asked once, at the end;
 * - a proposal without tokens, or one that exists already, is rejected; an empty reply is asked for again.
 *
 * Of each round, the best projection and the restart's text are scored by the target like any method's candidate
 * (`scoreAll`: every proposal), so that the result stands beside those of other methods; the soft prompt's own loss
 * and accuracy are in the `tuned` events.
 */
import { expectedImprovement, liarBatch, recent, surrogate } from '../core/acquisition.ts';
import type { Candidate, Scored } from '../core/candidate.ts';
import {
  descend,
  makeCourse,
  measure,
  measureText,
  type Course,
  type Descent,
  type DescentOptions,
  type Point,
} from '../core/descent.ts';
import { CROSSOVER, offspring } from '../core/evolve.ts';
import type { Measured, Op, Part, RestartSource } from '../core/events.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Cost, Optimizer, Tools } from '../core/optimizer.ts';
import { principalCoordinates } from '../core/pca.ts';
import { roulette, top } from '../core/pick.ts';
import { proposedLines } from '../core/proposed-lines.ts';
import { PROMPT_WORDS } from '../core/render.ts';
import type { Rng } from '../core/rng.ts';
import type { Example } from '../core/task.ts';
import { tuneExample } from '../core/tune-example.ts';
import type { Projection, SoftPrompt } from '../core/tuner.ts';
import { filled, INDUCE, PARAPHRASE, paraphrases, population, populationAsks } from '../core/variants.ts';

export interface GradientOptions extends Record<string, boolean | number | string> {
  arm: string;
  rounds: number;
  gradientSteps: number;
  tokens: number;
  init: string;
  rate: number;
  batchSize: number;
  measureEvery: number;
  validationExamples: number;
  patience: number;
  proposals: number;
  restartFrom: string;
  keep: number;
  shown: string;
  maxWords: number;
  temperature: number;
  moments: string;
  projection: string;
  warmup: number;
  decay: string;
  weightDecay: number;
  clip: number;
  perturbation: number;
  pool: number;
  scoreAll: boolean;
}

const prompts = {
  // The paper's message: what the texts are, the texts worst to best, the rules.
  propose: `You learn what makes a prompt work from how earlier prompts did.

The task: {task}

Below are prompts, each of which stands {position}. A gradient method found them as words near to numbers that it improved, so some read oddly; what makes them good or bad may be hidden. They are sorted from worst to best. A lower loss is better.

{trajectory}

Write {count} new prompts that differ from all of these and have a lower loss than any of them. Rules: write only the prompts, one a line; each has fewer than {words} words.`,
  // For optimizers that continue text: the list ends where the next prompt begins.
  proposeContinuation: `{task}

Below are {many}, each short, with their losses from worst to best. A lower loss is better. Each new one is different from the ones before it and has a lower loss.

{trajectory}

{one}:`,
  ...CROSSOVER,
  ...INDUCE,
  ...PARAPHRASE,
};

const ARMS = {
  'language-model': 'what the optimizer proposes in view of the trajectory',
  none: 'nothing: gradient only',
  'language-only': 'no gradient at all: language model only',
  random: 'random words',
  perturbation: 'the best soft prompt with noise added',
  crossover: 'a child of two texts, by the optimizer',
  bayesian: 'the largest promise by Bayesian optimization over a pool of texts',
} as const;

/** A request that gave nothing usable is made again this often. */
const RETRIES = 2;

/** The released code drops proposals of so few characters. */
const MIN_CHARACTERS = 10;

export const gradientComplement: Optimizer<GradientOptions> = {
  id: 'gradient-complement',
  name: 'Gradient + language model',
  paper: {
    title:
      'Two Optimizers Are Better Than One: LLM Catalyst Empowers Gradient-Based Optimization for Prompt Tuning',
    url: 'https://arxiv.org/abs/2405.19732',
  },
  summary:
    'Moves a soft prompt inside the target along its gradient; now and then the optimizer reads the way that it took and proposes where to go on.',
  loop: [
    { name: 'Descend', says: 'steps along the gradient', stage: 'tune' },
    { name: 'Read the way', says: 'nearest words, worst to best', stage: 'retrieve' },
    { name: 'Restart', says: 'propose a new place', stage: 'propose' },
    { name: 'Evaluate', says: 'score the texts', stage: 'evaluate' },
  ],
  prompts,
  options: {
    arm: choice(
      'Restart by',
      'What chooses the place from which the gradient goes on.',
      'language-model',
      ARMS,
    ),
    rounds: whole('Rounds', 'How often descent and restart alternate.', 4, 1, 1000),
    gradientSteps: whole('Gradient steps a round', 'Steps between two restarts.', 20, 1, 1000),
    tokens: whole('Virtual tokens', 'Rows of numbers that stand where the prompt would.', 8, 1, 64),
    init: choice('Begin at', 'Where the first descent begins.', 'prompt', {
      prompt: 'the initial prompt',
      random: 'random words',
    }),
    rate: decimal('Learning rate', 'Size of a gradient step.', 0.01, 0.00001, 1),
    batchSize: whole('Examples a step', 'Train examples whose gradients are averaged.', 4, 1, 64),
    measureEvery: whole(
      'Measure every',
      'Gradient steps between two measurements on validation.',
      5,
      1,
      1000,
    ),
    validationExamples: whole(
      'Examples a measurement',
      'Validation examples that measure a soft prompt or a text; 0 for all.',
      16,
      0,
      1000,
    ),
    patience: whole(
      'Patience',
      'Measurements without a lower loss after which a descent ends early; 0 for never.',
      0,
      0,
      100,
    ),
    proposals: whole('Proposals', 'Places to choose a restart from.', 3, 1, 16),
    restartFrom: advanced(
      choice('Which proposal', 'The one that descent goes on from.', 'best', {
        best: 'the lowest loss',
        first: 'the first, as in the paper',
      }),
    ),
    keep: whole('Texts shown', 'How many texts of the trajectory the optimizer sees.', 8, 1, 50),
    shown: advanced(
      choice('Which texts', 'The texts of the trajectory that are shown.', 'spread', {
        spread: 'spread evenly over it',
        lowest: 'those of the lowest loss',
        earliest: 'the earliest, as in the released code',
      }),
    ),
    maxWords: advanced(whole('Longest proposal', 'Proposals with more words are rejected.', 8, 1, 200)),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the proposals are.', 1, 0, 2)),
    moments: advanced(
      choice('Adam’s memory', 'What becomes of it and of the warm-up at a restart.', 'reset', {
        reset: 'begins anew',
        keep: 'stays, as in the released code',
      }),
    ),
    projection: advanced(
      choice('Nearest by', 'How the words nearest to a virtual token are found.', 'cosine', {
        cosine: 'cosine',
        l2: 'distance',
        'least-similar': 'least similar: the released code’s mistake, for replication',
      }),
    ),
    warmup: advanced(whole('Warm-up', 'Steps over which the learning rate grows.', 5, 0, 1000)),
    decay: advanced(
      choice('Learning rate over time', 'Constant, or falling to 0 over all rounds.', 'constant', {
        constant: 'constant',
        linear: 'falling',
      }),
    ),
    weightDecay: advanced(decimal('Weight decay', 'How strongly numbers are drawn to 0.', 0, 0, 1)),
    clip: advanced(
      decimal('Longest gradient', 'A longer gradient is cut to this norm; 0 for any.', 1, 0, 100),
    ),
    perturbation: advanced(
      decimal('Noise', 'Size of a perturbation, as a share of the vector’s own size.', 0.5, 0.01, 10),
    ),
    pool: advanced(whole('Pool', 'Texts written for Bayesian optimization.', 12, 2, 200)),
    scoreAll: advanced(
      toggle('Score every proposal', 'Not only the one that is chosen for the restart.', false),
    ),
  },
  selectsOn: () => 'validation',
  embeds: (options) => options.arm === 'bayesian',
  tunes: true,
  cost,

  async *search(tools, options) {
    yield { type: 'stage', step: 0, stage: 'evaluate', detail: 'the initial prompt' };
    for (const scored of yield* tools.score([tools.initial])) yield* tools.current(scored);
    yield { type: 'stage', step: 0, stage: 'tune', detail: 'the first place' };
    const search = yield* begin(tools, options);
    const first = search === null ? null : yield* firstPlace(search);
    if (search === null || first === null) return;
    const { course } = search;
    let at = first;
    let descent = yield* begun(search, at, null);

    for (let round = 1; round <= options.rounds; round++) {
      const step = yield* tools.step(options.rounds);
      course.options = descentOptions(options);
      const gradient = options.arm !== 'language-only';
      const restarts = options.arm !== 'none';
      const texts: Candidate[] = [];
      if (gradient) {
        descent ??= yield* begun(search, at, null);
        yield { type: 'stage', step, stage: 'tune', detail: `${options.gradientSteps} steps` };
        const met = descent === null ? [] : yield* descend(tools, course, descent, options.gradientSteps);
        texts.push(
          ...byLoss(met)
            .slice(0, 1)
            .map(({ candidate }) => candidate),
        );
      }
      const over = course.broken || (descent?.stalled === true && !restarts);
      // After the last descent no place is needed; the language model alone proposes in every round.
      if (!over && restarts && (round < options.rounds || !gradient)) {
        const places = yield* placesFor(search, step);
        const place = options.restartFrom === 'first' ? places[0] : byLoss(places)[0];
        texts.push(...(options.scoreAll ? places : [place]).flatMap((each) => each?.candidate ?? []));
        if (place === undefined) {
          const text = 'No proposal could be used: the search goes on from where it is.';
          yield { type: 'note', step, text };
          if (descent !== null) descent = { ...descent, since: 0, stalled: false };
        } else {
          at = place;
          descent = yield* begun(search, at, descent);
        }
      }
      yield* scoreTexts(search, texts, step);
      if (!over) continue;
      const text = `No lower loss for ${options.patience} measurements: the descent ends.`;
      if (!course.broken) yield { type: 'note', step, text };
      break;
    }
    if (course.best !== null) {
      const { measured } = course.best;
      const text = `Best soft prompt: ${inWords(measured)} on ${course.validation.length} validation examples.`;
      yield { type: 'note', step: tools.begun, text };
    }
  },
};

const descentOptions = (options: GradientOptions): DescentOptions => ({
  measureEvery: options.measureEvery,
  batchSize: options.batchSize,
  rate: options.rate,
  warmup: options.warmup,
  decay: options.decay === 'linear' ? 'linear' : 'constant',
  length: options.rounds * options.gradientSteps,
  weightDecay: options.weightDecay,
  clip: options.clip,
  patience: options.patience,
  projection: options.projection as Projection,
});

interface Search {
  tools: Tools;
  options: GradientOptions;
  course: Course;
  /** Texts that the target was scored with. */
  scored: Scored[];
  /** Texts for Bayesian optimization; null before they are written. */
  pool: Candidate[] | null;
  /** Id of the next restart. */
  restarts: number;
}

/** Where descent may go on. */
interface Place {
  source: RestartSource;
  prompt: SoftPrompt;
  /** Null for a place without words. */
  candidate: Candidate | null;
  measured: Measured;
}

/** Null, with a note, when the differentiable model can read nothing of the task. */
async function* begin(tools: Tools, options: GradientOptions): Op<Search | null> {
  const { train, validation } = tools.task.splits;
  const many = options.validationExamples || validation.length;
  const measured = tools.rng.fork('measured').sample(validation, many);
  const read = (example: Example) => tuneExample(tools.task, tools.rendering, example);
  const examples = { train: train.map(read), validation: measured.map(read) };
  const course = yield* makeCourse(tools, examples, descentOptions(options));
  if (tools.rendering.style === 'chat') {
    const text =
      'Virtual tokens have no chat: the differentiable model reads each example as a text that it continues.';
    yield { type: 'note', step: 0, text };
  }
  if (!course.broken) return { tools, options, course, scored: [], pool: null, restarts: 0 };
  const text =
    'The differentiable model can read none of the examples that it needs: the search ends. Shorter ones may fit.';
  yield { type: 'note', step: 0, text };
  return null;
}

/** Null, with a note, when there is no place to begin at. */
async function* firstPlace(search: Search): Op<Place | null> {
  const { tools, options } = search;
  const [place] =
    options.init === 'random' && options.arm !== 'language-only'
      ? yield* drawn(search, 0, 1)
      : yield* located(search, [tools.initial], 'initial');
  if (place !== undefined) return { ...place, source: 'initial' };
  const text =
    'The initial prompt has no words to begin at: the search ends. Give it some, or begin at random.';
  yield { type: 'note', step: 0, text };
  return null;
}

/** Tells of the restart and makes its descent; null for an arm without gradient. */
async function* begun(search: Search, place: Place, before: Descent | null): Op<Descent | null> {
  const { tools, options, course } = search;
  const { source, prompt, candidate, measured } = place;
  const { gradientStep } = course;
  const id = search.restarts;
  search.restarts += 1;
  yield {
    type: 'restart',
    step: tools.begun,
    gradientStep,
    id,
    source,
    text: candidate?.prompt ?? '',
    candidate: candidate?.id ?? null,
    ...measured,
  };
  if (options.arm === 'language-only') return null;
  const keeps = options.moments === 'keep';
  if (!keeps) course.freshSince = gradientStep;
  return {
    id,
    prompt,
    moments: keeps ? (before?.moments ?? null) : null,
    nearest: candidate ?? before?.nearest ?? tools.initial,
    lowest: Infinity,
    since: 0,
    begun: false,
    stalled: false,
  };
}

/** Scores texts that the target has not seen, and says which one leads. */
async function* scoreTexts({ tools, scored }: Search, texts: readonly Candidate[], step: number): Op<void> {
  const fresh = [...new Set(texts)].filter((text) => !scored.some(({ candidate }) => candidate === text));
  if (fresh.length > 0) yield { type: 'stage', step, stage: 'evaluate', detail: `${fresh.length} texts` };
  scored.push(...(yield* tools.score(fresh)));
  for (const leader of top(scored, 1)) yield* tools.current(leader);
}

/** Up to `proposals` places to restart from, in the order in which the arm gave them. */
async function* placesFor(search: Search, step: number): Op<Place[]> {
  const { options } = search;
  yield { type: 'stage', step, stage: 'propose', detail: `restart: ${options.arm}` };
  switch (options.arm) {
    case 'random':
      return yield* drawn(search, step, options.proposals);
    case 'perturbation':
      return yield* perturbed(search, step);
    case 'crossover':
      return yield* located(search, yield* children(search, step), 'crossover');
    case 'bayesian':
      return yield* located(search, yield* promising(search), 'bayesian');
    default: {
      const found = yield* proposed(search, step);
      return yield* located(search, found, 'language model');
    }
  }
}

/** Texts with their vectors and their own loss; one that tokenizes to nothing is rejected. */
async function* located(
  { tools, options, course }: Search,
  candidates: readonly Candidate[],
  source: RestartSource,
): Op<Place[]> {
  const places: Place[] = [];
  for (const candidate of candidates) {
    const { prompt: text, parents, step } = candidate;
    const at = yield* tools.tune({ do: 'embed', text, tokens: options.tokens });
    const point = at === null ? null : yield* measureText(tools, course, candidate);
    if (at !== null && point !== null)
      places.push({ source, prompt: at.prompt, candidate, measured: point.measured });
    else
      yield { type: 'rejected', step, text, reason: 'the model cannot read it: it has no tokens', parents };
  }
  return places;
}

/** Places of random words. */
async function* drawn({ tools, options, course }: Search, step: number, count: number): Op<Place[]> {
  const places: Place[] = [];
  for (let i = 0; i < count; i++) {
    const seed = tools.rng.fork(`draw/${step}/${i}`).below(0x7fffffff);
    const at = yield* tools.tune({ do: 'draw', tokens: options.tokens, seed });
    if (at === null) continue;
    const measured = yield* measure(tools, course, at.prompt);
    if (measured === null) continue;
    const candidate = yield* tools.propose(at.text, { parents: [], origin: 'random', repeats: true });
    places.push({ source: 'random', prompt: at.prompt, candidate, measured });
  }
  return places;
}

/** The best soft prompt with noise added, of `perturbation` times its root mean square. */
async function* perturbed({ tools, options, course }: Search, step: number): Op<Place[]> {
  const places: Place[] = [];
  const base = course.best?.prompt;
  if (base === undefined) return places;
  const size = Math.sqrt(base.values.reduce((sum, x) => sum + x * x, 0) / Math.max(1, base.values.length));
  for (let i = 0; i < options.proposals; i++) {
    const rng = tools.rng.fork(`perturb/${step}/${i}`);
    const prompt = { ...base, values: base.values.map((x) => x + options.perturbation * size * bell(rng)) };
    const measured = yield* measure(tools, course, prompt);
    if (measured !== null) places.push({ source: 'perturbation', prompt, candidate: null, measured });
  }
  return places;
}

/** Nearly normal, mean 0 and variance 1, by sums alone, so that every machine draws the same bits. */
function bell(rng: Rng): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += rng.next();
  return sum;
}

/** What the optimizer model proposes in view of the trajectory. */
async function* proposed(search: Search, step: number): Op<Candidate[]> {
  const { tools, options, course } = search;
  const shown = shownOf([...course.trajectory.values()], options);
  const how = `${shown.length} texts, worst to best`;
  yield { type: 'stage', step, stage: 'retrieve', detail: how };
  yield {
    type: 'retrieved',
    step,
    how,
    items: shown.map(({ candidate, measured }) => ({ candidate: candidate.id, weight: measured.accuracy })),
  };
  yield { type: 'stage', step, stage: 'propose', detail: `${options.proposals} proposals` };
  const continued = tools.metaStyle === 'continuation';
  const { one } = PROMPT_WORDS[tools.task.position];
  const { slot, parts } = filled(tools, 'propose', prompts, {
    count: { origin: 'rule', text: String(options.proposals) },
    words: { origin: 'rule', text: String(options.maxWords + 1) },
    trajectory: { origin: 'trajectory', text: trajectoryText(shown, continued ? one : 'Prompt') },
  });
  const parents = shown.map(({ candidate }) => candidate).reverse();
  const found: Candidate[] = [];
  // A continued list gives one prompt a request, a chat all of them.
  const each = continued ? 1 : options.proposals;
  for (let i = 0; i < options.proposals; i += each) {
    for (let attempt = 0, before = found.length; attempt <= RETRIES && found.length === before; attempt++) {
      const reply = yield* tools.ask(slot, parts, { temperature: options.temperature });
      if (reply === null) break;
      const texts: (string | null)[] = proposedLines(reply).slice(0, each);
      for (const text of texts.length > 0 ? texts : [null]) {
        const reason = text === null ? null : unfit(text, options);
        if (reason !== null)
          yield { type: 'rejected', step, text: text ?? '', reason, parents: parents.map(({ id }) => id) };
        const candidate = reason === null ? yield* tools.propose(text, { parents, origin: 'propose' }) : null;
        if (candidate !== null) found.push(candidate);
      }
    }
  }
  return found;
}

/** Why a proposal is not used, or null. */
function unfit(text: string, options: Pick<GradientOptions, 'maxWords'>): string | null {
  const words = text.split(/\s+/u).filter((word) => word !== '').length;
  if (words > options.maxWords) return `${words} words, more than ${options.maxWords}`;
  return text.length > MIN_CHARACTERS ? null : `no more than ${MIN_CHARACTERS} characters`;
}

/** The texts that the optimizer sees, worst first; of equal loss the earlier first. */
export function shownOf(
  points: readonly Point[],
  { keep, shown }: Pick<GradientOptions, 'keep' | 'shown'>,
): Point[] {
  const finite = points.filter(({ measured }) => Number.isFinite(measured.loss));
  const last = finite.length - 1;
  const spread = (i: number) => finite[keep === 1 ? last : Math.round((i * last) / (keep - 1))];
  const chosen =
    shown === 'lowest'
      ? byLoss(finite).slice(0, keep)
      : shown === 'earliest' || finite.length <= keep
        ? finite.slice(0, keep)
        : Array.from({ length: keep }, (_, i) => spread(i)).filter((point) => point !== undefined);
  return chosen.toSorted((a, b) => b.measured.loss - a.measured.loss);
}

const inWords = ({ loss, accuracy }: Measured) =>
  accuracy === null ? `loss ${loss.toFixed(3)}` : `loss ${loss.toFixed(3)}, accuracy ${accuracy.toFixed(3)}`;

/** As in the paper: each text with its loss and accuracy to three decimals. */
export function trajectoryText(points: readonly Point[], one: string): string {
  return points
    .map(({ text, measured: { loss, accuracy } }) => {
      const right = accuracy === null ? '' : `, accuracy: ${accuracy.toFixed(3)}`;
      return `${one}: ${text}\nLoss: ${loss.toFixed(3)}${right}`;
    })
    .join('\n\n');
}

/** Lowest loss first; the order of equals stays. */
const byLoss = <T extends { measured: Measured }>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => a.measured.loss - b.measured.loss);

/** The probability that a text gives the right answers (their geometric mean), in 0..1: the fitness of parents. */
const fitness = ({ measured }: Point) => Math.exp(-measured.loss);

/** Children of two texts each, drawn by fitness (EvoPrompt, genetic algorithm). */
async function* children({ tools, options, course }: Search, step: number): Op<Candidate[]> {
  const points = [...course.trajectory.values()];
  const rng = tools.rng.fork(`parents/${step}`);
  const born: Candidate[] = [];
  for (let i = 0; i < options.proposals; i++) {
    const first = roulette(rng, points, fitness);
    const others = points.filter((point) => point !== first);
    const second = roulette(rng, others, fitness) ?? first;
    if (first === undefined || second === undefined) break;
    const slot = ({ text }: Point): Part => ({ origin: 'trajectory', text });
    const child = yield* offspring(
      tools,
      prompts,
      {
        template: 'crossover',
        slots: { first: slot(first), second: slot(second) },
        parents: [first.candidate, second.candidate],
        repeats: false,
      },
      { demonstration: true, temperature: options.temperature },
    );
    if (child !== null) born.push(child);
  }
  return born;
}

/** Observed fitness is that of the same few examples each time: what noise there is, is rounding. */
const NOISE = 1e-4;
const DIMENSIONS = 16;
const EXEMPLARS = 3;

/** Texts of a pool that promise the largest improvement, by what the trajectory tells of their neighbourhood. */
async function* promising(search: Search): Op<Candidate[]> {
  const { tools, options, course } = search;
  const { temperature, proposals } = options;
  const pool = (search.pool ??= yield* population(tools, options.pool, { temperature, demos: EXEMPLARS }));
  const points = [...course.trajectory.values()].filter(({ measured }) => Number.isFinite(measured.loss));
  const open = () => pool.filter(({ prompt }) => !course.trajectory.has(prompt));
  const [leader] = byLoss(points);
  if (open().length === 0 && leader !== undefined)
    pool.push(...(yield* paraphrases(tools, leader.candidate, proposals, { temperature })));
  const left = open();
  if (points.length === 0 || left.length === 0) return left.slice(0, proposals);
  const vectors = yield* tools.embed([
    ...points.map(({ text }) => text),
    ...left.map(({ prompt }) => prompt),
  ]);
  const x = principalCoordinates(vectors, DIMENSIONS);
  const observations = points.flatMap((point, i) => {
    const at = x[i];
    return at === undefined ? [] : [{ x: at, score: fitness(point), n: 1 }];
  });
  const picks = liarBatch(
    surrogate(recent(observations), () => NOISE),
    x.slice(points.length),
    proposals,
    (belief, best) => expectedImprovement(belief, best),
    'mean',
  );
  return picks.flatMap(({ index }) => left[index] ?? []);
}

/** Upper bounds; `tuned` counts examples read by the differentiable model. */
function cost(options: GradientOptions, sizes: { train: number; validation: number }): Cost {
  const { rounds, gradientSteps, measureEvery, proposals, arm } = options;
  const perRound =
    (arm === 'language-only' ? 0 : 1) + (arm === 'none' ? 0 : options.scoreAll ? proposals : 1);
  const measured = Math.min(sizes.validation, options.validationExamples || sizes.validation);
  const descents = arm === 'language-only' ? 0 : 1 + Math.ceil(gradientSteps / measureEvery);
  const asks = { none: 0, random: 0, perturbation: 0 }[arm] ?? proposals * (1 + RETRIES);
  return {
    steps: rounds,
    targetCalls: (1 + rounds * perRound) * sizes.validation,
    optimizerCalls: rounds * asks + (arm === 'bayesian' ? populationAsks(options.pool) : 0),
    tuned: {
      steps: arm === 'language-only' ? 0 : rounds * gradientSteps * options.batchSize,
      // Each descent measures a soft prompt and its nearest words; each proposal is measured once.
      measured: (1 + rounds * (2 * descents + (arm === 'none' ? 0 : proposals))) * measured,
    },
  };
}
