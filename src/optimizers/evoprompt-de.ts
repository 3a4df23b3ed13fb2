/**
 * EvoPrompt, differential evolution: Connecting Large Language Models with Evolutionary Algorithms Yields Powerful
 * Prompt Optimizers (Guo et al., 2023), section 3.3, algorithm 3, and its released code.
 *
 *   P = N prompts with their scores on validation
 *   for t in 1..T:
 *     for each p_j of P:
 *       a, b, c = three others, distinct;  c = best of P unless the donor is to be any
 *       child = one request: (1) where a and b differ, (2) mutate those parts, (3) put them into c, (4) cross with p_j
 *       p_j = child if s(child) > s(p_j)                      at once, so that the best is always the latest
 *   return argmax of P
 *
 * Deviations from the released code:
 * - one initial prompt is given, so half of the first population is guessed from train examples or paraphrased from
 *   it; each of these is then paraphrased once, as the code does with its best;
 * - with fewer than four members one prompt plays several parts, with a note; the code fails;
 * - a child that stands in the population already, or a reply without its tags, is asked for again; the code lets
 *   prompts double and takes the whole reply for a prompt; an earlier prompt that has left comes back with the score
 *   that is known;
 * - a child is answered only until it is certain not to beat its parent, and a parent without a wrong answer, which no
 *   child can beat, is passed over: both change no result.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import { contest } from '../core/contest.ts';
import type { Op } from '../core/events.ts';
import {
  best,
  EVOLUTION_OPTIONS,
  evolutionCost,
  firstPopulation,
  offspring,
  perfect,
  PERFECT_NOTE,
  shown,
  type EvolutionOptions,
} from '../core/evolve.ts';
import type { Hardness } from '../core/exceed.ts';
import { choice } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import type { Rng } from '../core/rng.ts';
import { INDUCE, PARAPHRASE } from '../core/variants.ts';

export interface EvoPromptDeOptions extends EvolutionOptions, Record<string, boolean | number | string> {
  donor: string;
  mutate: string;
}

const prompts = {
  differing: `Make a better prompt for a language model out of four, in four steps.

{demonstration}

Now these. A prompt stands {position}.

Prompt 1: {first}
Prompt 2: {second}
Prompt 3: {donor}
Basic prompt: {current}

1. Name the parts in which Prompt 1 and Prompt 2 differ.
2. Mutate only those parts.
3. Put the mutated parts into Prompt 3 where they fit, in place of what they replace.
4. Cross the result with the basic prompt. Put the final prompt between <prompt> and </prompt>.`,
  all: `Make a better prompt for a language model out of four, in three steps.

Prompt 1: {first}
Prompt 2: {second}
Prompt 3: {donor}
Basic prompt: {current}

A prompt stands {position}.

1. Mutate Prompt 1 and Prompt 2.
2. Put what is new in them into Prompt 3 where it fits, in place of what it replaces.
3. Cross the result with the basic prompt. Put the final prompt between <prompt> and </prompt>.`,
  demonstration: `This is how it was done for another task:

Prompt 1: Sum up the e-mail for a busy reader.
Prompt 2: Sum up the e-mail in one sentence.
Prompt 3: Tell what the sender of the e-mail wants.
Basic prompt: Read the e-mail and write down its main point.

1. They differ in: "for a busy reader" and "in one sentence".
2. Mutated: "for someone in a hurry" and "in at most ten words".
3. In Prompt 3: Tell someone in a hurry, in at most ten words, what the sender of the e-mail wants.
4. Crossed: <prompt>Read the e-mail and write down its main point, what the sender wants, in at most ten words for someone in a hurry.</prompt>`,
  // For optimizers that continue text: the basic prompt first, the donor last, then the child.
  differingContinuation: `{task}

{one} 1: {current}

{one} 2: {first}

{one} 3: {second}

{one} 4: {donor}

A new one, like the last, with what the others do differently:

{one} 5:`,
  allContinuation: `{task}

{one} 1: {current}

{one} 2: {first}

{one} 3: {second}

{one} 4: {donor}

A new one, mixed from all of them, in new words:

{one} 5:`,
  ...INDUCE,
  ...PARAPHRASE,
};

export const evopromptDe: Optimizer<EvoPromptDeOptions> = {
  id: 'evoprompt-de',
  name: 'EvoPrompt DE',
  paper: {
    title: 'Connecting Large Language Models with Evolutionary Algorithms Yields Powerful Prompt Optimizers',
    url: 'https://arxiv.org/abs/2309.08532',
  },
  summary:
    'Keeps a population of prompts; for each, the optimizer grafts what two others differ in onto the best and crosses it with the prompt, whose place goes to the better of the two.',
  loop: [
    { name: 'Population', says: 'first prompts, scored', stage: 'propose', once: true },
    { name: 'Take three', says: 'two to differ, one donor', stage: 'retrieve' },
    { name: 'Differ, graft, cross', says: 'a child for the place', stage: 'propose' },
    { name: 'Evaluate', says: 'until it is in or out', stage: 'evaluate' },
    { name: 'Keep the better', says: 'place by place', stage: 'select' },
  ],
  prompts,
  options: {
    ...EVOLUTION_OPTIONS,
    donor: choice('Donor', 'The prompt into which the mutated differences are put.', 'best', {
      best: 'the best of the population',
      random: 'any other',
    }),
    mutate: choice('Mutation', 'What the optimizer may mutate; the paper’s ablation.', 'differing', {
      differing: 'only what differs between two prompts',
      all: 'everything in them',
    }),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost: evolutionCost,

  async *search(tools, options) {
    const hardness: Hardness = new Map();
    const members = yield* firstPopulation(tools, options, hardness);
    yield* tools.current(best(members));
    if (members.length < LEAST) {
      const text = `Differential evolution needs ${LEAST} prompts; there are ${members.length}, so one prompt plays several parts.`;
      yield { type: 'note', step: 0, text };
    }

    for (let t = 0; t < options.generations; t++) {
      const step = yield* tools.step(options.generations);
      if (perfect(members)) {
        yield { type: 'note', step, text: PERFECT_NOTE };
        return;
      }
      const rng = tools.rng.fork(`parts/${step}`);
      for (const [j, base] of members.entries()) {
        const [a, b, c] = drawParts(rng, members, j);
        if (base.score >= 1) continue;
        const donor = options.donor === 'best' ? best(members) : c;
        const child = yield* graft(tools, members, { base, a, b, donor }, step, options);
        if (child === null) continue;
        yield { type: 'stage', step, stage: 'evaluate', detail: `${child.id} against ${base.candidate.id}` };
        const [better] = yield* contest(tools, [base], [child], { places: 1, step, hardness });
        members[j] = better ?? base;
      }
      yield { type: 'stage', step, stage: 'select', detail: best(members).candidate.id };
      yield* tools.current(best(members));
    }
  },
};

/** A base and three others. */
const LEAST = 4;

