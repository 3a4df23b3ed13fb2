/**
 * GEPA: Reflective Prompt Evolution Can Outperform Reinforcement Learning (Agrawal et al., 2025), sections 3.1 to 3.3,
 * algorithms 1 and 2, and its released code.
 *
 *   pool = [p0 with its score on each validation example]
 *   for each step:
 *     p = draw from the Pareto leaders of the pool, with probability ~ the number of examples that each leads
 *     B = next 3 of train (shuffled every epoch) not all answered rightly by p
 *     c = O(reflect(p, for each of B: input, reply, feedback of the metric))
 *     if sum of scores of c on B > that of p:  score c on validation; pool.append(c)
 *     after an addition, at most 5 times, if merging: join two leaders that have a common ancestor
 *   return argmax of the mean on validation
 *
 * Deviations from the released code, none of which changes what a given child meets:
 * - a batch without errors is passed over within the step (the code ends the iteration); a parent that is right on all
 *   of train is not drawn again, and when no other is left the search ends;
 * - on B a child is answered only until it has passed or cannot pass any more; a parent's answers are kept;
 * - the last batch of an epoch may be completed from the next one; the code repeats examples;
 * - a reply without a fenced block, or one that repeats an earlier prompt, is asked for again; the code takes the
 *   whole reply for a prompt;
 * - a prompt is one module, so merging cannot swap modules as the paper's does: the optimizer joins the two texts. As
 *   in the code, it must reach the better of the two on 5 validation examples, on which they differ where possible.
 */
import type { Candidate } from '../core/candidate.ts';
import type { Op, Part, RunEvent } from '../core/events.ts';
import { exceeds } from '../core/exceed.ts';
import { casesOf, feedbackList, wrongOf, type Case } from '../core/feedback.ts';
import { advanced, choice, decimal, toggle, whole } from '../core/option.ts';
import type { Optimizer, Tools } from '../core/optimizer.ts';
import { drawPair, idOf, leaders, ranked, type Member, type Pair } from '../core/pareto.ts';
import { roulette } from '../core/pick.ts';
import { firstLine, proposals } from '../core/propose.ts';
import type { Rng } from '../core/rng.ts';
import { fenced } from '../core/tags.ts';
import type { Example } from '../core/task.ts';
import { filled } from '../core/variants.ts';

export interface GepaOptions extends Record<string, boolean | number | string> {
  steps: number;
  minibatch: number;
  selection: string;
  merge: boolean;
  merges: number;
  temperature: number;
}

const prompts = {
  reflect: `A language model does a task with the help of a prompt, which stands {position}. The prompt is:

{current}

These are inputs, what the model replied, and feedback on each reply:

{cases}

Write a better prompt. First find out from the inputs and the feedback what the task asks for, which facts and rules about it the model has to know, and in what form it must answer. Put all of that into the prompt, general enough for inputs that are not shown here, and keep what led to right replies.

Put the new prompt between \`\`\` and \`\`\`.`,
  // For optimizers that continue text.
  reflectContinuation: `{task}

{one}: {current}

{cases}

The same with what the feedback teaches, so that every reply is right.

{one}:`,
  merge: `Two prompts for the same task of a language model, each standing {position}, were made from one earlier prompt. Each is right where the other is wrong.

Earlier prompt:
{ancestor}

Prompt 1:
{first}

Prompt 2:
{second}

Write one prompt that holds what each of the two has learnt beyond the earlier one.

Put the new prompt between \`\`\` and \`\`\`.`,
  mergeContinuation: `{task}

{one} 1: {first}

{one} 2: {second}

Everything that both say, in one.

{one} 3:`,
};

