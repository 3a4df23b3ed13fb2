/**
 * EvoPrompt, genetic algorithm: Connecting Large Language Models with Evolutionary Algorithms Yields Powerful Prompt
 * Optimizers (Guo et al., 2023), section 3.2, algorithm 2, and its released code.
 *
 *   P = N prompts with their scores on validation
 *   for t in 1..T:
 *     for i in 1..N:
 *       p1, p2 = two of P, each drawn with probability ~ its score     (or the better of two drawn; or any)
 *       c_i = mutate(cross(p1, p2)), one request
 *     P = best N of P and c_1..c_N by score on validation
 *   return argmax of P
 *
 * Deviations from the released code:
 * - one initial prompt is given, so half of the first population is guessed from train examples or paraphrased from
 *   it; each of these is then paraphrased once, as the code does with its best;
 * - both parents are drawn from the population for each child; the code draws N first and pairs those;
 * - the parents differ; in the code they can be the same prompt (`sameParents`);
 * - a population whose scores are all 0 draws any parents; the code divides by zero;
 * - a child that repeats an earlier prompt, or a reply without its tags, is asked for again; the code scores the
 *   repetition anew and takes the whole reply for a prompt;
 * - a child is answered only until it is certain that it cannot enter the population, which changes no result; of
 *   equal scores the earlier prompt stays.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import { contest } from '../core/contest.ts';
import type { Op } from '../core/events.ts';
import {
  best,
  CROSSOVER,
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
import { advanced, choice, toggle } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { roulette } from '../core/pick.ts';
import type { Rng } from '../core/rng.ts';
import { INDUCE, PARAPHRASE } from '../core/variants.ts';

export interface EvoPromptGaOptions extends EvolutionOptions, Record<string, boolean | number | string> {
  parents: string;
  update: string;
  sameParents: boolean;
}

const prompts = {
  ...CROSSOVER,
  ...INDUCE,
  ...PARAPHRASE,
};

export const evopromptGa: Optimizer<EvoPromptGaOptions> = {
  id: 'evoprompt-ga',
  name: 'EvoPrompt GA',
  paper: {
    title: 'Connecting Large Language Models with Evolutionary Algorithms Yields Powerful Prompt Optimizers',
    url: 'https://arxiv.org/abs/2309.08532',
  },
  summary:
    'Keeps a population of prompts; the optimizer crosses two good ones and mutates the child, and the best of old and new live on.',
  loop: [
    { name: 'Population', says: 'first prompts, scored', stage: 'propose', once: true },
    { name: 'Parents', says: 'drawn by score', stage: 'retrieve' },
    { name: 'Cross, mutate', says: 'a child of two', stage: 'propose' },
    { name: 'Evaluate', says: 'until it is in or out', stage: 'evaluate' },
    { name: 'Survive', says: 'the best live on', stage: 'select' },
  ],
  prompts,
  options: {
    ...EVOLUTION_OPTIONS,
    parents: choice('Parents', 'How the parents of a child are drawn.', 'wheel', {
      wheel: 'in proportion to their scores',
      tournament: 'the better of two drawn',
      random: 'any',
    }),
    update: advanced(
      choice('Survival', 'Who lives on after a generation.', 'best', {
        best: 'the best of old and new',
        replace: 'each child takes one place, better or not',
      }),
    ),
    sameParents: advanced(
      toggle(
        'Parents may be the same',
        'Replication: in the released code a prompt can be crossed with itself.',
        false,
      ),
    ),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost: evolutionCost,

  async *search(tools, options) {
    const hardness: Hardness = new Map();
    let members = yield* firstPopulation(tools, options, hardness);
    yield* tools.current(best(members));

    for (let t = 0; t < options.generations; t++) {
      const step = yield* tools.step(options.generations);
      if (options.update === 'best' && perfect(members)) {
        yield { type: 'note', step, text: PERFECT_NOTE };
        return;
      }
      yield { type: 'stage', step, stage: 'retrieve', detail: options.parents };
      yield {
        type: 'retrieved',
        step,
        how: `parents: ${options.parents}`,
        items: members.map(({ candidate, score }) => ({ candidate: candidate.id, weight: score })),
      };
      yield { type: 'stage', step, stage: 'propose', detail: `${options.population} children` };
      const rng = tools.rng.fork(`parents/${step}`);
      const children: (Candidate | null)[] = [];
      for (let i = 0; i < options.population; i++)
        children.push(yield* cross(tools, ...drawParents(rng, members, options), options));
      const born = children.filter((child) => child !== null);
      yield { type: 'stage', step, stage: 'evaluate', detail: `${born.length} children` };
      if (options.update === 'replace') {
        const scored = new Map((yield* tools.score(born)).map((each) => [each.candidate, each]));
        members = children.flatMap((child, i) => (child && scored.get(child)) ?? members[i] ?? []);
      } else {
        members = yield* contest(tools, members, born, { places: options.population, step, hardness });
      }
      yield { type: 'stage', step, stage: 'select', detail: best(members).candidate.id };
      yield* tools.current(best(members));
    }
  },
};

/** Two members, different ones where there are two and `sameParents` is off. */
export function drawParents(
  rng: Rng,
  members: readonly Scored[],
  options: Pick<EvoPromptGaOptions, 'parents' | 'sameParents'>,
): [Scored, Scored] {
  const draw = (from: readonly Scored[]): Scored => {
    if (options.parents === 'wheel') return roulette(rng, from, ({ score }) => score) ?? best(from);
    if (options.parents === 'tournament') return best(rng.sample(from, 2));
    return rng.sample(from, 1)[0] ?? best(from);
  };
  const first = draw(members);
  const others = members.filter(({ candidate }) => candidate.id !== first.candidate.id);
  return [first, draw(options.sameParents || others.length === 0 ? members : others)];
}

function cross(
  tools: Tools,
  first: Scored,
  second: Scored,
  options: EvoPromptGaOptions,
): Op<Candidate | null> {
  return offspring(
    tools,
    prompts,
    {
      template: 'crossover',
      slots: { first: shown(first), second: shown(second) },
      parents: [first.candidate, second.candidate],
      repeats: false,
    },
    options,
  );
}
