/**
 * OPRO: Large Language Models as Optimizers (Yang et al., 2023), section 4 and appendix.
 *
 *   hist = [(p0, s)]; for i < steps:
 *     M = meta(best `keep` of hist with score >= threshold, ascending; `exemplars` of train, drawn anew)
 *     C = dedup(clean(parse(O(M))) x candidates), without those too long, with digits, or holding the placeholder
 *     for c in C: s = score(c, all of train); hist.add(c, s)
 *   return argmax of the train score
 *
 * Deviations from the released code, which do not change what the paper describes: the initial prompt takes part in
 * the duplicate check; an answer without its brackets is rejected instead of evaluated as the empty prompt; all-time
 * sorted order does not depend on hash order.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import type { Op, Part } from '../core/events.ts';
import { fill } from '../core/fill.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { firstLine, proposals } from '../core/propose.ts';
import { exemplarText, POSITION_WORDS, PROMPT_WORDS } from '../core/render.ts';
import { between } from '../core/tags.ts';
import type { Example } from '../core/task.ts';

export interface OproOptions extends Record<string, boolean | number | string> {
  steps: number;
  candidates: number;
  keep: number;
  minScore: number;
  order: string;
  showScores: boolean;
  buckets: number;
  exemplars: number;
  exemplarChoice: string;
  meta: string;
  temperature: number;
  temperatureSchedule: string;
  maxCharacters: number;
  noDigits: boolean;
  scoreOn: string;
}

const prompts = {
  // GPT style (appendix C.2): the place of the prompt is marked <INS>.
  chat: `Your task is to generate the instruction <INS>. It stands {position}.

{trajectory}

Below are some problems.

{exemplars}

Generate an instruction that is different from all the instructions above and has a higher score than all of them. It should be concise, effective and generally applicable to all the problems. Begin it with <INS> and end it with </INS>.`,
  trajectoryNote: `Below are some previous instructions with their scores. The score ranges from 0 to 100.`,
  // Style for PaLM 2 bison: texts first, rule of use, exemplars, an answer in square brackets.
  bison: `I have some texts along with their corresponding scores. The texts are arranged in ascending order based on their scores, where higher scores indicate better quality.

{trajectory}

The following examples show how to apply a text: replace <INS> in each input with the text, then read the input and give an output. The output is wrong if it differs from the given output, and right if they are the same.

{exemplars}

Write a new text that is different from the old ones and has a score as high as possible. Write the text in square brackets.`,
  // Style without exemplars.
  instructionsOnly: `Create a piece of text that stands {position} to raise the precision in solving this task: {task}

{trajectory}

Write one more text with a higher precision than all of these. Begin it with <TEXT> and end it with </TEXT>.`,
  // For optimizers that continue text: the list ends where the next instruction begins.
  continuation: `{task}

{exemplars}

Below are {many} with their scores from 0 to 100, from worst to best. Each new one is different from the ones before it and scores higher.

{trajectory}

{one}:`,
};

export const opro: Optimizer<OproOptions> = {
  id: 'opro',
  name: 'OPRO',
  paper: { title: 'Large Language Models as Optimizers', url: 'https://arxiv.org/abs/2309.03409' },
  summary:
    'Shows the optimizer the best prompts so far with their scores, worst to best, and asks for a better one.',
  loop: [
    { name: 'Best so far', says: 'sorted, worst to best', stage: 'retrieve' },
    { name: 'Meta-prompt', says: 'ask for new prompts', stage: 'propose' },
    { name: 'Candidates', says: 'replies become prompts', stage: 'propose', replies: true },
    { name: 'Evaluate', says: 'score each', stage: 'evaluate' },
  ],
  prompts,
  options: {
    steps: whole('Steps', 'How often the optimizer is shown the trajectory.', 200, 1, 1000),
    candidates: whole('Candidates a step', 'New prompts asked for in each step.', 8, 1, 64),
    keep: whole('Prompts shown', 'How many of the best prompts so far the optimizer sees.', 20, 0, 100),
    exemplars: whole('Exemplars', 'Worked examples of the task in the meta-prompt.', 3, 0, 20),
    exemplarChoice: advanced(
      choice('Which exemplars', 'How the worked examples are chosen in each step.', 'random', {
        random: 'drawn anew',
        constant: 'the same in all steps',
        'often-wrong': 'most often answered wrong so far',
        'now-wrong': 'most often wrong under the last candidates',
      }),
    ),
    meta: advanced(
      choice('Meta-prompt', 'Which of the paper’s forms is sent when the optimizer chats.', 'chat', {
        chat: 'trajectory and exemplars, tags',
        bison: 'trajectory and exemplars, square brackets',
        instructionsOnly: 'trajectory only',
      }),
    ),
    order: advanced(
      choice('Order', 'How the shown prompts are sorted by score.', 'ascending', {
        ascending: 'best last',
        descending: 'best first',
        random: 'random',
      }),
    ),
    showScores: advanced(toggle('Show scores', 'Without scores the optimizer sees the prompts alone.', true)),
    buckets: advanced(
      whole(
        'Score steps',
        'Scores are rounded to this many steps; 0 shows them with one decimal.',
        100,
        0,
        1000,
      ),
    ),
    minScore: advanced(
      decimal('Lowest score shown', 'Prompts below this score (0 to 1) are not shown.', 0, 0, 1),
    ),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the proposals are.', 1, 0, 2)),
    temperatureSchedule: advanced(
      choice('Temperature over time', 'Constant, or rising linearly to twice its start.', 'constant', {
        constant: 'constant',
        rising: 'rising',
      }),
    ),
    maxCharacters: advanced(
      whole('Longest prompt', 'Longer proposals, in characters, are dropped.', 500, 20, 4000),
    ),
    noDigits: advanced(
      toggle('No digits', 'Drops proposals that hold a digit; the paper does so for GSM8K.', false),
    ),
    scoreOn: advanced(
      choice('Score on', 'The split whose examples score the candidates; the paper uses train.', 'train', {
        train: 'train',
        validation: 'validation',
      }),
    ),
  },
  selectsOn: (options) => splitOf(options),
  embeds: () => false,
  cost: (options, sizes) => ({
    steps: options.steps,
    targetCalls: (1 + options.steps * options.candidates) * sizes[splitOf(options)],
    optimizerCalls: options.steps * options.candidates * (1 + RETRIES),
  }),

  async *search(tools, options) {
    const split = splitOf(options);
    const wrong = new Map<string, number>();
    const [first] = yield* score(tools, [tools.initial], split, wrong);
    if (first === undefined) return;
    const history: Scored[] = [first];
    let latest: readonly Candidate[] = [tools.initial];
    for (let i = 0; i < options.steps; i++) {
      const step = yield* tools.step(options.steps);
      const shown = best(tools, history, options, step);
      yield { type: 'stage', step, stage: 'retrieve', detail: `${shown.length} of ${history.length}` };
      yield {
        type: 'retrieved',
        step,
        how: `best ${options.keep} by score`,
        items: shown.map((s) => ({ candidate: s.candidate.id, weight: s.score })),
      };
      yield { type: 'stage', step, stage: 'propose', detail: `${options.candidates} candidates` };
      const exemplars = chooseExemplars(tools, options, wrong, latest, step);
      const slot = tools.metaStyle === 'continuation' ? 'continuation' : options.meta;
      const found = yield* proposals(
        tools,
        {
          slot,
          parts: metaPrompt(tools, slot, shown, exemplars, options),
          ask: { temperature: temperatureAt(options, i) },
          parse: PARSE[slot] ?? firstLine,
          parents: [...shown].sort((a, b) => b.score - a.score).map((s) => s.candidate),
          origin: 'generate',
          repeats: false,
          screen: (candidate) => screen(candidate, options),
        },
        options.candidates,
        RETRIES,
      );
      yield { type: 'stage', step, stage: 'evaluate', detail: `${found.length} candidates on ${split}` };
      history.push(...(yield* score(tools, found, split, wrong)));
      if (found.length > 0) latest = found;
    }
  },
};

/** A reply that holds nothing usable is asked for again this often. */
const RETRIES = 2;

