import type { Stage } from '../core/events.ts';
import type { LoopPart } from '../core/optimizer.ts';
import { marksOf, type Marks, type RunView, type Visit } from './run-view.ts';

/** What most methods do, for a page without a chosen one. */
export const GENERAL: readonly LoopPart[] = [
  { name: 'Recall', says: 'pick earlier prompts', stage: 'retrieve' },
  { name: 'Reflect', says: 'what went wrong?', stage: 'reflect' },
  { name: 'Propose', says: 'write new prompts', stage: 'propose' },
  { name: 'Evaluate', says: 'answer the examples', stage: 'evaluate' },
  { name: 'Select', says: 'go on from the best', stage: 'select' },
];

const TEST: LoopPart = { name: 'Test', says: 'unseen examples, once', stage: 'test', also: ['robustness'] };

/** A method's loop and the final test, which every run ends with. */
export function drawnParts(loop: readonly LoopPart[] = GENERAL): readonly LoopPart[] {
  return [...loop, TEST];
}

const takes = (part: LoopPart, stage: Stage) =>
  part.replies !== true && (part.stage === stage || part.also?.includes(stage) === true);

/**
 * The part that each visit belongs to, -1 where the loop has none. The name that the method gives decides; else, before
 * the first step, a part that is done once, or the last of that stage; later the same part as before while the stage is
 * the same, or the next in order. A half that takes the replies has no visits of its own: see `visitsOf`.
 */
export function partsOfVisits(parts: readonly LoopPart[], visits: readonly Visit[]): number[] {
  let last = -1;
  return visits.map(({ step, stage, part: named }) => {
    const fitting = parts.flatMap((part, i) => (takes(part, stage) ? [i] : []));
    const round = fitting.filter((i) => parts[i]?.once !== true);
    let found = named === undefined ? -1 : parts.findIndex(({ name }) => name === named);
    if (found === -1 && step === 0) {
      found = fitting.findLast((i) => parts[i]?.once === true) ?? round.at(-1) ?? -1;
    } else if (found === -1) {
      const next = round.includes(last) ? last : round.find((i) => i > last);
      found = next ?? round[0] ?? fitting[0] ?? -1;
    }
    if (found !== -1) last = found;
    return found;
  });
}

/** The part whose visits a part shows: its own, or for a half that takes the replies those of the part before it. */
export function visitedPart(parts: readonly LoopPart[], index: number): number {
  return parts[index]?.replies === true ? index - 1 : index;
}

/** Which part is lit: that of the present visit, or the half that takes its replies once all of them are there. */
export function litPart(parts: readonly LoopPart[], view: RunView, owners: readonly number[]): number {
  const index = owners.at(-1) ?? -1;
  const visit = view.visits.at(-1);
  if (visit === undefined || parts[index + 1]?.replies !== true) return index;
  const asked = view.asks.size - visit.from.asks;
  return asked > 0 && view.replies - visit.from.replies >= asked ? index + 1 : index;
}

/** What the view held when the visit was over; what it holds now for the present one. */
export function endOf(view: RunView, visit: number): Marks {
  return view.visits[visit + 1]?.from ?? marksOf(view);
}

/** How many of something came during these visits. */
export function counted(view: RunView, visits: readonly number[], what: keyof Marks): number {
  return visits.reduce((sum, i) => {
    const from = view.visits[i]?.from;
    return from === undefined ? sum : sum + endOf(view, i)[what] - from[what];
  }, 0);
}

/** Those of a list that came during these visits, in order. */
export function during<T>(
  view: RunView,
  visits: readonly number[],
  what: keyof Marks,
  list: readonly T[],
): T[] {
  return visits.flatMap((i) => {
    const from = view.visits[i]?.from;
    return from === undefined ? [] : list.slice(from[what], endOf(view, i)[what]);
  });
}

/** Visits of a part in one step; `owners` as `partsOfVisits` gives them. */
export function visitsOf(
  view: RunView,
  owners: readonly number[],
  part: number,
  step: number,
): readonly number[] {
  const found: number[] = [];
  for (const [i, owner] of owners.entries()) {
    if (owner === part && view.visits[i]?.step === step) found.push(i);
  }
  return found;
}

/** Steps in which the part was visited, rising. */
export function stepsOf(view: RunView, owners: readonly number[], part: number): number[] {
  const steps = new Set<number>();
  for (const [i, owner] of owners.entries()) {
    const visit = view.visits[i];
    if (owner === part && visit !== undefined) steps.add(visit.step);
  }
  return [...steps].sort((a, b) => a - b);
}

/** A few words on what went through a part in one step: `3 prompts`, `50 words`, `31 answers`; empty for nothing. */
export function figure(view: RunView, part: LoopPart, visits: readonly number[]): string {
  if (visits.length === 0) return '';
  const some = (what: keyof Marks, one: string, many = `${one}s`) => {
    const n = counted(view, visits, what);
    return n === 0 ? '' : `${n} ${n === 1 ? one : many}`;
  };
  if (part.replies === true) {
    const rejected = counted(view, visits, 'rejected');
    const fresh = `${counted(view, visits, 'candidates')} new`;
    return rejected === 0 ? fresh : `${fresh}, ${rejected} not`;
  }
  switch (part.stage) {
    case 'retrieve': {
      const items = during(view, visits, 'retrievals', view.retrievals).flatMap((one) => one.items);
      return items.length > 0 ? `${items.length} ${items.length === 1 ? 'prompt' : 'prompts'}` : '';
    }
    case 'step-size': {
      const size = during(view, visits, 'sizes', view.sizes).at(-1);
      return size === undefined ? '' : `${size.words} words`;
    }
    case 'reflect':
    case 'summarize':
    case 'propose': {
      const asks = counted(view, visits, 'asks');
      const replies = counted(view, visits, 'replies');
      return asks === 0 ? '' : `${replies} of ${asks} ${asks === 1 ? 'reply' : 'replies'}`;
    }
    case 'evaluate':
    case 'test':
    case 'robustness':
      return some('answers', 'answer');
    case 'select': {
      const leader = during(view, visits, 'currents', view.currents).at(-1);
      return leader === undefined ? '' : `${leader.candidate} leads on`;
    }
    case 'tune':
      return '';
  }
}
