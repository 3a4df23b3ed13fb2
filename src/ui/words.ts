import { diffWordsWithSpace } from 'diff';
import type { Example } from '../core/task.ts';

/** One stretch of a word diff: kept text, text that only the new prompt has, or text that only the old one had. */
export interface Stretch {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

const memory = new Map<string, readonly Stretch[]>();
const MOST = 2000;

/** Word diff from `before` to `after`; remembered, because the same pairs are drawn many times while a run grows. */
export function wordDiff(before: string, after: string): readonly Stretch[] {
  const key = `${before}\u0000${after}`;
  const known = memory.get(key);
  if (known) return known;
  const stretches = readable(
    diffWordsWithSpace(before, after).map((change): Stretch => ({
      kind: change.added ? 'added' : change.removed ? 'removed' : 'same',
      text: change.value,
    })),
  );
  if (memory.size >= MOST) memory.clear();
  memory.set(key, stretches);
  return stretches;
}

/** Joins changes that only a word or a space keeps apart, removals first: phrases are easier to read than confetti. */
function readable(stretches: readonly Stretch[]): Stretch[] {
  const joined: Stretch[] = [];
  let removed = '';
  let added = '';
  const flush = () => {
    if (removed !== '') joined.push({ kind: 'removed', text: removed });
    if (added !== '') joined.push({ kind: 'added', text: added });
    removed = '';
    added = '';
  };
  stretches.forEach(({ kind, text }, i) => {
    const between = i > 0 && i < stretches.length - 1;
    const small = text.trim().split(/\s+/).length <= 1;
    if (kind === 'removed') removed += text;
    else if (kind === 'added') added += text;
    else if (between && small) {
      removed += text;
      added += text;
    } else {
      flush();
      joined.push({ kind, text });
    }
  });
  flush();
  return joined;
}

/** Whether a diff helps: with hardly a word in common it is only noise. */
export function worthShowing(stretches: readonly Stretch[]): boolean {
  return sharedPart(stretches) >= 0.35;
}

/** Share of the new prompt's letters that the old one has too, 0..1; a diff of unrelated texts is only noise. */
export function sharedPart(stretches: readonly Stretch[]): number {
  let same = 0;
  let all = 0;
  for (const { kind, text } of stretches) {
    if (kind === 'removed') continue;
    all += text.trim().length;
    if (kind === 'same') same += text.trim().length;
  }
  return all === 0 ? 0 : same / all;
}

/** A worked example of a candidate against its parent's. */
export interface ShotChange {
  kind: Stretch['kind'];
  shot: Example;
}

/** The new candidate's worked examples in their order, then those that it dropped. */
export function shotDiff(before: readonly Example[], after: readonly Example[]): ShotChange[] {
  const ids = (shots: readonly Example[]) => new Set(shots.map((shot) => shot.id));
  const [old, now] = [ids(before), ids(after)];
  return [
    ...after.map((shot): ShotChange => ({ kind: old.has(shot.id) ? 'same' : 'added', shot })),
    ...before.flatMap((shot): ShotChange[] => (now.has(shot.id) ? [] : [{ kind: 'removed', shot }])),
  ];
}
