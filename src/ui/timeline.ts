import { stageEnds } from '../core/stage-ends.ts';
import type { RunEvent } from '../core/events.ts';
import { copyView, emptyView, reduce, type RunView } from './run-view.ts';

/** Events between two kept views. Going back folds at most so many anew. */
const APART = 2000;

/** A recorded run at any of its moments, in either direction. */
export interface Timeline {
  /** Events so far: the list may grow. */
  readonly length: number;
  /**
   * The run after its first `count` events. The view belongs to the timeline and is folded on by the next call forwards;
   * a call backwards gives another one.
   */
  at(count: number): RunView;
  /** Events up to the next (1) or previous (-1) end of a stage; 0 or `length` when there is none. */
  stageEnd(from: number, direction: 1 | -1): number;
  /** Events up to the next or previous beginning of a step; 0 or `length` when there is none. */
  stepStart(from: number, direction: 1 | -1): number;
}

/**
 * Keeps a copy of the view every `apart` events as it first comes by, so that any moment is a copy and at most so
 * many events away.
 */
export function timeline(events: readonly RunEvent[], apart = APART): Timeline {
  const kept: RunView[] = [emptyView()];
  const over = stageEnds();
  const ends: number[] = [];
  const starts: number[] = [];
  let marked = 0;
  let view = emptyView();

  function foldTo(goal: number) {
    for (let i = view.events; i < goal; i++) {
      const event = events[i];
      if (event !== undefined) reduce(view, event);
      if (view.events === kept.length * apart) kept.push(copyView(view));
    }
  }
  /** Marks what has come since the last call. */
  function mark() {
    for (; marked < events.length; marked++) {
      const event = events[marked];
      if (event === undefined) return;
      if (over(event)) ends.push(marked);
      if (event.type === 'step') starts.push(marked);
    }
  }
  /** `marks` rise. */
  function near(marks: readonly number[], from: number, direction: 1 | -1): number {
    mark();
    if (direction === 1) return marks.find((mark) => mark > from) ?? events.length;
    return marks.findLast((mark) => mark < from) ?? 0;
  }

  return {
    get length() {
      return events.length;
    },
    at(count) {
      const goal = Math.max(0, Math.min(Math.round(count), events.length));
      if (goal < view.events) view = copyView(kept[Math.floor(goal / apart)] ?? emptyView());
      foldTo(goal);
      return view;
    },
    stageEnd: (from, direction) => near(ends, from, direction),
    stepStart: (from, direction) => near(starts, from, direction),
  };
}
