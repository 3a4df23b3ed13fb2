/**
 * GPO: Unleashing the Potential of Large Language Models as Prompt Optimizers: Analogical Analysis with
 * Gradient-based Model Optimizers (Tang et al., 2024), sections 3 and 4, and its released code.
 *
 *   H = [(p0, s(p0))]; cur = p0
 *   for each batch B of train, `epochs` times:
 *     g = reflect(cur, errors on B)                               if reflection
 *     M = select(H, k) by relevance, recency or importance        "gradient": analogue of momentum
 *     L = schedule(|H|)                                            "learning rate": most words that may change;
 *                                                                 further along where the budget is (`pace`)
 *     C = clean(parse(O(meta(cur, M, g, exemplars, L)))) x candidates
 *     cur = best of C on validation that has not been current before; H.append(cur)
 *   return argmax over H
 *
 * Deviations from the released code, each with its replication switch where it changes a result:
 * - the retrieved prompts are shown most similar last, as the paper says; the code shows them first (`order`);
 * - scores are shown as percentages; the code promises 0-100 and shows 0-1 (`scoreScale`);
 * - the running summary is scored itself; the code credits it with the current prompt's score (`summaryCredit`);
 * - the initial prompt counts as chosen; the code can choose it again (`initialMayReturn`);
 * - without warm-up the linear schedule divides by T; the code by T - 5 (`linearQuirk`);
 * - a prompt that stayed current for several steps is remembered once; the code remembers it once a step;
 * - the batch is answered only where reflection needs it, a reflection without errors is not asked for, and each
 *   candidate is one request: the code spends that work without using it.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import { wordDistance } from '../core/edit.ts';
import type { Op, Part } from '../core/events.ts';
import { caseList, casesOf, wrongOf } from '../core/feedback.ts';
import { fill } from '../core/fill.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { firstLine, proposals } from '../core/propose.ts';
import { exemplarText, POSITION_WORDS, PROMPT_WORDS } from '../core/render.ts';
import { stepSize, type Decay } from '../core/schedule.ts';
import { between } from '../core/tags.ts';
import type { Example } from '../core/task.ts';
import { select, type Order, type Selection } from '../core/trajectory.ts';
import { vectorTable, type VectorTable } from '../core/vector-table.ts';

export interface GpoOptions extends Record<string, boolean | number | string> {
  epochs: number;
  batch: number;
  candidates: number;
  trajectory: string;
  k: number;
  order: string;
  show: string;
  reflection: boolean;
  refinement: string;
  decay: string;
  initialWords: number;
  finalWords: number;
  warmup: boolean;
  warmupSteps: number;
  pace: string;
  enforce: string;
  exemplars: number;
  patience: number;
  elitism: boolean;
  temperature: number;
  scoreScale: string;
  summaryCredit: string;
  initialMayReturn: boolean;
  linearQuirk: boolean;
}

const prompts = {
  generate: `You write prompts for a language model. A prompt takes the place of <Prompt> in the inputs below and stands {position}.

{trajectory}

The current prompt is:
{current}

{reflection}

How a prompt is used: it replaces <Prompt> in each input, then the model answers; an answer that equals the output is right, any other is wrong.

{exemplars}

Study what is given above, then write a new prompt with a higher score than the current one.
{stepSize}
Put the new prompt between <START> and <END>.`,
  edit: `You modify prompts for a language model. A prompt takes the place of <Prompt> in the inputs below and stands {position}.

{trajectory}

The current prompt is:
{current}

{reflection}

How a prompt is used: it replaces <Prompt> in each input, then the model answers; an answer that equals the output is right, any other is wrong.

{exemplars}

Study what is given above, then modify the current prompt so that it gets a higher score.
{stepSize}
Put the modified prompt between <START> and <END>.`,
  reflect: `Find out what is wrong with a prompt for a language model.

The current prompt is:
{current}

With it, the model got these examples wrong:

{errors}

Give one reason why the prompt could have led to these errors. Put it between <START> and <END>.`,
  summarizePrompts: `Here are two prompts for the same task with their scores from 0 to 100; higher is better.

{trajectory}

Merge them into one prompt that keeps what makes the better one good. Put it between <START> and <END>.`,
  summarizeReflections: `Here are the problems found so far in prompts for one task, and the latest one.

So far:
{trajectory}

Latest:
{reflection}

Merge them into one short text that keeps every point. Put it between <START> and <END>.`,
  // For optimizers that continue text. The list ends where the next instruction begins.
  continuation: `{task}

{exemplars}

Below are {many} with their scores from 0 to 100. Higher is better.

{trajectory}

{reflection}

{stepSize}

{current}

{one}:`,
  // The same for editing: the list ends with the current prompt and the beginning of its better version.
  continuedEdit: `{task}

{exemplars}

Below are {many} with their scores from 0 to 100. Higher is better.

{trajectory}

{reflection}

This one is to be improved by changing some of its words:

{current}

The same with some words changed, so that it scores higher:
{stepSize}

{one}:`,
};

/** A reply that holds nothing usable is asked for again this often. */
const RETRIES = 2;

