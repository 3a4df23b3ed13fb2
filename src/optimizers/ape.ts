/**
 * APE: Large Language Models Are Human-Level Prompt Engineers (Zhou et al., 2022), section 3, Algorithm 1, and its
 * released code.
 *
 *   U = induce(O, demonstrations of train) x candidates              forward generation: which prompt gave these pairs?
 *   for i < steps:
 *     rank U on validation, by UCB or in full
 *     U = best `keep` of U, and paraphrases of each: `candidates`     resampling (3.3)
 *   return the best of U
 *
 * Deviations:
 * - the initial prompt takes part, so that a run never ends below it;
 * - the prompts meet the same examples in the same order (`core/bandits.ts`); the released code draws other examples
 *   for each, which compares luck with luck, and asks for known answers again;
 * - ranking by a part of the examples is not yet a result: after each step the first few of the ranking are scored in
 *   full, as long as they can still beat the best so far;
 * - the score is the task's own; the code's default is the likelihood of the right answer, which few runtimes give;
 * - each request gives one prompt: the code takes 10 to 50 samples of one request, to the same effect.
 * The paper's main results use steps = 1; resampling gained little there. The code has no resampling. The bandit's
 * settings are those of the code's simple mode: 50 prompts, and 20 rounds in which a third of them answer 5 examples.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import { banditOptions, rankCandidates, searchOf } from '../core/bandits.ts';
import { contest, crown, opening } from '../core/contest.ts';
import type { Op } from '../core/events.ts';
import { advanced, decimal, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { INDUCE, induced, PARAPHRASE, paraphrases } from '../core/variants.ts';

export interface ApeOptions extends Record<string, boolean | number | string> {
  steps: number;
  candidates: number;
  queries: number;
  demonstrations: number;
  keep: number;
  evaluator: string;
  evaluations: number;
  block: number;
  share: number;
  c: number;
  temperature: number;
}

/** A reply that holds nothing usable is asked for again this often. */
const RETRIES = 1;

/** Of a ranking by part of the examples, this many are scored in full. */
const LEADERS = 3;

export const ape: Optimizer<ApeOptions> = {
  id: 'ape',
  name: 'APE',
  paper: {
    title: 'Large Language Models Are Human-Level Prompt Engineers',
    url: 'https://arxiv.org/abs/2211.01910',
  },
  summary:
    'Guesses many prompts from examples of inputs and outputs, finds the best with few evaluations, and says those in other words.',
  loop: [
    { name: 'Evaluate initial', says: 'the prompt to beat', stage: 'evaluate', once: true },
    { name: 'Induce or vary', says: 'guess from examples, then reword the best', stage: 'propose' },
    { name: 'Evaluate', says: 'rank, by few answers', stage: 'evaluate' },
    { name: 'Select', says: 'the best are varied', stage: 'select' },
  ],
  prompts: { ...INDUCE, ...PARAPHRASE },
  options: {
    steps: whole(
      'Steps',
      'The first guesses prompts from examples, each later one varies the best; 1 is APE without iteration.',
      3,
      1,
      100,
    ),
    candidates: whole('Candidates a step', 'New prompts asked for in each step.', 50, 1, 250),
    queries: advanced(
      whole(
        'Draws of demonstrations',
        'Sets of examples from which the first prompts are guessed.',
        5,
        1,
        50,
      ),
    ),
    demonstrations: whole('Demonstrations', 'Examples in a set.', 5, 1, 20),
    keep: whole('Prompts varied', 'How many of the best are kept and said in other words.', 5, 1, 50),
    ...banditOptions({ evaluator: 'ucb', evaluations: 33, block: 5, share: 3, c: 1 }),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the prompts are.', 0.9, 0, 2)),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost(options, sizes) {
    const { steps, candidates } = options;
    return {
      steps,
      targetCalls: (1 + steps * candidates) * sizes.validation,
      optimizerCalls: steps * candidates * (1 + RETRIES),
    };
  },

  async *search(tools, options) {
    const { scored, hardness } = yield* opening(tools);
    const [first] = scored;
    if (first === undefined) return;
    let best = first;
    let kept: Scored[] = [first];

    for (let i = 0; i < options.steps; i++) {
      const step = yield* tools.step(options.steps);
      if (i > 0) {
        const items = kept.map(({ candidate, score }) => ({ candidate: candidate.id, weight: score }));
        yield { type: 'retrieved', step, how: `best ${options.keep} by score`, items };
      }
      yield { type: 'stage', step, stage: 'propose', detail: `${options.candidates} prompts` };
      const made = i === 0 ? yield* guess(tools, options) : yield* vary(tools, kept, options);

      const pool = [...kept.map(({ candidate }) => candidate), ...made];
      yield { type: 'stage', step, stage: 'evaluate', detail: `${pool.length} prompts` };
      if (options.evaluator === 'full') {
        kept = yield* contest(tools, kept, made, { places: options.keep, step, hardness });
        best = kept[0] ?? best;
      } else {
        const search = searchOf(options, pool.length, options.keep);
        const ranked = yield* rankCandidates(tools, pool, search, tools.rng.fork(`rank/${step}`));
        kept = ranked.filter(({ n }) => n > 0).slice(0, options.keep);
        best = yield* crown(tools, best, kept, LEADERS, hardness);
      }
      yield { type: 'stage', step, stage: 'select', detail: best.candidate.id };
      yield* tools.current(best);
    }
  },
};

/** Forward generation: the asks are shared out among the sets of demonstrations. */
async function* guess(tools: Tools, options: ApeOptions): Op<Candidate[]> {
  const { queries, candidates, temperature } = options;
  const made: Candidate[] = [];
  for (let i = 0; i < Math.min(queries, candidates); i++) {
    const demonstrations = tools.rng.fork(`demonstrations/${i}`);
    const examples = demonstrations.sample(tools.task.splits.train, options.demonstrations);
    const count = shareOf(candidates, queries, i);
    made.push(...(yield* induced(tools, examples, count, { temperature, retries: RETRIES })));
  }
  return made;
}

/** Resampling: the asks are shared out among the prompts kept, the best first. */
async function* vary(tools: Tools, kept: readonly Scored[], options: ApeOptions): Op<Candidate[]> {
  const { candidates, temperature } = options;
  const made: Candidate[] = [];
  for (const [i, { candidate }] of kept.entries()) {
    const count = shareOf(candidates, kept.length, i);
    made.push(...(yield* paraphrases(tools, candidate, count, { temperature, retries: RETRIES })));
  }
  return made;
}

/** What the i-th of `n` gets of `total`; the first ones get what does not divide. */
const shareOf = (total: number, n: number, i: number) => Math.floor(total / n) + (i < total % n ? 1 : 0);
