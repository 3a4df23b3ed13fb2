import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLeaks, isDistinctive, isError } from '../../src/core/leakage.ts';
import type { Example, Metric, Task } from '../../src/core/task.ts';

type Rows = readonly (readonly [input: string, gold?: string])[];

function taskOf(
  rows: { train?: Rows; validation?: Rows; test?: Rows },
  metric: Metric = { kind: 'exact' },
): Pick<Task, 'splits' | 'metric' | 'initialPrompt' | 'description'> {
  const examples = (split: string, of: Rows = []): Example[] =>
    of.map(([input, gold = 'x'], i) => ({ id: `${split}-${i}`, input, gold: [gold] }));
  return {
    metric,
    initialPrompt: 'Answer the question.',
    description: 'Questions about a shop, such as opening hours.',
    splits: {
      train: examples('train', rows.train),
      validation: examples('validation', rows.validation),
      test: examples('test', rows.test),
    },
  };
}

const LONG = 'My parcel was left in the rain behind the blue shed and the box is soaked';
const leaksOf = (prompt: string, task: ReturnType<typeof taskOf>) => findLeaks({ prompt, shots: [] }, task);
const cut = (prompt: string, task: ReturnType<typeof taskOf>) =>
  leaksOf(prompt, task).map((leak) => (leak.kind === 'shot' ? leak : prompt.slice(leak.start, leak.end)));

describe('inputs', () => {
  test('eight words in a row are marked, whatever their case and signs, as one stretch', () => {
    const prompt = 'Classify. E.g. "was LEFT in the rain, behind the blue shed!" is shipping.';
    const task = taskOf({ train: [[LONG]] });
    expect(cut(prompt, task)).toEqual(['was LEFT in the rain, behind the blue shed']);
    expect(leaksOf(prompt, task)).toMatchObject([{ kind: 'input', example: 'train-0', split: 'train' }]);
    expect(leaksOf(prompt, task).some(isError)).toBe(false);
  });
  test('seven words in a row are not', () => {
    expect(cut('If it was left in the rain behind a shed: shipping.', taskOf({ train: [[LONG]] }))).toEqual(
      [],
    );
  });
  test('a shorter input counts when it is there whole, from four words on', () => {
    const task = taskOf({
      validation: [['The film is great'], ['Too long'], ['a very dull evening at home']],
    });
    expect(cut('For example, the film is great. Too long. A very dull evening.', task)).toEqual([
      'the film is great',
    ]);
  });
  test('the same words in two places are two stretches', () => {
    const task = taskOf({ train: [['The film is great']] });
    expect(cut('the film is great? The film is great!', task)).toEqual([
      'the film is great',
      'The film is great',
    ]);
  });
  test('text of a test input is an error', () => {
    const leaks = leaksOf(`Note: ${LONG}.`, taskOf({ test: [[LONG]] }));
    expect(leaks).toMatchObject([{ example: 'test-0', split: 'test' }]);
    expect(leaks.every(isError)).toBe(true);
  });
  test('wording that three different inputs share is the task’s own; copies of one input do not make it so', () => {
    const question = 'Which of the options below is the right one here?';
    const rows: Rows = [['Ann sings.'], ['Bob jumps.'], ['Cy reads.']].map(([first]) => [
      `${first} ${question}`,
    ]);
    expect(cut(`Remember: ${question}`, taskOf({ train: rows }))).toEqual([]);
    expect(
      cut(`Remember: ${question}`, taskOf({ train: [rows[0] ?? [''], rows[0] ?? [''], rows[0] ?? ['']] })),
    ).toHaveLength(3);
  });
  test('words that a train input has too are not held against the test, unless the whole test input is there', () => {
    const shared = 'the lamp that I ordered last week came broken';
    const rows = { train: [[`Hello, ${shared}.`]], test: [[`Hi, ${shared} again.`]] } as const;
    expect(leaksOf(`E.g. ${shared}.`, taskOf(rows)).map((leak) => leak.split)).toEqual(['train']);
    expect(leaksOf(`E.g. hi, ${shared} again.`, taskOf(rows)).map((leak) => leak.split)).toEqual([
      'test',
      'train',
    ]);
  });
  test('signs of scripts without blanks count as words', () => {
    const task = taskOf({ train: [['这部电影的结局非常精彩']] });
    expect(cut('例如“电影的结局非常精彩”为好评。', task)).toEqual(['电影的结局非常精彩']);
  });
});