export const gpo: Optimizer<GpoOptions> = {
  id: 'gpo',
  name: 'GPO',
  paper: {
    title: 'Unleashing the Potential of Large Language Models as Prompt Optimizers',
    url: 'https://arxiv.org/abs/2402.17564',
  },
  summary:
    'Shows the optimizer the past prompts most like the current one and lets it change fewer and fewer words, as a gradient method would with momentum and a decaying learning rate.',
  loop: [
    { name: 'Reflect', says: 'what went wrong, if asked for', stage: 'reflect' },
    { name: 'Trajectory', says: 'pick past prompts', stage: 'retrieve', also: ['summarize'] },
    { name: 'Step size', says: 'how many words may change', stage: 'step-size' },
    { name: 'Meta-prompt', says: 'ask for new prompts', stage: 'propose' },
    { name: 'Candidates', says: 'replies become prompts', stage: 'propose', replies: true },
    { name: 'Evaluate', says: 'score each on validation', stage: 'evaluate' },
    { name: 'Select', says: 'the best leads on', stage: 'select' },
  ],
  prompts,
  options: {
    epochs: whole('Epochs', 'Passes over the training examples.', 3, 1, 50),
    batch: whole(
      'Batch',
      'Training examples a step; with the number of examples it sets the number of steps.',
      8,
      1,
      256,
    ),
    candidates: whole('Candidates a step', 'New prompts asked for in each step.', 8, 1, 64),
    trajectory: choice('Trajectory', 'Which past prompts the optimizer sees.', 'relevance', {
      none: 'none',
      recency: 'the latest',
      importance: 'the best',
      relevance: 'the most similar to the current',
      summary: 'one running summary',
    }),
    k: whole(
      'Past prompts shown',
      'Length of the trajectory in the meta-prompt; the paper tries 3, 7 and 15.',
      3,
      1,
      100,
    ),
    order: advanced(
      choice('Order', 'Whether the most wanted past prompt stands last or first.', 'ascending', {
        ascending: 'most wanted last (paper)',
        descending: 'most wanted first (code)',
      }),
    ),
    show: advanced(
      choice('Show of each', 'What is remembered of a past step.', 'scores', {
        prompts: 'prompt',
        scores: 'prompt and score',
        reflections: 'the reflection on it',
      }),
    ),
    reflection: toggle(
      'Reflection',
      'Asks first what is wrong with the current prompt, from its errors on the batch. It lowered every result in the paper.',
      false,
    ),
    refinement: choice(
      'Refinement',
      'Whether a new prompt is written or the current one modified.',
      'generate',
      // Runs that were recorded as `edit` on a continued list asked as for generation; they replay as they were.
      { generate: 'generation', modify: 'editing', edit: 'editing, said to chat models alone' },
    ),
    decay: choice('Step size', 'How the most words that may change develop over the run.', 'cosine', {
      none: 'no limit',
      fixed: 'fixed',
      linear: 'linear decay',
      cosine: 'cosine decay',
    }),
    initialWords: whole('First step size', 'Most words that may change at the start.', 50, 1, 500),
    finalWords: whole('Last step size', 'Most words that may change at the end.', 10, 1, 500),
    warmup: advanced(
      toggle('Warm-up', 'Begins with small steps. It lowered every result in the paper.', false),
    ),
    warmupSteps: advanced(
      whole('Warm-up steps', 'The paper takes 5 % of the steps, at least one.', 2, 1, 100),
    ),
    pace: advanced(
      choice(
        'Step size runs with',
        'The paper’s schedule knows its steps alone; a budget that ends the run sooner would leave it near its start.',
        'steps',
        { steps: 'the steps (paper)', budget: 'the steps or the budget, whichever is used further' },
      ),
    ),
    enforce: advanced(
      choice(
        'If a step is too large',
        'The paper only states the limit; it can also be enforced by counting changed words.',
        'none',
        { none: 'keep it', retry: 'ask again, then keep', reject: 'reject it' },
      ),
    ),
    exemplars: whole('Exemplars', 'Worked examples of the task in the meta-prompt, drawn once.', 3, 0, 20),
    patience: advanced(
      whole('Patience', 'Ends after this many steps without a better prompt; 0 never.', 0, 0, 100),
    ),
    elitism: advanced(
      toggle(
        'Keep the better',
        'The current prompt stays unless a candidate beats it. The paper always moves on.',
        false,
      ),
    ),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the proposals are.', 1, 0, 2)),
    scoreScale: advanced(
      choice(
        'Scores shown',
        'Replication: the released code shows 0 to 1 where it promises 0 to 100.',
        'percent',
        { percent: '0 to 100', code: '0 to 1 (code)' },
      ),
    ),
    summaryCredit: advanced(
      choice(
        'Score of the summary',
        'Replication: the released code credits the summary with the current prompt’s score.',
        'own',
        { own: 'its own', current: 'the current prompt’s (code)' },
      ),
    ),
    initialMayReturn: advanced(
      toggle(
        'Initial prompt may return',
        'Replication: in the released code the initial prompt can be chosen again.',
        false,
      ),
    ),
    linearQuirk: advanced(
      toggle(
        'Linear schedule of the code',
        'Replication: without warm-up the released code still divides by the steps less five.',
        false,
      ),
    ),
  },
  selectsOn: () => 'validation',
  embeds: (options) => options.trajectory === 'relevance',
  cost(options, sizes) {
    const steps = stepCount(options, sizes.train);
    const reflecting = options.reflection || options.show === 'reflections';
    const summarizing = options.trajectory === 'summary';
    const scored = options.candidates + (summarizing && options.show !== 'reflections' ? 1 : 0);
    return {
      steps,
      targetCalls:
        sizes.validation * (1 + steps * scored) +
        (reflecting ? steps * Math.min(options.batch, sizes.train) : 0),
      optimizerCalls:
        steps * (options.candidates * (1 + RETRIES) + (reflecting ? 1 : 0) + (summarizing ? 1 : 0)),
    };
  },

  stepSizes(options, sizes) {
    // How the budget goes is not known before the run.
    if (options.pace === 'budget') return [];
    const steps = stepCount(options, sizes.train);
    return Array.from({ length: steps }, (_, i) => stepSize(scheduleOf(options), i + 1, steps));
  },

  async *search(tools, options) {
    const { train } = tools.task.splits;
    const exemplars = tools.rng.fork('exemplars').sample(train, options.exemplars);
    const steps = stepCount(options, train.length);
    const perEpoch = steps / options.epochs;

    yield { type: 'stage', step: 0, stage: 'evaluate', detail: 'the initial prompt' };
    const [first] = yield* tools.score([tools.initial]);
    if (first === undefined) return;
    yield* tools.current(first);
    const history: Scored[] = [first];
    const reflections: string[] = [];
    const table = vectorTable();
    const chosen = new Set(options.initialMayReturn ? [] : [first.candidate.id]);
    let summary: Scored | null = null;
    let summaryText = '';
    let current = first;
    let best = first.score;
    let sinceBest = 0;

    for (let t = 0; t < steps; t++) {
      const step = yield* tools.step(steps);
      const batch = batchAt(train, t % perEpoch, options.batch);
      const reflection =
        options.reflection || options.show === 'reflections'
          ? yield* reflect(tools, current.candidate, batch)
          : '';
      let past = '';
      if (options.trajectory === 'summary') {
        yield { type: 'stage', step, stage: 'summarize', detail: 'folding the latest step into the summary' };
        if (options.show === 'reflections')
          past = summaryText = yield* mergeReflections(tools, summaryText, reflection);
        else {
          summary = yield* mergePrompts(tools, summary, current, options);
          past = entries([summary], options);
        }
      } else if (options.trajectory !== 'none') {
        past = yield* retrieve(tools, history, reflections, table, options);
      }
      reflections.push(reflection);

      const used = options.pace === 'budget' ? tools.budgetUsed : 0;
      const words = stepSize(scheduleOf(options), history.length, steps, used);
      if (words !== null) {
        yield { type: 'stage', step, stage: 'step-size', detail: `at most ${words} words` };
        yield { type: 'step-size', step, words };
      }

      yield { type: 'stage', step, stage: 'propose', detail: `${options.candidates} candidates` };
      const found = yield* proposals(
        tools,
        {
          slot: slotFor(tools, options),
          parts: metaPrompt(tools, { current, past, reflection, exemplars, words }, options),
          ask: { temperature: options.temperature },
          parse: tools.metaStyle === 'continuation' ? firstLine : tagged,
          parents: [current.candidate],
          origin: options.refinement === 'generate' ? 'generate' : 'edit',
          repeats: true,
          ...(words === null || options.enforce === 'none'
            ? {}
            : { screen: limitTo(words, current.candidate) }),
        },
        options.candidates,
        options.enforce === 'reject' ? 0 : RETRIES,
      );

      yield { type: 'stage', step, stage: 'evaluate', detail: `${found.length} candidates` };
      const scored = yield* tools.score(found);
      const pool = scored.filter((s) => s.candidate.id !== current.candidate.id);
      pool.unshift(options.elitism ? current : { ...current, score: 0 });
      pool.sort((a, b) => b.score - a.score);
      const open = pool.find(
        (s) => !chosen.has(s.candidate.id) || (options.elitism && s.candidate.id === current.candidate.id),
      );
      const next = open ?? pool[0] ?? current;
      current = next.candidate.id === current.candidate.id ? current : next;
      chosen.add(current.candidate.id);
      history.push(current);
      yield { type: 'stage', step, stage: 'select', detail: current.candidate.id };
      yield* tools.current(current);

      sinceBest = current.score > best ? 0 : sinceBest + 1;
      best = Math.max(best, current.score);
      if (options.patience > 0 && sinceBest >= options.patience) {
        yield {
          type: 'note',
          step,
          text: `No better prompt for ${options.patience} steps: the search ends.`,
        };
        return;
      }
    }
  },
};

