/**
 * The text of a file's bytes: UTF-8, or UTF-16 when a byte order mark says so, or else Windows-1252, which holds
 * Latin-1 and never fails. The mark itself is dropped. `encoding` names what was found.
 */
export function decode(bytes: Uint8Array): { text: string; encoding: 'UTF-8' | 'UTF-16' | 'Latin-1' } {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe)
    return { text: new TextDecoder('utf-16le').decode(bytes), encoding: 'UTF-16' };
  if (a === 0xfe && b === 0xff)
    return { text: new TextDecoder('utf-16be').decode(bytes), encoding: 'UTF-16' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'UTF-8' };
  } catch {
    // A file that was cut in the middle of its last letter is still UTF-8.
    const whole = withoutCutLetter(bytes);
    if (whole !== null) return { text: whole, encoding: 'UTF-8' };
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'Latin-1' };
  }
}

/** A UTF-8 letter has at most four bytes, so that at most three of them can be left over at the end. */
function withoutCutLetter(bytes: Uint8Array): string | null {
  for (let cut = 1; cut <= 3 && cut < bytes.length; cut++) {
    // A lead byte must be among those dropped; a lone Latin-1 letter at the very end of plain ASCII is not that.
    const lead = bytes[bytes.length - cut] ?? 0;
    if (lead < 0xc2 || lead > 0xf4) continue;
    if (cut === 1 && bytes.subarray(0, -1).every((byte) => byte < 0x80)) return null;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
    } catch {
      return null;
    }
  }
  return null;
}
