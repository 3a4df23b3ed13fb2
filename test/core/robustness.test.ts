import { describe, expect, test } from 'vitest';
import { ROBUSTNESS_EXAMPLES } from '../../src/core/robustness.ts';
import type { Ask } from '../../src/core/model.ts';
import type { RunConfig } from '../../src/core/run.ts';
import type { Example, Task } from '../../src/core/task.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, methodOf, play, target, textOf, tinyTask } from '../optimizers/harness.ts';

/** A search that tries one prompt. */
const one = (prompt: string) =>
  methodOf(async function* (tools) {
    const candidate = yield* tools.propose(prompt, { parents: [tools.initial], origin: 'trial' });
    yield* tools.score(candidate === null ? [tools.initial] : [tools.initial, candidate]);
  });

async function checked(
  prompt: string,
  robustness: RunConfig['robustness'] & object,
  more: { task?: Task; reply?: (ask: Ask) => string; replies?: (n: number) => string; initial?: string } = {},
) {
  const optimizer = one(prompt);
  const engine = more.reply ? scriptedEngine({ id: 'scripted:target:none', reply: more.reply }) : target();
  const played = await play({
    optimizer,
    config: configFor(optimizer, { robustness, initialPrompt: more.initial ?? 'Judge the item.' }),
    task: more.task ?? tinyTask(4, 6, 10),
    target: engine,
    replies: (_ask, n) => more.replies?.(n) ?? `<prompt>Judge carefully, way ${n}.</prompt>`,
  });
  expect(played.error).toBeNull();
  const [found] = eventsOf(played.events, 'robustness');
  if (found === undefined) throw new Error('no robustness event');
  return { ...played, found: found.result };
}

describe('paraphrases', () => {
  test('their scores stand beside the prompt’s own, on the same test examples', async () => {
    // Half of the paraphrases lose the word that makes the target careful, and so half of the points.
    const { found, events } = await checked(
      'Judge carefully.',
      { paraphrases: 4, shuffles: 0 },
      { replies: (n) => `<prompt>${n % 2 === 0 ? 'Weigh carefully' : 'Weigh'} ${n}.</prompt>` },
    );
    expect(found.paraphrases).toMatchObject({ own: 1, n: 10, mean: 0.75, min: 0.5, max: 1 });
    expect(found.paraphrases?.scores.toSorted()).toEqual([0.5, 0.5, 1, 1]);
    expect(found.paraphrases?.prompts).toHaveLength(4);
    expect(found.shuffles).toBeNull();
    expect(found.notes).toEqual([]);
    const tested = events.findIndex((event) => event.type === 'tested');
    const after = events.slice(tested + 1);
    expect(new Set(after.map((event) => event.type))).toEqual(new Set(['stage', 'answered', 'robustness']));
    expect(new Set(eventsOf(after, 'answered').map(({ answer }) => answer.candidate))).toEqual(
      new Set(['c1/p1', 'c1/p2', 'c1/p3', 'c1/p4']),
    );
  });
  test('useless replies leave fewer, and that is said; its own words are no paraphrase', async () => {
    const { found } = await checked(
      'Judge carefully.',
      { paraphrases: 2, shuffles: 0 },
      { replies: (n) => (n % 2 === 0 ? 'no tags' : '<prompt>Judge carefully.</prompt>') },
    );
    expect(found).toEqual({
      paraphrases: null,
      shuffles: null,
      notes: ['0 of 2 paraphrases could be used.'],
    });
  });
  test('are asked the first test examples only', async () => {
    const { found } = await checked(
      'Judge carefully.',
      { paraphrases: 1, shuffles: 0 },
      { task: tinyTask(4, 6, 60) },
    );
    expect(found.paraphrases?.n).toBe(ROBUSTNESS_EXAMPLES);
  });
});

