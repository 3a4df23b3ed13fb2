/**
 * CAPO: Cost-Aware Prompt Optimization (Zehle et al., 2025), section 3, algorithms 1 to 3, and its released code.
 *
 *   P = mu instructions, each with 0..k_max worked examples ("shots") drawn from train
 *   Lmax = length of the longest of them
 *   for each step:
 *     repeat c times:
 *       p1, p2 = two of P; child = O(cross(p1, p2)) with floor((|p1| + |p2|) / 2) of the shots of both
 *       child = O(mutate(child)); by thirds: one more shot, one less, as many; shots in a new order
 *     P = race(P and children) for mu places:
 *       block by block of validation: x = score - gamma * length / Lmax
 *       a prompt leaves when mu others are better by the one-sided paired t test at alpha; ends when mu are left
 *       the mu best of those left by mean score without the penalty
 *   return argmax of P
 *
 * A shot shows the target's own reply where that is right, so that its reasoning is shown, and the gold answer where
 * it is not; where gold texts are rules or fragments and so no answers, it gives no shot. Deviations from the released
 * code, with a switch where they change a result:
 * - its step that adds a shot is overwritten by the next one, so that none is ever added (`lostShots`);
 * - one initial prompt is given: the other instructions are guessed from train examples or paraphrased from it. It
 *   is scored in full before all others and lives in the first population without shots;
 * - shots come from train, which scores nothing; the code sets 200 examples aside;
 * - a shot that a mutation adds is answered under the child's first parent, whose reply may be known already;
 * - blocks are a tenth of validation, as the paper's 30 of 300; none leaves before 10 examples, for the t test means
 *   little before;
 * - after each race the leader is scored in full as far as it can still be the best, since the search may end there;
 * - length is counted in words; the code counts tokens of one model.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import { crown } from '../core/contest.ts';
import type { Op, Part } from '../core/events.ts';
import type { Hardness } from '../core/exceed.ts';
import { casesOf, type Case } from '../core/feedback.ts';
import { hash } from '../core/hash.ts';
import { goldIsAnswer } from '../core/metrics.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { firstLine, proposals } from '../core/propose.ts';
import type { Rng } from '../core/rng.ts';
import { lastBetween } from '../core/tags.ts';
import type { Example, Metric } from '../core/task.ts';
import { filled, INDUCE, PARAPHRASE, population, populationAsks } from '../core/variants.ts';

export interface CapoOptions extends Record<string, boolean | number | string> {
  steps: number;
  population: number;
  crossovers: number;
  shots: number;
  answers: string;
  penalty: number;
  alpha: number;
  blocks: number;
  shuffleBlocks: boolean;
  exemplars: number;
  temperature: number;
  lostShots: boolean;
}

const prompts = {
  cross: `Two prompts for a language model do the same task: {task}

Prompt 1: {first}

Prompt 2: {second}

Join them into one prompt that keeps what is good in each. It stands {position}. Put it between <prompt> and </prompt>.`,
  mutate: `This prompt for a language model does the following task: {task}

Prompt: {current}

Write a variation of it that might work better: say the same in another way, more clearly or with more detail. It stands {position}. Put it between <prompt> and </prompt>.`,
  // For optimizers that continue text.
  crossContinuation: `{task}

{one} 1: {first}

{one} 2: {second}

Everything that both say, in one.

{one} 3:`,
  mutateContinuation: `{task}

{one}: {current}

The same said in another way, more clearly.

{one}:`,
  ...INDUCE,
  ...PARAPHRASE,
};

export const capo: Optimizer<CapoOptions> = {
  id: 'capo',
  name: 'CAPO',
  paper: { title: 'CAPO: Cost-Aware Prompt Optimization', url: 'https://arxiv.org/abs/2504.16005' },
  summary:
    'Evolves prompts together with the worked examples that they carry, races old and new ones block by block so that bad ones cost little, and makes long ones pay for their length.',
  loop: [
    { name: 'Population', says: 'prompts with examples', stage: 'propose', once: true },
    { name: 'Cross, mutate', says: 'prompts and examples', stage: 'propose' },
    { name: 'Race', says: 'block by block, shorter preferred', stage: 'evaluate' },
    { name: 'Survive', says: 'the best live on', stage: 'select' },
  ],
  prompts,
  options: {
    steps: whole('Steps', 'How often children are made and raced.', 20, 1, 1000),
    population: whole('Population', 'Prompts that live at a time.', 10, 2, 64),
    crossovers: whole('Children', 'New prompts in each step.', 4, 1, 64),
    shots: whole('Shots', 'Worked examples that a prompt can carry at most; 0 for none.', 5, 0, 20),
    answers: choice('Answers of shots', 'What a worked example shows as its answer.', 'own', {
      own: 'the target’s reply where it is right',
      gold: 'the right answer, which costs no call',
    }),
    penalty: decimal(
      'Length penalty',
      'Score taken off in the race from a prompt as long as the longest at the start.',
      0.05,
      0,
      1,
    ),
    alpha: decimal(
      'Alpha',
      'Error allowed in one comparison of the race; more ends races sooner.',
      0.2,
      0.001,
      0.5,
    ),
    blocks: advanced(whole('Blocks', 'Parts into which validation is cut for the race.', 10, 1, 100)),
    shuffleBlocks: advanced(
      toggle('Shuffle', 'Cuts the blocks from a random order of validation, the same all run.', false),
    ),
    exemplars: advanced(
      whole(
        'Exemplars',
        'Worked examples from which first prompts are guessed; 0 has paraphrases alone.',
        3,
        0,
        20,
      ),
    ),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the children are.', 1, 0, 2)),
    lostShots: advanced(
      toggle(
        'Added shots are lost',
        'Replication: in the released code a shot that a mutation adds is overwritten.',
        false,
      ),
    ),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost({ steps, population: size, crossovers, shots, answers }, sizes) {
    const children = steps * crossovers;
    return {
      steps,
      targetCalls: (size + children) * sizes.validation + (answers === 'own' ? size * shots + children : 0),
      optimizerCalls: populationAsks(size) + children * 2 * (1 + RETRIES),
    };
  },

  async *search(tools, options) {
    const hardness: Hardness = new Map();
    yield { type: 'stage', step: 0, stage: 'evaluate', detail: 'the initial prompt' };
    const [first] = yield* tools.score([tools.initial]);
    if (first === undefined) return;
    let best = first;
    yield* tools.current(best);
    if (options.answers === 'gold' && options.shots > 0 && !goldIsAnswer(tools.task.metric)) {
      const text =
        'The right answers of this task are rules or fragments that no reply should copy: prompts carry no shots.';
      yield { type: 'note', step: 0, text };
    }
    let members = yield* firstMembers(tools, options);
    const longest = Math.max(1, ...members.map(wordsOf));

    for (let t = 0; t < options.steps; t++) {
      const step = yield* tools.step(options.steps);
      yield { type: 'stage', step, stage: 'propose', detail: `${options.crossovers} children` };
      const children: Candidate[] = [];
      for (let i = 0; i < options.crossovers; i++) {
        const rng = tools.rng.fork(`child/${step}/${i}`);
        children.push(...(yield* childOf(tools, rng, rng.sample(members, 2), options)));
      }
      yield { type: 'stage', step, stage: 'evaluate', detail: `${members.length + children.length} prompts` };
      const ranking = yield* survivors(tools, [...members, ...children], longest, options);
      members = ranking.map(({ candidate }) => candidate);
      best = yield* crown(tools, best, ranking, 1, hardness);
      yield { type: 'stage', step, stage: 'select', detail: best.candidate.id };
      yield* tools.current(best);
    }
  },
};

/** A reply that holds no new prompt is asked for again this often. */
const RETRIES = 2;

