import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import type { LoggedEffect } from '../../src/core/log.ts';
import type { Ask } from '../../src/core/model.ts';
import { branchesWith, optionsAt, promptsAt, type Branch, type RunConfig } from '../../src/core/run.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from '../optimizers/harness.ts';

const SMALL = {
  epochs: 2,
  batch: 4,
  candidates: 2,
  steps: 4,
  keep: 3,
  exemplars: 2,
  generations: 3,
  population: 4,
  crossovers: 2,
  pool: 5,
  initial: 3,
  items: 4,
  rounds: 3,
  mostSteps: 3,
};

/** A prompt that follows from the ask alone, as a model's does: what went before does not matter. */
const writer = (ask: Ask) => {
  const word = ['carefully', 'slowly', 'twice', 'at length', 'gently'][ask.seed % 5] ?? '';
  const text = `Judge the item ${word} ${ask.seed % 97} ${textOf(ask).length % 7}.`;
  return [
    `<START>${text}<END>`,
    `<INS>${text}</INS>`,
    `<prompt>${text}</prompt>`,
    `[${text}]`,
    `<steps>1. ${text}\n2. Say positive or negative.</steps>`,
    `<step>${text}</step>`,
    '{"step": 1, "kind": "ambiguous", "reason": "It does not say how."}',
  ].join(' ');
};

const config = (optimizer: (typeof optimizers)[number], more: Partial<RunConfig> = {}) =>
  configFor(optimizer, { options: SMALL, budget: { steps: 4 }, ...more });

/** The entries of `log` that the run of `of` had made when its step `step` began. */
async function before(step: number, of: RunConfig, log: readonly LoggedEffect[]): Promise<LoggedEffect[]> {
  const optimizer = optimizers.find(({ id }) => id === of.optimizer);
  if (optimizer === undefined) throw new RangeError(of.optimizer);
  const made: LoggedEffect[] = [];
  const stop = new Error('far enough');
  await play({
    optimizer,
    config: of,
    replies: writer,
    onEvent: (event) => {
      if (event.type === 'step' && event.step === step) throw stop;
    },
  }).then(({ log: first }) => made.push(...first));
  expect(log.slice(0, made.length)).toEqual(made);
  return made;
}

describe.each(optimizers.map((optimizer) => [optimizer.id, optimizer] as const))('%s', (_id, optimizer) => {
  test('a branch that changes nothing is the original, event for event, from any step', async () => {
    const first = config(optimizer);
    const original = await play({ optimizer, config: first, replies: writer });
    expect(original.error).toBeNull();
    const steps = eventsOf(original.events, 'step').map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) {
      const branches = branchesWith(first, { run: 'first', step, options: first.options });
      const branched = { ...first, branches };
      const past = await before(step, first, original.log);
      const { events, error } = await play({ optimizer, config: branched, past, replies: writer });
      expect(error).toBeNull();
      expect(events).toEqual(original.events);
    }
  });

  test('a branch with other options is the original up to its step, and replays from its own log', async () => {
    const first = config(optimizer);
    const original = await play({ optimizer, config: first, replies: writer });
    const last = eventsOf(original.events, 'step').at(-1)?.step ?? 1;
    const changed = { ...first.options, candidates: 3, temperature: 0.3, population: 3 };
    const branches = [{ run: 'first', step: last, options: changed }];
    const branched = { ...first, branches };
    const past = await before(last, first, original.log);
    const made = await play({ optimizer, config: branched, past, replies: writer });
    expect(made.error).toBeNull();
    const same = (events: readonly RunEvent[]) =>
      events.slice(
        0,
        events.findIndex((event) => event.type === 'step' && event.step === last),
      );
    expect(same(made.events)).toEqual(same(original.events));
    const again = await play({
      optimizer,
      config: branched,
      past: [...past, ...made.log],
      live: false,
      replies: writer,
    });
    expect(again.error).toBeNull();
    expect(again.events).toEqual(made.events);
  });
});

test('options change at the step that the branch names', async () => {
  const first = config(gpo);
  const changed = { ...first.options, candidates: 5, temperature: 0.25 };
  const { events, optimizer } = await play({
    optimizer: gpo,
    config: { ...first, branches: [{ run: 'first', step: 3, options: changed }] },
    task: tinyTask(16),
    replies: writer,
  });
  const asked = eventsOf(events, 'stage').filter(({ stage }) => stage === 'propose');
  expect(asked.map(({ step, detail }) => `${step}: ${detail}`)).toEqual([
    '1: 2 candidates',
    '2: 2 candidates',
    '3: 5 candidates',
    '4: 5 candidates',
  ]);
  const temperatures = eventsOf(events, 'asked').map(({ step }, i) => [step, optimizer.asks[i]?.temperature]);
  expect(new Set(temperatures.filter(([step]) => Number(step) < 3).map(([, t]) => t))).toEqual(new Set([1]));
  expect(new Set(temperatures.filter(([step]) => Number(step) >= 3).map(([, t]) => t))).toEqual(
    new Set([0.25]),
  );
});

test('templates change at the step that the branch names, and stay in branches that leave them', async () => {
  const first = config(gpo);
  const own = gpo.prompts.generate ?? '';
  const branches: Branch[] = [
    { run: 'first', step: 2, options: first.options, prompts: { generate: `Mind the tone. ${own}` } },
    { run: 'second', step: 3, options: first.options },
    { run: 'third', step: 4, options: first.options, prompts: {} },
  ];
  const { events, optimizer } = await play({
    optimizer: gpo,
    config: { ...first, branches },
    task: tinyTask(16),
    replies: writer,
  });
  const minded = eventsOf(events, 'asked').map(({ step }, i) => {
    const ask = optimizer.asks[i];
    return [step, ask !== undefined && textOf(ask).includes('Mind the tone.')] as const;
  });
  for (const [step, is] of minded) expect(is).toBe(step === 2 || step === 3);
  expect(new Set(minded.map(([step]) => step))).toEqual(new Set([1, 2, 3, 4]));
  expect(promptsAt({ prompts: { edit: 'x' }, branches }, 1)).toEqual({ edit: 'x' });
  expect(promptsAt({ prompts: { edit: 'x' }, branches }, 9)).toEqual({});
});

describe('branches of branches', () => {
  const options = (n: number) => ({ candidates: n });
  const at = (step: number): Branch => ({ run: `to-${step}`, step, options: options(step) });

  test('keep those before the step and drop the rest', () => {
    const of = { branches: [at(2), at(5)] };
    expect(branchesWith(of, at(4))).toEqual([at(2), at(4)]);
    expect(branchesWith(of, at(5)).map(({ run }) => run)).toEqual(['to-2', 'to-5']);
    expect(branchesWith({}, at(1))).toEqual([at(1)]);
  });

  test('the options in force are those of the latest branch that has begun', () => {
    const of = { options: options(1), branches: [at(2), at(5)] };
    expect([0, 1, 2, 4, 5, 9].map((step) => optionsAt(of, step)['candidates'])).toEqual([1, 1, 2, 2, 5, 5]);
    expect(optionsAt(of)).toEqual(options(1));
  });

  test('are in rising order whatever was there before', () => {
    const steps = fc.uniqueArray(fc.integer({ min: 1, max: 30 })).map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 30 }), (earlier, step) => {
        const got = branchesWith({ branches: earlier.map(at) }, at(step)).map((branch) => branch.step);
        expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
        expect(got.at(-1)).toBe(step);
      }),
    );
  });
});
