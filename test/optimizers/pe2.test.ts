import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { pe2 } from '../../src/optimizers/pe2.ts';
import { configFor, eventsOf, play, playGraded, textOf, tinyTask, type Played } from './harness.ts';

const OPTIONS = { steps: 2, beam: 2, candidates: 2, failures: 2 };
const isSecondTurn = (ask: Ask) => ask.content.kind === 'chat' && ask.content.messages.length === 3;
/** Ask 2k examines, ask 2k + 1 proposes way k; `way n` has n of 20 items right. */
const inTurn = (ways: readonly number[]) => (ask: Ask, n: number) =>
  isSecondTurn(ask)
    ? `<prompt>Judge it in way ${ways[(n - 1) / 2] ?? 0}, as ${n}.</prompt>`
    : `Findings ${n}.`;
const runWith = (
  options: Record<string, boolean | number | string> = {},
  replies: (ask: Ask, n: number) => string = inTurn([3, 9, 1, 2, 5, 4]),
  metaStyle: 'chat' | 'continuation' = 'chat',
) => playGraded(pe2, { ...OPTIONS, ...options }, { task: tinyTask(20, 20, 4), replies, metaStyle });
const slots = ({ events }: Played) => eventsOf(events, 'asked').map((event) => event.slot);
const partsOf = (played: Played, slot: string) =>
  eventsOf(played.events, 'asked')
    .filter((event) => event.slot === slot)
    .map((event) => event.parts.map((part) => part.text).join(''));
const made = ({ events }: Played) =>
  eventsOf(events, 'proposed')
    .map(({ candidate }) => candidate)
    .slice(1);
const answered = ({ events }: Played, split: string, id: string) =>
  eventsOf(events, 'answered').filter(({ answer }) => answer.split === split && answer.candidate === id)
    .length;
const beams = ({ events }: Played) =>
  eventsOf(events, 'stage')
    .filter((event) => event.stage === 'select')
    .map((event) => event.detail);

