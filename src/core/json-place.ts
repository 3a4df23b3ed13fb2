/** Where a text stops being JSON. Browsers tell it in different words, and often not at all. */

/** A place as editors count it, both from 1. */
export interface TextPlace {
  line: number;
  column: number;
}

/** The line and column of the sign at `index`; those of the end for a larger one. */
export function placeAt(text: string, index: number): TextPlace {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: Math.min(index, text.length) - start + 1 };
}

/**
 * What is wrong with a text that is no JSON, in words that name the place: `line 3, column 17: a comma or } was
 * expected`. Null for JSON. Linear, and never throws.
 */
export function jsonFault(text: string): string | null {
  const fault = firstFault(text);
  if (fault === null) return null;
  const { line, column } = placeAt(text, fault.at);
  const end = fault.at >= text.length ? 'the text ends where ' : '';
  return `line ${line}, column ${column}: ${end}${fault.wanted} was expected`;
}

/** Blanks, as JSON knows them; sticky, as both are looked for at one place. */
const BLANKS = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;

/** The first sign that cannot follow what stands before it; the text's length where something is missing at its end. */
function firstFault(text: string): { at: number; wanted: string } | null {
  /** Closing signs of what is open. */
  const open: ('}' | ']')[] = [];
  let at = 0;
  const skip = () => (at += lengthAt(BLANKS, text, at));
  const fault = (wanted: string) => ({ at, wanted });

  /** What comes next: a value; a value or the end of the list; a name; a name or the end of the object; what is behind a value. */
  let next: 'value' | 'entry' | 'name' | 'member' | 'behind' = 'value';
  for (;;) {
    skip();
    const sign = text.charAt(at);
    if (next === 'behind') {
      const closing = open.at(-1);
      if (closing === undefined) return at === text.length ? null : fault('the end of the text');
      if (sign === closing) open.pop();
      else if (sign === ',') next = closing === '}' ? 'name' : 'value';
      else return fault(`a comma or ${closing}`);
      at += 1;
    } else if (next === 'name' || next === 'member') {
      if (next === 'member' && sign === '}') {
        open.pop();
        at += 1;
        next = 'behind';
        continue;
      }
      if (sign !== '"')
        return fault(next === 'name' ? 'a name in quotation marks' : 'a name in quotation marks, or }');
      const broken = afterString();
      if (broken !== null) return broken;
      skip();
      if (text.charAt(at) !== ':') return fault('a colon');
      at += 1;
      next = 'value';
    } else if (next === 'entry' && sign === ']') {
      open.pop();
      at += 1;
      next = 'behind';
    } else if (sign === '{' || sign === '[') {
      open.push(sign === '{' ? '}' : ']');
      next = sign === '{' ? 'member' : 'entry';
      at += 1;
    } else if (sign === '"') {
      const broken = afterString();
      if (broken !== null) return broken;
      next = 'behind';
    } else {
      const length = lengthAt(SCALAR, text, at);
      if (length === 0) return fault('a value');
      at += length;
      next = 'behind';
    }
  }

  /** Goes behind the string that begins here; the fault when it does not end or holds what it may not. */
  function afterString(): { at: number; wanted: string } | null {
    for (at += 1; at < text.length; at++) {
      const sign = text.charAt(at);
      if (sign === '"') {
        at += 1;
        return null;
      }
      if (sign < ' ') return fault('a quotation mark before the end of the line');
      if (sign !== '\\') continue;
      at += 1;
      const letter = text.charAt(at);
      if (letter === 'u') {
        for (let n = 0; n < 4; n++) {
          at += 1;
          if (!/^[0-9a-fA-F]$/.test(text.charAt(at))) return fault('one of four hexadecimal digits');
        }
      } else if (letter === '' || !'"\\/bfnrt'.includes(letter))
        return fault('one of the signs "\\/bfnrtu after \\');
    }
    return fault('a quotation mark');
  }
}

/** The length of what a sticky pattern matches at a place; 0 for nothing. */
function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
