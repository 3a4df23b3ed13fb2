import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { opro } from '../../src/optimizers/opro.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from './harness.ts';

const OPTIONS = { steps: 3, candidates: 2, exemplars: 2 };
const numbered = (_ask: Ask, n: number) => `<INS>Judge it in way ${n}.</INS>`;
const runWith = (
  options: Record<string, boolean | number | string>,
  replies = numbered,
  metaStyle: 'chat' | 'continuation' = 'chat',
) =>
  play({
    optimizer: opro,
    config: configFor(opro, { options: { ...OPTIONS, ...options }, metaStyle, budget: {} }),
    replies,
  });

/** A target whose accuracy on the tiny task is the share of items that a prompt's number allows: way 3 answers 3 in 8. */
function graded() {
  return scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      const way = Number(/way (\d+)/.exec(text)?.[1] ?? 0);
      const item = Number(/item (\d+) is/.exec(text)?.[1] ?? 0);
      const right = / is good\nAnswer:$/.test(text) ? ' positive' : ' negative';
      return item < way ? right : ' unsure';
    },
  });
}

describe('the trajectory in the meta-prompt', () => {
  const metaPrompts = async (options: Record<string, boolean | number | string>, replies = numbered) => {
    const config = configFor(opro, { options: { ...OPTIONS, ...options }, budget: {} });
    const { optimizer } = await play({ optimizer: opro, config, replies, target: graded() });
    return optimizer.asks.map(textOf);
  };
  /** Two candidates a step: asks 0 and 1 propose ways 0 and 1, and so on. */
  const shown = (text = '') =>
    [...text.matchAll(/Instruction: (.+)\nScore: (\S+)/g)].map((match) => [match[1], match[2]]);

  test('the best prompts stand last, with their train scores', async () => {
    const asks = await metaPrompts({});
    expect(shown(asks[0])).toEqual([['Judge the item.', '0']]);
    // 1 of 8, 2 of 8 and 3 of 8 right; ties keep the order of discovery.
    expect(shown(asks[4])).toEqual([
      ['Judge the item.', '0'],
      ['Judge it in way 0.', '0'],
      ['Judge it in way 1.', '13'],
      ['Judge it in way 2.', '25'],
      ['Judge it in way 3.', '38'],
    ]);
  });

  test('only the best are kept, in the chosen order', async () => {
    expect(shown((await metaPrompts({ keep: 2 }))[4])).toEqual([
      ['Judge it in way 2.', '25'],
      ['Judge it in way 3.', '38'],
    ]);
    expect(shown((await metaPrompts({ keep: 2, order: 'descending' }))[4]).map(([, score]) => score)).toEqual(
      ['38', '25'],
    );
  });

  test('a lowest score may leave nothing to show; scores may be hidden or finer', async () => {
    expect(shown((await metaPrompts({ minScore: 0.9 }))[4])).toEqual([]);
    expect((await metaPrompts({ showScores: false }))[4]).not.toContain('Score:');
    expect(shown((await metaPrompts({ buckets: 0 }))[4]).at(-1)?.[1]).toBe('37.5');
    expect(shown((await metaPrompts({ buckets: 20 }))[4]).at(-1)?.[1]).toBe('40');
  });

  test('exemplars are drawn anew in each step, or stay', async () => {
    const exemplars = (asks: readonly string[]) =>
      asks.map((text) => text.slice(text.indexOf('Input:'), text.indexOf('Generate an')));
    const drawn = exemplars(await metaPrompts({ exemplars: 3 }));
    expect(drawn[0]).toBe(drawn[1]);
    expect(new Set(drawn).size).toBeGreaterThan(1);
    expect(new Set(exemplars(await metaPrompts({ exemplars: 3, exemplarChoice: 'constant' }))).size).toBe(1);
  });

  test('exemplars of the kind most often wrong are the ones that no prompt got right', async () => {
    const asks = await metaPrompts({ exemplarChoice: 'often-wrong', exemplars: 3 });
    expect([...(asks[4] ?? '').matchAll(/train item (\d)/g)].map((match) => match[1])).toEqual([
      '3',
      '4',
      '5',
    ]);
  });
});

describe('proposals', () => {
  test('are scored on train by default, on validation when asked to', async () => {
    const splits = async (options: Record<string, string>) =>
      new Set(eventsOf((await runWith(options)).events, 'scored').map((event) => event.split));
    expect(await splits({})).toEqual(new Set(['train']));
    expect(await splits({ scoreOn: 'validation' })).toEqual(new Set(['validation']));
  });

  test.each([
    [
      'longer than 30 characters',
      { maxCharacters: 30 },
      '<INS>Judge the item with the greatest of care.</INS>',
    ],
    ['holds a digit', { noDigits: true }, '<INS>Judge in 2 steps.</INS>'],
    ['holds the placeholder', {}, '<INS>Put INS first.</INS>'],
  ])('%s: turned away and never scored', async (reason, options, reply) => {
    const { events } = await runWith(options, () => reply);
    expect(eventsOf(events, 'rejected').some((event) => event.reason === reason)).toBe(true);
    expect(eventsOf(events, 'scored').map((event) => event.candidate)).toEqual(['c0']);
  });

  test('each form has its own tags', async () => {
    const accepted = async (meta: string, reply: string) =>
      eventsOf((await runWith({ meta }, () => reply)).events, 'proposed').map(
        (event) => event.candidate.prompt,
      )[1];
    expect(await accepted('chat', 'Sure: <INS>judge well</INS>')).toBe('Judge well');
    expect(await accepted('bison', 'Sure: [judge well]')).toBe('Judge well');
    expect(await accepted('instructionsOnly', '<TEXT>judge well</TEXT>')).toBe('Judge well');
    expect(await accepted('chat', 'judge well')).toBeUndefined();
  });

  test('a continued list ends where the next instruction begins and one line is taken', async () => {
    const { optimizer, events } = await runWith({}, () => ' Judge it well.', 'continuation');
    const [ask] = optimizer.asks;
    expect(ask && textOf(ask)).toMatch(/Instruction: Judge the item\.\nScore: 50\n\nInstruction:$/);
    expect(eventsOf(events, 'proposed')[1]?.candidate.prompt).toBe('Judge it well.');
  });

  test('the temperature may rise to twice its start', async () => {
    const { optimizer } = await runWith({ temperatureSchedule: 'rising' });
    const temperatures = [...new Set(optimizer.asks.map((ask) => ask.temperature.toFixed(3)))];
    expect(temperatures).toEqual(['1.000', '1.333', '1.667']);
  });
});

test('the best by train score is what is tested', async () => {
  const { events } = await play({
    optimizer: opro,
    config: configFor(opro, { options: OPTIONS, budget: {} }),
    task: tinyTask(8, 6, 10),
    replies: numbered,
    target: graded(),
  });
  expect(
    eventsOf(events, 'proposed').find(
      ({ candidate }) => candidate.id === eventsOf(events, 'searched')[0]?.best,
    )?.candidate.prompt,
  ).toBe('Judge it in way 5.');
});
