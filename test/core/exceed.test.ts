import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/core/events.ts';
import { exceeds, hardestFirst, tally, type Hardness } from '../../src/core/exceed.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, methodOf, play, target, tinyTask } from '../optimizers/harness.ts';

/** The initial prompt answers `positive` throughout: right, wrong, right, wrong, ... */
const during = async (search: Optimizer['search'], engine = target(), task = tinyTask(8, 10, 2)) => {
  const optimizer = methodOf(search);
  const { events, error } = await play({
    optimizer,
    config: configFor(optimizer),
    task,
    replies: () => '',
    target: engine,
  });
  expect(error).toBeNull();
  return events.slice(
    0,
    events.findIndex((event) => event.type === 'searched'),
  );
};

/** What `exceeds` says of the initial prompt over ten validation examples, and how many it asked. */
async function decide(floor: number, chunk: number, engine = target()) {
  let outcome: boolean | null = null;
  const events = await during(async function* (tools) {
    const examples = tools.task.splits.validation;
    outcome = yield* exceeds(tools, tools.initial, floor, { split: 'validation', examples, chunk });
  }, engine);
  return [outcome, eventsOf(events, 'answered').length];
}

describe('exceeds', () => {
  test.each([
    // Right after 1, 3, 5, 7, 9 examples: sums 1, 1, 2, 2, 3, 3, 4, 4, 5, 5.
    [0, 1, true, 1],
    [2, 1, true, 5],
    [4, 1, true, 9],
    // Five of ten cannot be passed once five are wrong, nor 4.5 less than that many.
    [5, 1, false, 10],
    [7, 1, false, 6],
    [9, 1, false, 2],
    [10, 1, false, 0],
    [9, 4, false, 4],
    [2, 4, true, 8],
    [4, 4, true, 10],
  ])('floor %d in pieces of %d: %j after %d', async (floor, chunk, outcome, asked) => {
    expect(await decide(floor, chunk)).toEqual([outcome, asked]);
  });

  test('a trace of rounding below the sum does not make it exceed', async () => {
    expect(await decide(5 - 1e-12, 1)).toEqual([false, 10]);
  });

  test('a candidate that does not fit the context does not exceed', async () => {
    const small = scriptedEngine({
      id: 'scripted:target:none',
      contextTokens: 30,
      reply: () => ' positive',
    });
    let outcome: boolean | null = null;
    const events = await during(async function* (tools) {
      yield* tools.score([tools.initial]);
      const long = yield* tools.propose('very '.repeat(40), { parents: [tools.initial], origin: 'trial' });
      if (long === null) throw new Error('no candidate');
      const examples = tools.task.splits.validation;
      outcome = yield* exceeds(tools, long, 0, { split: 'validation', examples, chunk: 1 });
    }, small);
    expect(outcome).toBe(false);
    expect(eventsOf(events, 'rejected').map((event) => event.reason)[0]).toMatch(/tokens/);
  });
});

test('hardest first: most often missed, ties in their own order', () => {
  const hardness: Hardness = new Map();
  const answers = (candidate: string, scores: readonly number[]): Answer[] =>
    scores.map((score, i) => ({
      candidate,
      example: `validation-${i}`,
      split: 'validation',
      reply: '',
      answer: null,
      score,
      tokens: { in: 0, cached: 0, out: 0 },
      ms: 0,
    }));
  const examples = tinyTask(1, 4, 1).splits.validation;
  const order = () => hardestFirst(examples, hardness).map((example) => example.id.slice(-1));
  expect(order()).toEqual(['0', '1', '2', '3']);
  tally(hardness, answers('c0', [1, 0, 1, 0.5]));
  expect(order()).toEqual(['1', '3', '0', '2']);
  tally(hardness, answers('c1', [1, 1, 0, 1]));
  // Lost and seen, each plus a half of two: 1/4, 2/4, 2/4, 1.5/4.
  expect(order()).toEqual(['1', '2', '3', '0']);
});
