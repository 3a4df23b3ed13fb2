/** Signs of a text that no eye sees, and that a model reads all the same. */

/** What people may have heard of; the others are told by their numbers. */
const NAMES: Readonly<Record<number, string>> = {
  0x00ad: 'soft hyphen',
  0x200b: 'zero width space',
  0x200c: 'zero width non-joiner',
  0x200d: 'zero width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'end of direction',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2060: 'word joiner',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'end of isolate',
  0xfeff: 'byte order mark',
};

/** Format and control signs but line ends and tabs; joiners inside an emoji are part of a picture that is seen. */
const UNSEEN =
  /(?<!\p{Extended_Pictographic}\uFE0F?)\u200D|(?!\u200D)[\p{Cf}\p{Cc}\u3164\u115F\u1160](?<![\n\r\t])/gu;

/** Kinds that are named. */
const MOST = 6;

/**
 * `zero width space (U+200B) 3 times, right-to-left override (U+202E)`: the kinds in the order in which they come, of
 * many the first six; null when everything in the text can be seen.
 */
export function unseenSigns(text: string): string | null {
  const counts = new Map<number, number>();
  for (const [sign] of text.matchAll(UNSEEN)) {
    const code = sign.codePointAt(0) ?? 0;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  if (counts.size === 0) return null;
  const kinds = [...counts].slice(0, MOST).map(([code, count]) => {
    const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    const name = NAMES[code];
    return `${name === undefined ? number : `${name} (${number})`}${count > 1 ? ` ${count} times` : ''}`;
  });
  const more = counts.size - kinds.length;
  return `${kinds.join(', ')}${more > 0 ? ` and ${more} more kinds` : ''}`;
}
