/**
 * PE2: Prompt Engineering a Prompt Engineer (Ye et al., 2023), sections 3 and 4. No code was released.
 *
 *   P = {p0}, or with `start` - 1 prompts guessed from train and paraphrased
 *   for t < steps:
 *     for p in the best `beam` of all of P (back-tracking), j < candidates:
 *       B = `failures` train examples that p gets wrong
 *       D = O(what a prompt is; p; the full text in which p stands; B; a form to fill in for each example)
 *       p' = O(D; now the new prompt, of at most `maxWords` words)          the second turn of the dialogue
 *       P = P and p', scored on validation
 *   return the best of P
 *
 * Deviations:
 * - the limit counts words, not tokens of one model; a prompt beyond it is asked for once more, then turned away;
 * - a new prompt is answered only while it can still enter the best `beam`, which changes nothing about who does;
 * - train examples are answered, in random order, until they gave the failures that the proposals take; the paper
 *   answers all of train for each of the beam;
 * - a dialogue that finds the right answers wrong is dropped after its first turn;
 * - where the optimizer continues text, the first turn is asked in chat, and what it found stands in the list that
 *   the optimizer then continues.
 * The paper's stated step size and history of prompts, which it drops, are `maxChange` and `history`, off by default.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import { contest, opening } from '../core/contest.ts';
import { words } from '../core/edit.ts';
import type { Op, Part } from '../core/events.ts';
import { caseList, casesOf, wrongOf, type Case } from '../core/feedback.ts';
import { joinParts } from '../core/fill.ts';
import type { Message } from '../core/model.ts';
import { advanced, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { firstLine, proposals } from '../core/propose.ts';
import { mistakes, shortened } from '../core/reflect.ts';
import { exemplarText, question } from '../core/render.ts';
import { between } from '../core/tags.ts';
import { filled, INDUCE, PARAPHRASE, population, populationAsks } from '../core/variants.ts';

export interface Pe2Options extends Record<string, boolean | number | string> {
  steps: number;
  beam: number;
  candidates: number;
  failures: number;
  start: number;
  maxWords: number;
  backtrack: boolean;
  hardNegatives: boolean;
  context: boolean;
  form: boolean;
  maxChange: number;
  history: number;
  temperature: number;
}

const prompts = {
  inspect: `A prompt is a text that is put to a language model together with an input. What the model replies depends on both; a prompt that describes the task clearly and completely makes right replies likelier. You improve a prompt in two steps: first you look closely at a batch of examples, then you propose a new prompt.

The current prompt is:
{current}

{context}

{batch} The right answers are known to be right.

{examples}

{form}`,
  context: `The full text that the model is given, the prompt in its place:`,
  form: `For each example, fill in this form:
1. Is the model's answer right, compared with the right answer?
2. Does the prompt describe the task of this example, correctly and fully?
3. Must the prompt be edited so that the answer comes out right?
4. If so, say which edit: concrete, and of use for other examples too.`,
  formPlain: `Say what should be edited in the prompt.`,
  refine: `Now propose a new prompt, following the edits that you found.

The current prompt was:
{current}

{history}

{limit}
{stepSize}
Reply with the new prompt alone, between <prompt> and </prompt>.`,
  // For optimizers that continue text.
  refineContinuation: `{task}

{exemplars}

Below are two {many}. The second mends what is wrong with the first.
{limit}
{stepSize}

{one}: {current}

What is wrong with it: {reflection}

{one}:`,
  ...INDUCE,
  ...PARAPHRASE,
};

/** A reply that holds nothing usable, or too many words, is asked for again this often. */
const RETRIES = 1;

/** Examples shown when the first prompts are guessed. */
const DEMONSTRATIONS = 3;

/** Words by which a reply disputes the right answers. */
const DISPUTES =
  /\b(?:labels?|gold|(?:right|correct|given|expected) answers?)\b[^.\n]{0,40}\b(?:is|are|seems?|looks?|must be)\b[^.\n]{0,20}\b(?:wrong|incorrect|mistaken|mislabel+ed|an error)\b/iu;

