import * as v from 'valibot';
import type { LoggedEffect } from '../core/log.ts';
import type { Choice, Reply, Tokens } from '../core/model.ts';
import type { Racing } from '../core/race.ts';
import type { ReadingCheck, Rendering } from '../core/rendering.ts';
import type { RobustnessConfig } from '../core/robustness.ts';
import type { Branch, RunConfig } from '../core/run.ts';
import type { Example, Markers, Metric, Task } from '../core/task.ts';
import type { Moments, Nearest, SoftPrompt, TuneResult } from '../core/tuner.ts';
import type { KeptReply } from './replies.ts';
import type { Builds, RunHead, RunRecord, TaskHead, TaskOutline } from './schema.ts';

/** What records must look like when they come back from the browser or from a file. Unknown fields are refused. */

export type Check<T> = v.GenericSchema<unknown, T>;

/** An object that names every field of T, optional ones too: a field added to T does not compile until it is here. */
export const object =
  <T>() =>
  <E extends { [K in keyof Required<T>]: v.GenericSchema }>(entries: E) =>
    v.strictObject(entries);

/** `T` narrowed to one kind of a tagged union. */
type Kind<T, K> = Extract<T, { kind: K }>;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const texts = v.array(v.string());

const example: Check<Example> = object<Example>()({ id: v.string(), input: v.string(), gold: texts });

const metric: Check<Metric> = v.variant('kind', [
  object<Kind<Metric, 'choice'>>()({ kind: v.literal('choice'), options: v.exactOptional(texts) }),
  object<Kind<Metric, 'boolean'>>()({ kind: v.literal('boolean'), yes: v.string(), no: v.string() }),
  object<Kind<Metric, 'number'>>()({ kind: v.literal('number'), decimals: v.number() }),
  object<Kind<Metric, 'exact'>>()({ kind: v.literal('exact') }),
  object<Kind<Metric, 'contains'>>()({ kind: v.literal('contains') }),
  object<Kind<Metric, 'json'>>()({ kind: v.literal('json'), fields: texts }),
  object<Kind<Metric, 'rouge-l'>>()({ kind: v.literal('rouge-l') }),
  object<Kind<Metric, 'rules'>>()({ kind: v.literal('rules') }),
]);

const position = v.picklist(['before', 'question-begin', 'question-end', 'answer-begin']);

/** What a task has beside its examples. */
const told = {
  id: v.string(),
  name: v.string(),
  description: v.string(),
  note: v.exactOptional(v.string()),
  initialPrompt: v.string(),
  metric,
  position,
  markers: object<Markers>()({ input: v.string(), answer: v.string() }),
  answerTokens: v.number(),
};

/** The shape only: whether splits overlap or an example has no right answer was settled when the task came in. */
export const taskCheck: Check<Task> = object<Task>()({
  ...told,
  splits: object<Task['splits']>()({
    train: v.array(example),
    validation: v.array(example),
    test: v.array(example),
  }),
});

const sizes = object<TaskOutline['sizes']>()({ train: count, validation: count, test: count });

export const outlineCheck: Check<TaskOutline> = object<TaskOutline>()({ ...told, sizes });

export const headCheck: Check<TaskHead> = object<TaskHead>()({ ...told, sizes, revision: v.string() });

export const examplesCheck: Check<readonly Example[]> = v.array(example);

const limit = v.exactOptional(v.number());
const options = v.record(v.string(), v.union([v.boolean(), v.number(), v.string()]));

/** Its `entries` are the checks of the parts. */
export const configCheck = object<RunConfig>()({
  version: v.literal(1),
  task: v.string(),
  optimizer: v.string(),
  options,
  prompts: v.record(v.string(), v.string()),
  initialPrompt: v.string(),
  models: object<RunConfig['models']>()({
    target: v.string(),
    optimizer: v.string(),
    embedder: v.string(),
    tuner: v.exactOptional(v.string()),
  }),
  rendering: object<Rendering>()({
    style: v.picklist(['chat', 'completion']),
    position,
    read: v.picklist(['decode', 'grammar', 'choose']),
    maxTokens: v.number(),
  }),
  metaStyle: v.picklist(['chat', 'continuation']),
  budget: object<RunConfig['budget']>()({
    steps: limit,
    targetCalls: limit,
    tokens: limit,
    minutes: limit,
    endAt: limit,
  }),
  limits: object<RunConfig['limits']>()({ train: limit, validation: limit, test: limit }),
  parallel: v.number(),
  seed: v.number(),
  racing: v.exactOptional(
    object<Racing>()({
      test: v.picklist(['sign', 't', 'bernstein']),
      alpha: v.pipe(v.number(), v.gtValue(0), v.maxValue(0.5)),
      block: v.pipe(v.number(), v.integer(), v.minValue(1)),
      minBlocks: v.pipe(v.number(), v.integer(), v.minValue(0)),
    }),
  ),
  freshReplies: v.exactOptional(v.literal(true)),
  reading: v.exactOptional(
    v.union([
      v.literal('unchecked'),
      object<ReadingCheck>()({
        examples: count,
        compared: count,
        readable: count,
        agreed: count,
        tokens: v.number(),
        ms: v.number(),
      }),
    ]),
  ),
  robustness: v.exactOptional(
    object<RobustnessConfig>()({
      paraphrases: v.pipe(count, v.maxValue(20)),
      shuffles: v.pipe(count, v.maxValue(20)),
    }),
  ),
  branches: v.exactOptional(
    v.array(
      object<Branch>()({
        run: v.string(),
        step: v.pipe(count, v.minValue(1)),
        options,
        prompts: v.exactOptional(v.record(v.string(), v.string())),
      }),
    ),
  ),
});

