import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { bayes } from '../../src/optimizers/bayes.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from './harness.ts';

const OPTIONS = {
  steps: 4,
  candidates: 2,
  pool: 8,
  initial: 3,
  items: 4,
  refillEvery: 3,
  parents: 2,
  offspring: 2,
};
const WORDS = [
  'briskly',
  'as a zoo would',
  'in a hum',
  'jovially',
  'by fax',
  'carefully',
  'with quiz',
  'now',
];
const numbered = (_ask: Ask, n: number) =>
  `<prompt>Judge it ${WORDS[n % WORDS.length] ?? ''}, way ${n}.</prompt>`;
const runWith = (
  options: Record<string, boolean | number | string> = {},
  replies: (ask: Ask, n: number) => string = numbered,
  overrides: Partial<Parameters<typeof play>[0]> = {},
) =>
  play({
    optimizer: bayes,
    config: configFor(bayes, { options: { ...OPTIONS, ...options }, budget: {} }),
    replies,
    ...overrides,
  });

/** How many examples each candidate had been asked at each of its scores, in time order. */
function asked(events: readonly RunEvent[]): Map<string, string[]> {
  const by = new Map<string, string[]>();
  const until = events.findIndex((event) => event.type === 'searched');
  for (const { answer } of eventsOf(events.slice(0, until), 'answered'))
    by.set(answer.candidate, [...(by.get(answer.candidate) ?? []), answer.example]);
  return by;
}

describe('the initial design', () => {
  test('observes the initial prompt on all of validation, then prompts far apart on a part each', async () => {
    const { events } = await runWith({ steps: 1 });
    const start = events.slice(
      0,
      events.findIndex((event) => event.type === 'step'),
    );
    const by = asked([...start, { type: 'searched', reason: 'done', best: 'c0' }]);
    expect(by.get('c0')).toHaveLength(6);
    expect(by.size).toBe(3);
    expect([...by.values()].filter((items) => items.length === 4).length).toBeGreaterThan(0);
    expect(eventsOf(start, 'proposed')).toHaveLength(8);
  });

  test('each prompt is asked a draw of its own', async () => {
    const { events } = await runWith({ items: 3, steps: 6 }, numbered, { task: tinyTask(8, 12, 4) });
    const draws = [...asked(events).values()].filter((items) => items.length === 3);
    expect(draws.length).toBeGreaterThan(2);
    expect(new Set(draws.map((items) => items.toSorted().join())).size).toBeGreaterThan(1);
  });
});

describe('a step', () => {
  test('scores as many prompts as asked for, none that has been scored, those that promise most', async () => {
    const { events } = await runWith();
    const batches = eventsOf(events, 'retrieved');
    expect(batches.map(({ items }) => items.length)).toEqual([2, 2, 2, 2]);
    const ids = batches.flatMap(({ items }) => items.map(({ candidate }) => candidate));
    expect(new Set(ids).size).toBe(ids.length);
    for (const { items } of batches) for (const { weight } of items) expect(weight).toBeGreaterThanOrEqual(0);
    // Its pick before the lie is the pool's largest promise, so it is no smaller than the second.
    for (const { items } of batches) expect(items[0]?.weight).toBeGreaterThanOrEqual(items[1]?.weight ?? 0);
  });

  test('the incumbent is scored on all of validation, once', async () => {
    const { events } = await runWith();
    const current = eventsOf(events, 'current');
    const full = eventsOf(events, 'scored');
    expect(current.length).toBeGreaterThanOrEqual(5);
    for (const { candidate, score } of current)
      expect(full.find((each) => each.candidate === candidate)).toMatchObject({ n: 6, score });
    expect(new Set(full.map(({ candidate }) => candidate)).size).toBe(full.length);
  });

  test('the best prompt of the run is one scored in full, and the last incumbent is told', async () => {
    const { events } = await runWith();
    const best = eventsOf(events, 'searched')[0]?.best;
    const full = eventsOf(events, 'scored');
    const highest = Math.max(...full.map(({ score }) => score));
    expect(full.find(({ score }) => score === highest)?.candidate).toBe(best);
    const last = eventsOf(events, 'current').at(-1)?.candidate ?? '';
    expect(eventsOf(events, 'note').at(-1)?.text).toMatch(new RegExp(`^Best believed: ${last},`));
  });

  test('a prompt that only looks good on its part does not become the best', async () => {
    // Prompts other than the first are right on five of twelve items; the first on six. A lucky draw of two shows 1.
    const lucky = scriptedEngine({
      id: 'scripted:target:none',
      reply: (ask) => {
        const text = textOf(ask);
        if (text.includes('Judge the item')) return ' positive';
        const right = text.includes('is good') ? ' positive' : ' negative';
        return / item [0-4] /.test(text) ? right : ' neither';
      },
    });
    const { events } = await runWith({ items: 2, steps: 6 }, numbered, {
      target: lucky,
      task: tinyTask(8, 12, 4),
    });
    const partial = eventsOf(events, 'current').filter(({ candidate }) => candidate !== 'c0');
    expect(partial.length).toBeGreaterThan(0);
    expect(eventsOf(events, 'searched')[0]?.best).toBe('c0');
    expect(partial.every(({ score }) => score === 5 / 12)).toBe(true);
  });
});

