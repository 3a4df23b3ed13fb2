import { charge, noUsage } from '../../src/core/budget.ts';
import { makeRng } from '../../src/core/rng.ts';
import { compare } from '../../src/core/stats/compare.ts';
import { findLeaks } from '../../src/core/leakage.ts';
import { gapBetween } from '../../src/core/stats/gap.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Answer, Part, RunEvent } from '../../src/core/events.ts';
import type { Tokens } from '../../src/core/model.ts';
import type { RunConfig } from '../../src/core/run.ts';
import type { Example, SplitName, Task } from '../../src/core/task.ts';

/** A made-up run with the shape of a real one, for looking at the page and for its tests. */

function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const openers = [
  'a dull',
  'a splendid',
  'an overlong',
  'a moving',
  'a clumsy',
  'a clever',
  'a noisy',
  'a warm',
];
const things = ['thriller', 'comedy', 'family drama', 'documentary', 'sequel', 'debut', 'love story'];
const tails = [
  'that never finds its feet',
  'with a last act worth the wait',
  'which I would gladly see again',
  'whose jokes arrive tired',
  'and the cast carries every scene',
];

function examples(split: SplitName, count: number): Example[] {
  const next = stream(split.length * 97);
  const pick = (from: readonly string[]) => from[Math.floor(next() * from.length)] ?? '';
  return Array.from({ length: count }, (_, i) => ({
    id: `${split}-${i + 1}`,
    input: `It is ${pick(openers)} ${pick(things)} ${pick(tails)}.`,
    gold: [next() < 0.5 ? 'positive' : 'negative'],
  }));
}

export const task: Task = {
  id: 'movie-sentiment',
  name: 'Movie-review sentiment',
  description: 'Tell whether a sentence from a film review is positive or negative.',
  initialPrompt: 'Is this review positive or negative?',
  metric: { kind: 'boolean', yes: 'positive', no: 'negative' },
  position: 'before',
  markers: { input: 'Review', answer: 'Sentiment' },
  answerTokens: 4,
  splits: {
    train: examples('train', 40),
    validation: examples('validation', 48),
    test: examples('test', 96),
  },
};

export const config: RunConfig = {
  version: 1,
  task: task.id,
  optimizer: 'gpo',
  options: { candidates: 6, k: 3, stepSize: 'cosine', reflect: true },
  prompts: {},
  initialPrompt: task.initialPrompt,
  models: { target: 'wllama:smollm2-135m', optimizer: 'wllama:smollm2-135m', embedder: 'bge-small' },
  rendering: { style: 'completion', position: 'before', read: 'choose', maxTokens: 4 },
  metaStyle: 'chat',
  budget: { steps: 6 },
  limits: {},
  parallel: 1,
  seed: 7,
};

const writes = [
  'Read the review and decide whether the writer would recommend the film: answer positive or negative.',
  'Is the overall judgement of this review positive or negative? Weigh the last clause most.',
  'Label the feeling of this film review as positive or negative, ignoring the plot.',
  'Judge the reviewer’s attitude. Answer with one word: positive or negative.',
  'Is this review positive or negative? Look for praise and complaint, and choose the stronger.',
  'You are a film critic. Decide if the sentence praises the film (positive) or faults it (negative).',
  'Decide whether the sentence makes you want to see the film: positive if it does, negative if not.',
  'Weigh praise against complaint in the sentence and answer positive or negative.',
];
const additions = [
  'Answer with one word.',
  'Watch for irony.',
  'Ignore the plot.',
  'Trust the last clause.',
  '',
];

export interface Shape {
  steps?: number;
  perStep?: number;
  seed?: number;
  /** Examples of the validation split that are asked. */
  validation?: number;
}

