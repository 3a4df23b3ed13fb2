import type { Candidate } from '../../src/core/candidate.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { task } from './recorded.ts';

/** A made-up run of any size, with several parents, graded scores, unreadable replies and candidates that left a race. */

export interface LargeShape {
  candidates: number;
  /** Of the validation split, asked of every candidate that stays. */
  examples: number;
  perStep?: number;
  graded?: boolean;
}

const words = (
  'read weigh judge label decide answer think check count compare sort praise complaint review sentence word step ' +
  'short careful last first whole plain best opinion tone writer film cast plot irony clause evidence doubt'
).split(' ');

/** Any number in 0..1 that depends on `a` and `b` alone. */
function noise(a: number, b: number): number {
  let x = Math.imul(a + 1, 374761393) ^ Math.imul(b + 1, 668265263);
  x = Math.imul(x ^ (x >>> 13), 1274126177);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

export function largeEvents({ candidates, examples, perStep = 10, graded = false }: LargeShape): RunEvent[] {
  const events: RunEvent[] = [];
  const made: Candidate[] = [];
  const quality: number[] = [];
  let best = { id: 'c0', score: -1 };
  let current = 0;
  const steps = Math.ceil((candidates - 1) / perStep);

  function evaluate(i: number) {
    const candidate = made[i];
    if (!candidate) return 0;
    const leaves = i > 2 && noise(i, 7) < 0.15;
    const n = leaves ? Math.ceil(examples / 4) : examples;
    let sum = 0;
    for (let e = 0; e < n; e++) {
      const hard = noise(e, 3) ** 0.5;
      const ease = (quality[i] ?? 0.5) + 0.5 - hard + (noise(i * 7919 + e, 5) - 0.5) * 0.6;
      const graded01 = Math.max(0, Math.min(1, Math.round(ease * 10) / 10));
      const score = graded ? graded01 : ease > 0.5 ? 1 : 0;
      const read = score > 0 || noise(i, e) > 0.08;
      sum += score;
      const gold = task.splits.validation[e % task.splits.validation.length]?.gold[0] ?? 'positive';
      const other = gold === 'positive' ? 'negative' : 'positive';
      const answer = read ? (score >= 1 ? gold : other) : null;
      events.push({
        type: 'answered',
        answer: {
          candidate: candidate.id,
          example: `validation-${e + 1}`,
          split: 'validation',
          reply: answer ?? 'The film is a film about',
          answer,
          score,
          tokens: { in: 60, cached: 20, out: 1 },
          ms: 30,
        },
      });
    }
    const step = candidate.step;
    const score = sum / n;
    if (leaves) events.push({ type: 'eliminated', step, candidate: candidate.id, by: best.id, n, p: 0.02 });
    else {
      events.push({ type: 'scored', step, candidate: candidate.id, split: 'validation', score, n });
      if (score > best.score) {
        best = { id: candidate.id, score };
        events.push({ type: 'best', step, candidate: candidate.id, score });
      }
    }
    return leaves ? 0 : score;
  }

  function propose(i: number, step: number) {
    const from = made[current];
    const second = noise(i, 11) < 0.3 ? made[Math.floor(noise(i, 12) * Math.max(1, i - 1))] : undefined;
    const kept = (from?.prompt ?? 'Is this review positive or negative? Answer with one word.').split(' ');
    for (let k = 0; k < 3; k++) {
      const place = Math.floor(noise(i, 20 + k) * kept.length);
      kept.splice(place, kept.length > 24 ? 2 : k, words[Math.floor(noise(i, 30 + k) * words.length)] ?? '');
    }
    const parents = [...new Set([from?.id, second?.id])].filter((id) => id !== undefined);
    const candidate: Candidate = {
      id: `c${i}`,
      prompt: `${kept.join(' ')}`,
      shots: [],
      parents,
      origin: parents.length === 0 ? 'initial' : parents.length > 1 ? 'crossover' : 'edit',
      step,
    };
    made.push(candidate);
    quality.push(Math.min(0.95, 0.35 + noise(i, 1) * 0.3 + (step / steps) * 0.3));
    events.push({ type: 'proposed', candidate, edit: 3 });
  }

  propose(0, 0);
  evaluate(0);
  events.push({ type: 'current', step: 0, candidate: 'c0', score: best.score });
  for (let step = 1, next = 1; next < candidates; step++) {
    events.push({ type: 'step', step, of: steps });
    const items = [{ candidate: best.id, weight: 0.81 }];
    events.push({ type: 'retrieved', step, how: 'relevance', items });
    const from = next;
    for (; next < Math.min(candidates, from + perStep); next++) propose(next, step);
    let winner = { i: current, score: -1 };
    for (let i = from; i < next; i++) {
      const score = evaluate(i);
      if (score > winner.score) winner = { i, score };
    }
    current = winner.i;
    events.push({ type: 'current', step, candidate: `c${current}`, score: winner.score });
  }
  return events;
}
