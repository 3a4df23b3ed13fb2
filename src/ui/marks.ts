import type { Mark } from '../app/types.ts';
import type { RunEvent } from '../core/events.ts';

/** How many events of a recording have been shown when the marked one is the last of them; null when there is none. */
export function eventsUpTo(events: readonly RunEvent[], { nth = 1, ...mark }: Mark): number | null {
  let seen = 0;
  for (const [i, event] of events.entries()) if (fits(event, mark) && (seen += 1) === nth) return i + 1;
  return null;
}

function fits(event: RunEvent, mark: Omit<Mark, 'nth'>): boolean {
  if (event.type !== mark.event) return false;
  if (mark.step !== undefined && !('step' in event && event.step === mark.step)) return false;
  if (mark.stage !== undefined && !('stage' in event && event.stage === mark.stage)) return false;
  return mark.candidate === undefined || candidateOf(event) === mark.candidate;
}

/** The candidate that an event is about; null for those about none. */
export function candidateOf(event: RunEvent): string | null {
  switch (event.type) {
    case 'proposed':
      return event.candidate.id;
    case 'answered':
      return event.answer.candidate;
    case 'searched':
      return event.best;
    case 'tested':
      return event.result.best.candidate;
    case 'scored':
    case 'eliminated':
    case 'current':
    case 'best':
      return event.candidate;
    default:
      return null;
  }
}
