/**
 * A text without the signs at its end that are among `signs`, blanks included when `signs` holds one. A regular
 * expression such as /[.,]+$/ tries every run of signs in the text and takes a time that is quadratic in its length.
 */
export function withoutEnd(text: string, signs: string): string {
  const blanks = signs.includes(' ');
  let end = text.length;
  while (end > 0) {
    const sign = text.charAt(end - 1);
    if (!signs.includes(sign) && !(blanks && sign.trim() === '')) break;
    end--;
  }
  return text.slice(0, end);
}
