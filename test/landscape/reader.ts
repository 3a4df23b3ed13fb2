/**
 * Simulation only: how the simulated optimizer reads a meta-prompt. It knows no method: it looks for what a reader
 * would look for, that is prompts with or without scores, criticism, inputs that were answered wrongly, limits, and
 * the form in which the answer is wanted.
 */
import { ideasOfSentence, sentencesOf, wordsOf } from './ideas.ts';
import { INPUT } from './landscape.ts';

/** A prompt that the meta-prompt shows. */
export interface Shown {
  text: string;
  /** As it stands there, whatever its scale; null without one. */
  score: number | null;
  /** Called the current one, or the one to change. */
  current: boolean;
}

export type Form =
  | { kind: 'tags'; open: string; close: string }
  | { kind: 'brackets' }
  | { kind: 'fence' }
  | { kind: 'json'; keys: readonly { name: string; value: string }[] }
  | { kind: 'plain' };

export interface Reading {
  form: Form;
  wants: 'prompt' | 'paraphrase' | 'reasons' | 'demonstration' | 'step';
  /** How many, each in its own form. */
  count: number;
  shown: readonly Shown[];
  /** Ideas that criticism asks for, and those that it wants gone. */
  advised: readonly string[];
  discouraged: readonly string[];
  /** Inputs shown with a wrong answer, and all others. */
  errors: readonly string[];
  exemplars: readonly string[];
  /** Right answers by input, where they are shown. */
  shownGold: ReadonlyMap<string, string>;
  /** The number of the one step that may be changed, and whether a numbered list is asked for. */
  onlyStep: number | null;
  numbered: boolean;
  /** Words that may change, and words that the answer may have; null without a limit. */
  mayChange: number | null;
  mayHave: number | null;
}

/** Behind the material, a request stands within this many characters of the end. */
const TAIL = 700;

export function read(text: string, continued: boolean): Reading {
  const tail = text.slice(-TAIL);
  const { errors, exemplars, gold } = readInputs(text);
  const { shown, advised, discouraged } = readPrompts(text);
  const form = continued ? ({ kind: 'plain' } as const) : readForm(text);
  return {
    form,
    wants: readWish(tail, text),
    count: readCount(tail),
    shown,
    advised,
    discouraged,
    errors,
    exemplars,
    shownGold: gold,
    onlyStep: numberIn(/(?:rewrite|change|revise|improve|replace)\s+(?:only\s+)?step\s+(\d+)/iu, text),
    numbered: /numbered|\bsteps?\b[^.]{0,40}\b(?:list|line)\b|list of[^.]{0,30}\bsteps\b/iu.test(tail),
    mayChange: numberIn(/(?:change|changes|modify|edit)[^.]{0,30}at most (\d+) words/iu, text),
    mayHave: lengthLimit(tail),
  };
}

/** The most words that the answer may have: a limit that does not speak of changes. */
function lengthLimit(tail: string): number | null {
  const limits =
    /(?:at most|no (?:more|longer) than|within|under|fewer than|limit of|up to)\s+(\d+)\s+(?:words|tokens)/giu;
  for (const match of tail.matchAll(limits)) {
    if (!/chang|modif|edit/iu.test(tail.slice(Math.max(0, match.index - 40), match.index)))
      return Number(match[1]);
  }
  return null;
}

function numberIn(pattern: RegExp, text: string): number | null {
  const match = pattern.exec(text);
  return match === null ? null : Number(match[1]);
}

