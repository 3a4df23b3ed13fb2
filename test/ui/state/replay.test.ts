import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Replay } from '../../../src/ui/state/replay.svelte.ts';
import { recordedEvents, task } from '../recorded.ts';
import { summary } from '../stand-in.ts';

let frames: FrameRequestCallback[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (next: FrameRequestCallback) => frames.push(next));
  vi.stubGlobal('cancelAnimationFrame', () => (frames = []));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
/** Draws a frame, so many milliseconds after now. */
const frame = (after: number) => {
  for (const next of frames.splice(0)) next(performance.now() + after);
};

test('played while it is still being read, it waits at the end of what is there and goes on from there', async () => {
  const all = recordedEvents();
  const events = all.slice(0, 100);
  let end = () => undefined as void;
  const whole = new Promise<void>((resolve) => (end = resolve));
  const replay = new Replay(summary(), task, events, whole);
  replay.show(100);
  // The end is followed until another moment is chosen.
  events.push(...all.slice(100, 200));
  await vi.advanceTimersByTimeAsync(300);
  expect(replay.at).toBe(200);

  replay.show(150);
  replay.play();
  // More than a whole run.
  frame(200_000);
  expect(replay.at).toBe(200);
  expect(replay.playing).toBe(true);
  events.push(...all.slice(200));
  await vi.advanceTimersByTimeAsync(600);
  expect(replay.length).toBe(all.length);
  expect(replay.at).toBe(200);
  frame(200_100);
  expect(replay.at).toBeGreaterThan(200);
  expect(replay.at).toBeLessThan(all.length);
  // Paused, it stays.
  replay.pause();
  const at = replay.at;
  end();
  await vi.advanceTimersByTimeAsync(0);
  expect(replay.at).toBe(at);
  replay.play();
  frame(400_000);
  expect(replay.at).toBe(all.length);
  expect(replay.playing).toBe(false);
  replay.close();
});