export const gepa: Optimizer<GepaOptions> = {
  id: 'gepa',
  name: 'GEPA',
  paper: {
    title: 'GEPA: Reflective Prompt Evolution Can Outperform Reinforcement Learning',
    url: 'https://arxiv.org/abs/2507.19457',
  },
  summary:
    'Rewrites a prompt from feedback on three replies, drops the child unless it does better on these three, and draws parents among all prompts that are best on some example.',
  loop: [
    { name: 'Parent', says: 'a leader on some example', stage: 'retrieve' },
    { name: 'Minibatch', says: 'three replies with feedback', stage: 'reflect' },
    { name: 'Rewrite', says: 'a prompt that knows more', stage: 'propose' },
    { name: 'Gate, evaluate', says: 'better on the three? then all', stage: 'evaluate' },
    { name: 'Pool', says: 'kept with its scores', stage: 'select' },
  ],
  prompts,
  options: {
    steps: whole('Steps', 'How often a prompt is rewritten or two are merged.', 100, 1, 2000),
    minibatch: whole(
      'Minibatch',
      'Train examples that a rewrite is based on and has to do better on.',
      3,
      1,
      50,
    ),
    selection: choice('Parents', 'Which prompt of the pool is rewritten.', 'pareto', {
      pareto: 'one that leads on some example',
      best: 'the best on average',
    }),
    merge: toggle(
      'Merge',
      'After an addition to the pool, joins two of its leaders that come from one prompt.',
      false,
    ),
    merges: advanced(whole('Merges', 'At most so many in a run.', 5, 0, 100)),
    temperature: advanced(decimal('Optimizer temperature', 'How varied the rewrites are.', 1, 0, 2)),
  },
  selectsOn: () => 'validation',
  embeds: () => false,
  // No candidate is asked an example twice, so this holds however many batches are passed over.
  cost: (options, sizes) => ({
    steps: options.steps,
    targetCalls: (1 + options.steps) * (sizes.validation + sizes.train),
    optimizerCalls: options.steps * (1 + RETRIES),
  }),

  async *search(tools, options) {
    yield { type: 'stage', step: 0, stage: 'evaluate', detail: 'the initial prompt' };
    const first = yield* member(tools, tools.initial);
    if (first === null) return;
    const pool = [first];
    const nextBatch = batches(tools.rng.fork('batches'), tools.task.splits.train, options.minibatch);
    const learnt = new Set<Member>();
    const merged = new Set<string>();
    let mergeDue = false;

    for (let t = 0; t < options.steps; t++) {
      const step = yield* tools.step(options.steps);
      yield* tools.current((ranked(pool)[0] ?? first).scored);
      const rng = tools.rng.fork(`step/${step}`);
      const leading = leaders(pool);
      let child: Candidate | null = null;

      const pair: Pair | null =
        mergeDue && merged.size < options.merges ? drawPair(rng, pool, leading, merged) : null;
      mergeDue = false;
      if (pair !== null) {
        child = yield* merge(tools, pair, rng, step, options);
      } else {
        yield { type: 'stage', step, stage: 'retrieve', detail: `${leading.length} leaders` };
        const open = leading.filter(({ member }) => !learnt.has(member));
        const items = open.map(({ member, leads }) => ({ candidate: idOf(member), weight: leads }));
        yield { type: 'retrieved', step, how: 'leaders by examples led', items };
        const drawn =
          options.selection === 'best'
            ? ranked(open.map(({ member }) => member))[0]
            : roulette(rng, open, ({ leads }) => leads)?.member;
        if (drawn === undefined) {
          const text = 'The leaders are right on all of train, which leaves nothing to learn from.';
          yield { type: 'note', step, text };
          return;
        }
        yield { type: 'stage', step, stage: 'reflect', detail: `errors of ${idOf(drawn)}` };
        const cases = yield* failing(tools, drawn, nextBatch, options);
        if (cases.length === 0) learnt.add(drawn);
        else child = yield* rewrite(tools, drawn, cases, step, options);
      }

      if (child === null) continue;
      yield { type: 'stage', step, stage: 'evaluate', detail: `${child.id} on validation` };
      const added = yield* member(tools, child);
      if (added === null) continue;
      pool.push(added);
      mergeDue = options.merge && pair === null;
      yield { type: 'stage', step, stage: 'select', detail: `${pool.length} in the pool` };
    }
    yield* tools.current((ranked(pool)[0] ?? first).scored);
  },
};

/** A reply that holds no new prompt is asked for again this often. */
const RETRIES = 2;

/**
 * A candidate scored on all of validation; null when the model cannot be asked with it, or when the run races full
 * scores and the best so far beat it with confidence.
 */
async function* member(tools: Tools, candidate: Candidate): Op<Member | null> {
  const { validation } = tools.task.splits;
  const [scored] = yield* tools.score([candidate]);
  if (scored === undefined || scored.n < validation.length) return null;
  const items = (yield* tools.answers(candidate, 'validation', validation)).map(({ score }) => score);
  // A candidate that does not fit the context is scored 0, whatever it got right elsewhere.
  return scored.score === 0 && items.some((score) => score > 0) ? null : { scored, items };
}

/** Batches of `size` without end: train in a new random order for each epoch, one epoch behind the other. */
export function batches(rng: Rng, train: readonly Example[], size: number): () => Example[] {
  let ahead: Example[] = [];
  return () => {
    const wanted = Math.min(size, train.length);
    if (ahead.length < wanted) {
      // An example that is still ahead waits for a later batch of the new epoch.
      const rest = new Set(ahead);
      const fresh = rng.shuffled(train);
      ahead = [
        ...ahead,
        ...fresh.filter((each) => !rest.has(each)),
        ...fresh.filter((each) => rest.has(each)),
      ];
    }
    return ahead.splice(0, wanted);
  };
}

