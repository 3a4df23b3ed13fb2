import type { Candidate } from './candidate.ts';
import type { Op, Part } from './events.ts';
import { fill } from './fill.ts';
import type { Tools } from './optimizer.ts';
import { firstLine, proposals } from './propose.ts';
import { exemplarText, POSITION_WORDS, PROMPT_WORDS } from './render.ts';
import type { MetaStyle } from './rendering.ts';
import { between } from './tags.ts';
import type { Example } from './task.ts';

/**
 * Operators that several methods share: saying a prompt in other words (APE's resampling, the Monte-Carlo step of
 * ProTeGi) and guessing a prompt from examples (APE's forward generation). A method that uses one puts its templates
 * among its own, so that they are shown and can be edited.
 */

export const PARAPHRASE = {
  paraphrase: `Write a variation of the following prompt for a language model. Keep its meaning, use other words.

{current}

Put the variation between <prompt> and </prompt>.`,
  paraphraseContinuation: `{one}: {current}

The same in other words, with the same meaning.

{one}:`,
};

export const INDUCE = {
  induce: `I gave a friend a prompt, which stands {position}. With it, the friend read each input and wrote each output.

{exemplars}

What was the prompt? Put it between <prompt> and </prompt>.`,
  induceContinuation: `{exemplars}

These are examples of a task. {one} that was given for it:

{one}:`,
};

/** How variants are asked for. */
export interface VariantOptions {
  temperature: number;
  /** Asks made in place of one that gave nothing usable. Default 1. */
  retries?: number;
  /** A repetition of an earlier candidate comes back as that candidate. Default false: it is rejected. */
  repeats?: boolean;
}

const tagged = (reply: string) => between(reply, '<prompt>', '</prompt>');

/** Up to `count` candidates that say `parent` in other words, with its worked examples. At most count * (1 + retries) asks. */
export function paraphrases(
  tools: Tools,
  parent: Candidate,
  count: number,
  options: VariantOptions,
): Op<Candidate[]> {
  const parts = filled(tools, 'paraphrase', PARAPHRASE, {
    current: { origin: 'current', text: parent.prompt },
  });
  return asked(
    tools,
    { ...parts, parents: [parent], origin: 'paraphrase', shots: parent.shots },
    count,
    options,
  );
}

/** Up to `count` candidates guessed from `examples`, without parents. At most count * (1 + retries) asks. */
export function induced(
  tools: Tools,
  examples: readonly Example[],
  count: number,
  options: VariantOptions,
): Op<Candidate[]> {
  const { position, markers } = tools.task;
  const parts = filled(tools, 'induce', INDUCE, {
    exemplars: { origin: 'exemplars', text: exemplarText(examples, '', position, markers) },
  });
  return asked(tools, { ...parts, parents: [], origin: 'induce' }, count, options);
}

/** How many asks `population` makes at most. */
export const populationAsks = (size: number) => 3 * Math.max(0, size - 1);

/**
 * A first population from one prompt: the initial prompt, then by turns prompts guessed from train examples (`demos`
 * of them, drawn anew each time) and paraphrases of the initial prompt, until there are `size` distinct ones or
 * `populationAsks` have been made. Never empty.
 */
export async function* population(
  tools: Tools,
  size: number,
  options: { temperature: number; demos: number },
): Op<Candidate[]> {
  const members = [tools.initial];
  const { train } = tools.task.splits;
  for (let i = 0; members.length < size && i < populationAsks(size); i++) {
    const once = { temperature: options.temperature, retries: 0 };
    const made =
      i % 2 === 0 && train.length > 0 && options.demos > 0
        ? yield* induced(tools, tools.rng.fork(`population/${i}`).sample(train, options.demos), 1, once)
        : yield* paraphrases(tools, tools.initial, 1, once);
    members.push(...made);
  }
  return members;
}

function asked(
  tools: Tools,
  request: {
    slot: string;
    parts: readonly Part[];
    parents: readonly Candidate[];
    origin: string;
    shots?: readonly Example[];
  },
  count: number,
  { temperature, retries = 1, repeats = false }: VariantOptions,
): Op<Candidate[]> {
  const parse = tools.metaStyle === 'continuation' ? firstLine : tagged;
  return proposals(tools, { ...request, parse, repeats, ask: { temperature } }, count, retries);
}

/**
 * The template `name` (or `nameContinuation` where the optimizer continues text), filled with `slots` and with what
 * every template may name: {one}, {many}, {position}, {task}. `templates` serves a run that lacks the template; a
 * request without a continued form says so by its `style`.
 */
export function filled(
  tools: Tools,
  name: string,
  templates: Readonly<Record<string, string>>,
  slots: Readonly<Record<string, Part>>,
  style: MetaStyle = tools.metaStyle,
): { slot: string; parts: Part[] } {
  const { one, many } = PROMPT_WORDS[tools.task.position];
  const slot = style === 'continuation' ? `${name}Continuation` : name;
  const parts = fill(tools.prompts[slot] ?? templates[slot] ?? '', {
    one,
    many,
    position: { origin: 'rule', text: POSITION_WORDS[tools.task.position] },
    task: { origin: 'task', text: tools.task.description },
    ...slots,
  });
  return { slot, parts };
}
