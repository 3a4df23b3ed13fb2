/**
 * Simulation only: an engine that plays the optimizer model. It sees the text of a meta-prompt and knows neither the
 * landscape nor the method. It does what language models do, imperfectly: it starts from a prompt that it is shown,
 * prefers what the better-scored ones say, follows criticism, now and then sees in a wrongly answered input what a
 * prompt should say about it, rephrases, forgets, adds what it likes to say, and sometimes spoils the form.
 */
import { hash32 } from '../../src/core/hash.ts';
import type { Ask, Engine } from '../../src/core/model.ts';
import { makeRng, type Rng } from '../../src/core/rng.ts';
import {
  calledFor,
  ideaById,
  IDEAS,
  ideasOf,
  ideasOfSentence,
  INPUT_IDEAS,
  phrase,
  sentencesOf,
  type Idea,
} from './ideas.ts';
import { lengthOf, read, type Form, type Reading, type Shown } from './reader.ts';
import { promptText, simulatedEngine } from './simulated-engine.ts';

/** How able the optimizer is: probabilities. */
export interface Skill {
  /** Sees what one wrongly answered input calls for. */
  diagnosis: number;
  /** The same from an input shown as an example only. */
  induction: number;
  /** Of its diagnoses are wrong. */
  mistaken: number;
  /** Takes up a piece of criticism. */
  obedience: number;
  /** Adds something that it likes to say. */
  whim: number;
  /** Says a sentence in other words. */
  restless: number;
  /** Loses a sentence. */
  forgetful: number;
  /** Leaves out the form that was asked for. */
  sloppy: number;
  silent: number;
  rambling: number;
  /** Gives back a prompt that it was shown. */
  parroting: number;
}

export const SKILL: Skill = {
  diagnosis: 0.35,
  induction: 0.05,
  mistaken: 0.25,
  obedience: 0.75,
  whim: 0.35,
  restless: 0.25,
  forgetful: 0.05,
  sloppy: 0.03,
  silent: 0.01,
  rambling: 0.02,
  parroting: 0.03,
};

/** `cache` as in `simulatedTarget`. */
export function simulatedWriter(skill: Skill = SKILL, cache = false): Engine {
  let last: { text: string; reading: Reading; key: number } | null = null;
  function reply(ask: Ask): string {
    const text = promptText(ask.content);
    const continued = ask.content.kind === 'completion';
    // Methods ask the same text several times with different seeds.
    if (last === null || last.text !== text)
      last = { text, reading: read(text, continued), key: hash32(text) };
    const seed = ask.temperature === 0 ? 0 : ask.seed;
    return write(last.reading, makeRng(seed, `writer/${last.key}`), skill, Math.min(1.5, ask.temperature));
  }
  return simulatedEngine('simulated:writer:none', reply, cache);
}

function write(reading: Reading, rng: Rng, skill: Skill, temperature: number): string {
  const happens = (p: number) => rng.next() < p;
  if (happens(skill.silent)) return '';
  if (reading.form.kind === 'json') return json(reading, reading.form.keys, rng, skill, temperature);
  const texts = Array.from({ length: reading.count }, () => one(reading, rng, skill, temperature));
  const sloppy = happens(skill.sloppy);
  const chatty = happens(0.3) && reading.form.kind !== 'plain' ? 'Here is what I suggest.\n\n' : '';
  return chatty + texts.map((text) => (sloppy ? text : dressed(text, reading.form))).join('\n\n');
}

function dressed(text: string, form: Form): string {
  switch (form.kind) {
    case 'tags':
      return `${form.open}${text}${form.close}`;
    case 'brackets':
      return `[${text}]`;
    case 'fence':
      return `\`\`\`\n${text}\n\`\`\``;
    default:
      return text;
  }
}

function one(reading: Reading, rng: Rng, skill: Skill, temperature: number): string {
  switch (reading.wants) {
    case 'reasons':
      return reason(reading, rng, skill);
    case 'demonstration':
      return demonstration(reading, rng);
    default: {
      const parrot =
        rng.next() < skill.parroting ? reading.shown[rng.below(Math.max(1, reading.shown.length))] : null;
      if (parrot && reading.onlyStep === null && reading.wants !== 'step') return parrot.text;
      const text = compose(reading, rng, skill, temperature);
      return reading.form.kind === 'plain' ? text.replaceAll('\n', ' ') : text;
    }
  }
}