const tagged = (reply: string) => between(reply, '<START>', '<END>');

/** floor(N / batch) an epoch, one more when the rest is at least half a batch (released code), at least one. */
export function stepCount(options: Pick<GpoOptions, 'epochs' | 'batch'>, train: number): number {
  const whole = Math.floor(train / options.batch);
  const rest = train % options.batch;
  return options.epochs * Math.max(1, whole + (rest >= options.batch / 2 ? 1 : 0));
}

/** Batches follow each other in the split's own order; the code does not shuffle. */
function batchAt(train: readonly Example[], i: number, size: number): readonly Example[] {
  const batch = train.slice(i * size, (i + 1) * size);
  return batch.length > 0 ? batch : train.slice(0, size);
}

function scheduleOf(options: GpoOptions) {
  const decay: Decay =
    options.decay === 'fixed' || options.decay === 'linear' || options.decay === 'cosine'
      ? options.decay
      : 'none';
  return {
    decay,
    initial: options.initialWords,
    final: options.finalWords,
    warmupSteps: options.warmup ? options.warmupSteps : 0,
    linearQuirk: options.linearQuirk,
  };
}

function shown(score: number, options: GpoOptions): string {
  return options.scoreScale === 'code' ? score.toFixed(2) : String(Math.round(1000 * score) / 10);
}

