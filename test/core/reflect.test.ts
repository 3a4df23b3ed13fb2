import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mistakes, remarks, shortened, type Mistakes } from '../../src/core/reflect.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, methodOf, play, target, tinyTask } from '../optimizers/harness.ts';

describe('mistakes', () => {
  const found = async (enough: number, answerer = target(), train = 20) => {
    const all: Mistakes[] = [];
    const method = methodOf(async function* (tools) {
      all.push(yield* mistakes(tools, tools.initial, tools.task.splits.train, enough));
    });
    const { events } = await play({
      optimizer: method,
      config: configFor(method),
      task: tinyTask(train, 2, 2),
      target: answerer,
      replies: () => '',
    });
    const answered = eventsOf(events, 'answered').filter(({ answer }) => answer.split === 'train').length;
    return { answered, seen: all[0]?.seen.length, wrong: all[0]?.wrong.map(({ example }) => example.id) };
  };

  test('answers no more than it takes to find enough, four at a time', async () => {
    // Every second item is bad, and the initial prompt says positive to all.
    expect(await found(3)).toEqual({ answered: 8, seen: 8, wrong: ['train-1', 'train-3', 'train-5'] });
  });

  test('fewer when there are no more, none of none', async () => {
    expect(await found(99)).toMatchObject({ answered: 20, seen: 20 });
    expect((await found(99)).wrong).toHaveLength(10);
    expect(await found(0)).toEqual({ answered: 0, seen: 0, wrong: [] });
    expect(await found(2, target(), 0)).toEqual({ answered: 0, seen: 0, wrong: [] });
  });

  test('an example that the model cannot be asked is no mistake', async () => {
    const small = scriptedEngine({ id: 'scripted:target:none', contextTokens: 3, reply: () => 'positive' });
    expect(await found(2, small)).toMatchObject({ seen: 0, wrong: [] });
  });
});

describe('remarks', () => {
  const of = (reply: string, count = 9) => remarks(reply, '<START>', '<END>', count);

  test('each between its tags, up to the number wanted', () => {
    expect(of('a <START> one <END> b <start>two<END>')).toEqual(['one', 'two']);
    expect(of('<START>one<END><START>two<END>', 1)).toEqual(['one']);
    expect(of('<START>one<END><START>two')).toEqual(['one', 'two']);
    expect(of('<START>same<END><START>same<END>')).toEqual(['same', 'same']);
  });

  test('without tags the reply is one remark, cut; without words it is none', () => {
    expect(of(' It is\n vague. ')).toEqual(['It is vague.']);
    expect(of('word '.repeat(100))[0]?.split(' ')).toHaveLength(60);
    expect(of('')).toEqual([]);
    expect(of(' ... \n')).toEqual([]);
  });

  test('any reply gives at most so many, none of them blank', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<START>', '<END>', 'İ', ' '))),
        fc.integer({ min: 1, max: 4 }),
        (pieces, count) => {
          const remarked = of(pieces.join(''), count);
          expect(remarked.length).toBeLessThanOrEqual(count);
          expect(remarked.every((text) => text.trim() !== '')).toBe(true);
        },
      ),
    );
  });
});

test('shortened keeps words and drops line ends', () => {
  expect(shortened(' a\n\nb  c ')).toBe('a b c');
  expect(shortened('')).toBe('');
});
