/**
 * ABO, Automatic Behavior Optimization: Are Large Language Models Good Prompt Optimizers? (Ma et al., 2024), section 5.
 * Reflection often names causes that are none, and a prompt that states the right cause may not be obeyed. So the
 * prompt is made of steps that the target carries out in the open, and what is improved is the step at which its own
 * transcript goes wrong.
 *
 *   prompt = task line, numbered steps, strict-follow clause, one worked demonstration, form of the answer
 *   steps = O(task, examples); demo = O(carry out the steps on a train example)            "step 0" of the paper
 *   for `rounds`:
 *     transcripts of `batch` train examples; adherence = share of step labels that stand in them
 *     for up to `errors` wrong ones: O(steps, transcript, right answer) -> {step, kind, reason}
 *     j = the step most often named (the earliest of several; a number that is no step asks for one more at the end)
 *     `candidates` times: O rewrites step j alone; O carries out all steps anew for the demonstration
 *     those that do better on the batch: score on validation
 *     go on from the best if it is better than the current prompt there, else back-track to the current one
 *
 * No code was released, and sizes, verifier and checks are not given in the paper; here:
 * - all but step j and the demonstration stays as it is, byte by byte;
 * - a demonstration counts only if it has every step and ends at the right answer; after 3 tries without one the old
 *   one stays where it has every step, and a first prompt goes without;
 * - up to 3 train examples are kept for demonstrations and never put to the target, so that no score knows them;
 * - a rewrite is put to the batch first, whose transcripts under the current prompt are known, and to validation only
 *   if it does better there (`gate`; off, all are put to validation): most rewrites end after a few examples;
 * - the task line is the initial prompt, which may hold what the answer must look like; or the task's description
 *   (`line`), where the initial prompt misleads;
 * - the verifier's reply is asked for once more when no step can be read from it, then passed over;
 * - where the target has no room for a transcript (its answer is chosen among options, held to a grammar, shorter than
 *   64 tokens, or scored as a whole text), it is told to do the steps in its head, and the verifier sees the answer
 *   alone; a `note` says so once;
 * - an optimizer that continues text is asked line by line: the next step of a list, the next step of a demonstration
 *   (whose answer is given, not worked out), the number of the failing step.
 * Without the demonstration (`demonstration` off, the paper's ablation) the steps and the strict clause remain. The
 * demonstration makes the prompt one-shot: compare it with prompts that carry examples.
 */
import type { Candidate, Scored } from '../core/candidate.ts';
import type { Op, Part } from '../core/events.ts';
import { extract } from '../core/extract.ts';
import { caseList, casesOf, feedback, wrongOf, type Case } from '../core/feedback.ts';
import { fill, joinParts } from '../core/fill.ts';
import { scoreAnswer } from '../core/metrics.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { AskOptions, Optimizer, Tools } from '../core/optimizer.ts';
import { top } from '../core/pick.ts';
import {
  adherence,
  leadingNumber,
  majorityStep,
  parseDemonstration,
  parseStep,
  parseSteps,
  parseVerdict,
  stepLabel,
  stepLines,
  verdictOf,
  type Verdict,
} from '../core/procedure.ts';
import { firstLine } from '../core/propose.ts';
import { exemplarText, question } from '../core/render.ts';
import { between } from '../core/tags.ts';
import type { Example } from '../core/task.ts';
import { filled } from '../core/variants.ts';

export interface AboOptions extends Record<string, boolean | number | string> {
  rounds: number;
  batch: number;
  errors: number;
  candidates: number;
  gate: boolean;
  line: string;
  mostSteps: number;
  exemplars: number;
  demonstration: boolean;
  temperature: number;
}

