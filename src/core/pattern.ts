/** A regular expression's source, for the flags u and v too, that matches the text as it stands. */
export const escapePattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
