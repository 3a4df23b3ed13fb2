/**
 * APO (ProTeGi): Automatic Prompt Optimization with "Gradient Descent" and Beam Search (Pryzant et al., 2023),
 * sections 2 and 3, and its released code; with the loop of TextGrad (Yuksekgonul et al., 2024, section 3.4) as a
 * preset.
 *
 *   beam = {p0}
 *   for r < steps:
 *     M = minibatch of train
 *     for p in beam:
 *       E = errors of p on M
 *       for each of `gradients` groups of errors: g = why could p lead to these?         "gradient"
 *         for each reason in g: p' = O(p, the errors, the reason)                         against the gradient
 *       C = every p', paraphrases of every p', paraphrases of p; `candidates` of them at random
 *     beam = best of beam and all C on validation, chosen by a bandit
 *   return the best in full
 *
 * TextGrad: one line of descent with minibatches of 3. Each error is criticized on its own, all remarks go into one
 * rewrite, and it is reverted when validation falls. With the gate a rewrite must first do better on its minibatch.
 *
 * Deviations:
 * - what would be thrown away is not made: the minibatch is answered until it has given the errors that the gradients
 *   take, and new prompts are made in random order until there are enough (the code makes all, then drops most); a
 *   rewrite made for the sake of its paraphrase takes part itself;
 * - without errors no gradient is asked for; the code asks for the reasons of nothing;
 * - UCB takes the logarithm of all pulls; the code that of the round, which repeats the first picks. Prompts never
 *   pulled rank last; see `core/bandits.ts` for successive rejects with a beam;
 * - the bandit's budget is stated for a prompt; the code's 2,048 evaluations a step are some 60 for each of 36. Its
 *   answers count on, and all prompts meet the examples in the same order;
 * - a bandit's score is over a part of the examples and not yet a result: the first of each ranking are scored in
 *   full, as long as they can still beat the best so far;
 * - the whole prompt is rewritten; the code replaces the task section of a longer one.
 */
import { banditOptions, rankCandidates, searchOf } from '../core/bandits.ts';
import type { Candidate, Scored } from '../core/candidate.ts';
import { contest, crown, opening } from '../core/contest.ts';
import type { Op } from '../core/events.ts';
import { caseList, type Case } from '../core/feedback.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { top } from '../core/pick.ts';
import { firstLine, proposals } from '../core/propose.ts';
import { mistakes, remarks, type Mistakes } from '../core/reflect.ts';
import { exemplarText } from '../core/render.ts';
import type { Rng } from '../core/rng.ts';
import { between } from '../core/tags.ts';
import type { Example } from '../core/task.ts';
import { filled, PARAPHRASE, paraphrases } from '../core/variants.ts';

export interface ApoOptions extends Record<string, boolean | number | string> {
  preset: string;
  steps: number;
  beam: number;
  batch: number;
  gradients: number;
  errors: number;
  reasons: number;
  edits: number;
  merge: boolean;
  variants: number;
  candidates: number;
  rejectOnErrors: boolean;
  gate: boolean;
  revert: string;
  evaluator: string;
  evaluations: number;
  block: number;
  share: number;
  c: number;
  temperature: number;
}

const prompts = {
  gradient: `You look for faults in prompts for a language model. A prompt stands {position}.

The current prompt is:
{current}

With it, the model got these examples wrong:

{errors}

Give {count} why the prompt could have led to these errors. Put each reason between <START> and <END>.`,
  edit: `You improve prompts for a language model. A prompt stands {position}.

The current prompt is:
{current}

With it, the model got these examples wrong:

{errors}

What is wrong with the prompt:
{reflection}

Write a different prompt that mends this. Put it between <START> and <END>.`,
  // For optimizers that continue text.
  editContinuation: `{task}

{errors}

Below are two {many}. The second mends what is wrong with the first.

{one}: {current}

What is wrong with it: {reflection}

{one}:`,
  ...PARAPHRASE,
};

/** A reply that holds nothing usable is asked for again this often. */
const RETRIES = 1;

/** Of a ranking by part of the examples, this many are scored in full. */
const LEADERS = 2;

/** With `rejectOnErrors`: prompts made for each one wanted, and errors on which they are compared (released code). */
const PRESAMPLE = 2;
const ERRORS_COMPARED = 16;