describe('the dialogue', () => {
  test('two turns: examine, then propose with the first turn before it', async () => {
    const played = await runWith({ steps: 1 });
    expect(slots(played)).toEqual(['inspect', 'refine', 'inspect', 'refine']);
    const [inspect, refine] = played.optimizer.asks;
    expect(refine?.content).toMatchObject({
      kind: 'chat',
      messages: [
        { role: 'user', content: inspect === undefined ? '' : textOf(inspect) },
        { role: 'assistant', content: 'Findings 0.' },
        { role: 'user' },
      ],
    });
  });

  test('the first turn shows the whole text in which the prompt stands, each example and the form for it', async () => {
    const [text = ''] = partsOf(await runWith({ steps: 1 }), 'inspect');
    expect(text).toContain('Judge the item.\n\nItem: <input>\nAnswer:');
    expect(text.match(/Model's answer: unsure\nRight answer:/g)).toHaveLength(2);
    expect(text).toContain('fill in this form');
    const [bare = ''] = partsOf(await runWith({ steps: 1, context: false, form: false }), 'inspect');
    expect(bare).not.toContain('<input>');
    expect(bare).not.toContain('fill in this form');
  });

  test('the second restates the prompt and the limit; step size and history only when asked for', async () => {
    const [plain = ''] = partsOf(await runWith({ steps: 1 }), 'refine');
    expect(plain).toContain('Judge the item.');
    expect(plain).toContain('at most 50 words');
    expect(plain).not.toMatch(/It changes|Score:/);
    const [full = ''] = partsOf(await runWith({ steps: 1, maxChange: 5, history: 3 }), 'refine');
    expect(full).toContain('It changes at most 5 words');
    expect(full).toContain('Earlier prompt: Judge the item.\nScore: 0');
  });

  test('who finds the right answers wrong is not asked for a prompt', async () => {
    const played = await runWith({ steps: 1 }, () => 'For example 1 the label seems to be wrong.');
    expect(slots(played)).toEqual(['inspect', 'inspect']);
    expect(eventsOf(played.events, 'note')).toHaveLength(2);
  });

  test('continued: examined in chat, proposed as the next line', async () => {
    const replies = (ask: Ask, n: number) =>
      ask.content.kind === 'chat' ? 'Too\nvague.' : ` Judge it in way ${n}.`;
    const played = await runWith({ steps: 1 }, replies, 'continuation');
    const text = partsOf(played, 'refineContinuation')[0] ?? '';
    expect(text).toMatch(
      /Instruction: Judge the item\.\n\nWhat is wrong with it: Too vague\.\n\nInstruction:$/,
    );
    expect(made(played)[0]?.prompt).toBe('Judge it in way 1.');
  });
});

describe('the examples examined', () => {
  const shown = (text: string) => [...text.matchAll(/train item (\d+)/g)].map((match) => Number(match[1]));

  test('are failures, and no more of train is answered than it takes to find them', async () => {
    const played = await runWith({ steps: 1 });
    expect(answered(played, 'train', 'c0')).toBe(4);
    const batches = partsOf(played, 'inspect').map(shown);
    expect(batches.map((batch) => batch.length)).toEqual([2, 2]);
    expect(new Set(batches.flat()).size).toBe(4);
  });

  test('too few failures are filled up with others; off, all are drawn at random', async () => {
    // Way 19 of 20: one failure, and it is in every batch.
    const played = await runWith({ steps: 2, beam: 1 }, inTurn([19, 1]));
    const batches = partsOf(played, 'inspect').slice(2).map(shown);
    expect(batches.every((batch) => batch.length === 2 && batch.includes(19))).toBe(true);
    const [first = '', , third = ''] = partsOf(played, 'inspect');
    expect(first).toContain('the model got this batch of examples wrong');
    expect(third).toContain('the model got some wrong');
    const random = await runWith({ steps: 2, beam: 1, hardNegatives: false }, inTurn([19, 1]));
    const drawn = partsOf(random, 'inspect').slice(2).map(shown);
    expect(drawn.every((batch) => batch.length === 2)).toBe(true);
    expect(drawn.every((batch) => batch.includes(19))).toBe(false);
  });

  test('a train split smaller than a batch', async () => {
    const played = await play({
      optimizer: pe2,
      config: configFor(pe2, { options: { ...OPTIONS, failures: 8 }, budget: {} }),
      task: tinyTask(2, 3, 2),
      replies: inTurn([1, 2]),
    });
    expect(played.error).toBeNull();
    expect(shown(partsOf(played, 'inspect')[0] ?? '')).toHaveLength(2);
  });
});

describe('back-tracking', () => {
  // Step 1 makes ways 3 and 9 (c1, c2); step 2, from both, ways 1, 2, 5 and 4 (c3 to c6).
  test('the beam is the best of all prompts so far', async () => {
    const played = await runWith();
    expect(beams(played)).toEqual(['c2 c1', 'c2 c5']);
    expect(
      made(played)
        .slice(2)
        .map(({ parents }) => parents[0]),
    ).toEqual(['c2', 'c2', 'c1', 'c1']);
  });

  test('off, it is the best of the last step, and the best of all is still what is tested', async () => {
    const played = await runWith({ backtrack: false });
    expect(beams(played)).toEqual(['c2 c1', 'c5 c6']);
    expect(eventsOf(played.events, 'current').at(-1)).toMatchObject({ candidate: 'c2', score: 0.45 });
    expect(eventsOf(played.events, 'searched')[0]?.best).toBe('c2');
  });

  test('who cannot enter the beam is not answered to the end', async () => {
    const played = await runWith({}, inTurn([15, 18, 1, 2, 17, 4]));
    // Against 15 of 20, five wrong are too many; four are asked at a time.
    expect(answered(played, 'validation', 'c3')).toBe(8);
    expect(answered(played, 'validation', 'c5')).toBe(20);
  });
});

describe('limits', () => {
  test('a prompt that is too long is asked for once more, then turned away with both numbers', async () => {
    const long = (ask: Ask) => (isSecondTurn(ask) ? `<prompt>${'long '.repeat(60)}</prompt>` : 'Findings.');
    const played = await runWith({ steps: 1, candidates: 1 }, long);
    expect(slots(played)).toEqual(['inspect', 'refine', 'refine']);
    const reasons = eventsOf(played.events, 'rejected').map((event) => event.reason);
    expect(reasons[0]).toBe('60 words, at most 50 were allowed');
    expect(eventsOf(played.events, 'searched')[0]?.best).toBe('c0');
  });

  test('it may start from several prompts, guessed and paraphrased', async () => {
    const replies = (ask: Ask, n: number) =>
      isSecondTurn(ask) || !textOf(ask).includes('fill in this form')
        ? `<prompt>Judge it in way ${n}.</prompt>`
        : 'Findings.';
    const played = await runWith({ start: 3, steps: 1 }, replies);
    expect(slots(played).slice(0, 2)).toEqual(['induce', 'paraphrase']);
    expect(beams(played)[0]?.split(' ')).toHaveLength(2);
  });
});