/** Events of a whole run: `steps` steps of `perStep` proposals, a final test. About 2,000 events by default. */
export function recordedEvents({
  steps = 6,
  perStep = 6,
  seed = 3,
  validation = 48,
}: Shape = {}): RunEvent[] {
  const next = stream(seed);
  const events: RunEvent[] = [];
  const usage = noUsage();
  let asks = 0;
  const quality = new Map<string, number>();
  const scores = new Map<string, number>();
  const scoresBy = new Map<string, number[]>();
  const initial: Candidate = {
    id: 'c0',
    prompt: task.initialPrompt,
    shots: [],
    parents: [],
    origin: 'initial',
    step: 0,
  };
  const history: Candidate[] = [initial];
  const made: Candidate[] = [initial];
  quality.set('c0', 0.55);
  const scored = task.splits.validation.slice(0, validation);

  function tell(event: RunEvent) {
    events.push(event);
  }
  function answer(candidate: Candidate, example: Example, split: SplitName): number {
    const gold = example.gold[0] ?? '';
    const luck = next();
    const right = luck < (quality.get(candidate.id) ?? 0.5);
    const unreadable = !right && luck > 0.97;
    const text = right ? gold : gold === 'positive' ? 'negative' : 'positive';
    const tokens: Tokens = { in: 42 + candidate.prompt.length / 4, cached: 20, out: 1 };
    tokens.in = Math.round(tokens.in);
    const ms = 260 + Math.round(next() * 120);
    const one: Answer = {
      candidate: candidate.id,
      example: example.id,
      split,
      reply: unreadable ? 'The film is a film about a film about' : text,
      answer: unreadable ? null : text,
      score: right ? 1 : 0,
      tokens,
      ms,
    };
    if (split !== 'test') charge(usage, 'target', tokens, ms);
    tell({ type: 'answered', answer: one });
    return one.score;
  }
  function evaluate(candidate: Candidate, step: number): number {
    tell({ type: 'stage', step, stage: 'evaluate', detail: candidate.id });
    const each = scored.map((example) => answer(candidate, example, 'validation'));
    scoresBy.set(candidate.id, each);
    const total = each.reduce((sum, one) => sum + one, 0);
    const score = total / Math.max(1, scored.length);
    scores.set(candidate.id, score);
    tell({ type: 'scored', step, candidate: candidate.id, split: 'validation', score, n: scored.length });
    return score;
  }

  tell({ type: 'proposed', candidate: initial, edit: 0 });
  let best = { candidate: initial, score: evaluate(initial, 0) };
  tell({ type: 'best', step: 0, candidate: 'c0', score: best.score });
  let current = best;
  tell({ type: 'current', step: 0, candidate: 'c0', score: best.score });

  for (let step = 1; step <= steps; step += 1) {
    tell({ type: 'step', step, of: steps });
    tell({ type: 'stage', step, stage: 'retrieve', detail: 'by relevance' });
    const near = history.slice(-3);
    tell({
      type: 'retrieved',
      step,
      how: 'relevance',
      items: near.map((one, i) => ({ candidate: one.id, weight: 0.74 + i * 0.08 })),
    });
    const words = Math.round(10 + 20 * (1 + Math.cos((Math.PI * step) / steps)));
    tell({ type: 'stage', step, stage: 'step-size', detail: `at most ${words} words` });
    tell({ type: 'step-size', step, words });
    const fresh: Candidate[] = [];
    tell({
      type: 'stage',
      step,
      stage: 'propose',
      detail: `${perStep} prompts from ${current.candidate.id}`,
    });
    for (let i = 0; i < perStep; i += 1) {
      asks += 1;
      const list = near
        .map((one) => `Prompt: ${one.prompt}\nScore: ${Math.round((scores.get(one.id) ?? 0) * 100)}\n\n`)
        .join('');
      const exemplars = task.splits.train
        .slice(i, i + 2)
        .map((one) => `Input: ${one.input}\nOutput: ${one.gold[0] ?? ''}\n\n`)
        .join('');
      const parts: Part[] = [
        { origin: 'rule', text: 'Your task is to write a prompt to replace <Prompt>.\n\n' },
        { origin: 'trajectory', text: `Earlier prompts with their scores, higher is better:\n\n${list}` },
        { origin: 'current', text: `The current prompt is:\n${current.candidate.prompt}\n\n` },
        { origin: 'exemplars', text: `Examples of the task:\n\n${exemplars}` },
        {
          origin: 'reflection',
          text: 'The current prompt fails where praise and complaint stand in one sentence.\n\n',
        },
        { origin: 'task', text: `The task: ${task.description}\n` },
        { origin: 'step-size', text: `You may change up to ${words} words of the current prompt.\n` },
        { origin: 'rule', text: 'Wrap the new prompt in <START> and <END>.' },
      ];
      const content = {
        kind: 'chat',
        messages: [{ role: 'user', content: parts.map((part) => part.text).join('') }],
      } as const;
      tell({ type: 'asked', ask: asks, step, slot: 'propose', parts, content });
      const base = writes[Math.floor(next() * writes.length)] ?? '';
      const prompt = `${base} ${additions[Math.floor(next() * additions.length)] ?? ''}`.trim();
      const tokens = { in: 410, cached: i === 0 ? 0 : 380, out: 34 };
      const ms = 2600 + Math.round(next() * 900);
      charge(usage, 'optimizer', tokens, ms);
      const reply = { text: `<START>${prompt}<END>`, tokens, finish: 'stop' } as const;
      tell({ type: 'replied', ask: asks, role: 'optimizer', reply, ms });
      const same = made.find((one) => one.prompt === prompt);
      if (same) {
        const parents = [current.candidate.id];
        tell({ type: 'rejected', step, text: prompt, reason: `the same as ${same.id}`, parents });
        continue;
      }
      const candidate: Candidate = {
        id: `c${made.length}`,
        prompt,
        shots: [],
        parents: [current.candidate.id],
        origin: step % 2 === 0 ? 'edit' : 'generate',
        step,
      };
      quality.set(candidate.id, Math.min(0.86, 0.5 + next() * 0.18 + step * 0.03));
      made.push(candidate);
      fresh.push(candidate);
      tell({ type: 'proposed', candidate, edit: 6 + Math.floor(next() * words) });
    }
    for (const candidate of fresh) {
      const score = evaluate(candidate, step);
      if (score > best.score) {
        best = { candidate, score };
        tell({ type: 'best', step, candidate: candidate.id, score });
      }
    }
    tell({ type: 'stage', step, stage: 'select', detail: '' });
    const winner = fresh.toSorted((a, b) => (scores.get(b.id) ?? 0) - (scores.get(a.id) ?? 0))[0];
    if (winner) {
      current = { candidate: winner, score: scores.get(winner.id) ?? 0 };
      history.push(winner);
      tell({ type: 'current', step, candidate: winner.id, score: current.score });
    } else {
      tell({ type: 'note', step, text: 'No new prompt in this step; the search stays where it is.' });
    }
  }
  tell({ type: 'searched', reason: 'done', best: best.candidate.id });
  tell({ type: 'stage', step: steps, stage: 'test', detail: '96 examples not seen before' });
  const test = task.splits.test;
  const scoresOf = (candidate: Candidate) => test.map((example) => answer(candidate, example, 'test'));
  const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
  const before = scoresOf(initial);
  const after = scoresOf(best.candidate);
  tell({
    type: 'tested',
    result: {
      initial: { candidate: 'c0', score: mean(before) },
      best: { candidate: best.candidate.id, score: mean(after) },
      comparison: compare(before, after, true, makeRng(seed, 'test')),
      n: test.length,
      gap: gapBetween('validation', scoresBy.get(best.candidate.id) ?? [], after, true),
      leaks: findLeaks(best.candidate, task),
    },
  });
  return events;
}