describe('the pool', () => {
  test('is refilled by mutating the best at the interval given', async () => {
    const { events } = await runWith({ steps: 6, refillEvery: 2 });
    const mutations = eventsOf(events, 'asked').filter(({ slot }) => slot === 'mutate');
    expect(mutations.map(({ step }) => step)).toEqual([2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6]);
    const made = eventsOf(events, 'proposed').filter(({ candidate }) => candidate.origin === 'mutate');
    const current = eventsOf(events, 'current');
    const before = current.slice(0, 2).map(({ candidate }) => candidate);
    expect(before).toContain(made[0]?.candidate.parents[0]);
  });

  test('a mutation sees errors of its parent on train, never an item of validation', async () => {
    const { events, optimizer } = await runWith({ steps: 2, refillEvery: 2 });
    const shown = optimizer.asks.map(textOf).filter((text) => text.includes('got these wrong'));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown[0]).toMatch(
      /train item \d is bad\nAnswer:\nModel's answer: positive\nRight answer: negative/,
    );
    expect(optimizer.asks.some((ask) => textOf(ask).includes('validation item'))).toBe(false);
    const pairs = eventsOf(events, 'answered').map(({ answer }) => `${answer.candidate}/${answer.example}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  test('paraphrases where that is asked for', async () => {
    const { events } = await runWith({ steps: 2, refillEvery: 2, mutation: 'paraphrase' });
    const step2 = eventsOf(events, 'asked').filter(({ step }) => step === 2);
    expect(step2.map(({ slot }) => slot)).toEqual(['paraphrase', 'paraphrase', 'paraphrase', 'paraphrase']);
  });

  test('when it is used up and nothing new comes, steps are empty and the run ends well', async () => {
    const { events, error } = await runWith({}, () => '<prompt>Judge the item.</prompt>');
    expect(error).toBeNull();
    expect(eventsOf(events, 'note').filter(({ text }) => text.includes('nothing to choose'))).toHaveLength(4);
    expect(eventsOf(events, 'searched')[0]).toMatchObject({ reason: 'done', best: 'c0' });
  });

  test('smaller than the first design: all of it is scored', async () => {
    const { events } = await runWith({ pool: 2, initial: 9, steps: 1 });
    expect(eventsOf(events, 'scored').some(({ candidate }) => candidate === 'c0')).toBe(true);
    expect(eventsOf(events, 'tested')).toHaveLength(1);
  });
});

describe('what is chosen follows from the scores', () => {
  // Two families of prompts, far apart in letters; one of them answers rightly.
  const families = (_ask: Ask, n: number) =>
    n % 2 === 0
      ? `<prompt>Carefully zzzzzz zzzzzz ${'z'.repeat(n % 7)} ${n}</prompt>`
      : `<prompt>Lolllll oooolllo ${'l'.repeat(n % 5)} ${n}</prompt>`;
  const good = scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      if (!text.includes('zzzz')) return ' positive';
      return text.trimEnd().endsWith('good\nAnswer:') ? ' positive' : ' negative';
    },
  });

  test.each([
    { acquisition: 'improvement' },
    { acquisition: 'bound' },
    { acquisition: 'bound', betaSchedule: true },
  ])('with $acquisition (schedule: $betaSchedule) the family that scores is preferred', async (options) => {
    const { events } = await runWith(
      { ...options, pool: 24, initial: 4, steps: 3, candidates: 2, refillEvery: 9 },
      families,
      { target: good },
    );
    const texts = new Map(
      eventsOf(events, 'proposed').map(({ candidate }) => [candidate.id, candidate.prompt]),
    );
    const picked = eventsOf(events, 'retrieved').flatMap(({ items }) =>
      items.map(({ candidate }) => texts.get(candidate) ?? ''),
    );
    expect(picked).toHaveLength(6);
    expect(picked.filter((text) => text.includes('zzzz')).length).toBeGreaterThanOrEqual(4);
    expect(eventsOf(events, 'tested')[0]?.result.best.score).toBe(1);
  });
});

test('a continuation ends where the next prompt begins', async () => {
  const { optimizer } = await play({
    optimizer: bayes,
    config: configFor(bayes, {
      options: { ...OPTIONS, refillEvery: 1, steps: 1 },
      metaStyle: 'continuation',
      budget: {},
    }),
    replies: (_ask, n) => ` Judge it in way ${n}.\nInstruction: more`,
  });
  expect(optimizer.asks.length).toBeGreaterThan(7);
  for (const ask of optimizer.asks) {
    expect(ask.content.kind).toBe('completion');
    expect(textOf(ask)).toMatch(/\nInstruction:$/);
  }
  expect(optimizer.asks.slice(-1).map(textOf).join()).toContain('one change');
});