/** No prompt leaves a race before so many examples. */
const LEAST_EXAMPLES = 10;

/** The initial prompt as it is, and others with up to `options.shots` shots each. */
async function* firstMembers(tools: Tools, options: CapoOptions): Op<Candidate[]> {
  const { temperature, exemplars } = options;
  yield { type: 'stage', step: 0, stage: 'propose', detail: 'the first population' };
  const [initial, ...others] = yield* population(tools, options.population, {
    temperature,
    demos: exemplars,
  });
  const members = initial === undefined ? [] : [initial];
  for (const bare of others) {
    const rng = tools.rng.fork(`shots/${bare.id}`);
    const drawn = rng.sample(tools.task.splits.train, rng.below(options.shots + 1));
    const shots = yield* shotsOf(tools, bare, drawn, options);
    const from = { parents: [bare], origin: 'shots', shots };
    const member = shots.length === 0 ? bare : yield* tools.propose(bare.prompt, from);
    if (member !== null) members.push(member);
  }
  return members;
}

/**
 * Examples with the answers that they show: the candidate's own where it is right and asked for, else gold. One with
 * neither is left out.
 */
async function* shotsOf(
  tools: Tools,
  candidate: Candidate,
  examples: readonly Example[],
  { answers }: CapoOptions,
): Op<Example[]> {
  const { metric } = tools.task;
  if (answers === 'gold') return goldIsAnswer(metric) ? [...examples] : [];
  return (yield* casesOf(tools, candidate, 'train', examples)).flatMap((each) => shotOf(metric, each) ?? []);
}

/**
 * One example as a shot. With an answer of its own it has an id of its own, so that candidates differ by it. Null where
 * neither the reply nor the gold text can be shown as its answer.
 */
