import { charge, partUsed, type Usage } from './budget.ts';
import { candidateKey, type Candidate, type Scored } from './candidate.ts';
import { wordDistance } from './edit.ts';
import { Stop, type Evaluator, type Meter } from './evaluator.ts';
import type { Answer, Op } from './events.ts';
import { joinParts } from './fill.ts';
import { hash32 } from './hash.ts';
import type { Effects } from './log.ts';
import { isBinary } from './metrics.ts';
import type { Content } from './model.ts';
import type { Tools, TuneResultOf } from './optimizer.ts';
import { defaultRace, holdOut, race, type Racing } from './race.ts';
import type { RunConfig } from './run.ts';
import { makeRng } from './rng.ts';
import { cleanPrompt } from './tags.ts';
import type { Example, SearchTask } from './task.ts';
import type { TuneAsk, TuneResult } from './tuner.ts';

/** A prompt longer than this is no prompt but a runaway reply. */
const MAX_PROMPT_CHARACTERS = 4000;

/** Room for a reply: a chat answer with its tags, or one line that continues a list. */
const MAX_TOKENS = { chat: 512, continuation: 64 };

/** A continued list asks for one line; a new entry would start the next one. */
const CONTINUATION_STOP = ['\n'];

/** Everything a search has found so far, filled by its tools and read by the run loop. */
export interface Findings {
  candidates: Map<string, Candidate>;
  /** Full score on the split that decides, in the order in which the scores came. */
  full: Map<string, Scored>;
  best: Scored | null;
  step: number;
}

export interface ToolParts {
  task: SearchTask;
  config: RunConfig;
  prompts: Readonly<Record<string, string>>;
  effects: Effects;
  evaluator: Evaluator;
  meter: Meter;
  usage: Usage;
  selectsOn: 'train' | 'validation';
  /** Told of each step before the method is. */
  began?: (step: number) => void;
}

const belongs = <A extends TuneAsk>(ask: A, result: TuneResult): result is TuneResultOf<A> & TuneResult =>
  result.did === ask.do;

/** Gradient steps made and examples read for an ask; none when it was refused. */
function work(ask: TuneAsk, result: TuneResult | null): { steps: number; examples: number } {
  if (ask.do === 'measure') return { steps: 0, examples: result === null ? 0 : ask.examples.length };
  if (ask.do !== 'steps' || result?.did !== 'steps') return { steps: 0, examples: 0 };
  const steps = result.losses.length;
  // A step that failed had read its batch too.
  const read = ask.batches.slice(0, steps + (result.failed === null ? 0 : 1));
  return { steps, examples: read.reduce((sum, batch) => sum + batch.length, 0) };
}

