/** What columns are usually called. Compared in lower case without anything but letters and digits. */

export type ColumnUse = 'input' | 'gold' | 'id' | 'split';

/** The likeliest name of each first. */
const NAMES: Record<ColumnUse, readonly string[]> = {
  input:
    'input inputs question prompt query problem text sentence source content document passage message review body ticket email comment tweet article utterance request description context'.split(
      ' ',
    ),
  gold: 'target targets output gold answer answers label labels expected expectedoutput expectedanswer completion response reference references class category sentiment intent topic summary translation result correct correctanswer'.split(
    ' ',
  ),
  id: 'id uid guid uuid exampleid key index idx'.split(' '),
  split: 'split set subset partition fold datasetsplit'.split(' '),
};

const bare = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** What a column of this name is likely for, with the name's rank (0 is the likeliest); null for any other name. */
export function guessColumnName(name: string): { use: ColumnUse; rank: number } | null {
  const wanted = bare(name);
  for (const use of ['input', 'gold', 'id', 'split'] as const) {
    const rank = NAMES[use].indexOf(wanted);
    if (rank >= 0) return { use, rank };
  }
  // `gold_label`, `question text`: a word of the name says it.
  const words: readonly string[] = name.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const use of ['gold', 'input'] as const) {
    const rank = words.length < 2 ? -1 : NAMES[use].findIndex((known) => words.includes(known));
    if (rank >= 0) return { use, rank: rank + 100 };
  }
  return null;
}