const TAG = '<([A-Za-z][\\w-]*)>';
const CLOSE = '<\\/?([A-Za-z][\\w-]*)>';
const FORMS: readonly { pattern: RegExp; form: (match: RegExpMatchArray, text: string) => Form }[] = [
  {
    pattern: new RegExp(
      `(?:between|with|from|in|inside|within)\\s+${TAG}\\s*(?:and|to|\\.{2,3}|…)[^.<]{0,40}${CLOSE}`,
      'giu',
    ),
    form: (match) => ({
      kind: 'tags',
      open: `<${match[1] ?? ''}>`,
      close: match[1] === match[2] ? `</${match[2] ?? ''}>` : `<${match[2] ?? ''}>`,
    }),
  },
  {
    pattern: new RegExp(`${TAG}(?:[^<\\n]{0,60}<\\/\\1>|[^<\\n]{0,10}tags?\\b)`, 'giu'),
    form: (match) => ({ kind: 'tags', open: `<${match[1] ?? ''}>`, close: `</${match[1] ?? ''}>` }),
  },
  { pattern: /square brackets|\[brackets\]/giu, form: () => ({ kind: 'brackets' }) },
  {
    pattern:
      /fenced|(?:within|in|between|inside)\s+(?:a\s+)?(?:triple\s+)?(?:```|backticks|code block|code fence)/giu,
    form: () => ({ kind: 'fence' }),
  },
  { pattern: /\bJSON\b/gu, form: (_match, text) => ({ kind: 'json', keys: keysOf(text) }) },
];

/** The form that is named last; plain text when none is. */
function readForm(text: string): Form {
  let last = -1;
  let form: Form = { kind: 'plain' };
  for (const { pattern, form: make } of FORMS) {
    for (const match of text.matchAll(pattern)) {
      if (match.index <= last) continue;
      last = match.index;
      form = make(match, text);
    }
  }
  return form;
}

/** Keys of the last object that the text shows or names. */
function keysOf(text: string): { name: string; value: string }[] {
  const from = text.slice(-TAIL);
  const drawn = [...from.matchAll(/"(\w+)"\s*:\s*([^,}\n]+)/gu)].map((match) => ({
    name: match[1] ?? '',
    value: (match[2] ?? '').trim(),
  }));
  if (drawn.length > 0) return drawn;
  const named = /(?:keys|fields)\s+([^.]+)/iu.exec(from)?.[1] ?? '';
  return (named.match(/\w+/gu) ?? []).filter((word) => word !== 'and').map((name) => ({ name, value: '' }));
}

const WISHES: readonly { wants: Reading['wants']; pattern: RegExp }[] = [
  {
    wants: 'reasons',
    pattern:
      /\b(?:give|list|name|state|write|explain|tell|find|describe|provide|say|identify|note|fill)\b[^.]{0,70}\b(?:reasons?|problems?|critiques?|criticisms?|diagnos[ie]s|feedback|weakness(?:es)?|form|why|what (?:is|was|went) wrong)\b/giu,
  },
  {
    wants: 'demonstration',
    pattern:
      /\b(?:write|give|show|produce|solve|work|make|execute|carry)\b[^.]{0,70}\b(?:demonstration|worked (?:example|solution)|through (?:all |every |the )?steps?|every step|each step|out (?:all |every |the )?steps?)\b/giu,
  },
  {
    // One more, not the whole list.
    wants: 'step',
    pattern:
      /\b(?:write|give|add|state|propose)\b[^.]{0,20}\b(?:a|an|one|single|missing|new|next)\s+(?:\w+\s+)?step\b/giu,
  },
  {
    wants: 'paraphrase',
    pattern:
      /\b(?:paraphrase|rephrase|reword|variation of|same meaning|in other words|other words|keep(?:s|ing)? (?:its|the) (?:meaning|content))\b/giu,
  },
  {
    wants: 'prompt',
    pattern:
      /\b(?:write|produce|generate|create|propose|give|suggest|modify|improve|rewrite|revise|edit|combine|merge|cross|reply|mutate|output)\b[^.]{0,90}\b(?:prompts?|instructions?|texts?|version|variant|template|section|steps?|offspring|child)\b/giu,
  },
];

/** What is asked for last. Saying something in other words counts wherever the tail asks for it. */
function readWish(tail: string, text: string): Reading['wants'] {
  let last = -1;
  let wants: Reading['wants'] = 'prompt';
  for (const wish of WISHES) {
    for (const match of tail.matchAll(wish.pattern)) {
      if (match.index <= last) continue;
      last = match.index;
      wants = wish.wants;
    }
  }
  const other = WISHES.find((wish) => wish.wants === 'paraphrase')?.pattern ?? /$^/u;
  const short = text.length < 1500;
  return wants === 'prompt' && short && text.search(other) >= 0 ? 'paraphrase' : wants;
}

const NUMBERS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

function readCount(tail: string): number {
  const match =
    /\b(two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\s+(?:(?:more|new|different|distinct|better|improved|further)\s+)*(?:reasons|prompts|instructions|texts|variants|variations|versions|paraphrases|sections)\b/iu.exec(
      tail,
    );
  const word = (match?.[1] ?? '').toLowerCase();
  const count = /^\d+$/u.test(word) ? Number(word) : NUMBERS.indexOf(word);
  return Math.min(10, Math.max(1, count));
}

const GIVEN =
  /(?:model|got|given|predict|repl|response|output|answered|assistant|student)[^:\n]{0,30}:[ \t]*(\S[^\n]*)/iu;
const GOLD =
  /(?:right|correct|expected|gold|label|target|true|desired|reference|output|answer)[^:\n,]{0,20}:[ \t]*([^\s,][^\n,]*)/iu;
const BAD = /\b(?:wrong(?:ly)?|incorrect(?:ly)?|mistake|failed)\b/iu;

/** Which inputs stand in the text, and which of them with a wrong answer. */
function readInputs(text: string): { errors: string[]; exemplars: string[]; gold: Map<string, string> } {
  const found = [...text.matchAll(INPUT)];
  const errors: string[] = [];
  const exemplars: string[] = [];
  const golds = new Map<string, string>();
  const first = found[0]?.index ?? 0;
  const headed = /\b(?:wrong|incorrect|error|mistake|fail)/iu.test(
    text.slice(Math.max(0, first - 200), first),
  );
  found.forEach((match, i) => {
    const end = match.index + match[0].length;
    const behind = text.slice(end, Math.min(found[i + 1]?.index ?? text.length, end + 350));
    const given = GIVEN.exec(behind);
    const rest = given === null ? behind : behind.replace(given[0], '');
    const gold = (/expected:? ([^\n,.]+)/iu.exec(behind) ?? GOLD.exec(rest))?.[1]?.trim();
    const said = given?.[1]?.trim();
    if (gold !== undefined) golds.set(match[0], gold);
    const differs = said !== undefined && gold !== undefined && !said.endsWith(gold);
    const fine = /\b(?:Right\.|is right|correct\b)/u.test(behind) && !BAD.test(behind);
    if (BAD.test(behind.slice(0, 250)) || (headed && !fine) || (differs && headed)) errors.push(match[0]);
    else exemplars.push(match[0]);
  });
  return { errors, exemplars, gold: golds };
}

/** Says what the task is, so a sentence of a prompt even without any idea. */
const TASK_WORDS = /\bgroups?\b[^.]*\bcases?\b|\bcases?\b[^.]*\bgroups?\b/iu;
const CRITICAL = /\b(?:does not say|should say|lacks|nothing about|would help)\b/iu;
const AGAINST = /\bshould not say\b/iu;
const LABEL = /^(?!step\b|remember\b|note\b|\d)[A-Za-z<][^:\n]{0,48}:(?=\s|$)/iu;
const SCORE = /(?:score|precision|accuracy|fitness|performance)\D{0,14}(\d+(?:\.\d+)?)/iu;

/** Prompts that the text shows, and what it says against them. */
function readPrompts(text: string): { shown: Shown[]; advised: string[]; discouraged: string[] } {
  const shown: Shown[] = [];
  const advised: string[] = [];
  const discouraged: string[] = [];
  for (const { chunk, before, after } of chunksOf(text)) {
    const sentences = sentencesOf(chunk);
    const telling = sentences.filter((one) => ideasOfSentence(one).length > 0);
    if (telling.some((one) => CRITICAL.test(one) || AGAINST.test(one))) {
      for (const one of telling) (AGAINST.test(one) ? discouraged : advised).push(...ideasOfSentence(one));
      continue;
    }
    const body = chunk.replace(INPUT, ' ').trim();
    if (telling.length === 0 && !TASK_WORDS.test(body)) continue;
    // What speaks of prompts or of tags is a rule for their writer.
    if (/<[A-Za-z/]|\bprompts?\b|\binstructions?\b/iu.test(body)) continue;
    const score = SCORE.exec(after)?.[1] ?? SCORE.exec(before)?.[1];
    const same = shown.find((one) => one.text === body);
    const current = /\b(?:current|original|following|base|parent|latest)\b/iu.test(before);
    if (same === undefined)
      shown.push({ text: body, score: score === undefined ? null : Number(score), current });
    else {
      same.current ||= current;
      same.score ??= score === undefined ? null : Number(score);
    }
  }
  return { shown, advised, discouraged };
}

/** Stretches that may be a prompt: what stands in tags, fences or quotes, behind a label, or between blank lines. */
function chunksOf(text: string): { chunk: string; before: string; after: string }[] {
  const chunks: { chunk: string; before: string; after: string }[] = [];
  let label = '';
  let open: string[] = [];
  let previous = '';
  const close = (after: string) => {
    const chunk = open.join('\n').trim();
    if (chunk !== '') chunks.push({ chunk, before: `${previous}\n${label}`, after });
    if (chunk !== '' || label !== '') previous = chunk === '' ? label : chunk.slice(-120);
    open = [];
    label = '';
  };
  const lines = text
    // A score may stand on the line below its label.
    .replace(/^(\s*(?:score|precision|accuracy|fitness):)\s*\n\s*(?=\d)/gimu, '$1 ')
    .replace(/```\w*/gu, '\n\n')
    .replace(/<\/?[A-Za-z][\w-]*>/gu, '\n\n')
    .split('\n');
  for (const line of lines) {
    const found = LABEL.exec(line.trim());
    if (line.trim() === '') {
      // A label with nothing on its line belongs to the paragraph below.
      if (open.length > 0) close('');
    } else if (found !== null) {
      close(SCORE.test(line) ? line : '');
      label = found[0];
      const rest = line.trim().slice(found[0].length).trim();
      if (SCORE.test(label + rest) && rest.length < 40) {
        previous = line;
        label = '';
      } else if (rest !== '') open.push(rest);
    } else open.push(line);
  }
  close('');
  return chunks;
}

/** Words of a text that count against a limit. */
export const lengthOf = (text: string) => wordsOf(text).length;