/** Ideas that the wrongly answered inputs call for, as far as the model sees it; some of them mistaken. */
function diagnosed(reading: Reading, has: ReadonlySet<string>, rng: Rng, skill: Skill): string[] {
  const found = new Set<string>();
  const look = (inputs: readonly string[], p: number) => {
    for (const input of inputs) {
      if (rng.next() >= p) continue;
      const seen = calledFor(input);
      const wrong = seen === null || has.has(seen) || rng.next() < skill.mistaken;
      const idea = wrong ? (INPUT_IDEAS[rng.below(INPUT_IDEAS.length)]?.id ?? '') : seen;
      // What the prompt says already is rarely thought lacking: then the model tries something else, if anything.
      if (!has.has(idea) && !(seen !== null && has.has(seen) && rng.next() < 0.6)) found.add(idea);
    }
  };
  look(reading.errors, skill.diagnosis);
  look(reading.exemplars, skill.induction);
  return [...found];
}

/** Criticism of the prompt shown: what it does not say, or says to its harm. */
function reason(reading: Reading, rng: Rng, skill: Skill): string {
  const base = reading.shown.find(({ current }) => current) ?? reading.shown.at(-1);
  const has = ideasOf(base?.text ?? '');
  const found = diagnosed(reading, new Set(has), rng, skill).slice(0, 2);
  // Points made before are kept when they are to be merged.
  const points = [...new Set([...found, ...reading.advised])].map(
    (id) => `It does not say: ${said(id, rng)}`,
  );
  const extra = has.length > 2 && rng.next() < 0.15 ? has[rng.below(has.length)] : undefined;
  if (extra !== undefined) points.push(`It should not say: ${said(extra, rng)}`);
  return points.length > 0 ? points.join(' ') : 'The prompt is unclear about some of these inputs.';
}

function said(id: string, rng: Rng): string {
  const of = ideaById(id);
  const text = of === undefined ? id : phrase(of, rng.below);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Steps of the prompt shown, each carried out, then the answer that was shown with the input. */
function demonstration(reading: Reading, rng: Rng): string {
  const steps = stepsOf(reading).map((step) => sentencesOf(bare(step))[0] ?? '');
  const input = reading.exemplars[0] ?? reading.errors[0] ?? '';
  const answer = reading.shownGold.get(input) ?? '';
  const done = steps.map((step, i) => `Step ${i + 1}: ${step} Done.`);
  if (done.length > 1 && rng.next() < 0.05) done.pop();
  return [input, ...done, answer === '' ? '' : `Answer: ${answer}`].filter((line) => line !== '').join('\n');
}

const NUMBERED = /^(?:step\s+)?\d{1,2}\s*[.:)]\s*/iu;
const bare = (sentence: string) => sentence.replace(NUMBERED, '');

/** What a prompt is made of: its lines when it is a numbered list, its sentences otherwise. */
function unitsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.filter((line) => NUMBERED.test(line)).length >= 2 ? lines : sentencesOf(text);
}

/** The numbered steps that are shown, or else all that is. */
function stepsOf(reading: Reading): string[] {
  const units = reading.shown.flatMap(({ text }) => unitsOf(text));
  const numbered = units.filter((unit) => NUMBERED.test(unit));
  return numbered.length > 0 ? numbered : units;
}

/** How the task is said when no prompt is shown, and other ways to say it. None of them changes anything. */
const OPENINGS = [
  'Say which group the case belongs to.',
  'Decide to which group the case belongs.',
  'Name the group of the case.',
  'Put the case into its group.',
];