export function shotOf(metric: Metric, { example, answer }: Case): Example | null {
  const reply = answer.reply.trim();
  const gold = goldIsAnswer(metric) ? example : null;
  if (answer.score < 1 || reply === '' || reply === gold?.gold[0]) return gold;
  return { ...example, id: `${example.id}~${hash(reply).slice(0, 8)}`, gold: [reply] };
}

/** The child of two members: none when the optimizer gave nothing new. */
async function* childOf(
  tools: Tools,
  rng: Rng,
  parents: readonly Candidate[],
  options: CapoOptions,
): Op<Candidate[]> {
  const [first] = parents;
  const second = parents[1] ?? first;
  if (first === undefined || second === undefined) return [];
  const crossed = yield* joined(tools, first, second, options);
  const shots = yield* mutatedShots(tools, rng, first, crossedShots(rng, first, second), options);
  const request = {
    ...filled(tools, 'mutate', prompts, { current: { origin: 'current', text: crossed ?? first.prompt } }),
    parse: parserOf(tools),
    parents: [first, second],
    origin: 'cross and mutate',
    shots,
    repeats: false,
    ask: { temperature: options.temperature },
  };
  return yield* proposals(tools, request, 1, RETRIES);
}

const parserOf = ({ metaStyle }: Tools) =>
  metaStyle === 'continuation' ? firstLine : (reply: string) => lastBetween(reply, '<prompt>', '</prompt>');

/** The text of two prompts joined; null when 1 + RETRIES asks gave none. */
async function* joined(
  tools: Tools,
  first: Candidate,
  second: Candidate,
  { temperature }: CapoOptions,
): Op<string | null> {
  const shown = ({ prompt }: Candidate): Part => ({ origin: 'trajectory', text: prompt });
  const { slot, parts } = filled(tools, 'cross', prompts, { first: shown(first), second: shown(second) });
  for (let attempt = 0; attempt <= RETRIES; attempt++) {
    const reply = yield* tools.ask(slot, parts, { temperature });
    if (reply === null) return null;
    const text = parserOf(tools)(reply);
    if (text !== null) return text;
  }
  return null;
}

/** Half as many shots as both have together, from both; an example that both show is taken once. */
export function crossedShots(rng: Rng, first: Candidate, second: Candidate): Example[] {
  const union = new Map([...first.shots, ...second.shots].map((shot) => [shot.input, shot]));
  return rng.sample([...union.values()], Math.floor((first.shots.length + second.shots.length) / 2));
}

/** By thirds one shot more (answered under `parent`), one less, or as many; in a new order. */
async function* mutatedShots(
  tools: Tools,
  rng: Rng,
  parent: Candidate,
  shots: readonly Example[],
  options: CapoOptions,
): Op<Example[]> {
  const change = (['more', 'less', 'same'] as const)[rng.below(3)];
  if (change === 'less') return rng.shuffled(shots).slice(1);
  if (change !== 'more' || shots.length >= options.shots || options.lostShots) return rng.shuffled(shots);
  const shown = new Set(shots.map(({ input }) => input));
  const fresh = tools.task.splits.train.filter(({ input }) => !shown.has(input));
  const added = yield* shotsOf(tools, parent, rng.sample(fresh, 1), options);
  return rng.shuffled([...shots, ...added]);
}

/** Words of a prompt and of all that its shots show. */
export function wordsOf({ prompt, shots }: Candidate): number {
  const texts = [prompt, ...shots.flatMap(({ input, gold }) => [input, gold[0] ?? ''])];
  return texts
    .join(' ')
    .split(/\s+/)
    .filter((word) => word !== '').length;
}

/** Who lives on, best first by mean score: the race drops, length counting, and its last are cut by score alone. */
async function* survivors(
  tools: Tools,
  candidates: readonly Candidate[],
  longest: number,
  options: CapoOptions,
): Op<Scored[]> {
  const block = Math.max(1, Math.ceil(tools.task.splits.validation.length / options.blocks));
  const { kept, left } = yield* tools.race(candidates, options.population, {
    test: 't',
    alpha: options.alpha,
    holm: false,
    block,
    minBlocks: Math.ceil(LEAST_EXAMPLES / block),
    maxBlocks: null,
    rule: 'beaten-by-keep',
    penalty: (candidate) => (options.penalty * wordsOf(candidate)) / longest,
    split: 'validation',
    shuffle: options.shuffleBlocks,
  });
  // Whoever left in the race has met fewer examples than those who were in it to the end.
  const met = Math.max(0, ...kept.map(({ n }) => n));
  return [...kept, ...left.filter(({ n }) => n >= met)]
    .sort((a, b) => b.score - a.score)
    .slice(0, options.population);
}