const prompts = {
  // The prompt itself. What is said below of steps in the open or in the head takes the place of {strict} and {form}.
  procedure: `{line}

Follow these steps:
{steps}

{strict}

{demonstration}

{form}`,
  strict: `Do all steps, in this order, and leave none out. Write each step's label, such as "Step 1:", before its result.`,
  strictSilent: `Do all steps, in this order, in your head, and leave none out.`,
  form: `End with "The answer is" and the answer alone.`,
  formSilent: `Write only the answer.`,
  worked: `Here is how the steps are carried out:

{demonstration}`,
  steps: `A language model is to do a task. Its prompt so far:
{current}

Examples of the task:

{exemplars}

By which steps does one get from such an input to its output? Each step does one thing, with the input or with the results of earlier steps, so plainly that it can be followed to the letter. The steps must serve for all inputs of this kind. Write a numbered list of at most {most} steps between <steps> and </steps>.`,
  stepsContinuation: `{task}

{exemplars}

How to get from the input to the output, step by step:

{steps}
{label}`,
  demonstrate: `Steps for a task:
{steps}

{input}

The right answer is: {gold}

Carry out all steps on this input and show the work: a line for each step, begun with its label, with what the step gives here. The work must lead to the right answer. Then write a last line "Answer:" with that answer. Put everything between <demonstration> and </demonstration>.
{changed}`,
  demonstrateContinuation: `Steps for a task:
{steps}

The steps carried out on an input whose right answer is {gold}:

{input}
{done}
{label}`,
  verify: `A language model was to follow these steps:
{steps}

{input}

It replied:
{reply}

{feedback}

Compare the reply with the steps one by one. Which is the first step that went wrong: was it not followed, was it ambiguous, is it wrong itself, or is a step missing? Reply with one JSON object and nothing else: {"step": its number, or 0 if a step is missing, "kind": "not followed" or "ambiguous" or "wrong" or "missing", "reason": "one sentence"}`,
  verifyContinuation: `Steps for a task:
{steps}

{input}
{reply}

{feedback} The first step that went wrong is step number`,
  rewrite: `A language model follows these steps:
{steps}

Step {number} goes wrong:
{reasons}

It got these inputs wrong:

{errors}

Rewrite only step {number} so that this no longer happens: split what it asks into smaller parts, state the rule that it lacks, or spell out how it is done. It stays one paragraph, and the other steps stay as they are. Put the new text of step {number} between <step> and </step>.`,
  append: `A language model follows these steps:
{steps}

A step is missing:
{reasons}

It got these inputs wrong:

{errors}

Write the one step that is to come after the last: what it does and by which rule, in one paragraph. Put its text between <step> and </step>.`,
  rewriteContinuation: `Steps for a task:
{steps}

With them, this went wrong:

{errors}

Step {number} said more exactly, so that it goes right:

{label}`,
  appendContinuation: `{errors}

That went wrong. With one more step it goes right:

{steps}
{label}`,
};

/** What the target's replies need to hold a transcript, and below which there is no use in asking for one. */
const REPLY_TOKENS = 256;
const LEAST_TOKENS = 64;

/** Train examples kept for demonstrations, where train can spare them. */
const KEPT = 3;

/** Tries for a demonstration, and asks made again for a list or a step that could not be read. */
const TRIES = 3;
const RETRIES = 1;

/** A step or a line of work that is longer is no step but a runaway reply. */
const STEP_CHARACTERS = 600;

/** What any task can begin with when the optimizer gives no list. */
const PLAIN_STEPS = [
  'Read the input and say what is asked of it.',
  'Work out what the task asks for, one part at a time.',
  'Check the result against the input.',
];

