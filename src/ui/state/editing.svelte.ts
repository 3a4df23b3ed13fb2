import type { Task } from '../../core/task.ts';
import type { Session } from './session.svelte.ts';

/** A task whose examples are edited. It outlasts the panel that shows it, so that leaving that loses nothing. */
export class Editing {
  /** As it was opened. */
  readonly task: Task;
  #drafts: readonly Task[];

  constructor(task: Task) {
    this.task = task;
    this.#drafts = $state.raw([task]);
  }

  get draft(): Task {
    return this.#drafts.at(-1) ?? this.task;
  }
  get changed(): boolean {
    return this.#drafts.length > 1;
  }

  become(next: Task): void {
    if (next !== this.draft) this.#drafts = [...this.#drafts.slice(-50), next];
  }
  undo(): void {
    if (this.changed) this.#drafts = this.#drafts.slice(0, -1);
  }
}

/** Opens another task to be edited, or none. Changes that were not saved can be taken back for a while. */
export function edit(session: Session, next: Editing | null): void {
  const before = session.editing;
  session.editing = next;
  if (before === null || before === next || !before.changed) return;
  const { id, name } = before.task;
  session.bin.throw(
    { key: `changes of ${id}`, words: `The changes of ${name} are discarded.` },
    { back: () => edit(session, before) },
  );
}
