import { charge, noUsage, tokensUsed, type Budget, type Usage } from '../core/budget.ts';
import type { Candidate } from '../core/candidate.ts';
import type { Answer, Part, RunEvent, Stage, StopReason, TestResult } from '../core/events.ts';
import type { Role } from '../core/log.ts';
import type { Content, Reply } from '../core/model.ts';
import type { Robustness } from '../core/robustness.ts';
import type { SplitName } from '../core/task.ts';
import type { TuneAsk } from '../core/tuner.ts';

/** What the page shows of a run: a fold of its events, the same for a live run and a recorded one. */

/** How much of the search budget had been used at a moment. */
export interface Spent {
  tokens: number;
  calls: number;
  ms: number;
}

export interface ScoreView {
  score: number;
  n: number;
  at: Spent;
  step: number;
}

/** Answers so far under one candidate and split, before and while a score is made of them. */
export interface Tally {
  /** When the latest answer came. */
  at: Spent;
  answers: number;
  sum: number;
  unreadable: number;
  refused: number;
}

export interface CandidateView {
  readonly candidate: Candidate;
  /** Words changed from its (first) parent, as the run measured; null for the initial prompt. */
  edit: number | null;
  /** The score over the most examples on each split. */
  scores: Partial<Record<SplitName, ScoreView>>;
  tallies: Partial<Record<SplitName, Tally>>;
  /** Append-only and shared between versions of this object. */
  readonly answers: Answer[];
}

export interface AskView {
  readonly ask: number;
  readonly step: number;
  readonly slot: string;
  readonly parts: readonly Part[];
  readonly content: Content;
  /** What its step had recalled last before it; null for nothing. */
  readonly recalled: Retrieval | null;
  role: Role | null;
  reply: Reply | null;
  ms: number;
  /** Why the model refused it, null if it did not. */
  refused: string | null;
}

export interface RejectedView {
  step: number;
  text: string;
  reason: string;
  parents: readonly string[];
  at: Spent;
}

/** A candidate that left a race after `n` examples, beaten by `by`. */
export interface EliminatedView {
  step: number;
  candidate: string;
  by: string;
  n: number;
  p: number;
  at: Spent;
}

export interface StepView {
  step: number;
  /** What had been used when it began. */
  at: Spent;
  /** Words that a new prompt may change, null when the method states no limit. */
  words: number | null;
}

/** The search standing at (`current`) or having as its best (`best`) a candidate, from `at` on. */
export interface Standing {
  candidate: string;
  score: number;
  step: number;
  at: Spent;
}

/** An event of one type with what had been used when it came. */
type At<T extends RunEvent['type']> = Extract<RunEvent, { type: T }> & { at: Spent };

export interface GradientView {
  /** Soft prompts measured, descents begun and stretches undone, each in order. */
  tuned: At<'tuned'>[];
  restarts: At<'restart'>[];
  rolledBack: At<'rolled-back'>[];
  /** Gradient steps kept by the differentiable model, later undone ones included. */
  steps: number;
  /** Time and examples of each kind of ask. */
  ms: Record<TuneAsk['do'], number>;
  examples: Record<TuneAsk['do'], number>;
}

/** How many of everything there had been at a moment: lengths of what a view gathers. */
export interface Marks {
  events: number;
  asks: number;
  /** Replies and refusals. */
  replies: number;
  candidates: number;
  rejected: number;
  answers: number;
  scored: number;
  eliminated: number;
  retrievals: number;
  sizes: number;
  currents: number;
  bests: number;
  notes: number;
}

/** A stage that the search went into. What went through it lies between its marks and those of the next visit. */
export interface Visit {
  readonly step: number;
  readonly stage: Stage;
  readonly detail: string;
  /** Part of the loop that the method named. */
  readonly part?: string;
  readonly from: Marks;
}

export interface Retrieval {
  step: number;
  how: string;
  items: readonly { candidate: string; weight: number | null }[];
}

export interface ScoredView {
  step: number;
  candidate: string;
  split: SplitName;
  score: number;
  n: number;
}

