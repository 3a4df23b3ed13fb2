/**
 * What need not be there at first is drawn in turns: one part in each frame, so that on a slow machine no stretch of work
 * holds up who types already.
 */
const waiting: (() => void)[] = [];

/** A page that is not seen draws no frames; it is not held up by that, in milliseconds. */
const UNSEEN_MS = 100;

/** Resolves when it is the caller's turn, in a task after the next frame. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) afterFrame(next);
  });
}

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) afterFrame(next);
}

function afterFrame(act: () => void): void {
  let acted = false;
  const once = () => {
    if (acted) return;
    acted = true;
    act();
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, UNSEEN_MS);
}
