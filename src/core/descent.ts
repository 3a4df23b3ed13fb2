/** Gradient descent on a soft prompt, told as events: steps in stretches, each measured, undone when it goes wrong. */
import type { Candidate } from './candidate.ts';
import type { Measured, Op } from './events.ts';
import type { Tools } from './optimizer.ts';
import type { Rng } from './rng.ts';
import type { Moments, Nearest, Projection, SoftPrompt, TuneExample } from './tuner.ts';

export interface DescentOptions {
  /** Gradient steps between two measurements. */
  measureEvery: number;
  /** Examples a gradient step. */
  batchSize: number;
  rate: number;
  /** Steps over which the rate grows linearly to `rate`. */
  warmup: number;
  /** Falls linearly to 0 at `length` steps of the run, or stays. */
  decay: 'constant' | 'linear';
  length: number;
  weightDecay: number;
  /** Largest norm of a gradient; 0 for any. */
  clip: number;
  /** Measurements without a lower loss after which a descent ends; 0 for never. */
  patience: number;
  projection: Projection;
}

/** A text of the trajectory with how it does by itself, as a prompt like any other. */
export interface Point {
  text: string;
  candidate: Candidate;
  measured: Measured;
}

/** What descents of one run share. */
export interface Course {
  /** May change between two descents. */
  options: DescentOptions;
  readonly validation: readonly TuneExample[];
  /** Examples that gradient steps may use; those that the model cannot read are taken out. */
  train: readonly TuneExample[];
  /** Distinct texts in the order in which they were met. */
  readonly trajectory: Map<string, Point>;
  /** The soft prompt of the lowest validation loss. */
  best: { prompt: SoftPrompt; measured: Measured } | null;
  /** Steps kept in the whole run. */
  gradientStep: number;
  /** The step at which Adam's memory was last fresh: the warm-up counts from there. */
  freshSince: number;
  /** 1, halved with each stretch that went wrong. */
  scale: number;
  failedInRow: number;
  /** Set when three stretches in a row went wrong, or no example can be read. */
  broken: boolean;
  readonly rng: Rng;
  /** Examples of the current pass over train that were not used yet. */
  pending: TuneExample[];
  passes: number;
}

/** A descent under way. */
export interface Descent {
  /** Id of the restart that it began from. */
  readonly id: number;
  prompt: SoftPrompt;
  moments: Moments | null;
  /** The candidate that stands nearest to where it is; parent of what it finds next. */
  nearest: Candidate;
  lowest: number;
  /** Measurements since the lowest. */
  since: number;
  begun: boolean;
  /** Early stopping: no lower loss for `patience` measurements. */
  stalled: boolean;
}

/** A stretch that went wrong this often in a row ends all descent. */
const MOST_FAILURES = 3;

/** How many near tokens are told of each virtual token. */
const NEAREST = 5;

/** `train` and `validation` as read by the model; examples that it refuses are left out, with a note. */
export async function* makeCourse(
  tools: Tools,
  examples: { train: readonly TuneExample[]; validation: readonly TuneExample[] },
  options: DescentOptions,
): Op<Course> {
  const course: Course = {
    options,
    validation: examples.validation,
    train: examples.train,
    trajectory: new Map(),
    best: null,
    gradientStep: 0,
    freshSince: 0,
    scale: 1,
    failedInRow: 0,
    broken: examples.validation.length === 0 || examples.train.length === 0,
    rng: tools.rng.fork('batches'),
    pending: [],
    passes: 0,
  };
  if (course.broken) return course;
  const first = yield* measureText(tools, course, tools.initial);
  if (first !== null) return course;
  const validation = yield* readable(tools, tools.initial.prompt, examples.validation);
  const left = { ...course, validation, broken: validation.length === 0 };
  if (!left.broken) yield* measureText(tools, left, tools.initial);
  return left;
}

