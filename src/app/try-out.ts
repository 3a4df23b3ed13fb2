import type { Candidate } from '../core/candidate.ts';
import { targetEffect } from '../core/evaluator.ts';
import { extract } from '../core/extract.ts';
import type { Engine, Heard } from '../core/model.ts';
import type { Rendering } from '../core/rendering.ts';
import type { Task } from '../core/task.ts';

/** One input to be answered under a prompt as a run would ask it. */
export interface Trial {
  candidate: Pick<Candidate, 'prompt' | 'shots'>;
  input: string;
  task: Pick<Task, 'metric' | 'markers'>;
  rendering: Rendering;
}

export interface Tried {
  /** The reply's text; empty where the allowed answers were weighed instead. */
  reply: string;
  /** What a run would read from it; null when that cannot be read. */
  answer: string | null;
  /** Of each allowed answer its probability among them, likeliest first; null where the reply is text. */
  weighed: { answer: string; probability: number }[] | null;
}

/** Asks one input as the evaluator would, greedily. Rejects as the engine does; nothing is logged or scored. */
export async function tryOut(
  engine: Engine,
  { candidate, input, task, rendering }: Trial,
  heard: Heard,
  signal: AbortSignal,
): Promise<Tried> {
  // An engine that cannot weigh answers writes one.
  const read = rendering.read === 'choose' && engine.choose === undefined ? 'decode' : rendering.read;
  const { effect, options } = targetEffect(candidate, input, task, { ...rendering, read });
  if (options === null || engine.choose === undefined) {
    const { text } = await engine.generate(effect.ask, signal, heard);
    return { reply: text, answer: extract(task.metric, text, input), weighed: null };
  }
  const { logProbs } = await engine.choose(effect.ask, effect.options, signal);
  const top = Math.max(...logProbs);
  const weights = logProbs.map((logProb) => Math.exp(logProb - top));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const weighed = options
    .map((answer, i) => ({ answer, probability: (weights[i] ?? 0) / sum }))
    .sort((a, b) => b.probability - a.probability);
  return { reply: '', answer: weighed[0]?.answer ?? null, weighed };
}
