import { describe, expect, test } from 'vitest';
import type { Candidate, Scored } from '../../src/core/candidate.ts';
import { contest, crown, type Terms } from '../../src/core/contest.ts';
import type { Op } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import type { Tools } from '../../src/core/optimizer.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, methodOf, play, textOf, tinyTask } from '../optimizers/harness.ts';

/** A target that is right on the first `n` of 20 validation items for the prompt `right n`, on the last for `last n`. */
const graded = () =>
  scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask: Ask) => {
      const text = textOf(ask);
      const item = Number(/item (\d+) is/.exec(text)?.[1] ?? 0);
      const [, end, n] = /^(Right|Last) (\d+)/.exec(text) ?? ['', 'Right', '5'];
      const right = end === 'Right' ? item < Number(n) : item >= 20 - Number(n);
      return right === text.includes('good') ? ' positive' : ' negative';
    },
  });

async function tried<T>(
  prompts: readonly string[],
  what: (tools: Tools, made: Candidate[], first: Scored) => Op<T>,
): Promise<{ result: T; asked: Record<string, number>; reasons: string[] }> {
  const results: T[] = [];
  const method = methodOf(async function* (tools) {
    const [first] = yield* tools.score([tools.initial]);
    const made: Candidate[] = [];
    for (const text of prompts) {
      const candidate = yield* tools.propose(text, { parents: [tools.initial], origin: 'test' });
      if (candidate !== null) made.push(candidate);
    }
    if (first !== undefined) results.push(yield* what(tools, made, first));
  });
  const { events, error } = await play({
    optimizer: method,
    config: configFor(method),
    task: tinyTask(2, 20, 2),
    target: graded(),
    replies: () => '',
  });
  expect(error).toBeNull();
  const asked: Record<string, number> = {};
  for (const { answer } of eventsOf(events, 'answered'))
    if (answer.split === 'validation') asked[answer.candidate] = (asked[answer.candidate] ?? 0) + 1;
  const reasons = eventsOf(events, 'rejected').map((event) => event.reason);
  const [result] = results;
  if (result === undefined) throw new Error('the search did not end');
  return { result, asked, reasons };
}

const terms = (over: Partial<Terms> = {}): Terms => ({ places: 1, step: 1, hardness: new Map(), ...over });
const places = (scored: readonly Scored[]) => scored.map(({ candidate, score }) => [candidate.prompt, score]);

describe('contest', () => {
  test('the places go to the best, as if all had been answered in full', async () => {
    const prompts = ['Right 8', 'Right 2', 'Right 12', 'Right 4', 'Right 9', 'Right 6'];
    const { result } = await tried(prompts, (tools, made, first) =>
      contest(tools, [first], made, terms({ places: 3 })),
    );
    expect(places(result)).toEqual([
      ['Right 12', 0.6],
      ['Right 9', 0.45],
      ['Right 8', 0.4],
    ]);
  });

  test('a challenger is answered only until it cannot win any more', async () => {
    // Four at a time. 20 - 5 wrong leave 5 at most, which is not more than the holder's 5.
    const { result, asked, reasons } = await tried(['Last 4', 'Right 1'], (tools, made, first) =>
      contest(tools, [first], made, terms()),
    );
    expect(places(result)).toEqual([['Judge the item.', 0.25]]);
    expect(asked['c1']).toBe(16);
    expect(asked['c2']).toBe(16);
    expect(reasons).toEqual(['cannot score higher than c0', 'cannot score higher than c0']);
  });

  test('free places are taken with full scores', async () => {
    const { result, asked } = await tried(['Right 1', 'Right 0'], (tools, made, first) =>
      contest(tools, [first], made, terms({ places: 3 })),
    );
    expect(result.map(({ score }) => score)).toEqual([0.25, 0.05, 0]);
    expect(asked).toMatchObject({ c1: 20, c2: 20 });
  });

  test('an equal does not take a place unless ties are the challenger’s', async () => {
    const stays = await tried(['Last 5'], (tools, made, first) => contest(tools, [first], made, terms()));
    expect(stays.result[0]?.candidate.id).toBe('c0');
    const moves = await tried(['Last 5'], (tools, made, first) =>
      contest(tools, [first], made, terms({ ties: true })),
    );
    expect(moves.result[0]?.candidate.id).toBe('c1');
  });

  test('a holder is no challenger to itself', async () => {
    const { result } = await tried([], (tools, _made, first) =>
      contest(tools, [first], [tools.initial, tools.initial], terms({ places: 3 })),
    );
    expect(result).toHaveLength(1);
  });
});

describe('the first look', () => {
  const gate = (tools: Tools, examples: number) => ({ examples, rng: tools.rng.fork('gate') });

  test('half of it is where the holder fails; who is not better there is asked nothing more', async () => {
    // `Last 0` gains nothing and loses: four examples tell.
    const { asked, reasons } = await tried(['Last 0'], (tools, made, first) =>
      contest(tools, [first], made, terms({ gate: gate(tools, 4) })),
    );
    expect(asked['c1']).toBe(4);
    expect(reasons).toEqual(['not better than c0 on 4 examples']);
  });

  test('who is better there goes on, and its answers count', async () => {
    const { result, asked } = await tried(['Right 20'], (tools, made, first) =>
      contest(tools, [first], made, terms({ gate: gate(tools, 4) })),
    );
    expect(result[0]?.candidate.id).toBe('c1');
    expect(asked['c1']).toBe(20);
  });

  test('against a perfect holder nothing is asked', async () => {
    const { asked, reasons } = await tried(['Right 20', 'Right 19'], (tools, made, first) =>
      contest(tools, [first], made, terms({ gate: gate(tools, 4) })),
    );
    expect(asked['c2']).toBeUndefined();
    expect(reasons).toEqual(['cannot score higher than c1']);
  });

  test('works where the holder misses none or fewer than half, and with more examples than there are', async () => {
    const { result } = await tried(['Right 19', 'Right 20'], (tools, made, first) =>
      contest(tools, [first], made, terms({ gate: gate(tools, 100) })),
    );
    expect(places(result)).toEqual([['Right 20', 1]]);
  });
});

test('crown: the leaders of a ranking are scored in full against the best so far, the rest is not', async () => {
  const { result, asked } = await tried(['Right 4', 'Right 9', 'Right 15'], (tools, made, first) => {
    const ranked = made.map((candidate, i) => ({ candidate, score: 1 - i / 10, n: 5 }));
    return crown(tools, first, ranked, 2, new Map());
  });
  expect(places([result])).toEqual([['Right 9', 0.45]]);
  expect(asked['c3']).toBeUndefined();
});