export const abo: Optimizer<AboOptions> = {
  id: 'abo',
  name: 'ABO',
  paper: {
    title: 'Are Large Language Models Good Prompt Optimizers?',
    url: 'https://arxiv.org/abs/2402.02101',
  },
  summary:
    'Makes the prompt a list of steps that the target carries out in the open, finds the step at which its replies go wrong, and rewrites that step alone.',
  loop: [
    { name: 'Steps', says: 'a list and a demonstration', stage: 'propose', once: true },
    { name: 'Transcripts', says: 'watch the steps being followed', stage: 'evaluate' },
    { name: 'Verify', says: 'which step failed first?', stage: 'reflect' },
    { name: 'Rewrite', says: 'that step alone', stage: 'propose' },
    { name: 'Evaluate', says: 'score on validation', stage: 'evaluate' },
    { name: 'Accept', says: 'if better, else back', stage: 'select' },
  ],
  prompts,
  replyTokens: REPLY_TOKENS,
  options: {
    rounds: whole('Rounds', 'How often a failing step is looked for; the paper shows two.', 2, 1, 100),
    batch: whole('Batch', 'Train examples whose replies are watched in each round.', 16, 1, 256),
    errors: whole('Errors', 'Wrong replies of the batch in which the failing step is looked for.', 4, 1, 32),
    candidates: whole('Candidates a round', 'Rewrites of the failing step that are scored.', 4, 1, 64),
    demonstration: toggle(
      'Demonstration',
      'The prompt shows the steps carried out on one example; without it the paper’s results collapse.',
      true,
    ),
    gate: advanced(
      toggle(
        'Batch first',
        'Puts a rewrite to validation only if it does better than the current prompt on the batch.',
        true,
      ),
    ),
    line: advanced(
      choice('Task line', 'What stands above the steps.', 'initial', {
        initial: 'the initial prompt',
        description: 'the description of the task',
      }),
    ),
    mostSteps: advanced(whole('Most steps', 'Longest list of steps at the start.', 5, 1, 20)),
    exemplars: advanced(
      whole('Exemplars', 'Worked examples of train from which the steps are derived.', 3, 0, 20),
    ),
    temperature: advanced(decimal('Optimizer temperature', 'How varied steps and rewrites are.', 1, 0, 2)),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  cost({ rounds, batch, errors, candidates, demonstration, gate, mostSteps }, sizes) {
    const watched = Math.min(batch, sizes.train) * (gate ? 1 + candidates : 1);
    const longest = Math.max(mostSteps, PLAIN_STEPS.length) + rounds;
    // A chat is asked for a whole list or demonstration, a continuing model for each line.
    const list = Math.max(1 + RETRIES, mostSteps);
    const demo = demonstration ? TRIES + longest : 0;
    return {
      steps: rounds,
      targetCalls: sizes.validation * (2 + rounds * candidates) + rounds * watched,
      optimizerCalls: list + demo + rounds * ((1 + RETRIES) * errors + candidates * (1 + RETRIES + demo)),
    };
  },

  async *search(tools, options) {
    const { train } = tools.task.splits;
    const kept = tools.rng.fork('demonstrations').sample(train, Math.min(KEPT, Math.floor(train.length / 2)));
    const watched = train.filter((example) => !kept.includes(example));

    yield { type: 'stage', step: 0, stage: 'evaluate', detail: 'the initial prompt' };
    const initial = yield* tools.score([tools.initial]);
    if (!spoken(tools)) {
      const text =
        'The target has no room for a transcript: it does the steps in its head, and the step that fails is guessed from its answers alone.';
      yield { type: 'note', step: 0, text };
    }
    yield { type: 'stage', step: 0, stage: 'propose', detail: 'steps and a demonstration' };
    const first = yield* start(tools, watched, kept, options);
    if (first === null) {
      for (const scored of initial) yield* tools.current(scored);
      return;
    }
    yield { type: 'stage', step: 0, stage: 'evaluate', detail: `${first.candidate.id}, the steps` };
    const [scored] = yield* tools.score([first.candidate]);
    if (scored === undefined) return;
    let current: Member = { ...first, scored };
    yield* tools.current(scored);

    for (let round = 1; round <= options.rounds; round++) {
      const step = yield* tools.step(options.rounds);
      const rng = tools.rng.fork(`round/${step}`);
      const batch = rng.sample(watched, options.batch);
      yield {
        type: 'stage',
        step,
        stage: 'evaluate',
        detail: `transcripts of ${batch.length} train examples`,
        part: 'Transcripts',
      };
      const cases = yield* casesOf(tools, current.candidate, 'train', batch);
      yield* tellAdherence(tools, cases, current.steps.length, step);
      const wrong = wrongOf(cases).filter(({ answer }) => answer.refused === undefined);
      const verdicts = yield* verify(tools, current.steps, rng.sample(wrong, options.errors), step);
      const failing = majorityStep(verdicts.map(({ verdict }) => verdict));
      if (failing === null) {
        const text =
          wrong.length === 0 ? 'The batch is all right: no step failed.' : 'No failing step could be read.';
        yield { type: 'note', step, text };
        yield { type: 'stage', step, stage: 'select', detail: `${current.candidate.id} stays` };
        continue;
      }
      const about = verdicts.filter(({ verdict }) => verdict.step === failing);
      yield { type: 'note', step, text: verdictText(about, verdicts.length, failing, current.steps.length) };

      yield {
        type: 'stage',
        step,
        stage: 'propose',
        detail: `${options.candidates} rewrites of step ${failing}`,
      };
      const made = yield* rewrites(tools, current, failing, about, kept, options);
      const passed = options.gate ? yield* betterOn(tools, made, batch, cases, step) : made;
      yield {
        type: 'stage',
        step,
        stage: 'evaluate',
        detail: `${passed.length} candidates on validation`,
        part: 'Evaluate',
      };
      const results = yield* tools.score(passed.map(({ candidate }) => candidate));
      const [best] = top(results, 1);
      const member = passed.find(({ candidate }) => candidate.id === best?.candidate.id);
      if (best !== undefined && member !== undefined && best.score > current.scored.score)
        current = { ...member, scored: best };
      yield { type: 'stage', step, stage: 'select', detail: current.candidate.id };
      yield* tools.current(current.scored);
    }
  },
};

/** What a prompt is made of, beside what all prompts of a run share. */
interface Procedure {
  steps: readonly string[];
  /** Empty for none. */
  demonstration: string;
}

interface Made extends Procedure {
  candidate: Candidate;
}

interface Member extends Made {
  scored: Scored;
}

/** Whether the target carries out the steps in the open: where its reply has room and is not scored as a whole. */
function spoken({ rendering, task }: Tools): boolean {
  const whole = task.metric.kind === 'rouge-l' || task.metric.kind === 'rules';
  return rendering.read === 'decode' && rendering.maxTokens >= LEAST_TOKENS && !whole;
}

const template = (tools: Tools, name: keyof typeof prompts) => tools.prompts[name] ?? prompts[name];

/** The text of a prompt. */
function promptText(tools: Tools, { steps, demonstration }: Procedure, options: AboOptions): string {
  const open = spoken(tools);
  const { prompt } = tools.initial;
  const { description } = tools.task;
  const line = options.line === 'description' ? description || prompt : prompt || description;
  const worked = demonstration === '' ? '' : joinParts(fill(template(tools, 'worked'), { demonstration }));
  return joinParts(
    fill(template(tools, 'procedure'), {
      line,
      steps: stepLines(steps),
      strict: template(tools, open ? 'strict' : 'strictSilent'),
      demonstration: worked,
      form: template(tools, open ? 'form' : 'formSilent'),
    }),
  );
}

/** The first prompt of steps; null when not even one without a demonstration is usable. */
async function* start(
  tools: Tools,
  examples: readonly Example[],
  kept: readonly Example[],
  options: AboOptions,
): Op<Made | null> {
  let steps = yield* listSteps(
    tools,
    tools.rng.fork('exemplars').sample(examples, options.exemplars),
    options,
  );
  if (steps.length === 0) {
    const text = 'The optimizer gave no list of steps: the search begins with three plain ones.';
    yield { type: 'note', step: 0, text };
    steps = PLAIN_STEPS;
  }
  const from = { parents: [tools.initial], origin: 'steps' };
  const demonstration = yield* demonstrate(tools, steps, null, kept[0], options);
  if (demonstration !== null) {
    const candidate = yield* tools.propose(promptText(tools, { steps, demonstration }, options), from);
    if (candidate !== null) return { steps, demonstration, candidate };
  }
  if (options.demonstration && kept.length > 0)
    yield { type: 'note', step: 0, text: 'The first prompt of steps goes without a demonstration.' };
  const candidate = yield* tools.propose(promptText(tools, { steps, demonstration: '' }, options), from);
  return candidate === null ? null : { steps, demonstration: '', candidate };
}

async function* listSteps(tools: Tools, exemplars: readonly Example[], options: AboOptions): Op<string[]> {
  const { position, markers } = tools.task;
  const ask = { temperature: options.temperature };
  const slots = (steps: readonly string[]) => ({
    current: part('current', tools.initial.prompt),
    exemplars: part('exemplars', exemplarText(exemplars, '', position, markers)),
    most: part('rule', String(options.mostSteps)),
    steps: part('current', stepLines(steps)),
    label: part('rule', stepLabel(steps.length + 1)),
  });
  if (tools.metaStyle === 'continuation') {
    const steps: string[] = [];
    while (steps.length < options.mostSteps) {
      const reply = yield* nextLine(tools, 'steps', slots(steps), ask);
      if (reply === null) break;
      const line = parseStep(reply);
      // A model that has no more to say repeats itself.
      if (line === null || line.length > STEP_CHARACTERS || steps.includes(line)) {
        yield turnedAway(tools, reply, 'the line is no further step');
        break;
      }
      steps.push(line);
    }
    return steps;
  }
  for (let attempt = 0; attempt <= RETRIES; attempt++) {
    const reply = yield* asked(tools, 'steps', slots([]), ask);
    if (reply === null) return [];
    const steps = parseSteps(between(reply, '<steps>', '</steps>') ?? '', options.mostSteps);
    if (steps.length > 0 && steps.every((step) => step.length <= STEP_CHARACTERS)) return steps;
    yield turnedAway(tools, reply, 'the reply holds no list of steps');
  }
  return [];
}

/**
 * The steps carried out on an example, as a prompt shows it; null without an example, where the option is off, and
 * when no try has every step and the right answer. `changed` is the number of the step that is new.
 */
async function* demonstrate(
  tools: Tools,
  steps: readonly string[],
  changed: number | null,
  example: Example | undefined,
  options: AboOptions,
): Op<string | null> {
  if (!options.demonstration || example === undefined) return null;
  const { position, markers, metric } = tools.task;
  const gold = example.gold[0] ?? '';
  const slots = (done: readonly string[]) => ({
    steps: part('current', stepLines(steps)),
    input: part('exemplars', question('', position, { ...markers, answer: '' }, example.input)),
    gold: part('exemplars', gold),
    changed: part('rule', changed === null ? '' : `Step ${changed} is new: show plainly how it is done.`),
    done: part('current', stepLines(done)),
    label: part('rule', stepLabel(done.length + 1)),
  });
  const ask = { temperature: options.temperature };
  if (tools.metaStyle === 'continuation') {
    const work: string[] = [];
    for (let failed = 0; work.length < steps.length;) {
      const reply = yield* nextLine(tools, 'demonstrate', slots(work), ask);
      if (reply === null) return null;
      const line = parseStep(reply);
      if (line !== null && line.length <= STEP_CHARACTERS) {
        work.push(line);
        continue;
      }
      yield turnedAway(tools, reply, 'the line shows no step carried out');
      if (++failed >= TRIES) return null;
    }
    return demonstrationText(tools, example, work);
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const reply = yield* asked(tools, 'demonstrate', slots([]), ask);
    if (reply === null) return null;
    const found = between(reply, '<demonstration>', '</demonstration>');
    const shown = found === null ? null : parseDemonstration(found, steps.length);
    if (shown === null || shown.work.some((line) => line.length > STEP_CHARACTERS)) {
      yield turnedAway(tools, reply, 'the demonstration lacks a step or the answer');
      continue;
    }
    const right = scoreAnswer(metric, extract(metric, shown.answer, example.input), example.gold) >= 1;
    if (right) return demonstrationText(tools, example, shown.work);
    yield turnedAway(tools, reply, `the demonstration ends at ${shown.answer.slice(0, 80)}, not at ${gold}`);
  }
  return null;
}

/** A demonstration looks as the target's own reply should: on one line where a new line would end that reply. */
function demonstrationText(tools: Tools, example: Example, work: readonly string[]): string {
  const { position, markers } = tools.task;
  const gold = example.gold[0] ?? '';
  if (!spoken(tools)) {
    const asked = question('', position, { ...markers, answer: '' }, example.input);
    return `${asked}\n${stepLines(work)}\n${markers.answer === '' ? 'Answer' : markers.answer}: ${gold}`;
  }
  const done = [...stepLines(work).split('\n'), `The answer is ${gold}${gold.endsWith('.') ? '' : '.'}`];
  const asked = question('', position, markers, example.input);
  return tools.rendering.style === 'completion'
    ? `${asked} ${done.join(' ')}`
    : `${asked}\n${done.join('\n')}`;
}

async function* tellAdherence(tools: Tools, cases: readonly Case[], steps: number, step: number): Op<void> {
  if (!spoken(tools) || cases.length === 0) return;
  const share = adherence(
    cases.map(({ answer }) => answer.reply),
    steps,
  );
  const text = `Adherence: ${Math.round(100 * share)} % of the step labels stand in the replies to ${cases.length} examples.`;
  yield { type: 'note', step, text };
}

interface Judged {
  wrong: Case;
  verdict: Verdict;
}

/** For each wrong reply the step that failed, as the optimizer sees it; those of which it says nothing are left out. */
async function* verify(
  tools: Tools,
  steps: readonly string[],
  wrong: readonly Case[],
  step: number,
): Op<Judged[]> {
  if (wrong.length > 0)
    yield { type: 'stage', step, stage: 'reflect', detail: `the failing step of ${wrong.length} errors` };
  const { position, markers } = tools.task;
  const judged: Judged[] = [];
  for (const each of wrong) {
    const slots = {
      steps: part('current', stepLines(steps)),
      input: part('exemplars', question('', position, markers, each.example.input)),
      reply: part('exemplars', each.answer.reply.trim()),
      feedback: part('exemplars', feedback(tools.task, each)),
    };
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      // The second time other words are wanted.
      const ask = { temperature: attempt };
      const reply = yield* asked(tools, 'verify', slots, { ...ask, maxTokens: 200 });
      if (reply === null) break;
      const verdict = readVerdict(tools, reply, steps.length);
      if (verdict === null) continue;
      judged.push({ wrong: each, verdict });
      break;
    }
  }
  return judged;
}