/** What a preset sets; all other options stay as they are. */
const TEXTGRAD = {
  beam: 1,
  batch: 3,
  gradients: 3,
  errors: 1,
  reasons: 1,
  merge: true,
  variants: 0,
  candidates: 1,
  rejectOnErrors: false,
  revert: 'falls',
  evaluator: 'full',
};

function settled(options: ApoOptions): ApoOptions {
  switch (options.preset) {
    case 'textgrad':
      return { ...options, ...TEXTGRAD, gate: false };
    case 'textgrad-gate':
      return { ...options, ...TEXTGRAD, gate: true };
    default:
      return options;
  }
}

export const apo: Optimizer<ApoOptions> = {
  id: 'apo',
  name: 'APO (ProTeGi)',
  paper: {
    title: 'Automatic Prompt Optimization with “Gradient Descent” and Beam Search',
    url: 'https://arxiv.org/abs/2305.03495',
  },
  summary:
    'Asks why the prompt fails on examples, rewrites it against each reason, and keeps a beam of the best by a bandit.',
  loop: [
    { name: 'Errors', says: 'reasons for what went wrong', stage: 'reflect' },
    { name: 'Edit', says: 'rewrite for each reason, paraphrase', stage: 'propose' },
    { name: 'Evaluate', says: 'bandit over the pool', stage: 'evaluate' },
    { name: 'Beam', says: 'the best lead on', stage: 'select' },
  ],
  prompts,
  options: {
    preset: choice('Loop', 'TextGrad’s loop sets what makes it so, whatever stands below.', 'protegi', {
      protegi: 'ProTeGi, as set below',
      textgrad: 'TextGrad: one prompt, minibatch 3, revert',
      'textgrad-gate': 'TextGrad, with a gate on the minibatch',
    }),
    steps: whole(
      'Steps',
      'How often the beam is expanded; most was gained by the third in the paper.',
      6,
      1,
      500,
    ),
    beam: whole('Beam', 'Prompts kept after each step.', 4, 1, 32),
    batch: whole('Minibatch', 'Train examples in which a step looks for errors.', 64, 1, 256),
    gradients: whole('Gradients', 'Groups of errors for which reasons are asked, a prompt.', 4, 1, 16),
    errors: whole('Errors a gradient', 'Errors in a group.', 4, 1, 16),
    reasons: advanced(whole('Reasons a gradient', 'Reasons asked for each group of errors.', 1, 1, 8)),
    edits: advanced(whole('Rewrites a reason', 'New prompts asked for each reason.', 1, 1, 8)),
    merge: advanced(toggle('Merge the reasons', 'All reasons go into each rewrite (TextGrad).', false)),
    variants: whole(
      'Paraphrases',
      'How often each rewrite, and the prompt itself, is said in other words.',
      2,
      0,
      8,
    ),
    candidates: whole(
      'New prompts, at most',
      'Of a prompt’s rewrites and paraphrases this many enter.',
      8,
      1,
      64,
    ),
    rejectOnErrors: advanced(
      toggle(
        'Compare on errors',
        'Twice as many are made and the better half, by the errors they came from, enters (switch of the code).',
        false,
      ),
    ),
    gate: advanced(
      toggle(
        'Gate',
        'A new prompt enters only if it does better than its parent on the minibatch answered for it.',
        false,
      ),
    ),
    revert: advanced(
      choice(
        'Give way',
        'With all examples: when a new prompt takes the place of one in the beam.',
        'better',
        {
          better: 'when it scores higher',
          falls: 'unless it scores lower (TextGrad)',
        },
      ),
    ),
    ...banditOptions({ evaluator: 'ucb', evaluations: 25, block: 5, share: 4, c: 1 }),
    temperature: advanced(
      decimal('Optimizer temperature', 'How varied reasons and rewrites are.', 0.7, 0, 2),
    ),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost(given, sizes) {
    const options = settled(given);
    const { gradients, reasons, edits, merge, variants, candidates } = options;
    // The first step expands the initial prompt alone.
    const expansions = 1 + (options.steps - 1) * options.beam;
    const rewrites = merge ? edits : gradients * reasons * edits;
    const searched = Math.min(options.batch, sizes.train);
    const compared = options.rejectOnErrors ? PRESAMPLE * Math.min(ERRORS_COMPARED, searched) : 0;
    return {
      steps: options.steps,
      targetCalls:
        sizes.validation * (1 + expansions * candidates) +
        expansions * (searched + candidates * (compared + (options.gate ? searched : 0))),
      optimizerCalls: expansions * (gradients + (rewrites + (rewrites + 1) * variants) * (1 + RETRIES)),
    };
  },

  async *search(tools, given) {
    let options = settled(given);
    const { train } = tools.task.splits;
    const { scored, hardness } = yield* opening(tools);
    const [first] = scored;
    if (first === undefined) return;
    yield* tools.current(first);
    let best = first;
    let beam: Scored[] = [first];

    for (let r = 0; r < options.steps; r++) {
      const step = yield* tools.step(options.steps);
      options = settled(given);
      const minibatch = tools.rng.fork(`minibatch/${step}`).sample(train, options.batch);
      const made: Candidate[] = [];
      for (const { candidate } of beam)
        made.push(...(yield* expand(tools, candidate, minibatch, step, options)));
      if (made.length === 0) continue;

      const pool = [...beam.map(({ candidate }) => candidate), ...made];
      yield { type: 'stage', step, stage: 'evaluate', detail: `${made.length} new prompts` };
      if (options.evaluator === 'full') {
        const ties = options.revert === 'falls';
        beam = yield* contest(tools, beam, made, { places: options.beam, step, hardness, ties });
        best = beam[0] ?? best;
      } else {
        const search = searchOf(options, pool.length, options.beam);
        const ranked = yield* rankCandidates(tools, pool, search, tools.rng.fork(`rank/${step}`));
        beam = ranked.slice(0, options.beam);
        best = yield* crown(tools, best, beam, LEADERS, hardness);
      }
      yield {
        type: 'stage',
        step,
        stage: 'select',
        detail: beam.map(({ candidate }) => candidate.id).join(' '),
      };
      yield* tools.current(best);
    }
  },
};

/** New prompts made from one of the beam, at most `candidates`. */
async function* expand(
  tools: Tools,
  parent: Candidate,
  minibatch: readonly Example[],
  step: number,
  options: ApoOptions,
): Op<Candidate[]> {
  const rng = tools.rng.fork(`expand/${step}/${parent.id}`);
  yield { type: 'stage', step, stage: 'reflect', detail: `errors of ${parent.id}` };
  const found = yield* mistakes(tools, parent, minibatch, options.gradients * options.errors);
  const rewrites = descent(tools, parent, grouped(found.wrong, rng.fork('groups'), options), options);

  yield { type: 'stage', step, stage: 'propose', detail: `from ${parent.id}` };
  const made = new Map<string, Candidate>();
  const enough = options.candidates * (options.rejectOnErrors ? PRESAMPLE : 1);
  for (const { rewrite, paraphrase } of rng.fork('order').shuffled(plan(rewrites.count, options))) {
    if (made.size >= enough) break;
    const base = rewrite === null ? parent : yield* rewrites.at(rewrite);
    if (base === null) continue;
    if (base !== parent) made.set(base.id, base);
    if (!paraphrase || made.size >= enough) continue;
    const said = yield* paraphrases(tools, base, 1, { temperature: options.temperature, retries: RETRIES });
    for (const candidate of said) made.set(candidate.id, candidate);
  }
  return yield* admitted(tools, parent, [...made.values()], found, options);
}

/** Everything that could be made of one prompt: its rewrites, paraphrases of each, paraphrases of itself (null). */
function plan(rewrites: number, { variants }: ApoOptions): { rewrite: number | null; paraphrase: boolean }[] {
  const all = Array.from({ length: rewrites }, (_, i) => i);
  return [
    ...all.map((rewrite) => ({ rewrite, paraphrase: false })),
    ...[null, ...all].flatMap((rewrite) =>
      Array.from({ length: variants }, () => ({ rewrite, paraphrase: true })),
    ),
  ];
}

/** Errors dealt into groups; when there are too few for all groups, the others are drawn anew, or left out to merge. */
function grouped(wrong: readonly Case[], rng: Rng, { gradients, errors, merge }: ApoOptions): Case[][] {
  const dealt = rng.shuffled(wrong);
  const groups: Case[][] = [];
  for (let i = 0; i < gradients && dealt.length > 0; i++) {
    const group = dealt.slice(i * errors, (i + 1) * errors);
    if (group.length > 0) groups.push(group);
    else if (!merge) groups.push(rng.sample(dealt, errors));
  }
  return groups;
}

/** The rewrites of a prompt against its gradients, each asked for when it is first wanted; null when it failed. */
function descent(tools: Tools, parent: Candidate, groups: readonly Case[][], options: ApoOptions) {
  const { reasons, edits, merge, temperature } = options;
  const gradients = new Map<number, string[]>();
  const made = new Map<number, Candidate | null>();

  async function* gradient(group: number): Op<string[]> {
    const known = gradients.get(group);
    if (known !== undefined) return known;
    const { slot, parts } = filled(
      tools,
      'gradient',
      prompts,
      {
        current: { origin: 'current', text: parent.prompt },
        errors: { origin: 'exemplars', text: caseList(tools.task, groups[group] ?? []) },
        count: { origin: 'rule', text: reasons === 1 ? 'one reason' : `${reasons} different reasons` },
      },
      'chat',
    );
    const reply = yield* tools.ask(slot, parts, { temperature, style: 'chat' });
    const found = reply === null ? [] : remarks(reply, '<START>', '<END>', reasons);
    gradients.set(group, found);
    return found;
  }

  async function* rewrite(errors: readonly Case[], reflection: string): Op<Candidate | null> {
    const continuing = tools.metaStyle === 'continuation';
    const { position, markers } = tools.task;
    const shown = continuing
      ? exemplarText(
          errors.map(({ example }) => example),
          '',
          position,
          markers,
        )
      : caseList(tools.task, errors);
    const request = filled(tools, 'edit', prompts, {
      current: { origin: 'current', text: parent.prompt },
      errors: { origin: 'exemplars', text: shown },
      reflection: { origin: 'reflection', text: reflection },
    });
    const parse = continuing ? firstLine : (reply: string) => between(reply, '<START>', '<END>');
    const [candidate] = yield* proposals(
      tools,
      { ...request, ask: { temperature }, parse, parents: [parent], origin: 'edit', repeats: false },
      1,
      RETRIES,
    );
    return candidate ?? null;
  }

  return {
    count: groups.length === 0 ? 0 : merge ? edits : groups.length * reasons * edits,
    async *at(i: number): Op<Candidate | null> {
      const known = made.get(i);
      if (known !== undefined) return known;
      const each = reasons * edits;
      const chosen = merge ? groups.map((_, group) => group) : [Math.floor(i / each)];
      const all: string[] = [];
      for (const group of chosen) all.push(...(yield* gradient(group)));
      const taken = merge ? all : all.slice(Math.floor((i % each) / edits)).slice(0, 1);
      const reflection = taken.length > 1 ? taken.map((text) => `- ${text}`).join('\n') : (taken[0] ?? '');
      const errors = chosen.flatMap((group) => groups[group] ?? []);
      const candidate = reflection === '' ? null : yield* rewrite(errors, reflection);
      made.set(i, candidate);
      return candidate;
    },
  };
}

/** Those of the new prompts that enter the choice: all, unless the options compare them on train examples first. */
async function* admitted(
  tools: Tools,
  parent: Candidate,
  made: readonly Candidate[],
  found: Mistakes,
  options: ApoOptions,
): Op<Candidate[]> {
  let entering = [...made];
  if (options.rejectOnErrors && found.wrong.length > 0 && entering.length > options.candidates) {
    const examples = found.wrong.slice(0, ERRORS_COMPARED).map(({ example }) => example);
    const scored = yield* tools.score(entering, { split: 'train', examples });
    entering = top(scored, options.candidates).map(({ candidate }) => candidate);
  }
  if (options.gate && found.seen.length > 0) {
    const examples = found.seen.map(({ example }) => example);
    const [own] = yield* tools.score([parent], { split: 'train', examples });
    const scored = yield* tools.score(entering, { split: 'train', examples });
    const better = scored.filter(({ score }) => score > (own?.score ?? 0));
    for (const { candidate } of scored.filter((each) => !better.includes(each))) {
      const reason = `not better than ${parent.id} on ${examples.length} examples`;
      const { prompt: text, step, parents } = candidate;
      yield { type: 'rejected', step, text, reason, parents };
    }
    entering = better.map(({ candidate }) => candidate);
  }
  return entering.slice(0, options.candidates);
}
