/** Prompts that are numbered steps (Automatic Behavior Optimization), and reading what models say about the steps. */

/** Without line breaks and bold marks, which would not survive in a prompt anyway. */
const oneLine = (text: string): string => text.replaceAll('**', '').replace(/\s+/gu, ' ').trim();

/** What stands before step `number`, counted from 1, in prompts, demonstrations and replies. */
export const stepLabel = (number: number): string => `Step ${number}:`;

/** Steps, each on a line of its own behind its label. */
export const stepLines = (steps: readonly string[]): string =>
  steps.map((step, i) => `${stepLabel(i + 1)} ${step}`).join('\n');

/** A list mark, `Step`, a number that no decimal point splits, and what ends a label. */
const NUMBERED = /^\s{0,8}(?:[-*•]\s{1,4})?(?:step\s{0,3})?(\d{1,3})\s{0,3}[.):-](?!\d)\s*/iu;

/**
 * The steps of a numbered list (`1.`, `2)`, `Step 3:`), one line each, at most `most`; lines without a number belong
 * to the step above, and what stands before the first is dropped. Without any number each line is a step.
 */
export function parseSteps(text: string, most: number): string[] {
  const steps: string[] = [];
  for (const line of text.split('\n')) {
    const label = NUMBERED.exec(line);
    const last = steps.at(-1);
    if (label !== null) steps.push(line.slice(label[0].length));
    else if (last !== undefined) steps[steps.length - 1] = `${last} ${line}`;
  }
  return (steps.length > 0 ? steps : text.split('\n'))
    .map(oneLine)
    .filter((step) => step !== '')
    .slice(0, most);
}

/** One step as a reply gives it, on one line and without its label; null when nothing is left or another step follows. */
export function parseStep(text: string): string | null {
  const line = text.trimStart();
  const step = oneLine(line.slice(NUMBERED.exec(line)?.[0].length ?? 0));
  return step === '' || /\bstep \d{1,3}:/iu.test(step) ? null : step;
}

/** Whether a text names step `number`, as a label or in passing. */
const names = (text: string, number: number) => new RegExp(`\\bstep\\s{0,3}${number}\\b`, 'iu').test(text);

/** Share of the steps 1..count that the replies name, 0..1, the mean over replies; 0 for none. */
export function adherence(replies: readonly string[], count: number): number {
  if (replies.length === 0 || count === 0) return 0;
  let named = 0;
  for (const reply of replies)
    for (let number = 1; number <= count; number++) named += names(reply, number) ? 1 : 0;
  return named / (replies.length * count);
}

/** A worked example as a reply gives it: what each step gave, one line each, and the answer. */
export interface Demonstration {
  work: string[];
  answer: string;
}

const ANSWER = /\banswer\s{0,3}:|\banswer\s{1,3}is\b:?/giu;

/**
 * The work of all `count` steps in order and the answer behind the last `Answer:` or `answer is`; null when a step is
 * missing or empty, when there is one more than there should be, or when no answer follows the last.
 */
export function parseDemonstration(text: string, count: number): Demonstration | null {
  const work: string[] = [];
  let rest = text;
  for (let number = 1; number <= count; number++) {
    const label = new RegExp(`\\bstep\\s{0,3}${number}\\b\\s{0,3}[.):-]?`, 'iu').exec(rest);
    if (label === null) return null;
    if (number > 1) work.push(oneLine(rest.slice(0, label.index)));
    rest = rest.slice(label.index + label[0].length);
  }
  const cue = [...rest.matchAll(ANSWER)].at(-1);
  if (cue === undefined) return null;
  work.push(oneLine(withoutLead(rest.slice(0, cue.index))));
  const answer = rest.slice(cue.index + cue[0].length).trim();
  const over = new RegExp(`(?:^|\\n)[^\\S\\n]*step\\s{0,3}${count + 1}\\b`, 'iu').test(rest);
  return over || answer === '' || work.some((line) => line === '') ? null : { work, answer };
}

/** Without the words at its end that lead to an answer: "so the final right ". */
function withoutLead(text: string): string {
  let end = text.length;
  // The longest of them has six letters, and one more shows whether it is a word of its own.
  for (let lead; (lead = /\b(?:so|the|final|right) $/iu.exec(text.slice(Math.max(0, end - 7), end)));)
    end -= lead[0].length;
  return text.slice(0, end);
}

/** What was wrong at a step. */
export type Fault = 'not followed' | 'ambiguous' | 'wrong' | 'missing';
const FAULTS: readonly Fault[] = ['not followed', 'ambiguous', 'wrong', 'missing'];

export interface Verdict {
  /** 1..count, or count + 1 for a step that is missing at the end. */
  step: number;
  fault: Fault;
  /** On one line; may be empty. */
  reason: string;
}

/** Characters of a reply that are looked at, and objects in it that are tried. */
const LOOKED_AT = 20_000;
const OBJECTS = 16;
/** A reason is cut here: the next request has to hold several. */
const REASON_CHARACTERS = 400;

/**
 * Reads which step failed from a reply that should be `{"step": 2, "kind": "ambiguous", "reason": "..."}`: the first
 * object with a step, in a fence or not, or else the first number behind the word step. A number that is no step means
 * that one is missing at the end; so does the kind `missing`. Null when there is no number. Never throws; linear.
 */
export function parseVerdict(reply: string, count: number): Verdict | null {
  const text = reply.slice(0, LOOKED_AT);
  let tried = 0;
  for (const [object] of text.matchAll(/\{[^{}]*\}/gu)) {
    if (++tried > OBJECTS) break;
    const verdict = ofObject(object, count);
    if (verdict !== null) return verdict;
  }
  const number = /\bstep\b[^\p{L}\d]{0,12}(?:number\s{1,3}|no\.?\s{1,3})?(\d{1,3})/iu.exec(text)?.[1];
  if (number === undefined) return null;
  const fault = FAULTS.find((each) => text.toLowerCase().includes(each)) ?? 'ambiguous';
  return verdictOf(Number(number), fault, '', count);
}

/** The first whole number of a text that begins with it, as a continued sentence gives it; null for another text. */
export function leadingNumber(text: string): number | null {
  const digits = /^\s{0,4}#?(\d{1,3})\b/u.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function ofObject(text: string, count: number): Verdict | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const fields = new Map<string, unknown>(
    Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]),
  );
  const step = fields.get('step');
  const number =
    typeof step === 'number' ? step : typeof step === 'string' ? /\d{1,3}/u.exec(step)?.[0] : undefined;
  if (number === undefined) return null;
  const kind = fields.get('kind');
  const reason = fields.get('reason');
  const said = typeof kind === 'string' ? kind.toLowerCase().replaceAll(/[-_]/gu, ' ') : '';
  const fault = FAULTS.find((each) => said.includes(each)) ?? 'ambiguous';
  return verdictOf(Number(number), fault, typeof reason === 'string' ? reason : '', count);
}

/** `step` as a verdict, whatever number it is. */
export function verdictOf(step: number, fault: Fault, reason: string, count: number): Verdict {
  const known = Number.isInteger(step) && step >= 1 && step <= count && fault !== 'missing';
  return {
    step: known ? step : count + 1,
    fault: known ? fault : 'missing',
    reason: oneLine(reason).slice(0, REASON_CHARACTERS),
  };
}

/** The step that most verdicts name, of several the earliest; null for no verdicts. */
export function majorityStep(verdicts: readonly Verdict[]): number | null {
  const counts = new Map<number, number>();
  for (const { step } of verdicts) counts.set(step, (counts.get(step) ?? 0) + 1);
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || a - b);
  return ranked[0]?.[0] ?? null;
}
