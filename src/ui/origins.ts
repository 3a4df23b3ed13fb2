import type { Part } from '../core/events.ts';

export type Origin = Part['origin'];

/** Where a stretch of a meta-prompt came from, in words. */
export const originWords: Record<Origin, string> = {
  rule: 'fixed wording',
  trajectory: 'earlier prompts',
  current: 'current prompt',
  exemplars: 'examples',
  reflection: 'reflection',
  'step-size': 'step size',
  task: 'task',
};

/** What fills a slot of this name. */
const BY_SLOT: Readonly<Record<string, Origin>> = {
  trajectory: 'trajectory',
  current: 'current',
  exemplars: 'exemplars',
  reflection: 'reflection',
  task: 'task',
  stepSize: 'step-size',
  errors: 'exemplars',
  cases: 'exemplars',
  feedback: 'reflection',
  history: 'trajectory',
  reason: 'reflection',
  first: 'trajectory',
  second: 'trajectory',
  donor: 'trajectory',
  ancestor: 'trajectory',
};

/** The origin whose colour a template's slot is drawn in; fixed wording for a slot that is a word or two. */
export function slotOrigin(slot: string): Origin {
  return BY_SLOT[slot] ?? 'rule';
}

/** A stretch of a template: fixed text, or a slot. */
export type TemplatePiece = { kind: 'text'; text: string } | { kind: 'slot'; text: string; slot: string };

/** A template cut at its `{slot}` placeholders, in order; the pieces' texts join to the template. */
export function templatePieces(template: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let from = 0;
  for (const match of template.matchAll(/\{([A-Za-z][\w-]*)\}/g)) {
    if (match.index > from) pieces.push({ kind: 'text', text: template.slice(from, match.index) });
    pieces.push({ kind: 'slot', text: match[0], slot: match[1] ?? '' });
    from = match.index + match[0].length;
  }
  if (from < template.length) pieces.push({ kind: 'text', text: template.slice(from) });
  return pieces;
}

/** Slots of the method's own template that an edited one lacks, and slots that it invents. */
export function slotChanges(own: string, edited: string): { lost: string[]; unknown: string[] } {
  const slots = (template: string) =>
    new Set(templatePieces(template).flatMap((piece) => (piece.kind === 'slot' ? [piece.slot] : [])));
  const [before, after] = [slots(own), slots(edited)];
  return {
    lost: [...before].filter((slot) => !after.has(slot)),
    unknown: [...after].filter((slot) => !before.has(slot)),
  };
}