/** Mean loss and accuracy; a loss that is no number counts as endless. */
export async function* measure(
  tools: Tools,
  course: Course,
  prompt: SoftPrompt | string,
): Op<Measured | null> {
  const { validation } = course;
  const result = yield* tools.tune({ do: 'measure', prompt, examples: validation });
  if (result === null || result.losses.length === 0) return null;
  const mean = result.losses.reduce((sum, loss) => sum + loss, 0) / result.losses.length;
  const right = validation.filter(({ gold }, i) => result.chosen[i] === gold).length;
  const free = validation.every(({ options }) => options.length === 1);
  return {
    loss: Number.isNaN(mean) ? Infinity : mean,
    accuracy: free ? null : right / validation.length,
  };
}

/** A candidate measured as the text that it is, and put into the trajectory; null when the model cannot read it. */
export async function* measureText(tools: Tools, course: Course, candidate: Candidate): Op<Point | null> {
  const text = candidate.prompt;
  const known = course.trajectory.get(text);
  if (known !== undefined) return known;
  const measured = yield* measure(tools, course, text);
  if (measured === null) return null;
  const point = { text, candidate, measured };
  course.trajectory.set(text, point);
  return point;
}

/** The rate of the step after `made` steps. */
export function rateAt(course: Pick<Course, 'options' | 'scale' | 'freshSince'>, made: number): number {
  const { rate, warmup, decay, length } = course.options;
  const warm = Math.min(1, (made - course.freshSince + 1) / Math.max(1, warmup));
  const left = decay === 'linear' ? Math.max(0, 1 - made / Math.max(1, length)) : 1;
  return rate * course.scale * warm * left;
}

/**
 * Up to `steps` gradient steps, a measurement before the first of a descent and after each `measureEvery`. Texts that
 * it comes near go into the trajectory; returns those of this call. Ends early when the descent stalls or the course
 * breaks.
 */
export async function* descend(tools: Tools, course: Course, descent: Descent, steps: number): Op<Point[]> {
  const met: Point[] = [];
  if (!descent.begun) {
    descent.begun = true;
    const measured = yield* measure(tools, course, descent.prompt);
    if (measured !== null) met.push(...(yield* stand(tools, course, descent, measured, null)));
  }
  for (let made = 0; made < steps && !course.broken && !descent.stalled;) {
    const wanted = Math.min(course.options.measureEvery, steps - made);
    const stretch = yield* stretchOf(tools, course, descent, wanted);
    if (stretch === null) continue;
    made += wanted;
    met.push(...(yield* stand(tools, course, descent, stretch.measured, stretch.loss)));
  }
  return met;
}

/** One stretch of steps and its measurement; null when it was undone. */
async function* stretchOf(
  tools: Tools,
  course: Course,
  descent: Descent,
  steps: number,
): Op<{ measured: Measured; loss: number } | null> {
  const { weightDecay, clip } = course.options;
  const [pending, passes] = [[...course.pending], course.passes];
  const batches = Array.from({ length: steps }, () => nextBatch(course));
  const rates = batches.map((_, i) => rateAt(course, course.gradientStep + i));
  const { prompt, moments } = descent;
  const result = yield* tools.tune({ do: 'steps', prompt, moments, batches, rates, weightDecay, clip });
  let reason = result === null ? 'The model refused the steps.' : result.failed;
  if (result === null) {
    const refused = yield* unreadable(tools, course, descent, batches.flat());
    if (refused > 0) return null;
  } else if (reason === null) {
    const measured = yield* measure(tools, course, result.prompt);
    if (measured !== null && Number.isFinite(measured.loss)) {
      descent.prompt = result.prompt;
      descent.moments = result.moments;
      course.gradientStep += steps;
      course.failedInRow = 0;
      const { losses } = result;
      return { measured, loss: losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length) };
    }
    reason = 'After these steps the validation loss is no number.';
  }
  // The same examples again, at half the rate.
  course.pending = pending;
  course.passes = passes;
  course.scale /= 2;
  course.failedInRow += 1;
  yield {
    type: 'rolled-back',
    step: tools.begun,
    gradientStep: course.gradientStep,
    reason: reason ?? '',
    rate: course.options.rate * course.scale,
    inRow: course.failedInRow,
  };
  if (course.failedInRow >= MOST_FAILURES) {
    course.broken = true;
    const text = `Gradient descent went wrong ${MOST_FAILURES} times in a row and ends here, with the best found so far.`;
    yield { type: 'note', step: tools.begun, text };
  }
  return null;
}