/** Lists and maps are appended to or have entries replaced; `copyView` copies every one of them. */
export interface RunView {
  events: number;
  step: number;
  /** Null while unknown or when the method has no fixed length. */
  of: number | null;
  stage: Stage | null;
  detail: string;
  /** In order of creation. */
  candidates: Map<string, CandidateView>;
  initial: string | null;
  /** Candidates at which the search stood, in order; the last is the current one. */
  currents: Standing[];
  /** Each new best, in order; the last is the best so far. */
  bests: Standing[];
  steps: Map<number, StepView>;
  asks: Map<number, AskView>;
  rejected: RejectedView[];
  /** In order; a candidate may leave several races. */
  eliminated: EliminatedView[];
  notes: { step: number; text: string }[];
  /** Every stage entered, in order; the last is the present one. */
  visits: Visit[];
  retrievals: Retrieval[];
  /** Words that a new prompt might change, as they were stated. */
  sizes: { step: number; words: number }[];
  /** Full scores in the order in which they came. */
  scored: ScoredView[];
  /** All answers of the target in order. */
  answers: Answer[];
  replies: number;
  refusals: number;
  unreadable: number;
  /** Charged to the budget: the search only. */
  usage: Usage;
  /** Parts of `usage.ms`, for the estimate of a next run. */
  ms: Record<Role, number>;
  /** What a method that follows gradients did; empty in other runs. */
  gradient: GradientView;
  testCalls: number;
  /** Calls of the search by role, and of the test, that were answered from earlier runs; they took no time. */
  reused: Record<Role, number> & { test: number };
  budget: Budget | null;
  ended: { reason: StopReason; best: string } | null;
  result: TestResult | null;
  /** Null before it is done, and in runs that do not ask for it. */
  robustness: Robustness | null;
}

const noWork = () => ({ embed: 0, draw: 0, steps: 0, measure: 0, project: 0 });

const noGradient = (): GradientView => ({
  tuned: [],
  restarts: [],
  rolledBack: [],
  steps: 0,
  ms: noWork(),
  examples: noWork(),
});

export function emptyView(): RunView {
  return {
    events: 0,
    step: 0,
    of: null,
    stage: null,
    detail: '',
    candidates: new Map(),
    initial: null,
    currents: [],
    bests: [],
    steps: new Map(),
    asks: new Map(),
    rejected: [],
    eliminated: [],
    notes: [],
    visits: [],
    retrievals: [],
    sizes: [],
    scored: [],
    answers: [],
    replies: 0,
    refusals: 0,
    unreadable: 0,
    usage: noUsage(),
    ms: { target: 0, optimizer: 0 },
    gradient: noGradient(),
    testCalls: 0,
    reused: { target: 0, optimizer: 0, test: 0 },
    budget: null,
    ended: null,
    result: null,
    robustness: null,
  };
}

/** A view that goes its own way from here: what is folded into one does not show in the other. */
export function copyView(view: RunView): RunView {
  return {
    ...view,
    candidates: new Map(
      [...view.candidates].map(([id, entry]) => [id, { ...entry, answers: entry.answers.slice() }]),
    ),
    currents: view.currents.slice(),
    bests: view.bests.slice(),
    steps: new Map(view.steps),
    asks: new Map(view.asks),
    rejected: view.rejected.slice(),
    eliminated: view.eliminated.slice(),
    notes: view.notes.slice(),
    visits: view.visits.slice(),
    retrievals: view.retrievals.slice(),
    sizes: view.sizes.slice(),
    scored: view.scored.slice(),
    answers: view.answers.slice(),
    usage: structuredClone(view.usage),
    ms: { ...view.ms },
    gradient: {
      ...view.gradient,
      tuned: view.gradient.tuned.slice(),
      restarts: view.gradient.restarts.slice(),
      rolledBack: view.gradient.rolledBack.slice(),
      ms: { ...view.gradient.ms },
      examples: { ...view.gradient.examples },
    },
    reused: { ...view.reused },
  };
}

