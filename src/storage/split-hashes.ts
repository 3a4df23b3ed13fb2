import type { Example, SplitName, Task } from '../core/task.ts';

/** SHA-256 of each split in hexadecimal: the same for the same examples in the same order, whatever wrote them. */
export type SplitHashes = Record<SplitName, string>;

/** Over the JSON of `[[id, input, [right answers]], …]`, without spaces, in UTF-8. */
export async function splitHashes({ splits }: Pick<Task, 'splits'>): Promise<SplitHashes> {
  const of = (examples: readonly Example[]) =>
    sha256([JSON.stringify(examples.map(({ id, input, gold }) => [id, input, gold]))]);
  const [train, validation, test] = await Promise.all([
    of(splits.train),
    of(splits.validation),
    of(splits.test),
  ]);
  return { train, validation, test };
}

/** Of the texts one behind the other, in UTF-8. */
export async function sha256(texts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await new Blob([...texts]).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
