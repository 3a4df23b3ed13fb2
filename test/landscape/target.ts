/**
 * Simulation only: an engine that plays the target model of a landscape. It gets the rendered ask and nothing else:
 * the prompt, the worked examples and the input are read out of the text. Same ask, same reply.
 */
import type { Candidate } from '../../src/core/candidate.ts';
import { hash32 } from '../../src/core/hash.ts';
import type { Ask, Engine, Message } from '../../src/core/model.ts';
import { calledFor } from './ideas.ts';
import {
  impression,
  INPUT,
  logits,
  outcome,
  rightAnswer,
  type Impression,
  type Landscape,
} from './landscape.ts';
import { simulatedEngine } from './simulated-engine.ts';

interface Known {
  seen: Impression;
  levels: Map<string | null, number>;
  /** Numbered steps that the prompt asks to work through. */
  steps: readonly string[];
}

/** `cache` counts the tokens that an ask shares with the beginning of the previous one as cached. */
export function simulatedTarget(land: Landscape, cache = false): Engine {
  const known = new Map<string, Known>();

  function reply(ask: Ask): string {
    const { prompt, shots, input } = readAsk(ask, land);
    const key = [prompt, ...shots].join('\u0000');
    let about = known.get(key);
    if (about === undefined) {
      const seen = impression(prompt, shots.map(calledFor));
      about = { seen, levels: logits(land, seen), steps: numberedSteps(prompt) };
      known.set(key, about);
    }
    const { seen, levels, steps } = about;
    if (input === null) return 'I see no case here.';
    const worked = steps.map((step, i) => `Step ${i + 1}: ${opening(step)}: done.`);
    const spoken =
      seen.ideas.includes('steps') && worked.length === 0 ? ['Let me think about the case.'] : worked;
    const answer = rightAnswer(land, input);
    switch (outcome(land, seen, levels, calledFor(input), input)) {
      case 'right':
        return [...spoken, said(answer, spoken)].join('\n');
      case 'wrong': {
        const others = land.answers.filter((one) => one !== answer);
        const other = others[hash32(`wrong/${input}`, land.seed) % Math.max(1, others.length)] ?? answer;
        return [...spoken, said(other, spoken)].join('\n');
      }
      case 'unreadable':
        return [...spoken, 'It depends on the case.'].join('\n');
    }
  }
  return simulatedEngine(`simulated:target-${land.id}-${land.seed}:none`, reply, cache);
}

const said = (answer: string, spoken: readonly string[]) =>
  spoken.length > 0 ? `Answer: ${answer}` : answer;

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
  const asked = messages.filter(({ role }) => role !== 'assistant').map(({ content }) => content);
  const last = asked.at(-1) ?? '';
  const inputs = inputsIn(last);
  // A prompt behind the input may show worked examples of its own; one before it too.
  const input =
    (land.position === 'question-end' || land.position === 'answer-begin' ? inputs[0] : inputs.at(-1)) ??
    null;
  const shots = [...asked.slice(0, -1).flatMap(inputsIn), ...inputs.filter((one) => one !== input)];
  const prompt = [...new Set(asked.map(withoutInputs).filter((text) => text !== ''))].join('\n');
  return { prompt, shots, input };
}

/** A candidate as the target takes it in, whatever the ask: for the truth about it. */
export function readCandidate({ prompt, shots }: Pick<Candidate, 'prompt' | 'shots'>): {
  prompt: string;
  shots: (string | null)[];
} {
  const shown = [...shots.map(({ input }) => input), ...inputsIn(prompt)];
  return { prompt: withoutInputs(prompt), shots: shown.map(calledFor) };
}

const inputsIn = (text: string): string[] => text.match(INPUT) ?? [];

/** The lines of the prompt alone, without inputs and without the markers in front of them. */
function withoutInputs(text: string): string {
  return text
    .replace(INPUT, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(?:Item|Answer):/u, '').trim())
    .filter((line) => line !== '')
    .join('\n');
}
