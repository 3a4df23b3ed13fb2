import * as v from 'valibot';
import type { Candidate } from '../core/candidate.ts';
import { makeEvaluator } from '../core/evaluator.ts';
import type { Answer } from '../core/events.ts';
import { hash } from '../core/hash.ts';
import { noUsage } from '../core/budget.ts';
import type { Effects } from '../core/log.ts';
import type { Engine } from '../core/model.ts';
import type { Optimizer } from '../core/optimizer.ts';
import { readBy, type ReadingCheck, type Rendering } from '../core/rendering.ts';
import { limited, type RunConfig } from '../core/run-config.ts';
import type { Task } from '../core/task.ts';
import type { Store } from '../storage/store.ts';
import { withRoom } from './defaults.ts';

/** Examples answered both ways, at most. */
export const CHECKED_EXAMPLES = 20;

/** What the check needs of the run that it precedes. */
export interface Unsettled {
  config: RunConfig;
  task: Task;
  method: Optimizer;
  /** Not the run's log: what is asked here is no part of the run. */
  effects: Effects;
  target: Pick<Engine, 'id' | 'build'>;
  store: Pick<Store, 'setting' | 'saveSetting'>;
  report(done: number, of: number): void;
}

const checkOf: v.GenericSchema<unknown, ReadingCheck> = v.strictObject({
  examples: v.number(),
  compared: v.number(),
  readable: v.number(),
  agreed: v.number(),
  tokens: v.number(),
  ms: v.number(),
});

/**
 * The configuration with the way to read answers settled: where `choose` is unchecked, up to 20 validation examples are
 * answered with the initial prompt both by comparing the allowed answers and by writing, and writing is used unless the
 * two agree. Measured once for a task's examples, a build of a model and a rendering. Rejects with EngineError only.
 */
export async function settleReading(unsettled: Unsettled): Promise<RunConfig> {
  const { config, task, method, target, store } = unsettled;
  const { reading, ...rest } = config;
  const examples = limited(task, config.limits).splits.validation.slice(0, CHECKED_EXAMPLES);
  if (reading !== 'unchecked') return config;
  if (config.rendering.read !== 'choose' || examples.length === 0) return rest;
  const inputs = examples.map(({ input }) => input);
  const key = `reading:${hash(JSON.stringify([task.id, task.metric, task.markers, inputs, target.id, target.build, config.rendering]))}`;
  const written = withRoom({ ...config.rendering, read: 'decode' }, method);
  const known = v.safeParse(checkOf, await store.setting(key).catch(() => null));
  let check: ReadingCheck;
  if (known.success) check = known.output;
  else {
    check = await measure(unsettled, written, examples);
    // A server may run another model tomorrow. What could not be kept is measured again.
    if (typeof target.build === 'string') await store.saveSetting(key, check).catch(() => undefined);
  }
  return { ...rest, rendering: readBy(check) === 'choose' ? config.rendering : written, reading: check };
}

async function measure(
  { config, task, effects, report }: Unsettled,
  written: Rendering,
  examples: Task['splits']['validation'],
): Promise<ReadingCheck> {
  const candidate: Candidate = {
    id: 'c0',
    prompt: config.initialPrompt,
    shots: [],
    parents: [],
    origin: 'initial',
    step: 0,
  };
  let done = 0;
  const answersBy = async (rendering: Rendering) => {
    const evaluator = makeEvaluator(task, rendering, effects, noUsage(), config.parallel);
    const answers: Answer[] = [];
    for await (const event of evaluator.answers(candidate, 'validation', examples, null)) {
      if (event.type !== 'answered') continue;
      answers.push(event.answer);
      report((done += 1), 2 * examples.length);
    }
    return answers;
  };
  const chosen = await answersBy(config.rendering);
  const decoded = await answersBy(written);
  const all = [...chosen, ...decoded];
  const total = (of: (answer: Answer) => number) => all.reduce((sum, answer) => sum + of(answer), 0);
  return {
    examples: examples.length,
    compared: chosen.filter(({ answer }) => answer !== null).length,
    readable: decoded.filter(({ answer }) => answer !== null).length,
    agreed: decoded.filter(({ answer }, i) => answer !== null && answer === chosen[i]?.answer).length,
    tokens: total(({ tokens }) => tokens.in - tokens.cached + tokens.out),
    ms: total(({ ms }) => ms),
  };
}
