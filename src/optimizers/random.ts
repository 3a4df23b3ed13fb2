/**
 * Random search, a baseline: nothing that a method learns from scores or errors can be seen unless it does better
 * than prompts drawn blindly. The variations are those of APE's resampling (Zhou et al., 2022, section 3.3) and of the
 * Monte-Carlo step of ProTeGi, and nothing else.
 *
 *   best = p0
 *   for i < steps:
 *     C = paraphrase(O, p0) x candidates                            or of any prompt found so far (`source`)
 *     best = the best of best and C on validation
 *   return best
 *
 * A paraphrase that can no longer beat the best is not answered to the end; who wins does not depend on it.
 */
import type { Candidate } from '../core/candidate.ts';
import { contest, opening } from '../core/contest.ts';
import { choice, decimal, whole, advanced } from '../core/option.ts';
import type { Optimizer } from '../core/optimizer.ts';
import { PARAPHRASE, paraphrases } from '../core/variants.ts';

export interface RandomOptions extends Record<string, boolean | number | string> {
  steps: number;
  candidates: number;
  source: string;
  temperature: number;
}

/** A reply that holds nothing usable is asked for again this often. */
const RETRIES = 1;

export const random: Optimizer<RandomOptions> = {
  id: 'random',
  name: 'Random search',
  paper: {
    title:
      'Baseline: the paraphrases of Large Language Models Are Human-Level Prompt Engineers, without its choice',
    url: 'https://arxiv.org/abs/2211.01910',
  },
  summary:
    'Says the initial prompt in other words again and again and keeps the best: a baseline that learns nothing.',
  loop: [
    { name: 'Paraphrase', says: 'the same in other words', stage: 'propose' },
    { name: 'Evaluate', says: 'score each', stage: 'evaluate' },
  ],
  prompts: PARAPHRASE,
  options: {
    steps: whole('Steps', 'How often a batch of paraphrases is drawn.', 12, 1, 1000),
    candidates: whole('Candidates a step', 'Paraphrases asked for in each step.', 8, 1, 64),
    source: choice('Paraphrases of', 'Which prompt is said in other words.', 'initial', {
      initial: 'the initial prompt',
      any: 'any prompt found so far, drawn evenly',
    }),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the paraphrases are.', 1, 0, 2)),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost: (options, sizes) => ({
    steps: options.steps,
    targetCalls: (1 + options.steps * options.candidates) * sizes.validation,
    optimizerCalls: options.steps * options.candidates * (1 + RETRIES),
  }),

  async *search(tools, options) {
    const { scored, hardness } = yield* opening(tools);
    let best = scored;
    const found: Candidate[] = [tools.initial];

    for (let i = 0; i < options.steps; i++) {
      const step = yield* tools.step(options.steps);
      const rng = tools.rng.fork(`source/${step}`);
      yield { type: 'stage', step, stage: 'propose', detail: `${options.candidates} paraphrases` };
      const drawn: Candidate[] = [];
      for (let j = 0; j < options.candidates; j++) {
        const source =
          options.source === 'any' ? (found[rng.below(found.length)] ?? tools.initial) : tools.initial;
        drawn.push(
          ...(yield* paraphrases(tools, source, 1, { temperature: options.temperature, retries: RETRIES })),
        );
      }
      found.push(...drawn);
      yield { type: 'stage', step, stage: 'evaluate', detail: `${drawn.length} paraphrases` };
      best = yield* contest(tools, best, drawn, { places: 1, step, hardness });
      for (const one of best) yield* tools.current(one);
    }
  },
};
