import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Op } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import type { Tools } from '../../src/core/optimizer.ts';
import {
  INDUCE,
  induced,
  PARAPHRASE,
  paraphrases,
  population,
  populationAsks,
} from '../../src/core/variants.ts';
import { configFor, eventsOf, methodOf, play, textOf } from '../optimizers/harness.ts';

async function made(
  what: (tools: Tools) => Op<Candidate[]>,
  replies: (ask: Ask, n: number) => string,
  over: { metaStyle?: 'chat' | 'continuation'; prompts?: Record<string, string> } = {},
) {
  let result: Candidate[] = [];
  const method = methodOf(
    async function* (tools) {
      result = yield* what(tools);
    },
    { ...PARAPHRASE, ...INDUCE },
  );
  const { optimizer, events, error } = await play({
    optimizer: method,
    config: configFor(method, over),
    replies,
  });
  expect(error).toBeNull();
  return {
    result,
    asks: optimizer.asks.map(textOf),
    temperatures: optimizer.asks.map((a) => a.temperature),
    events,
  };
}

const ways = (_ask: Ask, n: number) => `<prompt>Judge it in way ${n}.</prompt>`;
const T = { temperature: 0.7 };

describe('paraphrases', () => {
  test('one ask each, with the prompt in it, at the temperature given', async () => {
    const { result, asks, temperatures } = await made(
      (tools) => paraphrases(tools, tools.initial, 3, T),
      ways,
    );
    expect(result.map(({ prompt }) => prompt)).toEqual([0, 1, 2].map((n) => `Judge it in way ${n}.`));
    expect(result.every(({ parents, origin }) => parents[0] === 'c0' && origin === 'paraphrase')).toBe(true);
    expect(asks).toHaveLength(3);
    expect(asks[0]).toContain('\n\nJudge the item.\n\n');
    expect(temperatures).toEqual([0.7, 0.7, 0.7]);
  });

  test('worked examples go on to the paraphrase', async () => {
    const { result } = await made(async function* (tools) {
      const shots = tools.task.splits.train.slice(0, 2);
      const parent = yield* tools.propose('Judge.', { parents: [], origin: 'test', shots });
      return parent === null ? [] : yield* paraphrases(tools, parent, 1, T);
    }, ways);
    expect(result[0]?.shots.map(({ id }) => id)).toEqual(['train-0', 'train-1']);
  });

  test('what is unusable or known is asked for again as often as said, then given up', async () => {
    const known = await made(
      (tools) => paraphrases(tools, tools.initial, 2, { ...T, retries: 2 }),
      () => '<prompt>judge the item.</prompt>',
    );
    expect(known.result).toEqual([]);
    expect(known.asks).toHaveLength(6);
    const none = await made(
      (tools) => paraphrases(tools, tools.initial, 2, { ...T, retries: 0 }),
      () => 'no tags',
    );
    expect(none.asks).toHaveLength(2);
    expect(eventsOf(none.events, 'rejected')).toHaveLength(2);
  });

  test('a repetition can be asked to come back as what it repeats', async () => {
    const { result } = await made(
      (tools) => paraphrases(tools, tools.initial, 2, { ...T, repeats: true }),
      () => '<prompt>Judge the item.</prompt>',
    );
    expect(result.map(({ id }) => id)).toEqual(['c0']);
  });

  test('continued: the text ends where the paraphrase begins, and one line is taken', async () => {
    const { result, asks } = await made(
      (tools) => paraphrases(tools, tools.initial, 1, T),
      () => ' Assess the item.\nInstruction: more',
      { metaStyle: 'continuation' },
    );
    expect(asks[0]).toMatch(/^Instruction: Judge the item\.\n[^]*\nInstruction:$/);
    expect(result[0]?.prompt).toBe('Assess the item.');
  });

  test('an edited template is the one that is sent, and what it is filled with is left alone', async () => {
    const { asks } = await made(
      async function* (tools) {
        const parent = yield* tools.propose('$& {task} {current}', { parents: [], origin: 'test' });
        return parent === null ? [] : yield* paraphrases(tools, parent, 1, T);
      },
      ways,
      { prompts: { paraphrase: 'Anew, {position}: {current}' } },
    );
    expect(asks[0]).toBe('Anew, before the question, on a line of its own: $& {task} {current}');
  });
});

describe('induction', () => {
  test('shows inputs with outputs and where the prompt stands, never the initial prompt', async () => {
    const { result, asks } = await made(
      (tools) => induced(tools, tools.task.splits.train.slice(0, 2), 1, T),
      ways,
    );
    expect(asks[0]).toContain('before the question');
    expect(asks[0]).toContain('Item: train item 0 is good\nAnswer:\nOutput: positive');
    expect(asks[0]).toContain('train item 1 is bad');
    expect(asks[0]).not.toContain('Judge the item.');
    expect(result[0]).toMatchObject({ origin: 'induce', parents: [] });
  });

  test('continued: ends where the instruction begins', async () => {
    const { asks } = await made(
      (tools) => induced(tools, tools.task.splits.train.slice(0, 2), 1, T),
      () => ' Say the mood.',
      { metaStyle: 'continuation' },
    );
    expect(asks[0]?.endsWith('\nInstruction:')).toBe(true);
  });
});

describe('a population', () => {
  test('begins with the initial prompt, then takes turns', async () => {
    const { result, asks } = await made((tools) => population(tools, 5, { temperature: 1, demos: 2 }), ways);
    expect(result.map(({ origin }) => origin)).toEqual([
      'initial',
      'induce',
      'paraphrase',
      'induce',
      'paraphrase',
    ]);
    expect(asks).toHaveLength(4);
    // Each guess is made from examples drawn anew.
    expect(asks[0]).not.toBe(asks[2]);
  });

  test('without demonstrations all are paraphrases; without usable replies the asks end', async () => {
    const alike = await made((tools) => population(tools, 4, { temperature: 1, demos: 0 }), ways);
    expect(alike.result.slice(1).every(({ origin }) => origin === 'paraphrase')).toBe(true);
    const mute = await made(
      (tools) => population(tools, 4, { temperature: 1, demos: 2 }),
      () => '',
    );
    expect(mute.result.map(({ id }) => id)).toEqual(['c0']);
    expect(mute.asks).toHaveLength(populationAsks(4));
  });

  test('a size of one or less asks for nothing', async () => {
    expect((await made((tools) => population(tools, 1, { temperature: 1, demos: 2 }), ways)).asks).toEqual(
      [],
    );
    expect(populationAsks(0)).toBe(0);
  });
});