export const pe2: Optimizer<Pe2Options> = {
  id: 'pe2',
  name: 'PE2',
  paper: { title: 'Prompt Engineering a Prompt Engineer', url: 'https://arxiv.org/abs/2311.05661' },
  summary:
    'Has the optimizer examine failed examples one by one, knowing exactly where the prompt stands, before it proposes a new one.',
  loop: [
    { name: 'Failures', says: 'of each beam member', stage: 'evaluate' },
    { name: 'Inspect', says: 'go through them one by one', stage: 'reflect' },
    { name: 'Propose', says: 'a refined prompt', stage: 'propose' },
    { name: 'Evaluate', says: 'score on validation', stage: 'evaluate' },
    { name: 'Back-track', says: 'best over all history', stage: 'select' },
  ],
  prompts,
  options: {
    steps: whole('Steps', 'How often the best prompts are improved.', 3, 1, 500),
    beam: whole('Beam', 'Prompts improved in each step.', 4, 1, 32),
    candidates: whole('Candidates a prompt', 'New prompts asked for from each of the beam.', 4, 1, 32),
    failures: whole('Failures', 'Failed examples that the optimizer examines for one proposal.', 2, 1, 16),
    start: whole(
      'First prompts',
      'The initial prompt and this many less one made from it and train.',
      1,
      1,
      64,
    ),
    maxWords: whole(
      'Longest prompt',
      'Words that a new prompt may have; the paper states 50 tokens.',
      50,
      5,
      1000,
    ),
    backtrack: advanced(
      toggle('Back-track', 'The beam is the best of all prompts so far, not of the last step alone.', true),
    ),
    hardNegatives: advanced(
      toggle('Failures only', 'Off, the examples examined are drawn from all of train.', true),
    ),
    context: advanced(toggle('Show the full text', 'The optimizer sees where the prompt stands.', true)),
    form: advanced(toggle('Form for each example', 'Off, it is only asked what to edit.', true)),
    maxChange: advanced(
      whole('Step size', 'Words that may change, as told to the optimizer; 0 tells nothing.', 0, 0, 500),
    ),
    history: advanced(whole('History', 'Earlier prompts shown with their scores.', 0, 0, 20)),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the proposals are.', 0.7, 0, 2)),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost(options, sizes) {
    const { start, candidates } = options;
    const expansions = Math.min(start, options.beam) + (options.steps - 1) * options.beam;
    return {
      steps: options.steps,
      targetCalls: sizes.validation * (start + expansions * candidates) + sizes.train * expansions,
      optimizerCalls: populationAsks(start) + expansions * candidates * (2 + RETRIES),
    };
  },

  async *search(tools, options) {
    const { scored, hardness } = yield* opening(tools, 'the first prompts');
    const started = yield* population(tools, options.start, { temperature: 1, demos: DEMONSTRATIONS });
    const places = options.beam;
    let beam = yield* contest(tools, scored, started, { places, step: 0, hardness });
    let best = beam[0];
    const history: Scored[] = [...beam];
    if (best !== undefined) yield* tools.current(best);

    for (let t = 0; t < options.steps; t++) {
      const step = yield* tools.step(options.steps);
      const items = beam.map(({ candidate, score }) => ({ candidate: candidate.id, weight: score }));
      yield {
        type: 'retrieved',
        step,
        how: options.backtrack ? 'best of all' : 'best of the last step',
        items,
      };
      const made: Candidate[] = [];
      for (const parent of beam) {
        const batches = yield* batchesOf(tools, parent.candidate, step, options);
        for (const batch of batches)
          made.push(...(yield* dialogue(tools, parent.candidate, batch, history, options)));
      }
      if (made.length === 0) continue;

      yield { type: 'stage', step, stage: 'evaluate', detail: `${made.length} candidates`, part: 'Evaluate' };
      const fresh = distinct(made);
      // The beam stands for all prompts before: those not in it were no better, and will not be.
      beam = yield* contest(tools, options.backtrack ? beam : [], fresh, { places, step, hardness });
      history.push(
        ...beam.filter((each) => !history.some(({ candidate }) => candidate.id === each.candidate.id)),
      );
      const [leader] = beam;
      if (leader !== undefined && (best === undefined || leader.score > best.score)) best = leader;
      yield {
        type: 'stage',
        step,
        stage: 'select',
        detail: beam.map(({ candidate }) => candidate.id).join(' '),
      };
      if (best !== undefined) yield* tools.current(best);
    }
  },
};

const distinct = (candidates: readonly Candidate[]) =>
  candidates.filter((each, i) => candidates.findIndex(({ id }) => id === each.id) === i);