function readVerdict({ metaStyle }: Tools, reply: string, count: number): Verdict | null {
  if (metaStyle === 'chat') return parseVerdict(reply, count);
  const number = leadingNumber(reply);
  return number === null ? parseVerdict(reply, count) : verdictOf(number, 'ambiguous', '', count);
}

function verdictText(about: readonly Judged[], of: number, failing: number, count: number): string {
  const what = failing > count ? 'A step is missing' : `Step ${failing} fails`;
  const reasons = about.flatMap(({ verdict }) => (verdict.reason === '' ? [] : [verdict.reason]));
  return `${what} in ${about.length} of ${of} errors${reasons[0] === undefined ? '.' : `: ${reasons[0]}`}`;
}

/** Prompts in which step `failing` is rewritten, or added behind the last, and nothing else but the demonstration. */
async function* rewrites(
  tools: Tools,
  current: Made,
  failing: number,
  about: readonly Judged[],
  kept: readonly Example[],
  options: AboOptions,
): Op<Made[]> {
  const added = failing > current.steps.length;
  const made: Made[] = [];
  for (let i = 0; i < options.candidates; i++) {
    const text = yield* rewrite(tools, current.steps, failing, about, options);
    if (text === null) continue;
    const steps = added ? [...current.steps, text] : current.steps.with(failing - 1, text);
    const fresh = yield* demonstrate(tools, steps, failing, kept[i % Math.max(1, kept.length)], options);
    if (fresh === null && added && current.demonstration !== '') {
      yield turnedAway(tools, text, 'no demonstration shows the new step', [current.candidate]);
      continue;
    }
    const demonstration = fresh ?? current.demonstration;
    const candidate = yield* tools.propose(promptText(tools, { steps, demonstration }, options), {
      parents: [current.candidate],
      origin: added ? 'append' : 'rewrite',
    });
    if (candidate !== null) made.push({ steps, demonstration, candidate });
  }
  return made;
}

