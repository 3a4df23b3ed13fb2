import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import { makeRng } from '../../src/core/rng.ts';
import { batches, gepa } from '../../src/optimizers/gepa.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from './harness.ts';

/** Right on the items whose last digit stands in the prompt, `unsure` on all others. */
const digits = () =>
  scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      const item = /item (\d+) is \w+\nAnswer:$/.exec(text)?.[1] ?? '';
      const prompt = text.slice(0, text.indexOf('Item:'));
      const right = / is good\nAnswer:$/.test(text) ? ' positive' : ' negative';
      return prompt.includes(item) ? right : ' unsure';
    },
  });

const evolve = async (
  replies: (ask: Ask, n: number) => string,
  options: Record<string, boolean | number | string> = {},
  overrides: { metaStyle?: 'chat' | 'continuation'; initialPrompt?: string; train?: number } = {},
) => {
  const { metaStyle = 'chat', initialPrompt = 'Judge.', train = 9 } = overrides;
  const played = await play({
    optimizer: gepa,
    config: configFor(gepa, { options: { steps: 3, ...options }, metaStyle, initialPrompt, budget: {} }),
    task: tinyTask(train, 9, 2),
    replies,
    target: digits(),
  });
  expect(played.error).toBeNull();
  return played.events.slice(
    0,
    played.events.findIndex((event) => event.type === 'searched'),
  );
};
const block = (text: string) => `Here it is:\n\`\`\`\n${text}\n\`\`\``;
const answered = (events: readonly RunEvent[], candidate: string, split: string) =>
  eventsOf(events, 'answered').filter(
    ({ answer }) => answer.candidate === candidate && answer.split === split,
  );
const asksOf = (events: readonly RunEvent[], slot: string) =>
  eventsOf(events, 'asked')
    .filter((event) => event.slot === slot)
    .map(({ parts }) => parts.map((part) => part.text).join(''));

describe('the gate', () => {
  test('a child that does no better on the three never meets validation', async () => {
    const events = await evolve((_ask, n) => block(`Judge ${'so '.repeat(n + 1)}.`));
    // Nine train examples, three a step, each asked once of the initial prompt.
    expect(answered(events, 'c0', 'train')).toHaveLength(9);
    for (const child of ['c1', 'c2', 'c3']) {
      expect(answered(events, child, 'train')).toHaveLength(3);
      expect(answered(events, child, 'validation')).toHaveLength(0);
    }
    expect(eventsOf(events, 'rejected').map(({ reason }) => reason)).toEqual(
      Array(3).fill('not better than c0 on a minibatch of 3'),
    );
    expect(eventsOf(events, 'scored').map(({ candidate }) => candidate)).toEqual(['c0']);
  });

  test('one that does better is asked no more of the three than it takes, then all of validation', async () => {
    const events = await evolve(() => block('Judge 0 1 2 3 4 5 6 7 8.'), { steps: 1 });
    expect(answered(events, 'c1', 'train')).toHaveLength(1);
    expect(answered(events, 'c1', 'validation')).toHaveLength(9);
    expect(eventsOf(events, 'best').map(({ candidate, score }) => [candidate, score])).toEqual([
      ['c0', 0],
      ['c1', 1],
    ]);
  });

  test('as good is not good enough', async () => {
    // Both right on 0 to 3 alone, so a batch of nine gives 4 to 4.
    const events = await evolve(
      () => block('Judge 3 2 1 0.'),
      { steps: 1, minibatch: 9 },
      { initialPrompt: 'Judge 0 1 2 3.' },
    );
    expect(eventsOf(events, 'rejected').map(({ reason }) => reason)).toEqual([
      'not better than c0 on a minibatch of 9',
    ]);
  });
});

