import { expect, test } from 'vitest';
import { noUsage, tokensUsed } from '../../src/core/budget.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { askBehind, decidingSplit, emptyView, reduce, spent } from '../../src/ui/run-view.ts';
import { recordedEvents } from './recorded.ts';

const fold = (events: readonly RunEvent[]) => events.reduce(reduce, emptyView());

const c0: Candidate = { id: 'c0', prompt: 'Answer.', shots: [], parents: [], origin: 'initial', step: 0 };
const c1: Candidate = { ...c0, id: 'c1', prompt: 'Answer well.', parents: ['c0'], origin: 'edit', step: 1 };

const answer = (candidate: string, example: string, score: number, more = {}): RunEvent => ({
  type: 'answered',
  answer: {
    candidate,
    example,
    split: 'validation',
    reply: 'x',
    answer: 'x',
    score,
    tokens: { in: 10, cached: 4, out: 2 },
    ms: 100,
    ...more,
  },
});

test('a candidate is created, answers under it are tallied and charged, and its score is kept', () => {
  const view = fold([
    { type: 'proposed', candidate: c0, edit: 0 },
    answer('c0', 'a', 1),
    answer('c0', 'b', 0, { answer: null }),
    answer('c0', 'c', 0, { answer: null, refused: 'too long' }),
    { type: 'scored', step: 0, candidate: 'c0', split: 'validation', score: 1 / 3, n: 3 },
    { type: 'best', step: 0, candidate: 'c0', score: 1 / 3 },
  ]);
  expect(view.initial).toBe('c0');
  const known = view.candidates.get('c0');
  expect(known?.edit).toBeNull();
  expect(known?.tallies.validation).toMatchObject({ answers: 3, sum: 1, unreadable: 1, refused: 1 });
  expect(known?.answers.map((one) => one.example)).toEqual(['a', 'b', 'c']);
  expect(known?.scores.validation).toEqual({
    score: 1 / 3,
    n: 3,
    step: 0,
    at: { tokens: 24, calls: 3, ms: 300 },
  });
  expect(view.unreadable).toBe(1);
  expect(view.refusals).toBe(1);
  expect(view.bests).toEqual([
    { candidate: 'c0', score: 1 / 3, step: 0, at: { tokens: 24, calls: 3, ms: 300 } },
  ]);
});

test('a recovery is a note of the step that it fell in', () => {
  const view = fold([
    { type: 'step', step: 2, of: 4 },
    { type: 'recovered', text: 'The device was lost and is back.' },
  ]);
  expect(view.notes).toEqual([{ step: 2, text: 'The device was lost and is back.' }]);
});

test('those that left a race are kept with who beat them and what had been used', () => {
  const out: RunEvent = { type: 'eliminated', step: 1, candidate: 'c1', by: 'c0', n: 10, p: 0.03 };
  const view = fold([{ type: 'proposed', candidate: c1, edit: 1 }, answer('c1', 'e1', 0), out]);
  expect(view.eliminated).toEqual([
    { step: 1, candidate: 'c1', by: 'c0', n: 10, p: 0.03, at: { tokens: 8, calls: 1, ms: 100 } },
  ]);
});

test('the final test is counted but not charged', () => {
  const view = fold([{ type: 'proposed', candidate: c0, edit: 0 }, answer('c0', 'a', 1, { split: 'test' })]);
  expect(view.usage).toEqual(noUsage());
  expect(view.testCalls).toBe(1);
  expect(view.candidates.get('c0')?.tallies.test?.answers).toBe(1);
});

test('a score over fewer examples does not replace one over more', () => {
  const view = fold([
    { type: 'proposed', candidate: c0, edit: 0 },
    { type: 'scored', step: 0, candidate: 'c0', split: 'validation', score: 0.5, n: 48 },
    { type: 'scored', step: 1, candidate: 'c0', split: 'validation', score: 0.9, n: 8 },
  ]);
  expect(view.candidates.get('c0')?.scores.validation).toMatchObject({ score: 0.5, n: 48 });
});

test('asks keep their parts and take their reply, or the reason of a refusal', () => {
  const content = { kind: 'completion', text: 'Improve: Answer.' } as const;
  const parts = [
    { origin: 'rule', text: 'Improve: ' } as const,
    { origin: 'current', text: 'Answer.' } as const,
  ];
  const reply = { text: ' **Answer  well.**', tokens: { in: 5, cached: 0, out: 3 }, finish: 'stop' } as const;
  const view = fold([
    { type: 'proposed', candidate: c0, edit: 0 },
    { type: 'step', step: 1, of: 4 },
    { type: 'asked', ask: 1, step: 1, slot: 'propose', parts, content },
    { type: 'replied', ask: 1, role: 'optimizer', reply, ms: 50 },
    { type: 'asked', ask: 2, step: 1, slot: 'propose', parts, content },
    { type: 'refused', ask: 2, reason: 'longer than 2048 tokens' },
    { type: 'proposed', candidate: c1, edit: 1 },
  ]);
  expect(view.asks.get(1)).toMatchObject({ slot: 'propose', parts, reply, ms: 50, refused: null });
  expect(view.asks.get(2)).toMatchObject({ reply: null, refused: 'longer than 2048 tokens' });
  expect(view.refusals).toBe(1);
  expect(view.usage.optimizerCalls).toBe(1);
  expect(spent(view)).toEqual({ tokens: 8, calls: 0, ms: 50 });
  expect(askBehind(view, c1)?.ask).toBe(1);
  expect(askBehind(view, c0)).toBeNull();
});