const PARSE: Record<string, (reply: string) => string | null> = {
  chat: (reply) => between(reply, '<INS>', '</INS>'),
  instructionsOnly: (reply) => between(reply, '<TEXT>', '</TEXT>'),
  bison: (reply) => between(reply, '[', ']'),
  continuation: firstLine,
};

const splitOf = (options: OproOptions) => (options.scoreOn === 'validation' ? 'validation' : 'train');

/** The paper's linear_increase: from the start to twice it over the run. */
const temperatureAt = (options: OproOptions, i: number) =>
  options.temperatureSchedule === 'rising'
    ? options.temperature * (1 + i / options.steps)
    : options.temperature;

function screen({ prompt }: Candidate, options: OproOptions): string | null {
  if (prompt.length > options.maxCharacters) return `longer than ${options.maxCharacters} characters`;
  if (options.noDigits && /\d/.test(prompt)) return 'holds a digit';
  if (prompt.includes('INS')) return 'holds the placeholder';
  return null;
}

/** Scores candidates on the split and counts which examples were answered wrong. */
async function* score(
  tools: Tools,
  candidates: readonly Candidate[],
  split: 'train' | 'validation',
  wrong: Map<string, number>,
): Op<Scored[]> {
  const scored = yield* tools.score(candidates, { split });
  for (const candidate of candidates) {
    for (const { example, score: value } of tools.known(candidate, split))
      if (value < 1) wrong.set(example, (wrong.get(example) ?? 0) + 1);
  }
  return scored;
}

