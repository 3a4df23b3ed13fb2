import { expect, test } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Part, RunEvent } from '../../src/core/events.ts';
import { drawnParts, partsOfVisits, visitsOf } from '../../src/ui/loop-parts.ts';
import { outcomes, shownAs, shownOf } from '../../src/ui/passed.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { recordedEvents } from './recorded.ts';

const fold = (events: readonly RunEvent[]) => events.reduce(reduce, emptyView());
const proposed = (id: string, prompt: string): RunEvent => {
  const candidate: Candidate = { id, prompt, shots: [], parents: [], origin: 'initial', step: 0 };
  return { type: 'proposed', candidate, edit: 0 };
};
const retrieved = (step: number, ...ids: string[]): RunEvent => {
  const items = ids.map((candidate) => ({ candidate, weight: 0.5 }));
  return { type: 'retrieved', step, how: 'a draw', items };
};
const asked = (ask: number, step: number, ...parts: Part[]): RunEvent => {
  const content = { kind: 'completion', text: parts.map(({ text }) => text).join('') } as const;
  return { type: 'asked', ask, step, slot: 'differing', parts, content };
};
const past = (text: string): Part => ({ origin: 'trajectory', text });

test('an ask shows what was recalled last before it, and of that only what stands in it', () => {
  const view = fold([
    proposed('c0', 'Good or bad?'),
    proposed('c1', 'Praise or blame?'),
    proposed('c2', 'Does the critic like it?'),
    proposed('c3', ''),
    // A child for each place, each with its own draw.
    retrieved(1, 'c0', 'c1'),
    asked(1, 1, past('1. Good or bad?\n2. Praise or blame?')),
    retrieved(1, 'c1', 'c2', 'c3'),
    asked(2, 1, past('Praise or blame?'), past('Does the critic like it?')),
    // All that live were listed; two of them were crossed.
    retrieved(2, 'c0', 'c1', 'c2'),
    asked(3, 2, past('Good or bad?'), past('Does the critic like it?')),
    // Chosen by it, and not shown.
    asked(4, 2, { origin: 'current', text: 'Praise or blame?' }),
    // Nothing was recalled in this step.
    asked(5, 3, past('Good or bad?')),
  ]);
  const shown = (ask: number) => {
    const one = view.asks.get(ask);
    return one && shownOf(view, one).map(({ candidate }) => candidate);
  };
  expect(shown(1)).toEqual(['c0', 'c1']);
  expect(shown(2)).toEqual(['c1', 'c2']);
  expect(shown(3)).toEqual(['c0', 'c2']);
  expect(shown(4)).toEqual([]);
  expect(shown(5)).toEqual([]);

  const as = (ask: number, prompt: string) => {
    const one = view.asks.get(ask);
    return one && shownAs(one, prompt);
  };
  expect(as(1, 'Good or bad?')).toBe('trajectory');
  expect(as(4, ' Praise or blame? ')).toBe('current');
  expect(as(4, 'Good or bad?')).toBeNull();
  expect(as(1, '')).toBeNull();
});

test('the final test is whole for a prompt when the next one is asked about, and at its end', () => {
  const events = recordedEvents();
  const parts = drawnParts();
  const at = (count: number) => {
    const view = fold(events.slice(0, count));
    const owners = partsOfVisits(parts, view.visits);
    const visits = visitsOf(view, owners, parts.length - 1, view.visits.at(-1)?.step ?? 0);
    return outcomes(view, visits).map(({ whole, answers }) => [answers.length, whole]);
  };
  const test = events.findIndex((event) => event.type === 'stage' && event.stage === 'test');
  expect(at(test + 2)).toEqual([[1, false]]);
  expect(at(events.findIndex(({ type }) => type === 'tested'))).toEqual([
    [96, true],
    [96, false],
  ]);
  expect(at(events.length)).toEqual([
    [96, true],
    [96, true],
  ]);
});
