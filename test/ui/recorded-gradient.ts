import type { Candidate } from '../../src/core/candidate.ts';
import type { RestartSource, RunEvent } from '../../src/core/events.ts';
import type { Nearest } from '../../src/core/tuner.ts';
import { task } from './recorded.ts';

/** A made-up run along gradients with the shape of a real one: four descents, one of them with a stretch undone. */

const WORDS = [
  'review',
  'film',
  'positive',
  'negative',
  'answer',
  'good',
  'bad',
  'whether',
  'this',
  'critic',
];
const PLACES: [RestartSource, string][] = [
  ['initial', task.initialPrompt],
  ['language model', 'Judge the film review: positive or negative?'],
  ['perturbation', ''],
  ['language model', 'Was the critic pleased or not?'],
];
const TOKENS = 8;

export function gradientEvents(measurements = 4): RunEvent[] {
  const events: RunEvent[] = [];
  let made = 0;
  const propose = (prompt: string, step: number, origin: string, parents: string[]): Candidate => {
    const candidate = { id: `c${made}`, prompt, shots: [], parents, origin, step };
    made += 1;
    events.push({ type: 'proposed', candidate, edit: parents.length === 0 ? 0 : 4 });
    return candidate;
  };
  const nearest = (token: number, at: number): Nearest[] =>
    Array.from({ length: 5 }, (_, i) => ({
      text: ` ${WORDS[(token * 3 + Math.floor((at + token) / 3) + i) % WORDS.length] ?? ''}`,
      similarity: 0.62 - 0.07 * i - 0.01 * token,
    }));

  const initial = propose(task.initialPrompt, 0, 'initial', []);
  events.push({ type: 'scored', step: 0, candidate: 'c0', split: 'validation', score: 0.55, n: 16 });
  events.push({ type: 'best', step: 0, candidate: 'c0', score: 0.55 });
  events.push({ type: 'current', step: 0, candidate: 'c0', score: 0.55 });
  for (const [id, [source, text]] of PLACES.entries()) {
    const begun = id * measurements * 5;
    const step = id;
    if (id > 0) events.push({ type: 'step', step, of: PLACES.length });
    const place = id === 0 ? initial : text === '' ? null : propose(text, step, 'propose', ['c0']);
    const start = 0.9 - 0.06 * id;
    events.push({
      type: 'restart',
      step,
      gradientStep: begun,
      id,
      source,
      text,
      candidate: place?.id ?? null,
      loss: start - 0.03,
      accuracy: 0.5,
    });
    for (let i = 0; i <= measurements; i++) {
      if (id === 1 && i === 2) {
        const reason = 'After these steps the validation loss is no number.';
        events.push({ type: 'rolled-back', step, gradientStep: begun + 5, reason, rate: 0.005, inRow: 1 });
      }
      const words = Array.from({ length: TOKENS }, (_, token) => nearest(token, id * 7 + i));
      const loss = start * Math.exp(-0.22 * i) + (i > 2 ? 0.05 : 0);
      const said = words
        .map((one) => one[0]?.text ?? '')
        .join('')
        .trim();
      const candidate = propose(said, step, 'projection', ['c0']);
      events.push({
        type: 'computed',
        step,
        what: 'steps',
        steps: i === 0 ? 0 : 5,
        examples: i === 0 ? 0 : 20,
        ms: 4000,
      });
      events.push({
        type: 'tuned',
        step,
        gradientStep: begun + 5 * i,
        restart: id,
        loss: i === 0 ? null : loss - 0.04,
        rate: 0.01,
        validation: { loss, accuracy: Math.min(1, 0.5 + 0.08 * i + 0.02 * id) },
        text: said,
        candidate: candidate.id,
        projected: i === 2 && id === 2 ? null : { loss: 0.95 - 0.03 * i, accuracy: 0.5 },
        words,
      });
    }
  }
  return events;
}
