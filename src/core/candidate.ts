import type { Example } from './task.ts';

/** A prompt under consideration: an instruction and, for some methods, worked examples that travel with it. */
export interface Candidate {
  /** `c0` is the initial prompt; then in order of creation. */
  id: string;
  prompt: string;
  shots: readonly Example[];
  /** Candidates it was made from; empty for the initial prompt. */
  parents: readonly string[];
  /** How it came to be, in the method's words: `initial`, `generate`, `edit`, `crossover`… */
  origin: string;
  /** Search step at which it was made; 0 for the initial prompt. */
  step: number;
}

/** Mean score in 0..1 over `n` examples. */
export interface Scored {
  candidate: Candidate;
  score: number;
  n: number;
}

/** The text that identifies a candidate for caches and duplicate checks. */
export function candidateKey(candidate: Pick<Candidate, 'prompt' | 'shots'>): string {
  return [candidate.prompt, ...candidate.shots.map((shot) => shot.id)].join('\u0000');
}
