/**
 * Simulation only: plays a method on a landscape and tells how good its prompts truly are.
 *
 *   const played = await playLandscape(gpo, {}, LANDSCAPES[0], 1);
 *   played.final      held-out expected accuracy of the best prompt
 *   played.curve      the same each time the best prompt changed, with the calls and tokens used until then
 *
 * `options` overrides the method's defaults; those that set its length are raised first, so that the budget ends it
 * (`endless`). Deterministic: same arguments, same result. No model is asked and no time passes.
 */
import { charge, noUsage, tokensUsed, type Budget, type Usage } from '../../src/core/budget.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { RunEvent, StopReason } from '../../src/core/events.ts';
import { EngineError, type Embedder } from '../../src/core/model.ts';
import type { Effects } from '../../src/core/log.ts';
import type { Optimizer, OptionValue } from '../../src/core/optimizer.ts';
import type { Racing } from '../../src/core/race.ts';
import { optionsOf, run, type RunConfig } from '../../src/core/run.ts';
import { hash32 } from '../../src/core/hash.ts';
import { wordsOf } from './ideas.ts';
import { expectedAccuracy, taskOf, type Landscape } from './landscape.ts';
import { readCandidate, simulatedTarget } from './target.ts';
import { SKILL, simulatedWriter, type Skill } from './writer.ts';

/** Tokens of both roles, prompts and replies. */
export const BUDGET: Budget = { tokens: 400_000 };

/** One point of the curve: from here on this was the best prompt. */
export interface Point {
  prompt: string;
  shots: number;
  /** Score on the split that the method selects on. */
  score: number;
  /** Expected accuracy on inputs that no run sees. */
  heldOut: number;
  targetCalls: number;
  tokens: number;
}

export interface PlayedLandscape {
  events: RunEvent[];
  curve: Point[];
  /** Expected held-out accuracy of the initial and of the best prompt. */
  initial: number;
  final: number;
  usage: Usage;
  reason: StopReason;
}

/** Options that set a method's length, by name; each is raised to its largest value. */
const LENGTHS = ['steps', 'epochs', 'rounds', 'generations', 'iterations'];

/** The method's options with its length raised, so that the budget ends it. */
export function endless(optimizer: Optimizer): Record<string, OptionValue> {
  return Object.fromEntries(
    Object.entries(optimizer.options).flatMap(([name, option]) =>
      option.kind === 'number' && LENGTHS.includes(name) ? [[name, option.max]] : [],
    ),
  );
}

export interface PlayOptions {
  skill?: Skill;
  /** Count what consecutive asks of one model share as cached, hence free. Default false. */
  cache?: boolean;
  /** Let full scores end early. Default: all are asked all. */
  racing?: Racing;
  /** Keep the events. Default true; a bench of many runs needs none. */
  keepEvents?: boolean;
}

export async function playLandscape(
  optimizer: Optimizer,
  options: Readonly<Record<string, OptionValue>>,
  land: Landscape,
  seed: number,
  budget: Budget = BUDGET,
  { skill = SKILL, cache = false, keepEvents = true, racing }: PlayOptions = {},
): Promise<PlayedLandscape> {
  const task = taskOf(land, seed);
  const target = simulatedTarget(land, cache);
  const writer = simulatedWriter(skill, cache);
  const embedder = wordBags();
  const config: RunConfig = {
    version: 1,
    task: task.id,
    optimizer: optimizer.id,
    options: optionsOf(optimizer, { ...endless(optimizer), ...options }),
    prompts: {},
    initialPrompt: task.initialPrompt,
    models: { target: target.id, optimizer: writer.id, embedder: embedder.id },
    rendering: { style: 'chat', position: land.position, read: 'decode', maxTokens: task.answerTokens },
    metaStyle: land.metaStyle,
    budget,
    // The truth is worked out below; asking the test split would tell less.
    limits: { test: 0 },
    parallel: 1,
    seed,
    ...(racing && { racing }),
  };
  const { signal } = new AbortController();
  const effects: Effects = {
    async perform(effect) {
      switch (effect.kind) {
        case 'embed':
          return { kind: 'embed', vectors: await embedder.embed(effect.texts, signal), ms: 0 };
        case 'generate': {
          const engine = effect.role === 'target' ? target : writer;
          return { kind: 'generate', reply: await engine.generate(effect.ask, signal), ms: 0 };
        }
        default:
          throw new EngineError('refused', 'The simulated models do not compare answers.');
      }
    },
  };

  const truth = (candidate: Pick<Candidate, 'prompt' | 'shots'>) => {
    const { prompt, shots } = readCandidate(candidate);
    return expectedAccuracy(land, prompt, shots);
  };
  const events: RunEvent[] = [];
  const curve: Point[] = [];
  const usage = noUsage();
  const candidates = new Map<string, Candidate>();
  let reason: StopReason = 'done';
  for await (const event of run(config, task, optimizer, effects)) {
    if (keepEvents) events.push(event);
    if (event.type === 'proposed') candidates.set(event.candidate.id, event.candidate);
    if (event.type === 'answered') charge(usage, 'target', event.answer.tokens, 0);
    if (event.type === 'replied') charge(usage, 'optimizer', event.reply.tokens, 0);
    if (event.type === 'searched') reason = event.reason;
    if (event.type === 'best') {
      const candidate = candidates.get(event.candidate);
      if (candidate === undefined) throw new Error(`No candidate ${event.candidate} was proposed.`);
      curve.push({
        prompt: candidate.prompt,
        shots: candidate.shots.length,
        score: event.score,
        heldOut: truth(candidate),
        targetCalls: usage.targetCalls,
        tokens: tokensUsed(usage),
      });
    }
  }
  const initial = truth({ prompt: task.initialPrompt, shots: [] });
  return { events, curve, initial, final: curve.at(-1)?.heldOut ?? initial, usage, reason };
}

const DIMENSIONS = 64;

/** Bags of hashed words as unit vectors: texts with the same words are near, as sentences with the same meaning are. */
export function wordBags(): Embedder {
  return {
    id: 'simulated:words:none',
    load: () => Promise.resolve(),
    embed: (texts) =>
      Promise.resolve(
        texts.map((text) => {
          const vector = new Float32Array(DIMENSIONS);
          for (const word of wordsOf(text)) {
            const at = hash32(word) % DIMENSIONS;
            vector[at] = (vector[at] ?? 0) + 1;
          }
          const norm = Math.hypot(...vector) || 1;
          return vector.map((x) => x / norm);
        }),
      ),
    dispose: () => Promise.resolve(),
  };
}
