import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bin } from '../../../src/ui/state/bin.svelte.ts';
import { Session } from '../../../src/ui/state/session.svelte.ts';
import { handRun, standIn, summary } from '../stand-in.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const thrown = { key: 'run 1', words: 'The run is deleted.' };

test('what is thrown away is hidden at once and erased after its time, unless it is taken back', async () => {
  const bin = new Bin(1000);
  const erase = vi.fn(() => Promise.resolve());
  bin.throw(thrown, { erase });
  expect(bin.has('run 1')).toBe(true);
  bin.takeBack('run 1');
  expect(bin.has('run 1')).toBe(false);
  await vi.advanceTimersByTimeAsync(2000);
  expect(erase).not.toHaveBeenCalled();

  bin.throw(thrown, { erase });
  await vi.advanceTimersByTimeAsync(1000);
  expect(erase).toHaveBeenCalledTimes(1);
});

test('what is being erased stays hidden, and is not offered to be taken back', async () => {
  const bin = new Bin(1000);
  let gone = () => undefined as void;
  bin.throw(thrown, { erase: () => new Promise((resolve) => (gone = resolve)) });
  await vi.advanceTimersByTimeAsync(1000);
  expect(bin.thrown).toEqual([]);
  expect(bin.has('run 1')).toBe(true);
  const again = bin.erase('run 1');
  gone();
  await again;
  expect(bin.has('run 1')).toBe(false);
});

test('nothing is erased while the user looks at it, and its time begins anew afterwards', async () => {
  const bin = new Bin(1000);
  const erase = vi.fn(() => Promise.resolve());
  bin.throw(thrown, { erase });
  bin.hold();
  bin.throw({ key: 'run 2', words: '' }, { erase });
  await vi.advanceTimersByTimeAsync(5000);
  bin.release();
  await vi.advanceTimersByTimeAsync(999);
  expect(erase).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(erase).toHaveBeenCalledTimes(2);
});

test('what goes away under the pointer holds up the others no longer', async () => {
  const bin = new Bin(1000);
  const erase = vi.fn(() => Promise.resolve());
  bin.throw(thrown, { erase });
  bin.throw({ key: 'run 2', words: '' }, { erase });
  bin.hold();
  bin.takeBack('run 1');
  await vi.advanceTimersByTimeAsync(1000);
  expect(erase).toHaveBeenCalledTimes(1);
});

test('a run that could not be deleted is listed again', async () => {
  const run = summary({ id: 'run-1' });
  const whetstone = standIn(() => handRun(), [run]);
  whetstone.deleteRun = () => Promise.reject(new Error('Another tab works on it.'));
  const session = new Session(whetstone);
  await session.refreshRuns();
  session.remove(run);
  expect(session.runs).toEqual([]);
  await session.bin.erase('run run-1');
  expect(session.problems.map(({ message }) => message)).toEqual([
    'The run was not deleted: Another tab works on it.',
  ]);
  expect(session.runs).toEqual([run]);
});

test('a run is not answered from replies that were cleared a moment before it began', async () => {
  const whetstone = standIn(() => handRun());
  const session = new Session(whetstone);
  session.clearReplies();
  expect(await session.keptReplies()).toEqual({ count: 0, bytes: 0 });
  session.bin.takeBack('kept replies');
  expect((await session.keptReplies()).count).toBeGreaterThan(0);
  session.clearReplies();
  await session.resume('run-1');
  expect(whetstone.calls.slice(0, 2)).toEqual(['clear replies', 'keep storage']);
  expect(whetstone.calls).toContain('resume run-1');
});
