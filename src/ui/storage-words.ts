import type { Counts, Machine, Restored } from '../app/types.ts';
import { bytes, counted } from './format.ts';

/** Whether what is stored will be there tomorrow, in a sentence. `asked`: the browser was asked just now. */
export function keptWords(storage: Machine['storage'], asked: boolean): string {
  if (!storage.works) return `${storage.why} ${storage.advice}`;
  if (storage.persisted) return 'The browser has promised to keep it until you delete it.';
  return asked
    ? 'The browser has not promised to keep it: it may clear it when the disk is full. Many browsers promise it once a page is a bookmark, is installed or has been visited often. A backup is safe either way.'
    : 'The browser may clear it when the disk is full.';
}

/** `3 runs, 1 task and 2 experiments`; `nothing` where all are 0. */
export function countWords({ runs, tasks, experiments, settings, vectors }: Counts): string {
  const parts = [
    [runs, 'run'],
    [tasks, 'task'],
    [experiments, 'experiment'],
    [settings, 'setting'],
    [vectors, 'sentence vector'],
  ] as const;
  const words = parts.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
  const last = words.pop();
  if (last === undefined) return 'nothing';
  return words.length === 0 ? last : `${words.join(', ')} and ${last}`;
}

/** What a restore did, a sentence each. */
export function restoredWords({ added, kept, renamed }: Restored): string[] {
  // That a vector was known is of no interest.
  const here = countWords({ ...kept, vectors: 0 });
  return [
    `Restored: ${countWords(added)}.`,
    ...(here === 'nothing' ? [] : [`Already here, and left as it was: ${here}.`]),
    ...(renamed.length === 0
      ? []
      : [`Here under the same name with other content, so now here twice: ${renamed.join(', ')}.`]),
  ];
}

/** `1.2 GB of 60 GB used`. */
export const usedWords = ({ usedBytes, quotaBytes }: { usedBytes: number; quotaBytes: number }) =>
  `${bytes(usedBytes)} of ${bytes(quotaBytes)} used`;
