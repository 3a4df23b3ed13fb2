import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { optionsOf } from '../../src/core/run.ts';
import { scriptedEngine, type ScriptedEngine } from '../../src/engines/scripted.ts';
import { apo } from '../../src/optimizers/apo.ts';
import { eventsOf, playGraded, textOf, tinyTask, type Played } from './harness.ts';

const OPTIONS = {
  steps: 1,
  beam: 2,
  batch: 16,
  gradients: 2,
  errors: 2,
  variants: 1,
  candidates: 9,
  evaluations: 20,
};
const optimizerOf = (): Optimizer => apo;
/** Reasons and prompts that differ from ask to ask; `way n` has n of the 20 items of a split right. */
const numbered = (ask: Ask, n: number) => {
  const text = textOf(ask);
  if (text.includes('Give one reason')) return `<START>Reason ${n}.<END>`;
  return `<START>Judge it in way ${n}.<END><prompt>Judge it in way ${n}.</prompt>`;
};
const runWith = (
  options: Record<string, boolean | number | string> = {},
  over: {
    replies?: (ask: Ask, n: number) => string;
    metaStyle?: 'chat' | 'continuation';
    train?: number;
    target?: ScriptedEngine;
  } = {},
) => {
  const { train = 16, ...rest } = over;
  const settings = { ...OPTIONS, ...options };
  return playGraded(apo, settings, { task: tinyTask(train, 20, 4), replies: numbered, ...rest });
};
const slots = ({ events }: Played) => eventsOf(events, 'asked').map((event) => event.slot);
const count = (played: Played, slot: string) => slots(played).filter((each) => each === slot).length;
const made = ({ events }: Played) =>
  eventsOf(events, 'proposed')
    .map(({ candidate }) => candidate)
    .slice(1);
const answered = ({ events }: Played, split: string, id?: string) =>
  eventsOf(events, 'answered').filter(
    ({ answer }) => answer.split === split && (id === undefined || answer.candidate === id),
  ).length;

describe('expansion', () => {
  test('a gradient for each group of errors, a rewrite for each, paraphrases of all and of the prompt itself', async () => {
    const played = await runWith();
    expect([count(played, 'gradient'), count(played, 'edit'), count(played, 'paraphrase')]).toEqual([
      2, 2, 3,
    ]);
    expect(made(played).filter(({ origin }) => origin === 'edit')).toHaveLength(2);
    const edits = eventsOf(played.events, 'asked').filter((event) => event.slot === 'edit');
    const texts = edits.map((event) => event.parts.map((part) => part.text).join(''));
    for (const text of texts) {
      // Each rewrite is shown its own reason and the errors that it came from.
      expect(text.match(/Reason \d+\./g)).toHaveLength(1);
      expect(text.match(/train item \d+/g)).toHaveLength(2);
    }
    expect(texts[0]).not.toBe(texts[1]);
  });

  test('several reasons and several rewrites a reason', async () => {
    const replies = (ask: Ask, n: number) =>
      textOf(ask).includes('Give 3 different reasons')
        ? `<START>A${n}.<END> <START>B${n}.<END> <START>C${n}.<END>`
        : numbered(ask, n);
    const played = await runWith({ reasons: 3, edits: 2, variants: 0, candidates: 64 }, { replies });
    expect([count(played, 'gradient'), count(played, 'edit')]).toEqual([2, 12]);
  });

  test.each([1, 2, 3, 4])(
    'no more than %i new prompts enter, and none is made to be thrown away',
    async (candidates) => {
      const played = await runWith({ candidates });
      expect(made(played)).toHaveLength(candidates);
      const prompts = made(played).map(({ id }) => id);
      expect(prompts.every((id) => answered(played, 'validation', id) > 0)).toBe(true);
    },
  );

  test('without errors no gradient is asked for, only paraphrases', async () => {
    const right = scriptedEngine({
      id: 'scripted:target:none',
      reply: (ask) => (textOf(ask).endsWith('good\nAnswer:') ? ' positive' : ' negative'),
    });
    const played = await runWith({ variants: 2 }, { target: right });
    expect(slots(played)).toEqual(['paraphrase', 'paraphrase']);
  });

  test('the minibatch is answered until it has given the errors wanted', async () => {
    // Everything is wrong at first: four errors for two gradients of two.
    expect(answered(await runWith({ variants: 0 }), 'train')).toBe(4);
    const half = scriptedEngine({ id: 'scripted:target:none', reply: () => ' positive' });
    const calls = answered(await runWith({ variants: 0 }, { target: half }), 'train');
    expect(calls).toBeGreaterThan(4);
    expect(calls).toBeLessThanOrEqual(16);
  });

  test('a reason without tags is taken as it stands; a rewrite without tags is not', async () => {
    const replies = (ask: Ask) =>
      textOf(ask).includes('Give one reason') ? 'It is vague.' : 'Judge it well.';
    const played = await runWith({ variants: 0 }, { replies });
    const edit = eventsOf(played.events, 'asked').find((event) => event.slot === 'edit');
    expect(edit?.parts.find((part) => part.origin === 'reflection')?.text).toBe('It is vague.');
    expect(made(played)).toEqual([]);
  });

  test('compared on errors: twice as many are made, the better half enters', async () => {
    const played = await runWith({ rejectOnErrors: true, candidates: 2, batch: 16 });
    expect(made(played)).toHaveLength(4);
    const entered = made(played).filter(({ id }) => answered(played, 'validation', id) > 0);
    expect(entered).toHaveLength(2);
    const train = (id: string) => answered(played, 'train', id);
    expect(made(played).every(({ id }) => train(id) === 4)).toBe(true);
  });
});