function entries(items: readonly Scored[], options: GpoOptions, label = 'Prompt'): string {
  return items
    .map(({ candidate, score }) =>
      options.show === 'prompts'
        ? `${label}: ${candidate.prompt}`
        : `${label}: ${candidate.prompt}\nScore: ${shown(score, options)}`,
    )
    .join('\n\n');
}

/** The trajectory block: past prompts, or the reflections made on them, chosen as the options say. */
async function* retrieve(
  tools: Tools,
  history: readonly Scored[],
  reflections: readonly string[],
  table: VectorTable,
  options: GpoOptions,
): Op<string> {
  const by = options.trajectory as Selection;
  const order = options.order as Order;
  const step = history.length;
  yield { type: 'stage', step, stage: 'retrieve', detail: `${options.k} by ${by}` };
  // Latest occurrence of each, so that the current prompt stays last.
  const distinct = history.filter(
    (s, i) => !history.slice(i + 1).some((later) => later.candidate.id === s.candidate.id),
  );
  const vectors = by === 'relevance' ? yield* tools.embed(distinct.map((s) => s.candidate.prompt)) : [];
  const chosen = select(distinct, by, options.k, order, vectors, table);
  yield {
    type: 'retrieved',
    step,
    how: `${by}, ${order}`,
    items: chosen.map(({ scored, weight }) => ({ candidate: scored.candidate.id, weight })),
  };
  if (options.show === 'reflections') {
    return chosen
      .map(({ scored }) => reflections[history.indexOf(scored)] ?? '')
      .filter((text) => text !== '')
      .join('\n\n');
  }
  const label = tools.metaStyle === 'continuation' ? PROMPT_WORDS[tools.task.position].one : 'Prompt';
  return entries(
    chosen.map(({ scored }) => scored),
    options,
    label,
  );
}

