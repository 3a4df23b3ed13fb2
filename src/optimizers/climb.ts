/**
 * Hill climbing, a baseline: the simplest search that uses scores. Always one prompt, always uphill.
 *
 *   cur = p0
 *   for i < steps, j < candidates:
 *     p = vary(O, cur)                                             a changed version, or a paraphrase (`variation`)
 *     unless p does better than cur on `gate` validation examples, half of them missed by cur: next
 *     if s(p) > s(cur): cur = p
 *   return cur
 *
 * There is no paper to follow. The first better prompt is taken at once, so that the next variation starts from it.
 * The gate is this baseline's own and on by default: most variations are no better, and a few examples tell; its
 * answers count towards the full score, and 0 turns it off. Past the gate a prompt is answered only while it can still
 * win, which changes nothing about who wins.
 */
import type { Candidate } from '../core/candidate.ts';
import { contest, opening } from '../core/contest.ts';
import type { Op } from '../core/events.ts';
import { advanced, choice, decimal, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { firstLine, proposals } from '../core/propose.ts';
import { exemplarText } from '../core/render.ts';
import { between } from '../core/tags.ts';
import { filled, PARAPHRASE, paraphrases } from '../core/variants.ts';

export interface ClimbOptions extends Record<string, boolean | number | string> {
  steps: number;
  candidates: number;
  variation: string;
  gate: number;
  exemplars: number;
  patience: number;
  temperature: number;
}

const prompts = {
  change: `Below is a prompt for a language model, which stands {position}, and examples of inputs with the right outputs. <Prompt> shows where it stands.

The prompt:
{current}

{exemplars}

Write a changed version of the prompt that makes the model give the right output more often: add what is missing, drop what is useless. Put the new prompt between <prompt> and </prompt>.`,
  // For optimizers that continue text.
  changeContinuation: `{task}

{exemplars}

Below are {many}. Each is better than the one before it.

{one}: {current}

{one}:`,
  ...PARAPHRASE,
};

/** A reply that holds nothing usable is asked for again this often. */
const RETRIES = 1;

export const climb: Optimizer<ClimbOptions> = {
  id: 'climb',
  name: 'Hill climbing',
  paper: {
    title: 'Baseline: local search, as in Artificial Intelligence: A Modern Approach, section 4.1',
    url: 'https://aima.cs.berkeley.edu/',
  },
  summary: 'Changes the current prompt a little and moves on only when the change scores higher: a baseline.',
  loop: [
    { name: 'Vary', says: 'change the current prompt', stage: 'propose' },
    { name: 'Evaluate', says: 'a first look, then all', stage: 'evaluate' },
    { name: 'Select', says: 'uphill only', stage: 'select' },
  ],
  prompts,
  options: {
    steps: whole('Steps', 'How often the current prompt is varied in a batch.', 20, 1, 1000),
    candidates: whole('Candidates a step', 'Variations tried in each step, one after the other.', 4, 1, 64),
    variation: choice('Variation', 'What the optimizer is asked for.', 'change', {
      change: 'a changed version that works better',
      paraphrase: 'the same in other words',
    }),
    gate: whole(
      'First look',
      'Validation examples on which a variation must do better before the rest is asked; 0 asks all.',
      8,
      0,
      100,
    ),
    exemplars: whole('Exemplars', 'Worked examples of the task that the optimizer sees.', 3, 0, 20),
    patience: advanced(
      whole('Patience', 'Ends after this many steps without a better prompt; 0 never.', 0, 0, 100),
    ),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the proposals are.', 1, 0, 2)),
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
    const [first] = scored;
    if (first === undefined) return;
    yield* tools.current(first);
    let current = first;
    let since = 0;

    for (let i = 0; i < options.steps; i++) {
      const step = yield* tools.step(options.steps);
      const before = current;
      for (let j = 0; j < options.candidates; j++) {
        yield { type: 'stage', step, stage: 'propose', detail: `a variation of ${current.candidate.id}` };
        const varied = yield* vary(tools, current.candidate, `${step}/${j}`, options);
        yield { type: 'stage', step, stage: 'evaluate', detail: varied[0]?.id ?? 'nothing new' };
        const gate = { examples: options.gate, rng: tools.rng.fork(`gate/${step}/${j}`) };
        const [winner] = yield* contest(tools, [current], varied, { places: 1, step, hardness, gate });
        current = winner ?? current;
      }
      yield { type: 'stage', step, stage: 'select', detail: current.candidate.id };
      yield* tools.current(current);
      since = current === before ? since + 1 : 0;
      if (options.patience > 0 && since >= options.patience) {
        const text = `No better prompt for ${options.patience} steps: the search ends.`;
        yield { type: 'note', step, text };
        return;
      }
    }
  },
};

/** One new prompt made from the current one; none when the optimizer gave nothing usable. */
function vary(tools: Tools, current: Candidate, draw: string, options: ClimbOptions): Op<Candidate[]> {
  const { temperature } = options;
  if (options.variation === 'paraphrase')
    return paraphrases(tools, current, 1, { temperature, retries: RETRIES });
  const { task, metaStyle } = tools;
  const continuing = metaStyle === 'continuation';
  const exemplars = tools.rng.fork(`exemplars/${draw}`).sample(task.splits.train, options.exemplars);
  const request = filled(tools, 'change', prompts, {
    current: { origin: 'current', text: current.prompt },
    exemplars: {
      origin: 'exemplars',
      text: exemplarText(exemplars, continuing ? '' : '<Prompt>', task.position, task.markers),
    },
  });
  return proposals(
    tools,
    {
      ...request,
      ask: { temperature },
      parse: continuing ? firstLine : (reply) => between(reply, '<prompt>', '</prompt>'),
      parents: [current],
      origin: 'change',
      repeats: false,
    },
    1,
    RETRIES,
  );
}
