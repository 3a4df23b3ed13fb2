/** Something that went wrong, in the words of whoever noticed it: what happened, and what to do next. */
export interface Problem {
  message: string;
  advice: string;
}

/** Reads a thrown thing. Errors of the program carry `advice`; anything else gets a general one. */
export function problemOf(thrown: unknown, doing: string): Problem {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const advice =
    thrown instanceof Error && 'advice' in thrown && typeof thrown.advice === 'string'
      ? thrown.advice
      : 'Try it again. If it fails again, load the page anew: what is stored here is safe.';
  return { message: `${doing}: ${message}`, advice };
}