/** The prompts shown, in the order in which they are shown. Ties keep the order of discovery. */
function best(tools: Tools, history: readonly Scored[], options: OproOptions, step: number): Scored[] {
  const ascending = history
    .filter((scored) => scored.score >= options.minScore)
    .sort((a, b) => a.score - b.score)
    .slice(-options.keep);
  if (options.keep === 0) return [];
  if (options.order === 'random') return tools.rng.fork(`order/${step}`).shuffled(ascending);
  return options.order === 'descending' ? ascending.reverse() : ascending;
}

function chooseExemplars(
  tools: Tools,
  options: OproOptions,
  wrong: ReadonlyMap<string, number>,
  latest: readonly Candidate[],
  step: number,
): Example[] {
  const { train } = tools.task.splits;
  const drawn = (name: string) => tools.rng.fork(name).sample(train, options.exemplars);
  const mostWrong = (counts: ReadonlyMap<string, number>) =>
    [...train].sort((a, b) => (counts.get(b.id) ?? 0) - (counts.get(a.id) ?? 0)).slice(0, options.exemplars);
  switch (options.exemplarChoice) {
    case 'constant':
      return drawn('exemplars');
    case 'often-wrong':
      return mostWrong(wrong);
    case 'now-wrong': {
      const counts = new Map<string, number>();
      for (const candidate of latest) {
        for (const { example, score: value } of tools.known(candidate, splitOf(options)))
          if (value < 1) counts.set(example, (counts.get(example) ?? 0) + 1);
      }
      return mostWrong(counts);
    }
    default:
      return drawn(`exemplars/${step}`);
  }
}

function shownScore(score: number, buckets: number): string {
  return buckets === 0
    ? (100 * score).toFixed(1)
    : String(Math.round((Math.round(score * buckets) / buckets) * 100));
}

function metaPrompt(
  tools: Tools,
  slot: string,
  shown: readonly Scored[],
  exemplars: readonly Example[],
  options: OproOptions,
): Part[] {
  const { task, prompts: templates } = tools;
  const { one, many } = PROMPT_WORDS[task.position];
  const entry = ({ candidate, score }: Scored) => {
    const value = shownScore(score, options.buckets);
    const form = FORMS[slot] ?? FORMS['chat'];
    return form === undefined ? '' : form(candidate.prompt, options.showScores ? value : null, one);
  };
  const note = slot === 'chat' && shown.length > 0 ? `${templates['trajectoryNote'] ?? ''}\n\n` : '';
  const placeholder = slot === 'continuation' ? '' : '<INS>';
  return fill(templates[slot] ?? prompts.chat, {
    one,
    many,
    position: { origin: 'rule', text: POSITION_WORDS[task.position] },
    task: { origin: 'task', text: task.description },
    trajectory: { origin: 'trajectory', text: note + shown.map(entry).join('\n\n') },
    exemplars: {
      origin: 'exemplars',
      text: exemplarText(exemplars, placeholder, task.position, task.markers),
    },
  });
}

/** One trajectory entry in each form; score null hides it (ablation of the paper's section 5.3). */
const FORMS: Record<string, (prompt: string, score: string | null, one: string) => string> = {
  chat: (prompt, score) => `Instruction: ${prompt}${score === null ? '' : `\nScore: ${score}`}`,
  bison: (prompt, score) => `text:\n${prompt}${score === null ? '' : `\nscore:\n${score}`}`,
  instructionsOnly: (prompt, score) =>
    `${score === null ? '' : `Precision: ${score} `}<TEXT>${prompt}</TEXT>`,
  continuation: (prompt, score, one) => `${one}: ${prompt}${score === null ? '' : `\nScore: ${score}`}`,
};
