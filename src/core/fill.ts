import type { Part } from './events.ts';

/**
 * Puts slot values into a template in one pass: `{name}` becomes the value of `name`, whatever that holds (braces,
 * `$&`, tags), and is never looked at again. Template text gets the origin `rule`, and so does a slot given as a
 * string. `{words}` that name no slot stay as they are. Neighbours of one origin are joined; no part is empty.
 *
 * A line that holds nothing but slots whose value is '' vanishes; where it stood between blank lines or at an edge,
 * a blank line goes with it, so that an absent paragraph leaves no hole.
 */
export function fill(template: string, slots: Readonly<Record<string, Part | string>>): Part[] {
  const lines: { parts: Part[]; blank: boolean }[] = [];
  // A paragraph has just vanished: a blank line right behind it goes too.
  let hole = false;
  for (const line of template.split('\n')) {
    const blank = line.trim() === '';
    if (vanishes(line, slots)) {
      hole = lines.at(-1)?.blank ?? true;
    } else if (blank && hole) {
      hole = false;
    } else {
      lines.push({ parts: fillLine(line, slots), blank });
      hole = false;
    }
  }
  if (hole && lines.at(-1)?.blank === true) lines.pop();
  return merged(lines.flatMap(({ parts }, i) => (i === 0 ? parts : [rule('\n'), ...parts])));
}

/** The text of parts, one behind the other. */
export function joinParts(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join('');
}

const PLACEHOLDER = /\{([A-Za-z][\w-]*)\}/g;

const rule = (text: string): Part => ({ origin: 'rule', text });

function slotOf(slots: Readonly<Record<string, Part | string>>, name: string): Part | null {
  const slot = Object.hasOwn(slots, name) ? slots[name] : undefined;
  if (slot === undefined) return null;
  return typeof slot === 'string' ? rule(slot) : slot;
}

function fillLine(line: string, slots: Readonly<Record<string, Part | string>>): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of line.matchAll(PLACEHOLDER)) {
    const slot = slotOf(slots, match[1] ?? '');
    if (slot === null) continue;
    parts.push(rule(line.slice(from, match.index)), slot);
    from = match.index + match[0].length;
  }
  return [...parts, rule(line.slice(from))];
}

function vanishes(line: string, slots: Readonly<Record<string, Part | string>>): boolean {
  const names = [...line.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
  return (
    names.length > 0 &&
    line.replace(PLACEHOLDER, '').trim() === '' &&
    names.every((name) => slotOf(slots, name)?.text === '')
  );
}

function merged(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.text === '') continue;
    if (last?.origin === part.origin) joined[joined.length - 1] = { ...last, text: last.text + part.text };
    else joined.push({ ...part });
  }
  return joined;
}