/** New text for step `failing`; null when no reply holds one that differs. */
async function* rewrite(
  tools: Tools,
  steps: readonly string[],
  failing: number,
  about: readonly Judged[],
  options: AboOptions,
): Op<string | null> {
  const continuing = tools.metaStyle === 'continuation';
  const cases = about.map(({ wrong }) => wrong).slice(0, continuing ? 1 : about.length);
  const reasons = about.flatMap(({ verdict }) =>
    verdict.reason === '' ? [] : [`- ${verdict.fault}: ${verdict.reason}`],
  );
  const slots = {
    steps: part('current', stepLines(steps)),
    number: part('rule', String(failing)),
    label: part('rule', stepLabel(failing)),
    reasons: part('reflection', reasons.join('\n')),
    errors: part('exemplars', caseList(tools.task, cases)),
  };
  const name = failing > steps.length ? 'append' : 'rewrite';
  const ask = { temperature: options.temperature };
  for (let attempt = 0; attempt <= RETRIES; attempt++) {
    const reply = continuing
      ? yield* nextLine(tools, name, slots, ask)
      : yield* asked(tools, name, slots, ask);
    if (reply === null) return null;
    const text = parseStep(continuing ? reply : (between(reply, '<step>', '</step>') ?? ''));
    if (text !== null && text.length <= STEP_CHARACTERS && !steps.includes(text)) return text;
    yield turnedAway(tools, reply, 'the reply holds no new text of one step');
  }
  return null;
}

