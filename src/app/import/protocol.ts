import type { Example, SplitName } from '../../core/task.ts';
import type { Built } from './build.ts';
import type { Plan } from './plan.ts';
import type { Fault, Part, Reading } from './table.ts';

/** What the page and the import worker say to each other. The rows stay in the worker. */

export interface SourceFile {
  /** With the folders that it was dropped with; empty for pasted text. */
  path: string;
  content: Blob;
}

/** A table as the page shows it: the first rows, and a plan for all of them. */
export interface Preview {
  parts: readonly Part[];
  columns: readonly string[];
  /** The first rows as text, long cells cut. */
  rows: readonly { where: string; cells: readonly string[] }[];
  total: number;
  notes: readonly string[];
  reading: Reading | null;
  plan: Plan;
  /** Why this metric, in a sentence. */
  why: string;
  /** A task file, which needs no mapping. */
  isTask: boolean;
}

/** What a plan gives. Lists are cut to the first few; the numbers count all. */
export interface Checked {
  sizes: Record<SplitName, number>;
  leftOut: number;
  badRows: number;
  faults: readonly Fault[];
  faultCount: number;
  copies: Built['copies'];
  copyCount: number;
  repeats: number;
  drawn: Built['drawn'];
  stops: readonly string[];
  /** How often each answer stands in each split, the most frequent first; empty when there are many answers. */
  answers: readonly { answer: string; counts: Record<SplitName, number> }[];
  first: readonly Example[];
}

export type Request =
  | { kind: 'read'; files: readonly SourceFile[]; reading: Partial<Reading> }
  | { kind: 'guess'; plan: Plan }
  | { kind: 'check'; plan: Plan }
  /** `stored`: the worker writes the task itself; otherwise it hands it over. */
  | { kind: 'take'; plan: Plan; stored: boolean };

/** What each request is answered with. */
export interface Answers {
  read: Preview;
  guess: { plan: Plan; why: string };
  check: Checked;
  /** The task file's text when it was not stored. */
  take: { text: string | null };
}

export type Response =
  | { kind: 'progress'; id: number; done: number; total: number; doing: string }
  /** Under the request's own kind. */
  | { kind: 'done'; id: number; answer: Partial<Answers> }
  | { kind: 'failed'; id: number; message: string; advice: string };

export type Numbered = Request & { id: number };
