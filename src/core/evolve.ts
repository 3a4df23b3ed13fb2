import type { Candidate, Scored } from './candidate.ts';
import type { Op, Part } from './events.ts';
import { tally, type Hardness } from './exceed.ts';
import { advanced, decimal, toggle, whole } from './option.ts';
import type { Tools } from './optimizer.ts';
import { byMerit, top } from './pick.ts';
import { firstLine, proposals } from './propose.ts';
import { lastBetween } from './tags.ts';
import { filled, paraphrases, population, populationAsks } from './variants.ts';

/** What evolutionary methods share: a first population with its scores, and one offspring a request. */

export interface EvolutionOptions {
  generations: number;
  population: number;
  demonstration: boolean;
  exemplars: number;
  temperature: number;
}

export const EVOLUTION_OPTIONS = {
  generations: whole('Generations', 'How often each place of the population gets an offspring.', 10, 1, 500),
  population: whole('Population', 'Prompts that live at a time.', 10, 2, 64),
  demonstration: toggle(
    'Demonstration',
    'Shows the optimizer how it is done for another task. A continued text needs none.',
    true,
  ),
  exemplars: whole(
    'Exemplars',
    'Worked examples from which part of the first population is guessed; 0 has paraphrases alone.',
    3,
    0,
    20,
  ),
  temperature: advanced(decimal('Optimizer temperature', 'How varied the offspring are.', 0.5, 0, 2)),
};

/** EvoPrompt's crossing of two prompts with a mutation of the child, in one request. */
export const CROSSOVER = {
  crossover: `Make one better prompt for a language model out of two, in two steps.

{demonstration}

Now these. A prompt stands {position}.

Prompt 1: {first}
Prompt 2: {second}

1. Cross them: write one prompt that takes parts of both.
2. Mutate it: change it a little without losing its purpose. Put the final prompt between <prompt> and </prompt>.`,
  demonstration: `This is how it was done for another task:

Prompt 1: Sum up the e-mail for a busy reader.
Prompt 2: Write down in one sentence what the sender wants.

1. Crossed: Sum up in one sentence, for a busy reader, what the sender of the e-mail wants.
2. Mutated: <prompt>Tell a busy reader in one short sentence what this e-mail is about and what its sender asks for.</prompt>`,
  // For optimizers that continue text: the third entry is the child.
  crossoverContinuation: `{task}

{one} 1: {first}

{one} 2: {second}

The best of both in one, said a little differently:

{one} 3:`,
};

/** A reply that holds no new prompt is asked for again this often. */
const RETRIES = 2;

/** Upper bounds of a search over `generations` populations. */
export function evolutionCost(options: EvolutionOptions, sizes: { validation: number }) {
  const { generations, population: size } = options;
  return {
    steps: generations,
    targetCalls: (1 + generations) * size * sizes.validation,
    optimizerCalls: populationAsks(half(size)) + PADDING * size + generations * size * (1 + RETRIES),
  };
}

const half = (size: number) => Math.ceil(size / 2);

/** Paraphrases asked for, per place, to fill the first population. */
const PADDING = 2;

/**
 * `options.population` distinct prompts with their full scores, best first: half of them from the initial prompt and
 * the train examples (`population`), then a paraphrase of each, best first, until the places are filled. Shorter, with
 * a note, when the optimizer repeats itself; never empty. Their answers are counted into `hardness`.
 */
export async function* firstPopulation(
  tools: Tools,
  options: EvolutionOptions,
  hardness: Hardness,
): Op<Scored[]> {
  const size = options.population;
  const { temperature, exemplars } = options;
  yield { type: 'stage', step: 0, stage: 'propose', detail: 'the first population' };
  const founders = yield* population(tools, half(size), { temperature, demos: exemplars });
  yield { type: 'stage', step: 0, stage: 'evaluate', detail: `${founders.length} prompts` };
  const best = top(yield* tools.score(founders), size);
  yield { type: 'stage', step: 0, stage: 'propose', detail: 'paraphrases of the first population' };
  const added: Candidate[] = [];
  for (let i = 0; best.length + added.length < size && i < PADDING * size; i++) {
    const parent = best[i % best.length];
    if (parent !== undefined)
      added.push(...(yield* paraphrases(tools, parent.candidate, 1, { temperature, retries: 0 })));
  }
  yield { type: 'stage', step: 0, stage: 'evaluate', detail: `${added.length} prompts` };
  const members = top([...best, ...(yield* tools.score(added))], size);
  for (const { candidate } of members) tally(hardness, tools.known(candidate, 'validation'));
  if (members.length < size) {
    const text = `The first population has ${members.length} of ${size} prompts: the optimizer gave no more distinct ones.`;
    yield { type: 'note', step: 0, text };
  }
  return members;
}

/** How one offspring is asked for. */
export interface Mating {
  /** Name of the template among the method's own; `nameContinuation` where the optimizer continues text. */
  template: string;
  slots: Readonly<Record<string, Part>>;
  parents: readonly Candidate[];
  /** A prompt that exists already may come back as that candidate. */
  repeats: boolean;
  screen?: (candidate: Candidate) => string | null;
}

/** One offspring, its prompt behind the reply's last <prompt> tag; null when 1 + RETRIES asks gave none. */
export async function* offspring(
  tools: Tools,
  templates: Readonly<Record<string, string>>,
  { template, slots, ...from }: Mating,
  options: Pick<EvolutionOptions, 'demonstration' | 'temperature'>,
): Op<Candidate | null> {
  const demonstration = options.demonstration ? (tools.prompts['demonstration'] ?? '') : '';
  const request = {
    ...filled(tools, template, templates, {
      ...slots,
      demonstration: { origin: 'rule', text: demonstration },
    }),
    ...from,
    parse: tools.metaStyle === 'continuation' ? firstLine : lastTagged,
    origin: template,
    ask: { temperature: options.temperature },
  };
  const [child] = yield* proposals(tools, request, 1, RETRIES);
  return child ?? null;
}

const lastTagged = (reply: string) => lastBetween(reply, '<prompt>', '</prompt>');

/** The member of the highest merit; `members` is not empty. */
export const best = (members: readonly Scored[]): Scored =>
  members.reduce((a, b) => (byMerit(b, a) < 0 ? b : a));

/** A prompt of the population in a slot. */
export const shown = ({ candidate }: Scored, origin: Part['origin'] = 'trajectory'): Part => ({
  origin,
  text: candidate.prompt,
});

/** Nothing can score higher than a population without a wrong answer. */
export const perfect = (members: readonly Scored[]) => members.every(({ score }) => score >= 1);

export const PERFECT_NOTE = 'Every prompt of the population is right everywhere: the search ends.';