/** The next batch that the parent does not answer rightly throughout; empty when it is right on all of train. */
async function* failing(
  tools: Tools,
  parent: Member,
  nextBatch: () => Example[],
  { minibatch }: GepaOptions,
): Op<Case[]> {
  const { train } = tools.task.splits;
  const { candidate } = parent.scored;
  for (let seen = 0; seen < train.length; seen += minibatch) {
    const cases = yield* casesOf(tools, candidate, 'train', nextBatch());
    if (wrongOf(cases).length > 0) return cases;
  }
  // Batches that reach into the next epoch can leave an example out.
  const all = yield* casesOf(tools, candidate, 'train', train);
  const wrong = wrongOf(all);
  const right = all.filter((each) => !wrong.includes(each));
  return wrong.length === 0 ? [] : [...wrong, ...right].slice(0, minibatch);
}

const sumOf = (scores: readonly number[]) => scores.reduce((sum, score) => sum + score, 0);

/** A child made from feedback on the cases, if it does better on them than its parent. */
async function* rewrite(
  tools: Tools,
  parent: Member,
  cases: readonly Case[],
  step: number,
  options: GepaOptions,
): Op<Candidate | null> {
  const { candidate } = parent.scored;
  yield { type: 'stage', step, stage: 'propose', detail: `from ${cases.length} replies of ${idOf(parent)}` };
  const child = yield* written(
    tools,
    'reflect',
    {
      current: { origin: 'current', text: candidate.prompt },
      cases: { origin: 'exemplars', text: feedbackList(tools.task, cases) },
    },
    [candidate],
    options,
  );
  if (child === null) return null;
  yield { type: 'stage', step, stage: 'evaluate', detail: `${child.id} on the minibatch` };
  const floor = sumOf(cases.map(({ answer }) => answer.score));
  const examples = cases.map(({ example }) => example);
  if (yield* exceeds(tools, child, floor, { split: 'train', examples, chunk: 1 })) return child;
  yield turnedAway(child, `not better than ${candidate.id} on a minibatch of ${cases.length}`, step);
  return null;
}

/** Validation examples on which a merged prompt has to reach the better of its parents. */
const MERGE_EXAMPLES = 5;

/** Less than any difference of sums of scores that means something. */
const SLACK = 1e-6;

/** A join of two leaders, if it does as well as the better of them on a few examples. */
async function* merge(
  tools: Tools,
  { first, second, ancestor }: Pair,
  rng: Rng,
  step: number,
  options: GepaOptions,
): Op<Candidate | null> {
  yield { type: 'stage', step, stage: 'propose', detail: `${idOf(first)} and ${idOf(second)} merged` };
  const shown = (of: Member) => ({ origin: 'trajectory', text: of.scored.candidate.prompt }) as const;
  const child = yield* written(
    tools,
    'merge',
    { ancestor: shown(ancestor), first: shown(first), second: shown(second) },
    [first.scored.candidate, second.scored.candidate],
    options,
  );
  if (child === null) return null;
  yield { type: 'stage', step, stage: 'evaluate', detail: `${child.id} where its parents differ` };
  const { validation } = tools.task.splits;
  const order = rng.shuffled(validation.map((example, i) => ({ example, i })));
  const differ = ({ i }: { i: number }) => Number(first.items[i] !== second.items[i]);
  const looked = order.sort((a, b) => differ(b) - differ(a)).slice(0, MERGE_EXAMPLES);
  const sum = ({ items }: Member) => sumOf(looked.map(({ i }) => items[i] ?? 0));
  const floor = Math.max(sum(first), sum(second)) - SLACK;
  const examples = looked.map(({ example }) => example);
  if (yield* exceeds(tools, child, floor, { split: 'validation', examples, chunk: 1 })) return child;
  const rivals = `${idOf(first)} and ${idOf(second)}`;
  yield turnedAway(child, `worse than the better of ${rivals} on ${looked.length} examples`, step);
  return null;
}

function turnedAway({ prompt, parents }: Candidate, reason: string, step: number): RunEvent {
  return { type: 'rejected', step, text: prompt, reason, parents };
}

/** One new prompt from a template; null when 1 + RETRIES asks gave none. */
async function* written(
  tools: Tools,
  template: 'reflect' | 'merge',
  slots: Readonly<Record<string, Part>>,
  parents: readonly Candidate[],
  { temperature }: GepaOptions,
): Op<Candidate | null> {
  const request = {
    ...filled(tools, template, prompts, slots),
    parents,
    parse: tools.metaStyle === 'continuation' ? firstLine : fenced,
    origin: template,
    repeats: false,
    ask: { temperature },
  };
  const [child] = yield* proposals(tools, request, 1, RETRIES);
  return child ?? null;
}