/** A prompt of the model's own. */
function compose(reading: Reading, rng: Rng, skill: Skill, temperature: number): string {
  const heat = 0.4 + 0.6 * temperature;
  const happens = (p: number) => rng.next() < p;
  const base = chooseBase(reading, rng, temperature);
  const opening = [OPENINGS[rng.below(OPENINGS.length)] ?? ''];
  const oneStep = reading.onlyStep !== null || reading.wants === 'step';
  const units = oneStep ? oldStep(reading) : base === null ? opening : unitsOf(base.text);
  const listed = units.filter((text) => NUMBERED.test(text)).length >= 2 || reading.numbered;
  const stepStyle = units.some((text) => /^step\s/iu.test(text));
  const sentences = units.map(bare);
  const onlyWords = reading.wants === 'paraphrase';
  let changes = reading.mayChange === null ? Infinity : Math.max(1, Math.floor(reading.mayChange / 8));

  const worth = advantage(reading.shown);
  const gone = new Set(reading.discouraged.filter(() => happens(skill.obedience)));
  const kept = sentences.filter((sentence) => {
    const ideas = ideasOfSentence(sentence);
    const poor = Math.max(0, ...ideas.map((id) => -(worth.get(id) ?? 0)));
    const lose =
      ideas.some((id) => gone.has(id)) ||
      happens((onlyWords ? 0.5 : 1) * skill.forgetful * heat + 0.3 * poor);
    if (!lose || changes < 1 || sentences.length < 2) return true;
    changes -= 1;
    return false;
  });
  const turned = kept.map((sentence) => {
    if (!happens(onlyWords ? 0.9 : skill.restless * heat)) return sentence;
    const ideas = ideasOfSentence(sentence).flatMap((id) => ideaById(id) ?? []);
    if (ideas.length > 0) return ideas.map((idea) => phrase(idea, rng.below)).join(' ');
    return OPENINGS.includes(sentence) ? (OPENINGS[rng.below(OPENINGS.length)] ?? sentence) : sentence;
  });
  if (!onlyWords) {
    for (const id of additions(reading, ideasOf(turned.join('\n')), base, worth, rng, skill)) {
      if (changes < 1 || gone.has(id)) continue;
      changes -= 1;
      const of = ideaById(id);
      const at = happens(0.7)
        ? turned.length
        : Math.min(turned.length, 1) + rng.below(Math.max(1, turned.length));
      if (of !== undefined) turned.splice(at, 0, phrase(of, rng.below));
    }
  }
  // Who is asked for a list gives one, and who is asked for a step.
  const least = oneStep ? 1 : reading.numbered ? 2 + rng.below(3) : 0;
  while (turned.length < least) turned.push(phrase(liked(rng, ideasOf(turned.join('\n'))), rng.below));
  if (happens(skill.rambling))
    turned.push(...Array.from({ length: 4 }, () => phrase(liked(rng, []), rng.below)));
  while (
    reading.mayHave !== null &&
    turned.length > 1 &&
    lengthOf(turned.join(' ')) > reading.mayHave &&
    happens(0.9)
  )
    turned.splice(1 + rng.below(turned.length - 1), 1);
  if (listed && turned.length > 1 && !oneStep)
    return turned.map((text, i) => `${stepStyle ? `Step ${i + 1}:` : `${i + 1}.`} ${text}`).join('\n');
  return turned.join(' ');
}

/** The one step that is to be rewritten, as its sentences; nothing when a new one is wanted. */
function oldStep(reading: Reading): string[] {
  const step = reading.onlyStep === null ? undefined : stepsOf(reading)[reading.onlyStep - 1];
  return step === undefined ? [] : sentencesOf(bare(step));
}

/** The prompt to start from: the one to change, or one of those shown, the better-scored the more readily. */
function chooseBase(reading: Reading, rng: Rng, temperature: number): Shown | null {
  const { shown } = reading;
  const current = shown.find((each) => each.current);
  const scored = shown.flatMap(({ score }) => score ?? []);
  if (current && (reading.wants === 'paraphrase' || scored.length < 2 || rng.next() < 0.5)) return current;
  if (shown.length === 0) return null;
  if (scored.length === 0) return shown[rng.below(shown.length)] ?? null;
  const top = Math.max(...scored);
  const scale = (top > 1 ? 6 : 0.06) * (0.3 + temperature);
  const weights = shown.map(({ score }) => Math.exp(((score ?? Math.min(...scored)) - top) / scale));
  let at = rng.next() * weights.reduce((a, b) => a + b, 0);
  return shown.find((_, i) => (at -= weights[i] ?? 0) < 0) ?? shown.at(-1) ?? null;
}

