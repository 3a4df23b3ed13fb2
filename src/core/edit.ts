/** How far apart two prompts are, in words (the step size of GPO, section 3.3 of its paper). */

/** Lower-case words and single punctuation marks, in order. An apostrophe inside a word belongs to it. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}\p{N}_]+)*|\S/gu) ?? [];
}

/**
 * Word-level Levenshtein distance: the least number of words to insert, delete or replace. Quadratic in the part
 * of the texts that differs, after their common beginning and end.
 */
export function wordDistance(a: string, b: string): number {
  let left = words(a);
  let right = words(b);
  let start = 0;
  while (start < Math.min(left.length, right.length) && left[start] === right[start]) start++;
  let tail = 0;
  const most = Math.min(left.length, right.length) - start;
  while (tail < most && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  left = left.slice(start, left.length - tail);
  right = right.slice(start, right.length - tail);

  // Row i holds the distances from the first i words of `left` to every beginning of `right`.
  let above = Uint32Array.from({ length: right.length + 1 }, (_, j) => j);
  let row = new Uint32Array(right.length + 1);
  for (const [i, word] of left.entries()) {
    row[0] = i + 1;
    for (let j = 0; j < right.length; j++) {
      const replaced = (above[j] ?? 0) + (word === right[j] ? 0 : 1);
      row[j + 1] = Math.min(replaced, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1);
    }
    [above, row] = [row, above];
  }
  return above[right.length] ?? 0;
}
