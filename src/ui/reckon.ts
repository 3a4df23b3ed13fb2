import type { ModelSpeed } from '../app/model-speed.ts';
import type { RunConfig } from '../core/run-config.ts';
import type { Task } from '../core/task.ts';

/** What a call may take before any was made, from a model's speed test. Rough: it is there to tell minutes from hours. */

/** Characters of English in a token, by the usual rule of thumb. */
const CHARACTERS = 4;
/** Markers, line ends and the words of a chat around an input. */
const AROUND = 12;
/** Tokens that weighing the allowed answers reads besides. */
const OPTIONS = 6;
/** A meta-prompt shows about so many past prompts. */
const PAST_PROMPTS = 8;
/** A proposal: with its tags in a chat, or one line of a list. */
const PROPOSED = { chat: 120, continuation: 40 };
/** Characters of an input where the task is not at hand. */
const USUAL_INPUT = 200;
const LOOKED_AT = 50;

/** Milliseconds of one call of the target. What all calls have in common is read once, and not counted. */
export function targetMs({ rendering }: RunConfig, { read, write }: ModelSpeed, task: Task | null): number {
  const some = task?.splits.validation.slice(0, LOOKED_AT) ?? [];
  const characters = some.reduce((sum, { input }) => sum + input.length, 0);
  const input = (some.length > 0 ? characters / some.length : USUAL_INPUT) / CHARACTERS + AROUND;
  if (rendering.read === 'choose') return (1000 * (input + OPTIONS)) / read;
  return (1000 * input) / read + (1000 * rendering.maxTokens) / write;
}

/** Milliseconds of one call of the optimizer, whose meta-prompt is new each time. */
export function optimizerMs(
  { metaStyle, initialPrompt }: RunConfig,
  { read, write }: ModelSpeed,
  templates: Readonly<Record<string, string>>,
): number {
  const longest = Math.max(0, ...Object.values(templates).map((text) => text.length));
  const shown = (longest + PAST_PROMPTS * initialPrompt.length) / CHARACTERS + AROUND;
  return (1000 * shown) / read + (1000 * PROPOSED[metaStyle]) / write;
}
