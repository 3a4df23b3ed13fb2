import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Example, Task } from '../../src/core/task.ts';
import {
  addExample,
  changeExample,
  hindrance,
  placed,
  removeExample,
  splitAgain,
} from '../../src/ui/task-edit.ts';

const example = (id: string, gold = 'yes'): Example => ({ id, input: `input of ${id}`, gold: [gold] });
const task: Task = {
  id: 'small',
  name: 'Small',
  description: '',
  initialPrompt: 'Answer.',
  metric: { kind: 'boolean', yes: 'yes', no: 'no' },
  position: 'before',
  markers: { input: '', answer: '' },
  answerTokens: 3,
  splits: { train: [example('a'), example('b', 'no')], validation: [example('c')], test: [example('d')] },
};
const ids = (of: Task) => Object.values(of.splits).map((split) => split.map(({ id }) => id).join(''));

test('an example is changed where it stands, or moved to the end of another split', () => {
  const changed = changeExample(task, { split: 'train', example: { ...example('a'), input: 'new' } });
  expect(changed.splits.train.map(({ input }) => input)).toEqual(['new', 'input of b']);
  expect(task.splits.train[0]?.input).toBe('input of a');
  expect(ids(changeExample(task, { split: 'test', example: example('a') }))).toEqual(['b', 'c', 'da']);
  expect(changeExample(task, { split: 'test', example: example('unknown') })).toBe(task);
});

test('an example is removed and added under an id of its own', () => {
  expect(ids(removeExample(task, 'c'))).toEqual(['ab', '', 'd']);
  const once = addExample(task, 'validation');
  const twice = addExample(once.task, 'validation');
  expect(new Set(placed(twice.task).map((one) => one.example.id)).size).toBe(6);
  expect(twice.task.splits.validation.at(-1)).toEqual({ id: twice.id, input: '', gold: [''] });
});

test('what keeps a task from being saved is named', () => {
  expect(hindrance(task)).toBeNull();
  expect(hindrance(removeExample(task, 'd'))).toBe('test has no examples.');
  expect(hindrance(addExample(task, 'train').task)).toMatch(/^An example of train \(added-5\) has no input/);
  const blank = changeExample(task, { split: 'test', example: { ...example('d'), gold: [' '] } });
  expect(hindrance(blank)).toMatch(/has no right answer/);
});

test('splitting again keeps every example once, by the shares, and the same seed gives the same splits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 60 }), fc.nat(), (count, seed) => {
      const many: Task = {
        ...task,
        splits: {
          train: Array.from({ length: count }, (_, i) => example(`e${i}`, i % 3 === 0 ? 'no' : 'yes')),
          validation: [],
          test: [],
        },
      };
      const shares = { train: 40, validation: 30, test: 30 };
      const again = splitAgain(many, shares, seed);
      expect(
        placed(again)
          .map((one) => one.example.id)
          .toSorted(),
      ).toEqual(
        placed(many)
          .map((one) => one.example.id)
          .toSorted(),
      );
      expect(again).toEqual(splitAgain(many, shares, seed));
      const { train, validation, test: held } = again.splits;
      expect(Math.abs(train.length - 0.4 * count)).toBeLessThanOrEqual(1.5);
      expect(Math.min(train.length, validation.length, held.length)).toBeGreaterThan(0);
    }),
  );
});