/** For each idea, how much better the prompts that say it scored than those that do not: -1..1, 1 for ten points. */
function advantage(shown: readonly Shown[]): Map<string, number> {
  const scored = shown.flatMap(({ text, score }) =>
    score === null ? [] : [{ ideas: ideasOf(text), score }],
  );
  const worth = new Map<string, number>();
  if (scored.length < 2) return worth;
  const scale = Math.max(...scored.map(({ score }) => score)) > 1 ? 10 : 0.1;
  const mean = (list: readonly { score: number }[]) =>
    list.reduce((sum, { score }) => sum + score, 0) / list.length;
  for (const id of new Set(scored.flatMap(({ ideas }) => ideas))) {
    const having = scored.filter(({ ideas }) => ideas.includes(id));
    const lacking = scored.filter(({ ideas }) => !ideas.includes(id));
    if (lacking.length === 0) continue;
    worth.set(id, Math.max(-1, Math.min(1, (mean(having) - mean(lacking)) / scale)));
  }
  return worth;
}

/** Ideas to add to a prompt that has some. */
function additions(
  reading: Reading,
  has: readonly string[],
  base: Shown | null,
  worth: ReadonlyMap<string, number>,
  rng: Rng,
  skill: Skill,
): string[] {
  const present = new Set(has);
  const wanted = new Set<string>();
  for (const id of reading.advised) if (rng.next() < skill.obedience) wanted.add(id);
  for (const id of diagnosed(reading, present, rng, skill).slice(0, 2)) wanted.add(id);
  for (const other of reading.shown) {
    if (other === base) continue;
    for (const id of ideasOf(other.text)) {
      // Unscored prompts shown side by side are there to be combined.
      const p =
        other.score === null
          ? 0.4 / Math.max(1, reading.shown.length - 1)
          : 0.06 + 0.3 * (worth.get(id) ?? 0);
      if (rng.next() < p) wanted.add(id);
    }
  }
  if (rng.next() < skill.whim) wanted.add(liked(rng, has).id);
  return [...wanted].filter((id) => !present.has(id)).slice(0, 4);
}

/** An idea from the model's own likings, not among `has`. */
function liked(rng: Rng, has: readonly string[]): Idea {
  const open = IDEAS.filter(({ id }) => !has.includes(id));
  let at = rng.next() * open.reduce((sum, { appeal }) => sum + appeal, 0);
  const found = open.find(({ appeal }) => (at -= appeal) < 0) ?? IDEAS[0];
  if (found === undefined) throw new Error('There are no ideas.');
  return found;
}

/** An object with the keys that were named, each filled as its name and pattern suggest. */
function json(
  reading: Reading,
  keys: readonly { name: string; value: string }[],
  rng: Rng,
  skill: Skill,
  temperature: number,
): string {
  const entries = keys.map(({ name, value }): [string, string | number] => {
    const choices = value
      .replace(/["']/gu, '')
      .split(/\||\bor\b/u)
      .map((each) => each.trim());
    if (choices.length > 1) return [name, choices[rng.below(choices.length)] ?? ''];
    if (/step|number|index|count/iu.test(name) || /^(?:\d+|int|integer|number|n)\b/iu.test(value))
      return [name, failingStep(reading, rng, skill)];
    if (/prompt|instruction|text/iu.test(name)) return [name, compose(reading, rng, skill, temperature)];
    return [name, reason(reading, rng, skill)];
  });
  const object = JSON.stringify(Object.fromEntries(entries));
  return rng.next() < skill.sloppy ? object.slice(0, -1) : object;
}

/** The step to blame for an error: one that speaks of what the input calls for; often a guess, 0 for a step that lacks. */
function failingStep(reading: Reading, rng: Rng, skill: Skill): number {
  const steps = stepsOf(reading);
  const wanted = calledFor(reading.errors[0] ?? reading.exemplars[0] ?? '');
  const at = steps.findIndex((step) => wanted !== null && ideasOfSentence(step).includes(wanted));
  if (at >= 0 && rng.next() >= skill.mistaken) return at + 1;
  return rng.next() < 0.5 ? 0 : 1 + rng.below(Math.max(1, steps.length));
}
