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

/** Tokens that one call computes. */
export interface CallTokens {
  read: number;
  write: number;
}

/** Of the target. What all calls have in common is read once, and not counted. */
export function targetTokens({ rendering }: RunConfig, task: Task | null): CallTokens {
  const some = task?.splits.validation.slice(0, LOOKED_AT) ?? [];
  const characters = some.reduce((sum, { input }) => sum + input.length, 0);
  const input = (some.length > 0 ? characters / some.length : USUAL_INPUT) / CHARACTERS + AROUND;
  return rendering.read === 'choose'
    ? { read: input + OPTIONS, write: 0 }
    : { read: input, write: rendering.maxTokens };
}

/** Of the optimizer, whose meta-prompt is new each time. */
export function optimizerTokens(
  { metaStyle, initialPrompt }: RunConfig,
  templates: Readonly<Record<string, string>>,
): CallTokens {
  const longest = Math.max(0, ...Object.values(templates).map((text) => text.length));
  const shown = (longest + PAST_PROMPTS * initialPrompt.length) / CHARACTERS + AROUND;
  return { read: shown, write: PROPOSED[metaStyle] };
}

/** Milliseconds of one call of the target. */
export const targetMs = (config: RunConfig, speed: ModelSpeed, task: Task | null) =>
  msOf(targetTokens(config, task), speed);

/** Milliseconds of one call of the optimizer. */
export const optimizerMs = (
  config: RunConfig,
  speed: ModelSpeed,
  templates: Readonly<Record<string, string>>,
) => msOf(optimizerTokens(config, templates), speed);

const msOf = (tokens: CallTokens, speed: ModelSpeed) =>
  (1000 * tokens.read) / speed.read + (tokens.write === 0 ? 0 : (1000 * tokens.write) / speed.write);