const config: Check<RunConfig> = configCheck;

/** As far from the epoch as a date may be. */
const FARTHEST = 8.64e15;

/** What a run's record has beside its task. */
const ran = {
  id: v.string(),
  config,
  started: v.pipe(v.number(), v.minValue(-FARTHEST), v.maxValue(FARTHEST)),
  status: v.picklist(['running', 'stopped', 'failed', 'finished']),
  steps: count,
  bestScore: v.nullable(v.number()),
  bestPrompt: v.nullable(v.string()),
  verdict: v.nullable(v.picklist(['better', 'worse', 'not shown'])),
  effects: count,
  builds: v.exactOptional(
    v.array(
      object<Builds>()({
        from: count,
        target: v.nullable(v.string()),
        optimizer: v.nullable(v.string()),
        embedder: v.exactOptional(v.nullable(v.string())),
        tuner: v.exactOptional(v.nullable(v.string())),
        code: v.exactOptional(v.string()),
      }),
    ),
  ),
};

export const runCheck: Check<RunRecord> = object<RunRecord>()({ ...ran, task: taskCheck });

export const runHeadCheck: Check<RunHead> = object<RunHead>()({ ...ran, task: outlineCheck });

const tokens: Check<Tokens> = object<Tokens>()({ in: v.number(), cached: v.number(), out: v.number() });

const reply: Check<Reply> = object<Reply>()({
  text: v.string(),
  tokens,
  finish: v.picklist(['stop', 'length', 'abort']),
});

/** A reply that was kept for later runs. */
export const replyCheck: Check<KeptReply> = v.variant('kind', [
  object<Kind<KeptReply, 'generate'>>()({ kind: v.literal('generate'), reply }),
  object<Kind<KeptReply, 'choose'>>()({
    kind: v.literal('choose'),
    choice: object<Choice>()({ logProbs: v.array(v.union([v.number(), v.nan()])), tokens }),
  }),
]);

/** What a differentiable model gave; losses may be no number, so they come as log-probabilities do. */
function tuneCheck(vector: Check<Float32Array>, loss: Check<number>): Check<TuneResult> {
  type Did<D extends TuneResult['did']> = Extract<TuneResult, { did: D }>;
  const prompt = object<SoftPrompt>()({ tokens: count, width: count, values: vector });
  const moments = object<Moments>()({ first: vector, second: vector, count });
  const near = object<Nearest>()({ text: v.string(), similarity: loss });
  return v.variant('did', [
    object<Extract<TuneResult, { text: string; prompt: SoftPrompt }>>()({
      did: v.picklist(['embed', 'draw']),
      prompt,
      text: v.string(),
    }),
    object<Did<'steps'>>()({
      did: v.literal('steps'),
      prompt,
      moments,
      losses: v.array(loss),
      failed: v.nullable(v.string()),
    }),
    object<Did<'measure'>>()({ did: v.literal('measure'), losses: v.array(loss), chosen: v.array(count) }),
    object<Did<'project'>>()({
      did: v.literal('project'),
      text: v.string(),
      nearest: v.array(v.array(near)),
    }),
  ]);
}

/** A log entry whose vectors and log-probabilities come as `vector` and `logProb` read them. */
export function effectCheck(vector: Check<Float32Array>, logProb: Check<number>): Check<LoggedEffect> {
  const came = {
    ms: v.number(),
    recovered: v.exactOptional(v.string()),
    reused: v.exactOptional(v.literal(true)),
  };
  type Outcome = LoggedEffect['outcome'];
  return object<LoggedEffect>()({
    key: v.string(),
    outcome: v.variant('kind', [
      object<Kind<Outcome, 'generate'>>()({ kind: v.literal('generate'), reply, ...came }),
      object<Kind<Outcome, 'choose'>>()({
        kind: v.literal('choose'),
        choice: object<Choice>()({ logProbs: v.array(logProb), tokens }),
        ...came,
      }),
      object<Kind<Outcome, 'embed'>>()({ kind: v.literal('embed'), vectors: v.array(vector), ...came }),
      object<Kind<Outcome, 'tune'>>()({
        kind: v.literal('tune'),
        result: tuneCheck(vector, logProb),
        ...came,
      }),
      object<Kind<Outcome, 'refused'>>()({ kind: v.literal('refused'), reason: v.string(), ...came }),
    ]),
  });
}

/** The first thing wrong, with its place: `outcome.reply.text: Invalid type: Expected string but received 3`. */
export function firstIssue(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [issue] = issues;
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}