describe('the batch', () => {
  test('one without errors is passed over within the step, and its answers are kept', async () => {
    const events = await evolve(
      (_ask, n) => block(`Judge ${'so '.repeat(n + 1)}.`),
      { steps: 4 },
      {
        initialPrompt: 'Judge 0 1 2 3 4 5 6 7.',
      },
    );
    const asks = asksOf(events, 'reflect');
    expect(asks).toHaveLength(4);
    // Item 8 is the only one that goes wrong.
    for (const ask of asks) expect(ask).toContain('train item 8');
    expect(answered(events, 'c0', 'train')).toHaveLength(9);
  });

  test('where batches of an epoch would leave the only error out, it is still found, among as many', async () => {
    const events = await evolve(
      (_ask, n) => block(`Judge ${'so '.repeat(n + 1)}.`),
      { steps: 12 },
      { initialPrompt: 'Judge 0 1 2 3 4 5.', train: 7 },
    );
    const asks = asksOf(events, 'reflect');
    expect(asks).toHaveLength(12);
    for (const ask of asks) {
      expect(ask).toContain('train item 6');
      expect(ask.match(/^Feedback: /gm)).toHaveLength(3);
    }
  });

  test('the request shows input, reply and feedback of each', async () => {
    const [ask] = asksOf(
      await evolve(() => block('x'), { steps: 1 }, { initialPrompt: 'Judge 0 1 2 3.' }),
      'reflect',
    );
    expect(ask?.match(/^\d\. Item: train item \d is \w+\nAnswer:\nReply: \w+\nFeedback: /gm)).toHaveLength(3);
    expect(ask).toContain('The prompt is:\n\nJudge 0 1 2 3.\n');
    expect(ask).toMatch(/Reply: unsure\nFeedback: Wrong: no answer could be read/);
  });

  test('a pool that is right on all of train ends the search', async () => {
    const events = await evolve(
      () => block('Judge 0 1 2 3 4 5 6 7 8.'),
      { steps: 50 },
      { initialPrompt: 'Judge 0.' },
    );
    expect(eventsOf(events, 'note').map(({ text }) => text)).toEqual([
      'The leaders are right on all of train, which leaves nothing to learn from.',
    ]);
    expect(eventsOf(events, 'step').length).toBeLessThan(6);
  });

  test.each([
    [9, 3],
    [8, 3],
    [7, 5],
    [2, 3],
    [1, 1],
  ])('of %d examples in threes or so (%d): distinct within, and all in turn', (train, size) => {
    const { splits } = tinyTask(train, 1, 1);
    const next = batches(makeRng(1, 'batches'), splits.train, size);
    const drawn = Array.from({ length: 40 }, next);
    for (const batch of drawn) {
      expect(batch).toHaveLength(Math.min(size, train));
      expect(new Set(batch).size).toBe(batch.length);
    }
    // Epoch by epoch, whatever the batches: every example is drawn as often as any other.
    const flat = drawn.flat();
    for (let from = 0; from + train <= flat.length; from += train)
      expect(new Set(flat.slice(from, from + train)).size).toBe(train);
    expect(new Set(drawn.map((batch) => batch.map(({ id }) => id).join())).size).toBeGreaterThan(
      train > 2 ? 5 : 0,
    );
  });
});

describe('parents', () => {
  /** First a child right on 0 to 3, then whatever it is asked for is right on 4 to 8 and wrong on 0 to 3. */
  const split = (_ask: Ask, n: number) =>
    block(n === 0 ? 'Judge 0 1 2 3.' : n === 1 ? 'Judge 4 5 6 7 8.' : `Judge ${'so '.repeat(n)}.`);
  const parents = (events: readonly RunEvent[]) =>
    eventsOf(events, 'proposed')
      .slice(3)
      .map(({ candidate }) => candidate.parents[0] ?? '');
  const options = { steps: 40, minibatch: 9 };

  test('are drawn among those that lead somewhere, by how many they lead', async () => {
    const events = await evolve(split, options);
    expect(eventsOf(events, 'retrieved').map(({ items }) => items)[2]).toEqual([
      { candidate: 'c1', weight: 4 },
      { candidate: 'c2', weight: 5 },
    ]);
    expect(new Set(parents(events))).toEqual(new Set(['c1', 'c2']));
  });

  test('or are the best on average', async () => {
    const events = await evolve(split, { ...options, selection: 'best' });
    expect(new Set(parents(events))).toEqual(new Set(['c2']));
  });
});

