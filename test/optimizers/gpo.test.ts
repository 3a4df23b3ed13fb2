import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { gpo, stepCount } from '../../src/optimizers/gpo.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from './harness.ts';

const OPTIONS = { epochs: 2, batch: 4, candidates: 2, exemplars: 2 };
const numbered = (_ask: Ask, n: number) => `<START>Judge it in way ${n}.<END>`;
const runWith = (options: Record<string, boolean | number | string>, replies = numbered, task = tinyTask()) =>
  play({
    optimizer: gpo,
    config: configFor(gpo, { options: { ...OPTIONS, ...options }, budget: {} }),
    replies,
    task,
  });

describe('steps', () => {
  // Totals over 3 epochs with batch 8: 48 -> 18, 35 -> 12, 33 -> 12, 27 -> 9, 20 -> 9, 50 -> 18, 100 -> 39.
  test.each([
    [48, 18],
    [35, 12],
    [33, 12],
    [27, 9],
    [20, 9],
    [50, 18],
    [100, 39],
  ])('%i training examples give %i steps', (train, steps) => {
    expect(stepCount({ epochs: 3, batch: 8 }, train)).toBe(steps);
  });
});

describe('the loop', () => {
  test('each step moves to the best new candidate, even a worse one, and never back to an earlier winner', async () => {
    const { events } = await runWith({});
    const current = eventsOf(events, 'current').map((event) => event.candidate);
    expect(current.length).toBe(1 + stepCount({ epochs: 2, batch: 4 }, 8));
    expect(new Set(current).size).toBe(current.length);
  });

  test('elitism keeps the current prompt until a candidate beats it', async () => {
    const { events } = await runWith({ elitism: true });
    expect(eventsOf(events, 'current').map((event) => event.candidate)).toEqual([
      'c0',
      'c0',
      'c0',
      'c0',
      'c0',
    ]);
  });

  test('patience ends the search', async () => {
    const { events } = await runWith({ patience: 2 });
    expect(eventsOf(events, 'step')).toHaveLength(2);
    expect(eventsOf(events, 'note')).toHaveLength(1);
  });

  test('a candidate is one request; the batch is answered only where reflection needs it', async () => {
    const { events, optimizer } = await runWith({});
    expect(optimizer.asks).toHaveLength(4 * 2);
    expect(eventsOf(events, 'answered').some(({ answer }) => answer.split === 'train')).toBe(false);
    const reflecting = await runWith({ reflection: true });
    expect(eventsOf(reflecting.events, 'answered').some(({ answer }) => answer.split === 'train')).toBe(true);
    expect(eventsOf(reflecting.events, 'asked').filter((event) => event.slot === 'reflect')).toHaveLength(4);
  });
});