describe('the beam', () => {
  test('holds the best of old and new, and each of it is expanded', async () => {
    const played = await runWith({ steps: 2, variants: 0, evaluator: 'full' });
    const [, second] = eventsOf(played.events, 'stage')
      .filter((event) => event.stage === 'select')
      .map((event) => event.detail);
    const parents = new Set(
      made(played)
        .slice(2)
        .flatMap((candidate) => candidate.parents),
    );
    expect(parents).toEqual(new Set(['c1', 'c2']));
    expect(second?.split(' ')).toHaveLength(2);
  });

  test.each(['ucb', 'ucb-e', 'rejects', 'halving', 'uniform', 'full'])(
    '%s: the best is known in full',
    async (evaluator) => {
      const { events } = await runWith({ evaluator, steps: 2, evaluations: 8 });
      const best = eventsOf(events, 'searched')[0]?.best;
      expect(best).not.toBe('c0');
      expect(eventsOf(events, 'scored').find((event) => event.candidate === best)?.n).toBe(20);
    },
  );

  test('nothing new leaves the beam as it is', async () => {
    const played = await runWith({ steps: 2 }, { replies: () => '' });
    expect(eventsOf(played.events, 'searched')[0]?.best).toBe('c0');
    expect(played.error).toBeNull();
  });
});

describe('TextGrad', () => {
  const half = () => scriptedEngine({ id: 'scripted:target:none', reply: () => ' positive' });

  test('a minibatch of three, a remark for each error, one rewrite from all of them', async () => {
    const played = await runWith({ preset: 'textgrad' });
    expect(answered(played, 'train')).toBe(3);
    expect(slots(played)).toEqual(['gradient', 'gradient', 'gradient', 'edit']);
    const edit = eventsOf(played.events, 'asked').find((event) => event.slot === 'edit');
    const text = edit?.parts.map((part) => part.text).join('') ?? '';
    expect(text).toContain('- Reason 0.\n- Reason 1.\n- Reason 2.');
    expect(text.match(/train item \d+/g)).toHaveLength(3);
  });

  test('one line of descent: moves on unless validation falls', async () => {
    const played = await runWith({ preset: 'textgrad', steps: 6 }, { target: half() });
    // All prompts score the same, so each rewrite takes over and is the parent of the next.
    const all = made(played);
    expect(all.length).toBeGreaterThan(2);
    expect(all.slice(1).map(({ parents }) => parents[0])).toEqual(all.slice(0, -1).map(({ id }) => id));
    const falling = (ask: Ask, n: number) => numbered(ask, Math.max(1, 12 - n));
    const reverted = await runWith({ preset: 'textgrad', steps: 3 }, { replies: falling });
    expect(
      new Set(
        made(reverted)
          .slice(1)
          .map(({ parents }) => parents[0]),
      ),
    ).toEqual(new Set(['c1']));
  });

  test('with the gate, a rewrite that is no better on its minibatch is not scored', async () => {
    const played = await runWith({ preset: 'textgrad-gate', steps: 3 }, { target: half() });
    expect(made(played).length).toBeGreaterThan(0);
    expect(made(played).every(({ id }) => answered(played, 'validation', id) === 0)).toBe(true);
    expect(
      eventsOf(played.events, 'rejected').every(
        ({ reason }) => reason === 'not better than c0 on 3 examples',
      ),
    ).toBe(true);
  });
});

test.each(['protegi', 'textgrad', 'textgrad-gate'])('%s: the estimate is an upper bound', async (preset) => {
  const options = { ...OPTIONS, preset, steps: 3, rejectOnErrors: true, candidates: 2 };
  const played = await runWith(options);
  const { targetCalls, optimizerCalls } = optimizerOf().cost(optionsOf(apo, options), {
    train: 16,
    validation: 20,
  });
  expect(answered(played, 'train') + answered(played, 'validation')).toBeLessThanOrEqual(targetCalls);
  expect(played.optimizer.asks.length).toBeLessThanOrEqual(optimizerCalls);
});

test('continued: reasons are asked in chat, the rewrite is the next line of a list', async () => {
  const replies = (ask: Ask, n: number) =>
    ask.content.kind === 'chat' ? 'Too\nvague.' : ` Judge it in way ${n}.`;
  const played = await runWith({ variants: 0 }, { metaStyle: 'continuation', replies });
  const kinds = eventsOf(played.events, 'asked').map((event) => [event.slot, event.content.kind]);
  expect(new Set(kinds.map((pair) => pair.join(' ')))).toEqual(
    new Set(['gradient chat', 'editContinuation completion']),
  );
  const edit = played.optimizer.asks.find((ask) => ask.content.kind === 'completion');
  expect(edit && textOf(edit)).toMatch(
    /Instruction: Judge the item\.\n\nWhat is wrong with it: Too vague\.\n\nInstruction:$/,
  );
});