describe('answers of the test split', () => {
  test('a distinctive one in the prompt is an error', () => {
    const task = taskOf({ test: [['Who wrote it?', 'Bjorn Ivanova']] });
    expect(leaksOf('Often it is bjorn  IVANOVA.', task)).toEqual([
      { kind: 'answer', start: 12, end: 26, example: 'test-0', split: 'test' },
    ]);
  });
  test('labels, booleans and options never are', () => {
    const rows = {
      test: [
        ['good film', 'positive'],
        ['bad film', 'not positive'],
      ],
    } as const;
    const options = ['positive', 'not positive'];
    expect(cut('Say positive or not positive.', taskOf(rows, { kind: 'choice', options }))).toEqual([]);
    expect(
      cut(
        'Say positive or not positive.',
        taskOf(rows, { kind: 'boolean', yes: 'positive', no: 'not positive' }),
      ),
    ).toEqual([]);
    expect(cut('Say positive.', taskOf(rows))).toEqual([]);
  });
  test('an answer that train gives too, that three test examples share, or that the task names is a label', () => {
    const prompt = 'Answer with account closure, late delivery or opening hours.';
    expect(
      cut(
        prompt,
        taskOf({
          train: [['q', 'Account closure']],
          test: [
            ['a', 'account closure'],
            ['b', 'late delivery'],
            ['c', 'late delivery'],
            ['d', 'Late delivery.'],
            ['e', 'opening hours'],
          ],
        }),
      ),
    ).toEqual([]);
  });
  test('train and validation answers are not sought, and rules are no answers', () => {
    expect(cut('Bjorn Ivanova', taskOf({ validation: [['q', 'Bjorn Ivanova']] }))).toEqual([]);
    expect(cut('has: dear yusuf', taskOf({ test: [['q', 'has: dear yusuf']] }, { kind: 'rules' }))).toEqual(
      [],
    );
  });
  test('eight words in a row of a long one suffice', () => {
    const task = taskOf({ test: [['q', `${LONG} through.`]] }, { kind: 'rouge-l' });
    expect(cut('Write: left in the rain behind the blue shed', task)).toEqual([
      'left in the rain behind the blue shed',
    ]);
  });
  test.each([
    ['positive', false],
    ['Paris', false],
    ['no way', false],
    ['New York', true],
    ['K158', true],
    ['A1', false],
    ['7200.00', false],
    ['48,213', true],
    ['$1,034.50', true],
    ['47.46', true],
    ['12.5', false],
    ['100000', false],
    ['1984', false],
    ['2020-09-19', true],
    ['', false],
  ])('%j distinctive: %s', (gold, distinctive) => {
    expect(isDistinctive(gold)).toBe(distinctive);
  });
});

test('worked examples of train travel along; one that is a validation or test input is a leak', () => {
  const task = taskOf({ train: [['a b c d']], validation: [['e f']], test: [['G  h']] });
  const shot = (id: string, input: string): Example => ({ id, input, gold: ['x'] });
  const shots = [shot('s0', 'a b c d'), shot('s1', 'e f'), shot('s2', 'g h')];
  expect(findLeaks({ prompt: '', shots }, task)).toEqual([
    { kind: 'shot', shot: 's1', example: 'validation-0', split: 'validation' },
    { kind: 'shot', shot: 's2', example: 'test-0', split: 'test' },
  ]);
});

test('any texts: stretches lie in the prompt, in order, and an input inside the prompt is always found', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'cat', 'dog', 'É', '猫', '7', '🙂'), { maxLength: 14 });
  const text = words.map((all) => all.join(' '));
  fc.assert(
    fc.property(text, text, fc.array(text, { maxLength: 4 }), (before, input, others) => {
      const prompt = `${before}. ${input}! end`;
      const task = taskOf({ train: [[input]], test: others.map((other) => [other, other] as const) });
      const leaks = leaksOf(prompt, task);
      let last = 0;
      for (const leak of leaks) {
        if (leak.kind === 'shot') throw new Error('there are no shots');
        expect(leak.start).toBeGreaterThanOrEqual(last);
        expect(leak.end).toBeGreaterThan(leak.start);
        expect(leak.end).toBeLessThanOrEqual(prompt.length);
        last = leak.start;
      }
      const size = input.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
      const alone = others.every((other) => other === '' || other === input);
      if (size >= 4 && alone) expect(leaks.some((leak) => leak.example === 'train-0')).toBe(true);
    }),
  );
});

test('ten thousand examples take well under a second', () => {
  const rows: Rows = Array.from({ length: 10_000 }, (_, i) => [
    `item ${i} ${LONG} ${i * 7} and so on`,
    `gold ${i} x`,
  ]);
  const started = performance.now();
  expect(
    leaksOf(`${'Read it well and answer. '.repeat(100)} item 17 my parcel`, taskOf({ test: rows })),
  ).toEqual([]);
  expect(performance.now() - started).toBeLessThan(3000);
});