/** A batch of examples for each proposal: failures of the prompt, filled up with examples drawn at random. */
async function* batchesOf(
  tools: Tools,
  parent: Candidate,
  step: number,
  { candidates, failures, hardNegatives }: Pe2Options,
): Op<Case[][]> {
  const rng = tools.rng.fork(`batch/${step}/${parent.id}`);
  const train = rng.shuffled(tools.task.splits.train);
  yield { type: 'stage', step, stage: 'evaluate', detail: `failures of ${parent.id}`, part: 'Failures' };
  const failed = hardNegatives ? (yield* mistakes(tools, parent, train, candidates * failures)).wrong : [];
  const batches: Case[][] = [];
  for (let j = 0; j < candidates; j++) {
    // Failures are dealt while they last, then drawn again.
    const dealt = failed.slice(j * failures, (j + 1) * failures);
    const others = rng.sample(
      failed.filter((each) => !dealt.includes(each)),
      failures - dealt.length,
    );
    const chosen = [...dealt, ...others];
    const open = train.filter(({ id }) => !chosen.some(({ example }) => example.id === id));
    const drawn = rng.sample(open, failures - chosen.length);
    batches.push([...chosen, ...(yield* casesOf(tools, parent, 'train', drawn))]);
  }
  return batches;
}

/** The two turns: examine, then propose. None when the first gave nothing or disputes the right answers. */
async function* dialogue(
  tools: Tools,
  parent: Candidate,
  batch: readonly Case[],
  history: readonly Scored[],
  options: Pe2Options,
): Op<Candidate[]> {
  const { task, metaStyle } = tools;
  const { temperature } = options;
  const step = tools.begun;
  const current: Part = { origin: 'current', text: parent.prompt };
  yield { type: 'stage', step, stage: 'reflect', detail: `${batch.length} examples under ${parent.id}` };
  const template = (name: 'context' | 'form' | 'formPlain') => tools.prompts[name] ?? prompts[name];
  const whole = question(parent.prompt, task.position, task.markers, '<input>');
  const inspect = filled(
    tools,
    'inspect',
    prompts,
    {
      current,
      context: { origin: 'task', text: options.context ? `${template('context')}\n${whole}` : '' },
      batch: { origin: 'rule', text: batchWords(batch) },
      examples: { origin: 'exemplars', text: caseList(task, batch) },
      form: { origin: 'rule', text: template(options.form ? 'form' : 'formPlain') },
    },
    'chat',
  );
  const found = yield* tools.ask(inspect.slot, inspect.parts, { temperature, style: 'chat' });
  if (found === null || found.trim() === '') return [];
  if (DISPUTES.test(found)) {
    const text = `The optimizer takes right answers for wrong ones; its examination of ${parent.id} is dropped.`;
    yield { type: 'note', step, text };
    return [];
  }

  yield { type: 'stage', step, stage: 'propose', detail: `from ${parent.id}` };
  const shown = options.history === 0 ? [] : history.slice(-options.history);
  const { maxWords, maxChange } = options;
  const refine = filled(tools, 'refine', prompts, {
    current,
    reflection: { origin: 'reflection', text: shortened(found) },
    exemplars: {
      origin: 'exemplars',
      text: exemplarText(
        batch.map(({ example }) => example),
        '',
        task.position,
        task.markers,
      ),
    },
    history: { origin: 'trajectory', text: shown.map(entry).join('\n\n') },
    limit: { origin: 'rule', text: `It has at most ${maxWords} words.` },
    stepSize: {
      origin: 'step-size',
      text: maxChange === 0 ? '' : `It changes at most ${maxChange} words of the current prompt.`,
    },
  });
  const continuing = metaStyle === 'continuation';
  const after: Message[] = [
    { role: 'user', content: joinParts(inspect.parts) },
    { role: 'assistant', content: found },
  ];
  return yield* proposals(
    tools,
    {
      ...refine,
      ask: continuing ? { temperature } : { temperature, after },
      parse: continuing ? firstLine : (reply) => between(reply, '<prompt>', '</prompt>'),
      parents: [parent],
      origin: 'refine',
      repeats: false,
      screen: ({ prompt }) => tooLong(prompt, maxWords),
    },
    1,
    RETRIES,
  );
}

/** What the batch is, said truly also when it had to be filled up. */
function batchWords(batch: readonly Case[]): string {
  const failed = wrongOf(batch).length;
  if (failed === batch.length) return 'With it, the model got this batch of examples wrong.';
  return failed === 0
    ? 'A batch of examples.'
    : 'A batch of examples; with the current prompt, the model got some wrong.';
}

const entry = ({ candidate, score }: Scored) =>
  `Earlier prompt: ${candidate.prompt}\nScore: ${Math.round(1000 * score) / 10}`;

function tooLong(prompt: string, most: number): string | null {
  const length = words(prompt).length;
  return length > most ? `${length} words, at most ${most} were allowed` : null;
}
