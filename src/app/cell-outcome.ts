import { tokensUsed, type Usage } from '../core/budget.ts';
import type { RunEvent } from '../core/events.ts';
import type { CellKind, CellOutcome, Pool } from '../core/experiment.ts';
import { hash } from '../core/hash.ts';
import { isBinary } from '../core/metrics.ts';
import { limited, type RunConfig } from '../core/run-config.ts';
import type { Task } from '../core/task.ts';
import { verdictOf } from '../core/verdict.ts';

/** Reads a run's outcome off its events, as they come. */
export interface OutcomeReader {
  take(event: RunEvent): void;
  /** Null before the final test has ended. */
  outcome(usage: Usage): CellOutcome | null;
}

export function outcomeReader(kind: CellKind, config: RunConfig, whole: Task): OutcomeReader {
  const { test } = limited(whole, config.limits).splits;
  const prompts = new Map<string, string>();
  /** Test scores by candidate and example. */
  const tested = new Map<string, Map<string, number>>();
  const found = new Map<string, number>();
  let steps = 0;
  let end: Extract<RunEvent, { type: 'tested' }>['result'] | null = null;

  const scoresOf = (candidate: string) => {
    const scores = tested.get(candidate);
    return test.map(({ id }) => scores?.get(id) ?? 0);
  };

  return {
    take(event) {
      switch (event.type) {
        case 'proposed':
          prompts.set(event.candidate.id, event.candidate.prompt);
          break;
        case 'step':
          steps = event.step;
          break;
        case 'best':
          found.set(event.candidate, event.score);
          break;
        case 'answered': {
          const { candidate, example, split, score } = event.answer;
          // What a later check of the prompt's robustness answers is no part of the final test.
          if (split !== 'test' || end !== null) break;
          const scores = tested.get(candidate) ?? new Map<string, number>();
          tested.set(candidate, scores.set(example, score));
          break;
        }
        case 'tested':
          end = event.result;
          break;
      }
    },
    outcome(usage) {
      if (end === null) return null;
      const { initial, best } = end;
      return {
        score: best.score,
        initial: initial.score,
        scores: scoresOf(best.candidate),
        initialScores: scoresOf(initial.candidate),
        on: hash(JSON.stringify(test.map(({ id, input, gold }) => [id, input, gold]))),
        binary: isBinary(whole.metric),
        prompt: prompts.get(best.candidate) ?? '',
        found: found.get(best.candidate) ?? null,
        verdict: kind === 'search' ? verdictOf(end) : null,
        steps,
        targetCalls: usage.targetCalls,
        optimizerCalls: usage.optimizerCalls,
        tokens: tokensUsed(usage),
        ms: usage.ms,
      };
    },
  };
}

/** What a run has used, in the pool's unit. */
export function spentOf(unit: Pool['unit'], usage: Usage): number {
  return unit === 'tokens' ? tokensUsed(usage) : usage.ms / 60_000;
}
