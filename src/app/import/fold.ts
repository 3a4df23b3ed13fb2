/** An input without letter case and with single spaces: two examples that agree in this ask the same thing. */
export const foldedInput = (input: string) =>
  input.normalize('NFC').trim().replace(/\s+/gu, ' ').toLowerCase();