/** The next examples of train, in a new order in each pass. */
function nextBatch(course: Course): TuneExample[] {
  const batch: TuneExample[] = [];
  const size = Math.min(course.options.batchSize, course.train.length);
  while (batch.length < size) {
    if (course.pending.length === 0) {
      course.passes += 1;
      course.pending = course.rng.fork(`pass/${course.passes}`).shuffled(course.train);
    }
    const next = course.pending.shift();
    if (next !== undefined) batch.push(next);
  }
  return batch;
}

/** Takes examples that the model cannot read out of train; returns how many there were. */
async function* unreadable(
  tools: Tools,
  course: Course,
  descent: Descent,
  examples: readonly TuneExample[],
): Op<number> {
  const distinct = [...new Map(examples.map((example) => [example.id, example])).values()];
  const kept = new Set((yield* readable(tools, descent.prompt, distinct)).map(({ id }) => id));
  const gone = new Set(distinct.map(({ id }) => id).filter((id) => !kept.has(id)));
  course.train = course.train.filter(({ id }) => !gone.has(id));
  course.pending = course.pending.filter(({ id }) => !gone.has(id));
  if (course.train.length === 0) course.broken = true;
  return gone.size;
}

/** Those of the examples that the model can read, found one by one. */
async function* readable(
  tools: Tools,
  prompt: SoftPrompt | string,
  examples: readonly TuneExample[],
): Op<TuneExample[]> {
  const kept: TuneExample[] = [];
  for (const example of examples) {
    if ((yield* tools.tune({ do: 'measure', prompt, examples: [example] })) !== null) kept.push(example);
  }
  const text = `${examples.length - kept.length} of ${examples.length} examples cannot be read by the differentiable model and are left out of gradient descent.`;
  if (kept.length < examples.length) yield { type: 'note', step: tools.begun, text };
  return kept;
}

/** Notes where a descent stands: its loss, its nearest words, and how those do by themselves. */
async function* stand(
  tools: Tools,
  course: Course,
  descent: Descent,
  measured: Measured,
  loss: number | null,
): Op<Point[]> {
  if (course.best === null || measured.loss < course.best.measured.loss)
    course.best = { prompt: descent.prompt, measured };
  if (measured.loss < descent.lowest) {
    descent.lowest = measured.loss;
    descent.since = 0;
  } else descent.since += 1;
  const { patience, projection: by } = course.options;
  descent.stalled = patience > 0 && descent.since >= patience;

  const near = yield* tools.tune({ do: 'project', prompt: descent.prompt, by, nearest: NEAREST });
  const words: readonly Nearest[][] = near?.nearest ?? [];
  const candidate =
    near === null
      ? null
      : yield* tools.propose(near.text, {
          parents: [descent.nearest],
          origin: 'projection',
          repeats: true,
        });
  const point = candidate === null ? null : yield* measureText(tools, course, candidate);
  if (candidate !== null) descent.nearest = candidate;
  yield {
    type: 'tuned',
    step: tools.begun,
    gradientStep: course.gradientStep,
    restart: descent.id,
    loss,
    rate: course.options.rate * course.scale,
    validation: measured,
    text: candidate?.prompt ?? near?.text ?? '',
    candidate: candidate?.id ?? null,
    projected: point?.measured ?? null,
    words,
  };
  return point === null ? [] : [point];
}
