import { describe, expect, test } from 'vitest';
import type { RunEvent, Stage } from '../../src/core/events.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import {
  counted,
  drawnParts,
  during,
  figure,
  litPart,
  partsOfVisits,
  stepsOf,
  visitsOf,
} from '../../src/ui/loop-parts.ts';
import { emptyView, reduce, type Visit } from '../../src/ui/run-view.ts';
import { recordedEvents } from './recorded.ts';

const method = (id: string): Optimizer => {
  const found = optimizers.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no method ${id}`);
  return found;
};
const from = emptyView();
const visit = (step: number, stage: Stage, part?: string): Visit => ({
  step,
  stage,
  detail: '',
  ...(part === undefined ? {} : { part }),
  from: {
    events: 0,
    asks: 0,
    replies: 0,
    candidates: 0,
    rejected: 0,
    answers: 0,
    scored: 0,
    eliminated: 0,
    retrievals: 0,
    sizes: 0,
    currents: 0,
    bests: 0,
    notes: 0,
  },
});
const names = (id: string, visits: readonly Visit[]) => {
  const parts = drawnParts(method(id).loop);
  return partsOfVisits(parts, visits).map((i) => parts[i]?.name ?? null);
};

describe('which part of the loop a stage lights', () => {
  test('GPO: a running summary belongs to the trajectory, the first evaluation to Evaluate', () => {
    expect(
      names('gpo', [
        visit(0, 'evaluate'),
        visit(1, 'summarize'),
        visit(1, 'step-size'),
        visit(1, 'propose'),
        visit(1, 'evaluate'),
        visit(1, 'select'),
        visit(2, 'reflect'),
        visit(2, 'retrieve'),
        visit(2, 'test'),
        visit(2, 'robustness'),
      ]),
    ).toEqual([
      'Evaluate',
      'Trajectory',
      'Step size',
      'Meta-prompt',
      'Evaluate',
      'Select',
      'Reflect',
      'Trajectory',
      'Test',
      'Test',
    ]);
  });

  test('PE2 names the part: failures of each of the beam, in turn with proposals', () => {
    expect(
      names('pe2', [
        visit(0, 'evaluate'),
        visit(1, 'evaluate', 'Failures'),
        visit(1, 'reflect'),
        visit(1, 'propose'),
        visit(1, 'evaluate', 'Failures'),
        visit(1, 'propose'),
        visit(1, 'evaluate', 'Evaluate'),
      ]),
    ).toEqual(['Evaluate', 'Failures', 'Inspect', 'Propose', 'Failures', 'Propose', 'Evaluate']);
  });

  test('what is done once is lit before the first step alone', () => {
    expect(names('bayes', [visit(0, 'propose'), visit(1, 'propose'), visit(1, 'retrieve')])).toEqual([
      'Pool',
      'Mutate',
      'Model',
    ]);
  });

  test('unnamed parts of one stage take turns in order, and a stage that goes on stays where it is', () => {
    const parts = [
      { name: 'A', says: '', stage: 'evaluate' },
      { name: 'B', says: '', stage: 'propose' },
      { name: 'C', says: '', stage: 'evaluate' },
    ] as const;
    const stages = ['evaluate', 'evaluate', 'propose', 'evaluate', 'evaluate', 'propose'] as const;
    expect(
      partsOfVisits(
        parts,
        stages.map((stage) => visit(1, stage)),
      ),
    ).toEqual([0, 0, 1, 2, 2, 1]);
  });

  test('a stage without a part lights none', () => {
    expect(partsOfVisits(drawnParts(method('random').loop), [visit(1, 'reflect')])).toEqual([-1]);
  });
});

test('what went through a part lies between its visits’ marks', () => {
  const parts = drawnParts(method('gpo').loop);
  const view = emptyView();
  for (const event of recordedEvents()) reduce(view, event);
  const owners = partsOfVisits(parts, view.visits);
  const at = (name: string) => parts.findIndex((part) => part.name === name);
  const retrieve = visitsOf(view, owners, at('Trajectory'), 3);
  expect(retrieve).toHaveLength(1);
  expect(during(view, retrieve, 'retrievals', view.retrievals)[0]?.items).toHaveLength(3);
  const propose = visitsOf(view, owners, at('Meta-prompt'), 3);
  const asked = during(view, propose, 'asks', [...view.asks.values()]);
  expect(asked.map((ask) => ask.step)).toEqual([3, 3, 3, 3, 3, 3]);
  const made = counted(view, propose, 'candidates') + counted(view, propose, 'rejected');
  expect(made).toBe(6);
  const evaluated = visitsOf(view, owners, at('Evaluate'), 3);
  expect(counted(view, evaluated, 'answers')).toBe(48 * counted(view, propose, 'candidates'));
  expect(stepsOf(view, owners, at('Evaluate'))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const part = parts[at('Meta-prompt')];
  expect(part && figure(view, part, propose)).toBe('6 of 6 replies');
});

test('all answers lie within the visits, each in one', () => {
  const view = emptyView();
  for (const event of recordedEvents()) reduce(view, event);
  const every = view.visits.map((_, i) => i);
  expect(counted(view, every, 'answers')).toBe(view.answers.length);
  expect(counted(view, every, 'events')).toBe(view.events - (view.visits[0]?.from.events ?? 0));
});

test('the half that takes the replies is lit when every ask has its reply', () => {
  const parts = drawnParts(method('gpo').loop);
  const view = emptyView();
  const lit = (event: RunEvent) => {
    reduce(view, event);
    return parts[litPart(parts, view, partsOfVisits(parts, view.visits))]?.name;
  };
  const content = { kind: 'completion', text: '' } as const;
  const reply = { text: '', tokens: { in: 1, cached: 0, out: 1 }, finish: 'stop' } as const;
  expect(lit({ type: 'stage', step: 1, stage: 'propose', detail: '' })).toBe('Meta-prompt');
  expect(lit({ type: 'asked', ask: 1, step: 1, slot: '', parts: [], content })).toBe('Meta-prompt');
  expect(lit({ type: 'replied', ask: 1, role: 'optimizer', reply, ms: 1 })).toBe('Candidates');
  expect(lit({ type: 'asked', ask: 2, step: 1, slot: '', parts: [], content })).toBe('Meta-prompt');
  expect(lit({ type: 'refused', ask: 2, reason: 'no' })).toBe('Candidates');
  expect(lit({ type: 'stage', step: 1, stage: 'evaluate', detail: '' })).toBe('Evaluate');
  expect(litPart(parts, from, [])).toBe(-1);
});
