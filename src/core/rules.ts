import { withoutEnd } from './trim.ts';

/**
 * Answers that are judged by rules rather than by a right text, such as a letter rewritten in another tone. A gold
 * text holds one rule a line:
 *
 *   has: sorry | apologise      at least one of these occurs, as whole words
 *   lacks: stupid | nonsense    none of these occurs, as whole words
 *   starts: Dear                the reply begins with one of these
 *   ends: Regards               it ends with one of these, a final mark aside
 *   words: 10-40                so many words, both ends included
 *
 * Case, kinds of blanks and kinds of apostrophes make no difference.
 */
export type Rule =
  | { kind: 'has' | 'lacks' | 'starts' | 'ends'; texts: readonly string[] }
  | { kind: 'words'; least: number; most: number };

/** The rules of a gold text; null when a line is no rule or there is none. Empty lines are passed over. */
export function parseRules(gold: string): Rule[] | null {
  const rules: Rule[] = [];
  for (const line of gold.split('\n')) {
    if (line.trim() === '') continue;
    const rule = parseRule(line);
    if (rule === null) return null;
    rules.push(rule);
  }
  return rules.length === 0 ? null : rules;
}

function parseRule(line: string): Rule | null {
  const colon = line.indexOf(':');
  const kind = line.slice(0, Math.max(0, colon)).trim();
  const rest = line.slice(colon + 1).trim();
  if (kind === 'words') {
    const range = /^(\d{1,6})-(\d{1,6})$/.exec(rest);
    const [least, most] = [Number(range?.[1]), Number(range?.[2])];
    return range === null || least > most ? null : { kind, least, most };
  }
  if (kind !== 'has' && kind !== 'lacks' && kind !== 'starts' && kind !== 'ends') return null;
  const texts = rest
    .split('|')
    .map((text) => plain(text))
    .filter((text) => text !== '');
  return texts.length === 0 ? null : { kind, texts };
}

/** Rules that a reply breaks, in words, in their order; empty when it keeps all. */
export function brokenRules(rules: readonly Rule[], reply: string): string[] {
  const text = plain(reply);
  return rules.flatMap((rule) => (keeps(rule, text) ? [] : [inWords(rule)]));
}

function keeps(rule: Rule, text: string): boolean {
  switch (rule.kind) {
    case 'has':
      return rule.texts.some((one) => hasWords(text, one));
    case 'lacks':
      return !rule.texts.some((one) => hasWords(text, one));
    case 'starts':
      return rule.texts.some((one) => text.startsWith(one) && !isWordAt(text, one.length));
    case 'ends': {
      const end = withoutEnd(text, ' .,!?');
      return rule.texts.some((one) => {
        const wanted = withoutEnd(one, ' .,!?');
        return end.endsWith(wanted) && !isWordAt(end, end.length - wanted.length - 1);
      });
    }
    case 'words': {
      const count = text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
      return count >= rule.least && count <= rule.most;
    }
  }
}

function inWords(rule: Rule): string {
  if (rule.kind === 'words') return `should have ${rule.least} to ${rule.most} words`;
  const list = rule.texts.map((text) => `“${text}”`).join(' or ');
  return {
    has: `should say ${list}`,
    lacks: `should not say ${list}`,
    starts: `should begin with ${list}`,
    ends: `should end with ${list}`,
  }[rule.kind];
}

/** Whether `part` occurs with no letter or digit touching it on either side. */
function hasWords(text: string, part: string): boolean {
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) {
    if (!isWordAt(text, at - 1) && !isWordAt(text, at + part.length)) return true;
  }
  return false;
}

const isWordAt = (text: string, at: number) => /[\p{L}\p{N}]/u.test(text.charAt(at));

const plain = (text: string) =>
  text.normalize('NFC').toLowerCase().replaceAll('’', "'").replace(/\s+/gu, ' ').trim();