test('what belongs to a step is kept with it', () => {
  const items = [{ candidate: 'c0', weight: 0.8 }];
  const view = fold([
    { type: 'step', step: 1, of: null },
    { type: 'stage', step: 1, stage: 'retrieve', detail: 'by recency' },
    { type: 'retrieved', step: 1, how: 'recency', items },
    { type: 'step-size', step: 1, words: 42 },
    { type: 'note', step: 1, text: 'hello' },
    { type: 'rejected', step: 1, text: '', reason: 'empty', parents: ['c0'] },
    { type: 'searched', reason: 'patience', best: 'c0' },
  ]);
  expect(view).toMatchObject({ step: 1, of: null, stage: 'retrieve', detail: 'by recency' });
  expect(view.steps.get(1)).toMatchObject({ words: 42 });
  expect(view.retrievals).toEqual([{ step: 1, how: 'recency', items }]);
  expect(view.notes).toEqual([{ step: 1, text: 'hello' }]);
  expect(view.rejected).toMatchObject([{ reason: 'empty', parents: ['c0'] }]);
  expect(view.ended).toEqual({ reason: 'patience', best: 'c0' });
});

test('events about unknown candidates and asks are survived', () => {
  const view = fold([
    answer('c9', 'a', 1),
    { type: 'scored', step: 0, candidate: 'c9', split: 'train', score: 1, n: 1 },
    { type: 'refused', ask: 9, reason: 'why' },
  ]);
  expect(view.candidates.size).toBe(0);
  expect(view.events).toBe(3);
});

test('an entry that changes is replaced, so that readers can compare by identity', () => {
  const view = fold([{ type: 'proposed', candidate: c0, edit: 0 }]);
  const before = view.candidates.get('c0');
  reduce(view, answer('c0', 'a', 1));
  expect(view.candidates.get('c0')).not.toBe(before);
});

test('the deciding split is the one that the best score comes from', () => {
  const scored = (split: 'train' | 'validation', score: number): RunEvent => ({
    type: 'scored',
    step: 0,
    candidate: 'c0',
    split,
    score,
    n: 10,
  });
  const start: RunEvent[] = [
    { type: 'proposed', candidate: c0, edit: 0 },
    scored('train', 0.7),
    scored('validation', 0.5),
  ];
  expect(decidingSplit(emptyView())).toBe('validation');
  expect(decidingSplit(fold(start.slice(0, 2)))).toBe('train');
  expect(decidingSplit(fold([...start, { type: 'best', step: 0, candidate: 'c0', score: 0.7 }]))).toBe(
    'train',
  );
  expect(decidingSplit(fold([...start, { type: 'best', step: 0, candidate: 'c0', score: 0.5 }]))).toBe(
    'validation',
  );
});

test('a whole recorded run adds up', () => {
  const events = recordedEvents();
  const view = fold(events);
  const answered = events.filter((event) => event.type === 'answered');
  expect(view.usage.targetCalls + view.testCalls).toBe(answered.length);
  expect(tokensUsed(view.usage)).toBeGreaterThan(0);
  expect(view.candidates.size + view.rejected.length).toBe(37);
  expect(view.result?.n).toBe(96);
  expect(view.candidates.get(view.result?.best.candidate ?? '')?.tallies.test?.answers).toBe(96);
  expect(view.usage.ms).toBe(view.ms.target + view.ms.optimizer);
});

test('50,000 events fold in well under a second', () => {
  const events = recordedEvents();
  const many = Array.from({ length: 50_000 }, (_, i) => events[i % events.length] ?? events[0]).filter(
    (event) => event !== undefined,
  );
  expect(many).toHaveLength(50_000);
  // Linear work takes well under a second; work that grows with the square takes minutes.
  const from = performance.now();
  fold(many);
  expect(performance.now() - from).toBeLessThan(8_000);
});

test('gradient steps are charged by their time; measurements, restarts and undone steps are kept in order', () => {
  const measured = { loss: 0.5, accuracy: 0.75 };
  const view = fold([
    { type: 'proposed', candidate: c0, edit: 0 },
    {
      type: 'restart',
      step: 0,
      gradientStep: 0,
      id: 0,
      source: 'initial',
      text: 'Answer.',
      candidate: 'c0',
      ...measured,
    },
    { type: 'computed', step: 1, what: 'steps', steps: 4, examples: 16, ms: 4000 },
    { type: 'computed', step: 1, what: 'measure', steps: 0, examples: 12, ms: 600 },
    {
      type: 'tuned',
      step: 1,
      gradientStep: 4,
      restart: 0,
      loss: 0.6,
      rate: 0.01,
      validation: measured,
      text: 'Reply',
      candidate: null,
      projected: null,
      words: [[{ text: 'Reply', similarity: 1 }]],
    },
    { type: 'rolled-back', step: 1, gradientStep: 4, reason: 'no number', rate: 0.005, inRow: 1 },
    { type: 'computed', step: 1, what: 'steps', steps: 2, examples: 12, ms: 3000 },
  ]);
  expect(view.usage.ms).toBe(7600);
  expect(spent(view)).toEqual({ tokens: 0, calls: 0, ms: 7600 });
  const { gradient } = view;
  expect(gradient.steps).toBe(6);
  expect(gradient.ms).toMatchObject({ steps: 7000, measure: 600 });
  expect(gradient.examples).toMatchObject({ steps: 28, measure: 12 });
  expect(gradient.restarts).toMatchObject([{ id: 0, source: 'initial', at: { ms: 0 } }]);
  expect(gradient.tuned).toMatchObject([{ gradientStep: 4, at: { ms: 4600 } }]);
  expect(gradient.rolledBack).toMatchObject([{ inRow: 1, rate: 0.005 }]);
});