/** Three members other than the j-th, distinct as far as there are so many; the j-th itself when it is alone. */
export function drawParts(rng: Rng, members: readonly Scored[], j: number): [Scored, Scored, Scored] {
  const others = members.filter((_, i) => i !== j);
  const drawn = rng.sample(others.length > 0 ? others : members, LEAST - 1);
  const part = (i: number) => drawn[i % drawn.length] ?? best(members);
  return [part(0), part(1), part(2)];
}

interface Parts {
  base: Scored;
  a: Scored;
  b: Scored;
  donor: Scored;
}

async function* graft(
  tools: Tools,
  members: readonly Scored[],
  { base, a, b, donor }: Parts,
  step: number,
  options: EvoPromptDeOptions,
): Op<Candidate | null> {
  yield { type: 'stage', step, stage: 'retrieve', detail: `for the place of ${base.candidate.id}` };
  yield {
    type: 'retrieved',
    step,
    how: 'two to differ and a donor',
    items: [a, b, donor].map(({ candidate, score }) => ({ candidate: candidate.id, weight: score })),
  };
  yield { type: 'stage', step, stage: 'propose', detail: `a child for the place of ${base.candidate.id}` };
  const present = new Set(members.map(({ candidate }) => candidate.id));
  return yield* offspring(
    tools,
    prompts,
    {
      template: options.mutate === 'all' ? 'all' : 'differing',
      slots: { current: shown(base, 'current'), first: shown(a), second: shown(b), donor: shown(donor) },
      parents: [base.candidate, a.candidate, b.candidate, donor.candidate],
      repeats: true,
      screen: ({ id }) => (present.has(id) ? `the same as ${id}, which lives` : null),
    },
    options,
  );
}