/** Those that score higher on the batch than the current prompt did. */
async function* betterOn(
  tools: Tools,
  made: readonly Made[],
  batch: readonly Example[],
  cases: readonly Case[],
  step: number,
): Op<Made[]> {
  yield {
    type: 'stage',
    step,
    stage: 'evaluate',
    detail: `${made.length} candidates on the batch`,
    part: 'Evaluate',
  };
  const sum = (answers: readonly { score: number }[]) =>
    answers.reduce((total, each) => total + each.score, 0);
  const bar = sum(cases.map(({ answer }) => answer));
  const passed: Made[] = [];
  for (const each of made) {
    const answers = yield* tools.answers(each.candidate, 'train', batch);
    if (sum(answers) > bar) passed.push(each);
  }
  return passed;
}

const part = (origin: Part['origin'], text: string): Part => ({ origin, text });

const turnedAway = (tools: Tools, text: string, reason: string, parents: readonly Candidate[] = []) =>
  ({ type: 'rejected', step: tools.begun, text, reason, parents: parents.map(({ id }) => id) }) as const;

type Slots = Readonly<Record<string, Part>>;

function asked(tools: Tools, name: string, slots: Slots, options: AskOptions): Op<string | null> {
  const { slot, parts } = filled(tools, name, prompts, slots);
  return tools.ask(slot, parts, options);
}

/** The line with which a continuing model goes on; empty when it gives none, null when it refuses. */
async function* nextLine(tools: Tools, name: string, slots: Slots, options: AskOptions): Op<string | null> {
  const reply = yield* asked(tools, name, slots, options);
  return reply === null ? null : (firstLine(reply) ?? '');
}
