import { expect, test } from 'vitest';
import { changedExamples, ofClass } from '../../src/ui/changes.ts';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { recordedEvents, task } from './recorded.ts';

const view = recordedEvents().reduce(reduce, emptyView());
const all = changedExamples(view, task);

test('gained and lost are those of the comparison; every class but unreadable takes an example once', () => {
  const comparison = view.result?.comparison;
  if (!comparison) throw new Error('nothing compared');
  expect(all).toHaveLength(comparison.n);
  expect(ofClass(all, 'gained')).toHaveLength(comparison.gained);
  expect(ofClass(all, 'lost')).toHaveLength(comparison.lost);
  const neither = all.filter((one) => one.change === 'unreadable').length;
  expect(ofClass(all, 'right').length + ofClass(all, 'wrong').length + neither).toBe(
    comparison.n - comparison.gained - comparison.lost,
  );
  expect(all[0]).toMatchObject({
    id: 'test-1',
    input: task.splits.test[0]?.input,
    gold: task.splits.test[0]?.gold,
  });
});

test('an unread reply is never a wrong one, and is found whatever the score did', () => {
  const unread = all.filter((one) => one.before.answer === null || one.after.answer === null);
  expect(unread.length).toBeGreaterThan(0);
  expect(ofClass(all, 'unreadable')).toEqual(unread);
  expect(ofClass(all, 'wrong').every((one) => !one.unread)).toBe(true);
});

test('empty before the test is over and when nothing is compared; without its task, ids remain', () => {
  expect(changedExamples({ ...view, result: null }, task)).toEqual([]);
  const { result } = view;
  if (!result) throw new Error('not tested');
  expect(changedExamples({ ...view, result: { ...result, comparison: null } }, task)).toEqual([]);
  expect(changedExamples(view, null)[0]).toMatchObject({ id: 'test-1', input: null, gold: [] });
});