/** The tools of one run. `findings` is live: the run loop reads it when the search has ended, however it ended. */
export function makeTools(parts: ToolParts): { tools: Tools; findings: Findings } {
  const { task, config, effects, evaluator, meter, usage, selectsOn } = parts;
  const initial: Candidate = {
    id: 'c0',
    prompt: config.initialPrompt,
    shots: [],
    parents: [],
    origin: 'initial',
    step: 0,
  };
  const findings: Findings = {
    candidates: new Map([[initial.id, initial]]),
    full: new Map(),
    best: null,
    step: 0,
  };
  const byText = new Map<string, Candidate>([[candidateKey(initial), initial]]);
  const vectors = new Map<string, Float32Array>();
  /** What is known of candidates that left a full score early; they are not asked again. */
  const beaten = new Map<string, Scored>();
  const answeredByInitial = new Map<string, boolean>();
  let asks = 0;

  function guard() {
    const stop = meter.limit();
    if (stop !== null) throw stop;
  }

  /** Notes which examples the initial prompt could put to the model; a refusal of any other is the example's fault. */
  function unfit(candidate: Candidate, answers: readonly Answer[]): string | null {
    if (candidate.id === initial.id) {
      for (const answer of answers) answeredByInitial.set(answer.example, answer.refused === undefined);
      return null;
    }
    return (
      answers.find((a) => a.refused !== undefined && answeredByInitial.get(a.example) !== false)?.refused ??
      null
    );
  }

  async function* scoreOne(
    candidate: Candidate,
    split: 'train' | 'validation',
    examples: readonly Example[],
  ): Op<Scored> {
    const whole = examples.length === task.splits[split].length;
    if (whole && split === selectsOn && config.racing !== undefined) {
      const early = beaten.get(candidate.id) ?? (yield* challenge(candidate, split, config.racing));
      if (early !== null) return early;
    }
    const answers = yield* evaluator.answers(candidate, split, examples, meter);
    const reason = unfit(candidate, answers);
    if (reason !== null) {
      yield {
        type: 'rejected',
        step: findings.step,
        text: candidate.prompt,
        reason,
        parents: candidate.parents,
      };
      return { candidate, score: 0, n: answers.length };
    }
    const score =
      answers.length === 0 ? 0 : answers.reduce((sum, answer) => sum + answer.score, 0) / answers.length;
    const scored: Scored = { candidate, score, n: answers.length };
    if (whole && !(split === selectsOn && findings.full.has(candidate.id))) {
      yield { type: 'scored', step: findings.step, candidate: candidate.id, split, score, n: answers.length };
    }
    if (whole && split === selectsOn) {
      findings.full.set(candidate.id, scored);
      if (findings.best === null || score > findings.best.score) {
        findings.best = scored;
        yield { type: 'best', step: findings.step, candidate: candidate.id, score };
      }
    }
    return scored;
  }

  /** Null when the candidate is to be scored in full: it held its own, or there is no best yet, or nothing to save. */
  async function* challenge(
    candidate: Candidate,
    split: 'train' | 'validation',
    racing: Racing,
  ): Op<Scored | null> {
    const { best } = findings;
    if (best === null || best.candidate.id === candidate.id) return null;
    if (evaluator.known(candidate, split).length >= task.splits[split].length) return null;
    const early = yield* holdOut(tools, candidate, best, split, racing);
    if (early !== null) beaten.set(candidate.id, early);
    return early;
  }

  const tools: Tools = {
    task,
    prompts: parts.prompts,
    metaStyle: config.metaStyle,
    rendering: config.rendering,
    rng: makeRng(config.seed, 'search'),
    initial,
    get begun() {
      return findings.step;
    },
    get budgetUsed() {
      return partUsed(config.budget, usage, findings.step);
    },

    async *step(of) {
      if (config.budget.steps !== undefined && findings.step >= config.budget.steps)
        throw new Stop('budget-steps');
      guard();
      findings.step += 1;
      parts.began?.(findings.step);
      yield {
        type: 'step',
        step: findings.step,
        of: of === null ? null : Math.min(of, config.budget.steps ?? of),
      };
      return findings.step;
    },

    async *ask(slot, meta, options = {}) {
      guard();
      const ask = (asks += 1);
      const style = options.style ?? config.metaStyle;
      const text = joinParts(meta);
      const content: Content =
        style === 'chat'
          ? { kind: 'chat', messages: [...(options.after ?? []), { role: 'user', content: text }] }
          : { kind: 'completion', text };
      yield { type: 'asked', ask, step: findings.step, slot, parts: meta, content };
      const temperature = options.temperature ?? 1;
      const outcome = await effects.perform({
        kind: 'generate',
        role: 'optimizer',
        ask: {
          content,
          maxTokens: options.maxTokens ?? MAX_TOKENS[style],
          temperature,
          seed: temperature === 0 ? 0 : hash32(`optimizer/${ask}`, config.seed),
          ...(style === 'continuation' ? { stop: CONTINUATION_STOP } : {}),
        },
      });
      if (outcome.recovered !== undefined) yield { type: 'recovered', text: outcome.recovered };
      if (outcome.kind !== 'generate') {
        const reason =
          outcome.kind === 'refused' ? outcome.reason : 'The log holds another kind of outcome here.';
        yield { type: 'refused', ask, reason };
        return null;
      }
      charge(usage, 'optimizer', outcome.reply.tokens, outcome.ms);
      const { reply, ms, reused } = outcome;
      yield { type: 'replied', ask, role: 'optimizer', reply, ms, ...(reused && { reused }) };
      return reply.text;
    },

    async *propose(text, { parents, origin, shots = [], repeats = false }) {
      const { step } = findings;
      const from = parents.map((parent) => parent.id);
      const prompt = text === null ? '' : cleanPrompt(text);
      const reject = (reason: string) =>
        ({ type: 'rejected', step, text: text ?? '', reason, parents: from }) as const;
      if (prompt === '') {
        yield reject(text === null ? 'the reply holds no prompt' : 'empty');
        return null;
      }
      if (prompt.length > MAX_PROMPT_CHARACTERS) {
        yield reject(`longer than ${MAX_PROMPT_CHARACTERS} characters`);
        return null;
      }
      const key = candidateKey({ prompt, shots });
      const known = byText.get(key);
      if (known !== undefined) {
        if (repeats) return known;
        yield reject(`the same as ${known.id}`);
        return null;
      }
      const candidate: Candidate = {
        id: `c${findings.candidates.size}`,
        prompt,
        shots,
        parents: from,
        origin,
        step,
      };
      byText.set(key, candidate);
      findings.candidates.set(candidate.id, candidate);
      const parent = parents[0];
      yield {
        type: 'proposed',
        candidate,
        edit: parent === undefined ? 0 : wordDistance(parent.prompt, prompt),
      };
      return candidate;
    },

    async *score(candidates, { split = 'validation', examples = task.splits[split] } = {}) {
      const scored: Scored[] = [];
      for (const candidate of candidates) scored.push(yield* scoreOne(candidate, split, examples));
      return scored;
    },

    race: (candidates, keep, options = {}) =>
      race(tools, candidates, keep, {
        ...defaultRace,
        test: isBinary(task.metric) ? 'sign' : 't',
        ...options,
      }),

    answers: (candidate, split, examples) => evaluator.answers(candidate, split, examples, meter),

    known: (candidate, split) => evaluator.known(candidate, split),

    async *embed(texts) {
      const unknown = [...new Set(texts)].filter((text) => !vectors.has(text));
      if (unknown.length > 0) {
        const outcome = await effects.perform({ kind: 'embed', texts: unknown });
        if (outcome.recovered !== undefined) yield { type: 'recovered', text: outcome.recovered };
        if (outcome.kind === 'embed')
          unknown.forEach((text, i) => vectors.set(text, outcome.vectors[i] ?? new Float32Array()));
        usage.ms += outcome.ms;
      }
      return texts.map((text) => vectors.get(text) ?? new Float32Array());
    },

    async *tune(ask) {
      guard();
      const outcome = await effects.perform({ kind: 'tune', ask });
      if (outcome.recovered !== undefined) yield { type: 'recovered', text: outcome.recovered };
      usage.ms += outcome.ms;
      const result = outcome.kind === 'tune' && belongs(ask, outcome.result) ? outcome.result : null;
      yield {
        type: 'computed',
        step: findings.step,
        what: ask.do,
        ...work(ask, result),
        ms: outcome.ms,
        ...(result === null && {
          refused:
            outcome.kind === 'refused' ? outcome.reason : 'The log holds another kind of outcome here.',
        }),
      };
      return result;
    },

    async *current({ candidate, score }) {
      yield { type: 'current', step: findings.step, candidate: candidate.id, score };
    },

    async *emit(event) {
      yield event;
    },
  };
  return { tools, findings };
}