describe('merging', () => {
  const merging = (merged: (n: number) => string) => (ask: Ask, n: number) => {
    if (textOf(ask).includes('Earlier prompt:')) return block(merged(n));
    return block(n === 0 ? 'Judge 0 1 2 3.' : n === 1 ? 'Judge 4 5 6.' : `Judge ${'so '.repeat(n)}.`);
  };
  // With selection by the best the second child would come of the first; two leaders need one root.
  const options = { steps: 8, minibatch: 9, merge: true };
  const twoOfOneRoot = async (reply: (n: number) => string, more = {}) => {
    for (let seed = 0; seed < 20; seed++) {
      const { events, error } = await play({
        optimizer: gepa,
        config: configFor(gepa, {
          options: { ...options, ...more },
          initialPrompt: 'Judge 7 8.',
          budget: {},
          seed,
        }),
        task: tinyTask(9, 9, 2),
        replies: merging(reply),
        target: digits(),
      });
      expect(error).toBeNull();
      if (eventsOf(events, 'proposed')[2]?.candidate.parents[0] === 'c0') return events;
    }
    throw new Error('no seed drew the initial prompt twice');
  };

  test('joins two leaders of one prompt where each is right, and asks the whole of a join that is as good', async () => {
    const events = await twoOfOneRoot(() => 'Judge 0 1 2 3 4 5 6.');
    const [ask] = asksOf(events, 'merge');
    expect(ask).toMatch(/Earlier prompt:\nJudge 7 8\.\n\nPrompt 1:\nJudge .+\n\nPrompt 2:\nJudge /);
    const merged = eventsOf(events, 'proposed').find(({ candidate }) => candidate.origin === 'merge');
    expect(merged?.candidate.parents).toEqual(['c1', 'c2']);
    expect(eventsOf(events, 'scored').map(({ candidate, score }) => [candidate, score])).toContainEqual([
      merged?.candidate.id,
      7 / 9,
    ]);
  });

  test('a worse one meets five validation examples at most', async () => {
    const events = await twoOfOneRoot((n) => `Judge ${'and '.repeat(n)}.`);
    const merged = eventsOf(events, 'proposed').find(({ candidate }) => candidate.origin === 'merge');
    const met = answered(events, merged?.candidate.id ?? '', 'validation').length;
    expect(met).toBeGreaterThan(0);
    expect(met).toBeLessThanOrEqual(5);
    expect(eventsOf(events, 'rejected').map(({ reason }) => reason)).toContain(
      'worse than the better of c1 and c2 on 5 examples',
    );
  });

  test('not when turned off, nor beyond the limit', async () => {
    const off = await evolve(
      merging(() => 'x'),
      { ...options, merge: false },
    );
    expect(asksOf(off, 'merge')).toEqual([]);
    const none = await evolve(
      merging(() => 'x'),
      { ...options, merges: 0 },
    );
    expect(asksOf(none, 'merge')).toEqual([]);
  });
});

test('continued: the next instruction after the feedback', async () => {
  const events = await evolve(
    (_ask, n) => ` Judge 0 1 2 3 4 5 6 7 8 ${n}.`,
    { steps: 1 },
    { metaStyle: 'continuation' },
  );
  const [ask] = asksOf(events, 'reflectContinuation');
  expect(ask).toMatch(/^Say whether.+\n\nInstruction: Judge\.\n\n1\. Item: /);
  expect(ask?.endsWith('\n\nInstruction:')).toBe(true);
  expect(eventsOf(events, 'best').at(-1)).toMatchObject({ candidate: 'c1', score: 1 });
});
