import * as v from 'valibot';
import type {
  CellOutcome,
  CellRecord,
  Change,
  Design,
  ExperimentRecord,
  Factor,
  Level,
  Pool,
} from '../core/experiment.ts';
import type { RunConfig } from '../core/run.ts';
import { object, type Check } from './checks.ts';

/** What an experiment must look like when it comes back from the browser. Unknown fields are refused. */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const texts = v.array(v.string());
const scores = v.array(v.number());
const options = v.record(v.string(), v.union([v.boolean(), v.number(), v.string()]));
const limit = v.exactOptional(v.number());

const change: Check<Change> = object<Change>()({
  method: v.exactOptional(v.string()),
  options: v.exactOptional(options),
  of: v.exactOptional(v.string()),
  initialPrompt: v.exactOptional(v.string()),
  target: v.exactOptional(v.string()),
  optimizer: v.exactOptional(v.string()),
});

const design: Check<Design> = object<Design>()({
  name: v.string(),
  question: v.string(),
  preset: v.nullable(v.string()),
  method: v.string(),
  options,
  factors: v.array(
    object<Factor>()({ name: v.string(), levels: v.array(object<Level>()({ name: v.string(), change })) }),
  ),
  tasks: texts,
  target: v.string(),
  optimizer: v.string(),
  seeds: v.array(v.number()),
  pool: object<Pool>()({
    unit: v.picklist(['tokens', 'minutes']),
    total: v.number(),
    spare: v.picklist(['share', 'leave']),
  }),
  metaStyle: v.exactOptional(v.picklist(['chat', 'continuation'])),
  limits: v.nullable(object<RunConfig['limits']>()({ train: limit, validation: limit, test: limit })),
  carry: v.nullable(object<NonNullable<Design['carry']>>()({ tasks: texts, targets: texts })),
});

const outcome: Check<CellOutcome> = object<CellOutcome>()({
  score: v.number(),
  initial: v.number(),
  scores,
  initialScores: scores,
  on: v.string(),
  binary: v.boolean(),
  prompt: v.string(),
  found: v.nullable(v.number()),
  verdict: v.nullable(v.picklist(['better', 'worse', 'not shown'])),
  steps: count,
  targetCalls: count,
  optimizerCalls: count,
  tokens: v.number(),
  ms: v.number(),
});

export const experimentCheck: Check<ExperimentRecord> = object<ExperimentRecord>()({
  id: v.string(),
  design,
  started: v.number(),
  status: v.picklist(['running', 'stopped', 'finished']),
  cells: v.array(
    object<CellRecord>()({
      id: v.string(),
      kind: v.picklist(['search', 'own', 'carried']),
      setting: v.nullable(count),
      task: v.string(),
      target: v.string(),
      seed: v.number(),
      from: v.nullable(v.string()),
      state: v.picklist(['waiting', 'running', 'stopped', 'failed', 'done']),
      run: v.nullable(v.string()),
      share: v.nullable(v.number()),
      spent: v.number(),
      reason: v.string(),
      outcome: v.nullable(outcome),
    }),
  ),
});