/** The same run with a best prompt that quotes examples, a gap to unseen ones, and a check of its robustness. */
export function doubtfulEvents(): RunEvent[] {
  const events = recordedEvents();
  const tested = events.at(-1);
  if (tested?.type !== 'tested') throw new Error('the recorded run has no test');
  const { result } = tested;
  const train = task.splits.train[0]?.input ?? '';
  const quoted = `Judge the review. For instance, “${train}” is negative, but “It is a moving love story seen by test-3 alone.” is positive.`;
  const withText: Task = {
    ...task,
    splits: {
      ...task.splits,
      test: task.splits.test.map((one) =>
        one.id === 'test-3' ? { ...one, input: 'It is a moving love story seen by test-3 alone.' } : one,
      ),
    },
  };
  const changed = events.slice(0, -1).map((event): RunEvent => {
    if (event.type !== 'proposed' || event.candidate.id !== result.best.candidate) return event;
    return { ...event, candidate: { ...event.candidate, prompt: quoted } };
  });
  const gap = {
    split: 'validation',
    score: result.best.score + 0.19,
    n: 48,
    difference: 0.19,
    low: 0.05,
    high: 0.32,
  } as const;
  return [
    ...changed,
    {
      type: 'tested',
      result: { ...result, gap, leaks: findLeaks({ prompt: quoted, shots: [] }, withText) },
    },
    {
      type: 'robustness',
      result: {
        paraphrases: {
          own: 0.65,
          n: 48,
          scores: [0.6, 0.66, 0.58, 0.66, 0.71],
          mean: 0.642,
          min: 0.58,
          max: 0.71,
          prompts: writes.slice(0, 5),
        },
        shuffles: { own: 0.65, n: 48, scores: [0.44], mean: 0.44, min: 0.44, max: 0.44 },
        notes: ['The options have only 1 other order.'],
      },
    },
  ];
}