/** How many of everything the view holds. */
export function marksOf(view: RunView): Marks {
  return {
    events: view.events,
    asks: view.asks.size,
    replies: view.replies,
    candidates: view.candidates.size,
    rejected: view.rejected.length,
    answers: view.answers.length,
    scored: view.scored.length,
    eliminated: view.eliminated.length,
    retrievals: view.retrievals.length,
    sizes: view.sizes.length,
    currents: view.currents.length,
    bests: view.bests.length,
    notes: view.notes.length,
  };
}

export function spent(view: RunView): Spent {
  return { tokens: tokensUsed(view.usage), calls: view.usage.targetCalls, ms: view.usage.ms };
}

/**
 * Takes one event into `view`, in place, and returns it. Entries of `candidates`, `asks` and `steps` are replaced,
 * never changed, so that a reader who kept one can compare by identity. Events that name an unknown candidate or
 * ask are counted and otherwise ignored.
 */
export function reduce(view: RunView, event: RunEvent): RunView {
  view.events += 1;
  switch (event.type) {
    case 'step':
      view.step = event.step;
      view.of = event.of;
      change(view, event.step, { at: spent(view) });
      break;
    case 'stage': {
      const { step, stage, detail, part } = event;
      view.stage = stage;
      view.detail = detail;
      const from = { ...marksOf(view), events: view.events - 1 };
      view.visits.push({ step, stage, detail, ...(part === undefined ? {} : { part }), from });
      break;
    }
    case 'retrieved':
      view.retrievals.push({ step: event.step, how: event.how, items: event.items });
      break;
    case 'step-size':
      view.sizes.push({ step: event.step, words: event.words });
      change(view, event.step, { words: event.words });
      break;
    case 'asked': {
      const { ask, step, slot, parts, content } = event;
      const last = view.retrievals.at(-1);
      const recalled = last?.step === step ? last : null;
      const open = { role: null, reply: null, ms: 0, refused: null };
      view.asks.set(ask, { ask, step, slot, parts, content, recalled, ...open });
      break;
    }
    case 'replied': {
      view.replies += 1;
      charge(view.usage, event.role, event.reply.tokens, event.ms);
      view.ms[event.role] += event.ms;
      if (event.reused) view.reused[event.role] += 1;
      const known = view.asks.get(event.ask);
      if (known) {
        view.asks.set(event.ask, { ...known, role: event.role, reply: event.reply, ms: event.ms });
      }
      break;
    }
    case 'refused': {
      view.refusals += 1;
      view.replies += 1;
      const known = view.asks.get(event.ask);
      if (known) view.asks.set(event.ask, { ...known, refused: event.reason });
      break;
    }
    case 'proposed': {
      const { candidate } = event;
      const initial = candidate.parents.length === 0 && candidate.step === 0;
      view.candidates.set(candidate.id, {
        candidate,
        edit: initial ? null : event.edit,
        scores: {},
        tallies: {},
        answers: [],
      });
      if (initial) view.initial ??= candidate.id;
      break;
    }
    case 'rejected': {
      const { step, text, reason, parents } = event;
      view.rejected.push({ step, text, reason, parents, at: spent(view) });
      break;
    }
    case 'answered':
      answered(view, event.answer);
      break;
    case 'scored': {
      const { step, candidate, split, score: value, n } = event;
      view.scored.push({ step, candidate, split, score: value, n });
      const known = view.candidates.get(event.candidate);
      const earlier = known?.scores[event.split];
      if (known && (earlier === undefined || event.n >= earlier.n)) {
        const score = {
          score: event.score,
          n: event.n,
          at: earlier?.n === event.n ? earlier.at : spent(view),
        };
        view.candidates.set(event.candidate, {
          ...known,
          scores: { ...known.scores, [event.split]: { ...score, step: earlier?.step ?? event.step } },
        });
      }
      break;
    }
    case 'eliminated': {
      const { step, candidate, by, n, p } = event;
      view.eliminated.push({ step, candidate, by, n, p, at: spent(view) });
      break;
    }
    case 'current':
      view.currents.push(standing(view, event));
      break;
    case 'best':
      view.bests.push(standing(view, event));
      break;
    case 'note':
      view.notes.push({ step: event.step, text: event.text });
      break;
    case 'computed': {
      const { gradient } = view;
      view.usage.ms += event.ms;
      gradient.ms[event.what] += event.ms;
      gradient.examples[event.what] += event.examples;
      gradient.steps += event.steps;
      break;
    }
    case 'tuned':
      view.gradient.tuned.push({ ...event, at: spent(view) });
      break;
    case 'restart':
      view.gradient.restarts.push({ ...event, at: spent(view) });
      break;
    case 'rolled-back':
      view.gradient.rolledBack.push({ ...event, at: spent(view) });
      break;
    case 'recovered':
      view.notes.push({ step: view.step, text: event.text });
      break;
    case 'budget':
      view.budget = event.budget;
      break;
    case 'searched':
      view.ended = { reason: event.reason, best: event.best };
      break;
    case 'tested':
      view.result = event.result;
      break;
    case 'robustness':
      view.robustness = event.result;
      break;
  }
  return view;
}

