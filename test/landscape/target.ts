/**
 * Simulation only: an engine that plays the target model of a landscape. It gets the rendered ask and nothing else:
 * the prompt, the worked examples and the input are read out of the text. Same ask, same reply.
 */
import type { Candidate } from '../../src/core/candidate.ts';
import type { Ask, Engine, Message } from '../../src/core/model.ts';
import { calledFor } from './ideas.ts';
import {
  answerTo,
  impression,
  INPUT,
  knownInput,
  met,
  type Known,
  type Landscape,
  type Met,
} from './landscape.ts';
import { simulatedEngine } from './simulated-engine.ts';

/** A prompt as the target has taken it in. */
interface Prompt {
  met: Met;
  /** What it says before its answer: the steps that the prompt numbers, or a thought where it asks for thinking. */
  spoken: string;
}

/** `cache` counts the tokens that an ask shares with the beginning of the previous one as cached. */
export function simulatedTarget(land: Landscape, cache = false): Engine {
  const prompts = new Map<string, Prompt>();
  const inputs = new Map<string, Known>();

  function promptOf(text: string, shots: readonly string[]): Prompt {
    const key = [text, ...shots].join('\u0000');
    const known = prompts.get(key);
    if (known !== undefined) return known;
    const seen = impression(text, shots.map(calledFor));
    const steps = numberedSteps(text).map((step, i) => `Step ${i + 1}: ${opening(step)}: done.`);
    const thought =
      steps.length === 0 && seen.ideas.includes('steps') ? ['Let me think about the case.'] : steps;
    const prompt = { met: met(land, seen), spoken: thought.join('\n') };
    prompts.set(key, prompt);
    return prompt;
  }

  function inputOf(text: string): Known {
    const known = inputs.get(text) ?? knownInput(land, calledFor(text), text);
    inputs.set(text, known);
    return known;
  }

  function reply(ask: Ask): string {
    const { prompt: text, shots, input } = readAsk(ask, land);
    if (input === null) return 'I see no case here.';
    const prompt = promptOf(text, shots);
    const answer = answerTo(land, prompt.met, inputOf(input));
    if (prompt.spoken === '') return answer ?? 'It depends on the case.';
    return `${prompt.spoken}\n${answer === null ? 'It depends on the case.' : `Answer: ${answer}`}`;
  }
  return simulatedEngine(`simulated:target-${land.id}-${land.seed}:none`, reply, cache);
}

const opening = (step: string) => step.split(' ').slice(0, 5).join(' ');

/** The texts of numbered steps in a prompt, in its order; none unless there are at least two. */
function numberedSteps(prompt: string): string[] {
  const steps = [...prompt.matchAll(/^\s*(?:step\s+)?\d{1,2}[.:)]\s+(.+)$/gimu)].map(
    (match) => match[1] ?? '',
  );
  return steps.length >= 2 ? steps : [];
}

/** What of an ask is the prompt, which inputs are shown with an answer, and which one is asked. */
export function readAsk(
  ask: Ask,
  land: Landscape,
): { prompt: string; shots: string[]; input: string | null } {
  const messages: readonly Message[] =
    ask.content.kind === 'chat' ? ask.content.messages : [{ role: 'user', content: ask.content.text }];
  const turns = messages
    .filter(({ role }) => role !== 'assistant')
    .map(({ content }) => {
      const inputs = inputsIn(content);
      // A prompt behind the input may hold worked examples of its own; one before it too.
      const behind = land.position === 'question-end' || land.position === 'answer-begin';
      const input = (behind ? inputs[0] : inputs.at(-1)) ?? null;
      return { input, inputs, prompt: promptIn(content, input) };
    });
  const input = turns.at(-1)?.input ?? null;
  // A prompt that is said again with each worked example shows nothing more than once.
  const shots = [...new Set(turns.flatMap(({ inputs }) => inputs))].filter((one) => one !== input);
  const prompt = [...new Set(turns.map((turn) => turn.prompt).filter((text) => text !== ''))].join('\n');
  return { prompt, shots, input };
}

/** A candidate as the target takes it in, whatever the ask: for the truth about it. */
export function readCandidate({ prompt, shots }: Pick<Candidate, 'prompt' | 'shots'>): {
  prompt: string;
  shots: (string | null)[];
} {
  const shown = [...new Set([...shots.map(({ input }) => input), ...inputsIn(prompt)])];
  return { prompt: promptIn(prompt, null), shots: shown.map(calledFor) };
}

const inputsIn = (text: string): string[] => text.match(INPUT) ?? [];

/** Texts without what is asked, and the prompt in them: an ask differs from the next in its input alone. */
const bare = new Map<string, string>();

/** The worked examples of a prompt's own: an input and the lines below it, up to an empty one. */
const WORKED = new RegExp(`^.*${INPUT.source}.*(?:\\n.*\\S.*)*`, 'gmu');

/** The lines of the prompt alone: without the input that is asked, markers, and worked examples. */
function promptIn(text: string, asked: string | null): string {
  const rest = asked === null ? text : text.replace(asked, () => '');
  const known = bare.get(rest);
  if (known !== undefined) return known;
  const lines = rest
    .replace(WORKED, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(?:Item|Answer):/u, '').trim())
    .filter((line) => line !== '')
    .join('\n');
  if (bare.size >= REMEMBERED) bare.clear();
  bare.set(rest, lines);
  return lines;
}

const REMEMBERED = 10_000;