/** What is wrong with a prompt, from its errors on the batch; empty without errors or without an answer. */
async function* reflect(tools: Tools, candidate: Candidate, batch: readonly Example[]): Op<string> {
  const { task, prompts: templates } = tools;
  const wrong = wrongOf(yield* casesOf(tools, candidate, 'train', batch));
  if (wrong.length === 0) return '';
  const parts = fill(templates['reflect'] ?? prompts.reflect, {
    current: { origin: 'current', text: candidate.prompt },
    errors: { origin: 'exemplars', text: caseList(task, wrong) },
  });
  const reply = yield* tools.ask('reflect', parts, { temperature: 0, style: 'chat' });
  return reply === null ? '' : (tagged(reply) ?? '');
}

/** The running summary of prompts: the previous one merged with the current prompt, and scored. */
async function* mergePrompts(
  tools: Tools,
  previous: Scored | null,
  current: Scored,
  options: GpoOptions,
): Op<Scored> {
  if (previous === null) return current;
  const parts = fill(tools.prompts['summarizePrompts'] ?? prompts.summarizePrompts, {
    trajectory: { origin: 'trajectory', text: entries([previous, current], { ...options, show: 'scores' }) },
  });
  const reply = yield* tools.ask('summarizePrompts', parts, { temperature: 0, style: 'chat' });
  const parents = [previous.candidate, current.candidate];
  const merged = yield* tools.propose(reply === null ? null : tagged(reply), {
    parents,
    origin: 'summary',
    repeats: true,
  });
  if (merged === null) return previous;
  if (options.summaryCredit === 'current') return { ...current, candidate: merged };
  const [scored] = yield* tools.score([merged]);
  return scored ?? previous;
}

async function* mergeReflections(tools: Tools, previous: string, latest: string): Op<string> {
  if (previous === '' || latest === '') return previous + latest;
  const parts = fill(tools.prompts['summarizeReflections'] ?? prompts.summarizeReflections, {
    trajectory: { origin: 'trajectory', text: previous },
    reflection: { origin: 'reflection', text: latest },
  });
  const reply = yield* tools.ask('summarizeReflections', parts, { temperature: 0, style: 'chat' });
  return (reply === null ? null : tagged(reply)) ?? `${previous}\n\n${latest}`;
}

/** Turns away a candidate whose word edit distance to the current prompt exceeds the limit. */
const limitTo = (words: number, current: Candidate) => (candidate: Candidate) => {
  const distance = wordDistance(current.prompt, candidate.prompt);
  return distance > words ? `changes ${distance} words, at most ${words} were allowed` : null;
};

/** The template that asks for candidates. */
function slotFor({ metaStyle }: Pick<Tools, 'metaStyle'>, { refinement }: GpoOptions) {
  if (metaStyle === 'continuation') return refinement === 'modify' ? 'continuedEdit' : 'continuation';
  return refinement === 'generate' ? 'generate' : 'edit';
}

interface Material {
  current: Scored;
  past: string;
  reflection: string;
  exemplars: readonly Example[];
  words: number | null;
}

function metaPrompt(tools: Tools, material: Material, options: GpoOptions): Part[] {
  const { task, prompts: templates, metaStyle } = tools;
  const { current, past, reflection, exemplars, words } = material;
  const continuing = metaStyle === 'continuation';
  const { one, many } = PROMPT_WORDS[task.position];
  const slot = slotFor(tools, options);
  const preface =
    options.show === 'reflections'
      ? 'Problems of earlier prompts:'
      : 'Earlier prompts with their scores from 0 to 100; higher is better:';
  const alone = entries([current], { ...options, show: 'scores' }, continuing ? one : 'Prompt');
  const trajectory = past === '' ? (continuing ? '' : alone) : continuing ? past : `${preface}\n\n${past}`;
  return fill(templates[slot] ?? prompts[slot], {
    one,
    many,
    position: { origin: 'rule', text: POSITION_WORDS[task.position] },
    task: { origin: 'task', text: task.description },
    trajectory: { origin: 'trajectory', text: trajectory },
    current: { origin: 'current', text: continuing ? alone : current.candidate.prompt },
    reflection: {
      origin: 'reflection',
      text:
        reflection === ''
          ? ''
          : continuing
            ? `What is wrong with the last one: ${reflection}`
            : `Its problems:\n${reflection}`,
    },
    exemplars: {
      origin: 'exemplars',
      text: exemplarText(exemplars, continuing ? '' : '<Prompt>', task.position, task.markers),
    },
    stepSize: {
      origin: 'step-size',
      text:
        words === null
          ? ''
          : slot === 'continuedEdit'
            ? `(At most ${words} words are changed.)`
            : continuing
              ? `The last one scores highest and changes at most ${words} words of the one before it.`
              : `You may change at most ${words} words of the current prompt.`,
    },
  });
}
