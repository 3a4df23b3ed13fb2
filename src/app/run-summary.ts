import type { RunEvent } from '../core/events.ts';
import { verdictOf } from '../core/verdict.ts';
import type { RunRecord } from '../storage/schema.ts';

/** Keeps what lists show of a run in step with what it tells; to be told every event. Says whether that has changed. */
export function summarized(record: RunRecord): (event: RunEvent) => boolean {
  const prompts = new Map<string, string>();
  return (event) => {
    switch (event.type) {
      case 'proposed':
        prompts.set(event.candidate.id, event.candidate.prompt);
        return false;
      case 'step':
        record.steps = event.step;
        return true;
      case 'best':
        record.bestScore = event.score;
        record.bestPrompt = prompts.get(event.candidate) ?? null;
        return true;
      case 'tested':
        record.verdict = verdictOf(event.result);
        return true;
      default:
        return false;
    }
  };
}