describe('orders of the options', () => {
  test('in the prompt: a target that takes the first one named does not keep its score', async () => {
    const reply = (ask: Ask) => {
      const text = textOf(ask);
      if (!text.startsWith('Say ')) return ' negative';
      return text.startsWith('Say positive')
        ? ' positive'
        : text.includes('good\n')
          ? ' negative'
          : ' positive';
    };
    const { found } = await checked(
      'Say positive or negative.',
      { paraphrases: 0, shuffles: 3 },
      { reply, initial: 'Judge.', task: { ...tinyTask(4, 5, 5) } },
    );
    // Three of five are good: all "positive" is right on those; the other way round everything is wrong.
    expect(found.shuffles).toEqual({ own: 0.6, n: 5, scores: [0], mean: 0, min: 0, max: 0 });
    expect(found.notes).toEqual(['The options have only 1 other order.']);
  });

  const listed = (test: Example[]): Task => ({
    ...tinyTask(4, 4, 0),
    metric: { kind: 'choice' },
    splits: { train: [], validation: test.map((each) => ({ ...each, id: `v-${each.id}` })), test },
  });
  const question = (i: number, right: number): Example => ({
    id: `q${i}`,
    input: `Which one is a fruit, ${i}?\n${['A', 'B', 'C'].map((letter, j) => `(${letter}) ${j === right ? 'apple' : `stone ${j}`}`).join('\n')}`,
    gold: [`(${'ABC'[right] ?? ''})`],
  });

  test('in the inputs: the right letter moves with its text', async () => {
    const knows = (ask: Ask) => /\((.)\) apple/.exec(textOf(ask))?.[0].slice(0, 3) ?? '(A)';
    const questions = [question(0, 0), question(1, 0), question(2, 2), question(3, 1)];
    const { found } = await checked(
      'Say a letter.',
      { paraphrases: 0, shuffles: 4 },
      { reply: knows, task: listed(questions) },
    );
    expect(found.shuffles).toMatchObject({ own: 1, n: 4, scores: [1, 1, 1, 1] });
  });
  test('in the inputs: a target that always says (A) falls from its luck', async () => {
    const questions = [question(0, 0), question(1, 0), question(2, 0)];
    const { found } = await checked(
      'Say a letter.',
      { paraphrases: 0, shuffles: 9 },
      { reply: () => '(A)', task: listed(questions) },
    );
    expect(found.shuffles).toMatchObject({ own: 1, n: 3 });
    // Of the five other orders of three options one leaves the first in its place.
    expect(found.shuffles?.mean).toBeCloseTo(1 / 5, 12);
    expect(found.notes).toEqual(['The options have only 5 other orders.']);
  });
  test('questions whose options cannot move are left out of both sides', async () => {
    const fixed: Example = { id: 'f', input: 'Which?\n(A) a stone\n(B) none of the above', gold: ['(B)'] };
    const { found } = await checked(
      'Say a letter.',
      { paraphrases: 0, shuffles: 1 },
      {
        reply: () => '(A)',
        task: listed([question(0, 0), fixed]),
      },
    );
    expect(found.shuffles).toMatchObject({ own: 1, n: 1 });
  });
  test.each([
    ['open', { metric: { kind: 'exact' } }, /answers of this task are open/],
    ['unlisted', {}, /listed neither in the prompt nor in the inputs/],
    ['no letters', { metric: { kind: 'choice' } }, /No example lists options/],
  ] as const)('%s answers have no order, and that is said', async (_what, part, why) => {
    const { found } = await checked(
      'Judge carefully.',
      { paraphrases: 0, shuffles: 2 },
      { task: { ...tinyTask(), ...part } },
    );
    expect(found.shuffles).toBeNull();
    expect(found.notes).toHaveLength(1);
    expect(found.notes[0]).toMatch(why);
  });
});

test('the result tells the gap to validation and what of the examples the prompt holds', async () => {
  const { events } = await checked(
    'Judge carefully. For instance, test item 3 is bad.',
    { paraphrases: 0, shuffles: 0 },
    { task: tinyTask(4, 6, 10) },
  );
  const result = eventsOf(events, 'tested')[0]?.result;
  expect(result?.gap).toMatchObject({ split: 'validation', score: 1, n: 6, difference: 0 });
  expect(result?.leaks).toMatchObject([{ kind: 'input', example: 'test-3', split: 'test' }]);
});