function standing(view: RunView, event: { candidate: string; score: number; step: number }): Standing {
  return { candidate: event.candidate, score: event.score, step: event.step, at: spent(view) };
}

function change(view: RunView, step: number, part: Partial<StepView>): void {
  const known = view.steps.get(step) ?? { step, at: spent(view), words: null };
  view.steps.set(step, { ...known, ...part });
}

const noAnswers: Omit<Tally, 'at'> = { answers: 0, sum: 0, unreadable: 0, refused: 0 };

/** Nine of ten events are answers, so what is made for each is written out. */
function answered(view: RunView, answer: Answer): void {
  view.answers.push(answer);
  if (answer.reused) view.reused[answer.split === 'test' ? 'test' : 'target'] += 1;
  if (answer.split === 'test') view.testCalls += 1;
  else {
    charge(view.usage, 'target', answer.tokens, answer.ms);
    view.ms.target += answer.ms;
  }
  const refused = answer.refused === undefined ? 0 : 1;
  const unreadable = answer.answer === null && refused === 0 ? 1 : 0;
  view.refusals += refused;
  view.unreadable += unreadable;
  const known = view.candidates.get(answer.candidate);
  if (!known) return;
  const { candidate, edit, scores, tallies, answers } = known;
  answers.push(answer);
  const tally = tallies[answer.split] ?? noAnswers;
  const grown: Tally = {
    at: spent(view),
    answers: tally.answers + 1,
    sum: tally.sum + answer.score,
    unreadable: tally.unreadable + unreadable,
    refused: tally.refused + refused,
  };
  view.candidates.set(answer.candidate, {
    candidate,
    edit,
    scores,
    tallies: { ...tallies, [answer.split]: grown },
    answers,
  });
}

/** The split whose scores decide: the one that the best so far was scored on, else the first with any score. */
export function decidingSplit(view: RunView): 'validation' | 'train' {
  const best = view.bests.at(-1);
  const scores = best ? view.candidates.get(best.candidate)?.scores : undefined;
  if (best && scores?.train?.score === best.score && scores.validation?.score !== best.score) return 'train';
  if (scores?.validation) return 'validation';
  for (const { scores: some } of view.candidates.values()) {
    if (some.validation) return 'validation';
  }
  for (const { scores: some } of view.candidates.values()) {
    if (some.train) return 'train';
  }
  return 'validation';
}

/**
 * The ask whose reply holds a candidate's prompt, ignoring case and spaces; null when none does (the initial
 * prompt, a prompt assembled from several replies). The latest wins, within the candidate's own step first.
 */
export function askBehind(view: RunView, candidate: Candidate): AskView | null {
  const plain = (text: string) => text.toLowerCase().replaceAll('**', '').replace(/\s+/g, ' ').trim();
  const prompt = plain(candidate.prompt);
  if (prompt === '' || candidate.parents.length === 0) return null;
  let found: AskView | null = null;
  for (const ask of view.asks.values()) {
    if (ask.step === candidate.step && ask.reply && plain(ask.reply.text).includes(prompt)) found = ask;
  }
  return found;
}