describe('the meta-prompt', () => {
  const metaPrompts = async (options: Record<string, boolean | number | string>) => {
    const { optimizer } = await runWith(options);
    return optimizer.asks.map(textOf);
  };

  test('relevance shows the current prompt last, as the paper says, or first, as the code does', async () => {
    const last = (await metaPrompts({ trajectory: 'relevance', k: 2 })).at(-1) ?? '';
    const current = /The current prompt is:\n(.+)/.exec(last)?.[1] ?? 'none';
    const listed = [...last.matchAll(/Prompt: (.+)\nScore/g)].map((match) => match[1]);
    expect(listed).toHaveLength(2);
    expect(listed.at(-1)).toBe(current);
    const first = (await metaPrompts({ trajectory: 'relevance', k: 2, order: 'descending' })).at(-1) ?? '';
    expect([...first.matchAll(/Prompt: (.+)\nScore/g)].map((match) => match[1])[0]).toBe(current);
  });

  test('scores are percentages, or fractions as in the released code', async () => {
    expect((await metaPrompts({}))[0]).toContain('Prompt: Judge the item.\nScore: 50');
    expect((await metaPrompts({ scoreScale: 'code' }))[0]).toContain('Score: 0.50');
    expect((await metaPrompts({ show: 'prompts' }))[0]).not.toContain('\nScore:');
  });

  test('the step size is stated just before the last line and follows the schedule', async () => {
    const asks = await metaPrompts({ decay: 'cosine', initialWords: 50, finalWords: 10 });
    // Four steps: 10 + 40 * (1 + cos(pi t / 4)) / 2 for t = 1..4, cut to whole words.
    const stated = asks.map((text) => Number(/at most (\d+) words/.exec(text.split('\n').at(-2) ?? '')?.[1]));
    expect(stated).toEqual([44, 44, 30, 30, 15, 15, 10, 10]);
    expect((await metaPrompts({ decay: 'none' }))[0]).not.toContain('at most');
  });

  test('the step size keeps to the steps, as the paper says, or shrinks over what the budget leaves of them', async () => {
    const stated = async (pace: string) => {
      const { events } = await play({
        optimizer: gpo,
        // Six calls for the initial prompt, twelve a step: four steps of the hundred.
        config: configFor(gpo, { options: { ...OPTIONS, epochs: 50, pace }, budget: { targetCalls: 54 } }),
        replies: numbered,
      });
      return eventsOf(events, 'step-size').map(({ words }) => words);
    };
    expect(await stated('steps')).toEqual([49, 49, 49, 49]);
    // 10 + 40 * (1 + cos(pi u)) / 2 for u = 6, 18, 30, 42 of 54.
    expect(await stated('budget')).toEqual([48, 40, 26, 14]);
  });

  test('exemplars show where the prompt stands, and are drawn once', async () => {
    const asks = await metaPrompts({});
    const exemplars = asks.map((text) => text.slice(text.indexOf('Input:'), text.indexOf('Study what')));
    expect(exemplars[0]).toContain('<Prompt>\n\nItem: train item');
    expect(new Set(exemplars).size).toBe(1);
  });

  test('generation writes, editing modifies', async () => {
    expect((await metaPrompts({ refinement: 'generate' }))[0]).toContain('write a new prompt');
    for (const refinement of ['modify', 'edit'])
      expect((await metaPrompts({ refinement }))[0]).toContain('modify the current prompt');
  });

  test('a continued list asks otherwise for editing than for generation; what was recorded as edit stays', async () => {
    const asked = async (refinement: string) => {
      const { optimizer, events } = await play({
        optimizer: gpo,
        config: configFor(gpo, {
          options: { ...OPTIONS, decay: 'fixed', refinement },
          metaStyle: 'continuation',
          budget: { steps: 1 },
        }),
        replies: () => ' Judge it well.\nScore: 90',
      });
      return {
        text: optimizer.asks.map(textOf)[0] ?? '',
        origin: eventsOf(events, 'proposed')[1]?.candidate.origin,
      };
    };
    const [generate, modify, edit] = [await asked('generate'), await asked('modify'), await asked('edit')];
    expect(edit).toEqual({ text: generate.text, origin: 'edit' });
    expect(modify.origin).toBe('edit');
    expect(modify.text).toMatch(
      /improved by changing some of its words:\n\nInstruction: Judge the item\.\nScore: 50\n\n[^]*At most 50 words are changed[^]*\n\nInstruction:$/,
    );
  });

  test('parts carry their origin', async () => {
    const { events } = await runWith({ decay: 'fixed' });
    const [asked] = eventsOf(events, 'asked');
    const origins = new Set(asked?.parts.map((part) => part.origin));
    expect(origins).toEqual(new Set(['rule', 'trajectory', 'current', 'exemplars', 'step-size']));
  });

  test('a continuation is a scored list that ends where the next instruction begins', async () => {
    const { optimizer } = await play({
      optimizer: gpo,
      config: configFor(gpo, { options: OPTIONS, metaStyle: 'continuation', budget: { steps: 1 } }),
      replies: () => ' Judge it well.\nScore: 90',
    });
    const [ask] = optimizer.asks;
    expect(ask?.content.kind).toBe('completion');
    expect(ask && textOf(ask)).toMatch(/Instruction: Judge the item\.\nScore: 50[^]*\n\nInstruction:$/);
    expect(ask?.stop).toEqual(['\n']);
  });
});

describe('options that change the search', () => {
  test('a step that is too large is rejected with both numbers', async () => {
    const long = () => `<START>${Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ')}<END>`;
    const { events } = await runWith({ decay: 'fixed', initialWords: 5, enforce: 'reject' }, long);
    const [rejected] = eventsOf(events, 'rejected');
    expect(rejected?.reason).toMatch(/^changes \d+ words, at most 5 were allowed$/);
  });

  test('the running summary is scored itself, or credited as in the released code', async () => {
    const replies = (ask: Ask, n: number) =>
      textOf(ask).startsWith('Here are two prompts') ? `<START>Summary ${n}<END>` : numbered(ask, n);
    const own = await runWith({ trajectory: 'summary' }, replies);
    const scoredIds = (played: typeof own) =>
      eventsOf(played.events, 'scored').map((event) => event.candidate);
    const summaries = (played: typeof own) =>
      eventsOf(played.events, 'proposed').filter((event) => event.candidate.origin === 'summary');
    expect(summaries(own).length).toBeGreaterThan(0);
    expect(summaries(own).every(({ candidate }) => scoredIds(own).includes(candidate.id))).toBe(true);
    const credited = await runWith({ trajectory: 'summary', summaryCredit: 'current' }, replies);
    expect(summaries(credited).some(({ candidate }) => scoredIds(credited).includes(candidate.id))).toBe(
      false,
    );
  });

  test('a reflection without errors is not asked for', async () => {
    const easy = tinyTask(8, 6, 4);
    const allGood = {
      ...easy,
      splits: { ...easy.splits, train: easy.splits.train.filter((e) => e.gold[0] === 'positive') },
    };
    const { events } = await runWith({ reflection: true }, numbered, allGood);
    expect(eventsOf(events, 'asked').some((event) => event.slot === 'reflect')).toBe(false);
  });
});
