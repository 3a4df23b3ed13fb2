/** The first JSON object in a text, for readers of replies and for engines that may stop at its end. */

/** Stray braces in front of the object are skipped, but only this many: each may cost a scan of the rest. */
const OPENINGS = 16;

/** The text of the first balanced object, in a fence or not; null when there is none that parses. */
export function firstObject(text: string): string | null {
  for (const { from, end } of openings(text)) {
    if (end !== null && parses(text.slice(from, end))) return text.slice(from, end);
  }
  return null;
}

/**
 * The end of the first object when nothing that may follow can make `firstObject` read another one; null while
 * something can. An object inside one that is still open does not count.
 */
export function wholeObjectEnd(text: string): number | null {
  for (const { from, end } of openings(text)) {
    if (end === null) return null;
    if (parses(text.slice(from, end))) return end;
  }
  return null;
}

function* openings(text: string): Generator<{ from: number; end: number | null }> {
  let from = text.indexOf('{');
  for (let tries = 0; from >= 0 && tries < OPENINGS; tries++) {
    yield { from, end: balancedEnd(text, from) };
    from = text.indexOf('{', from + 1);
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Braces, but no JSON: there may be some further in.
    return false;
  }
}

/** Behind the brace that closes the one at `start`, braces inside strings aside; null when it stays open. */
function balancedEnd(text: string, start: number): number | null {
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return i + 1;
  }
  return null;
}
