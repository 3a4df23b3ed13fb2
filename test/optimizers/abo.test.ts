import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import type { RunConfig } from '../../src/core/run.ts';
import type { Task } from '../../src/core/task.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { abo } from '../../src/optimizers/abo.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from './harness.ts';

const OPTIONS = { rounds: 2, batch: 4, errors: 3, candidates: 2 };
const OPEN = { style: 'chat', position: 'before', read: 'decode', maxTokens: 256 } as const;

/** The right answer that a request for a demonstration names. */
const goldOf = (text: string) => /right answer is:? (\w+)/.exec(text)?.[1] ?? 'none';
const itemOf = (text: string) =>
  [...text.matchAll(/Item: (\w+ item \d+ is \w+)/g)].map((match) => match[1] ?? '');

/** Plays the optimizer: knows which request it has by what it asks for. */
function writer(
  over: { verdict?: string; steps?: string; rewrite?: (n: number) => string; demo?: string } = {},
) {
  return (ask: Ask, n: number) => {
    const text = textOf(ask);
    if (text.includes('JSON object'))
      return over.verdict ?? '{"step": 2, "kind": "ambiguous", "reason": "Unclear."}';
    if (text.includes('<steps>')) return over.steps ?? '<steps>1. Read it.\n2. Judge it.\n3. Say it.</steps>';
    if (text.includes('<demonstration>')) {
      const count = [...text.matchAll(/^Step \d+:/gm)].length;
      const work = Array.from({ length: count }, (_, i) => `Step ${i + 1}: done ${n}.`).join('\n');
      return over.demo ?? `<demonstration>${work}\nAnswer: ${goldOf(text)}</demonstration>`;
    }
    return `<step>${over.rewrite?.(n) ?? `Judge it by way ${n}.`}</step>`;
  };
}

/** Plays the target: writes out the steps that its prompt lists, all but `skipped`; right if told to judge carefully. */
function follower(skipped = 0) {
  return scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      const listed = new Set([...text.matchAll(/^Step (\d+):/gm)].map((match) => Number(match[1])));
      const work = [...listed].filter((step) => step !== skipped).map((step) => `Step ${step}: thought.`);
      const last = itemOf(text).at(-1) ?? '';
      const good = !text.includes('carefully') || last.endsWith('good');
      return `${work.join('\n')}\nThe answer is ${good ? 'positive' : 'negative'}.`;
    },
  });
}

const runWith = (
  options: Record<string, boolean | number | string> = {},
  replies: (ask: Ask, n: number) => string = writer(),
  config: Partial<RunConfig> = {},
  rest: { task?: Task; target?: ReturnType<typeof follower> } = {},
) =>
  play({
    optimizer: abo,
    config: configFor(abo, { options: { ...OPTIONS, ...options }, budget: {}, rendering: OPEN, ...config }),
    replies,
    target: follower(),
    ...rest,
  });

const made = (events: Awaited<ReturnType<typeof runWith>>['events'], origin: string) =>
  eventsOf(events, 'proposed').flatMap(({ candidate }) => (candidate.origin === origin ? [candidate] : []));
const notes = (events: Awaited<ReturnType<typeof runWith>>['events']) =>
  eventsOf(events, 'note').map(({ text }) => text);

describe('the first prompt', () => {
  test('is task line, steps, strict clause, demonstration and form', async () => {
    const { events } = await runWith();
    const [prompt] = made(events, 'steps');
    expect(prompt?.prompt).toMatch(
      /^Judge the item\.\n\nFollow these steps:\nStep 1: Read it\.\nStep 2: Judge it\.\nStep 3: Say it\.\n\nDo all steps[^\n]+\n\nHere is how[^\n]+\n\nItem: train item \d is (good|bad)\nAnswer:\nStep 1: done \d\.\nStep 2: done \d\.\nStep 3: done \d\.\nThe answer is (positive|negative)\.\n\nEnd with "The answer is" and the answer alone\.$/,
    );
  });

  test('the demonstration is on a train example that the target is never asked', async () => {
    const { events, target } = await runWith();
    const shown = eventsOf(events, 'proposed').flatMap(({ candidate }) => itemOf(candidate.prompt));
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.every((item) => item.startsWith('train'))).toBe(true);
    const askedAbout = new Set(target.asks.map((ask) => itemOf(textOf(ask)).at(-1)));
    for (const item of shown) expect(askedAbout.has(item)).toBe(false);
  });

  test('goes without a demonstration when three tries end at a wrong answer', async () => {
    const demo = '<demonstration>Step 1: a\nStep 2: b\nStep 3: c\nAnswer: neither</demonstration>';
    const { events } = await runWith({ rounds: 1 }, writer({ demo }));
    const before = events.slice(
      0,
      events.findIndex((event) => event.type === 'step'),
    );
    expect(eventsOf(before, 'asked').filter(({ slot }) => slot === 'demonstrate')).toHaveLength(3);
    expect(eventsOf(before, 'rejected').every(({ reason }) => reason.includes('ends at neither'))).toBe(true);
    expect(made(events, 'steps')[0]?.prompt).not.toContain('The answer is positive');
    expect(notes(events)).toContain('The first prompt of steps goes without a demonstration.');
  });

  test.each(['Step 1: a\nStep 3: c\nAnswer: positive', 'Step 1: a\nStep 2: b\nStep 3: c'])(
    'a demonstration without a step or an answer does not count: %j',
    async (text) => {
      const { events } = await runWith(
        { rounds: 1 },
        writer({ demo: `<demonstration>${text}</demonstration>` }),
      );
      expect(eventsOf(events, 'rejected')[0]?.reason).toBe('the demonstration lacks a step or the answer');
    },
  );

  test('the switch leaves the demonstration out, and asks for none', async () => {
    const { events } = await runWith({ demonstration: false });
    expect(eventsOf(events, 'asked').some(({ slot }) => slot === 'demonstrate')).toBe(false);
    expect(made(events, 'steps')[0]?.prompt).not.toContain('Here is how');
    expect(made(events, 'steps')[0]?.prompt).toContain('Do all steps');
  });

  test('three plain steps when the optimizer gives no list', async () => {
    const { events } = await runWith({}, writer({ steps: 'I would rather not.' }));
    expect(made(events, 'steps')[0]?.prompt).toMatch(/Step 1: .+\nStep 2: .+\nStep 3: .+\n\n/);
    expect(eventsOf(events, 'asked').filter(({ slot }) => slot === 'steps')).toHaveLength(2);
  });
});

describe('a round', () => {
  test('rewrites the failing step and leaves the rest as it is, byte by byte', async () => {
    const { events } = await runWith({ demonstration: false });
    const [first] = made(events, 'steps');
    const rewritten = made(events, 'rewrite');
    expect(rewritten.length).toBe(4);
    const without = (prompt: string) => prompt.replace(/^Step 2: .*$/m, '');
    for (const candidate of rewritten) {
      expect(candidate.prompt).not.toBe(first?.prompt);
      expect(without(candidate.prompt)).toBe(without(first?.prompt ?? ''));
    }
  });

  test('with a demonstration only that step and the demonstration differ', async () => {
    const { events } = await runWith();
    const without = (prompt: string) =>
      prompt.replace(/^Step 2: (?!done).*$/m, '').replace(/Item:[^]*?\nThe answer is \w+\.\n/, '');
    const [first] = made(events, 'steps');
    for (const candidate of made(events, 'rewrite')) {
      expect(without(candidate.prompt)).toBe(without(first?.prompt ?? ''));
      expect(candidate.prompt).toMatch(
        /Step 1: done \d+\.\nStep 2: done \d+\.\nStep 3: done \d+\.\nThe answer is/,
      );
    }
  });

  test('the verifier sees the steps, the transcript and the right answer of train errors', async () => {
    const { events, optimizer } = await runWith({ rounds: 1 });
    const seen = optimizer.asks.map(textOf).filter((text) => text.includes('JSON object'));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThanOrEqual(3);
    for (const text of seen) {
      expect(text).toContain('Step 2: Judge it.');
      expect(text).toContain('Step 1: thought.\nStep 2: thought.');
      expect(text).toContain('expected negative, got positive');
      expect(text).toMatch(/Item: train item/);
    }
    expect(notes(events)).toContainEqual(
      expect.stringMatching(/^Step 2 fails in \d of \d errors: Unclear\.$/),
    );
  });

  test.each([
    '{"step": 0, "kind": "missing", "reason": "None looks at the mood."}',
    '{"step": 8, "kind": "wrong"}',
  ])('a verdict on no known step adds one at the end: %j', async (verdict) => {
    const { events } = await runWith({ rounds: 1 }, writer({ verdict }));
    const [first] = made(events, 'steps');
    const [added] = made(events, 'append');
    expect(added?.prompt).toMatch(/Step 3: Say it\.\nStep 4: Judge it by way \d+\.\n\nDo all steps/);
    expect(added?.prompt).toMatch(/Step 4: done \d+\.\nThe answer is/);
    expect(first?.prompt).not.toContain('Step 4');
  });

  test('an unreadable verdict is asked for once more, then passed over', async () => {
    const { events } = await runWith({ rounds: 1, errors: 1 }, writer({ verdict: 'Hard to say.' }));
    expect(eventsOf(events, 'asked').filter(({ slot }) => slot === 'verify')).toHaveLength(2);
    expect(notes(events)).toContain('No failing step could be read.');
    expect(made(events, 'rewrite')).toEqual([]);
  });

  test('goes on only from a better prompt, and back-tracks otherwise', async () => {
    const never = await runWith();
    const start = made(never.events, 'steps')[0]?.id;
    expect(eventsOf(never.events, 'current').map(({ candidate }) => candidate)).toEqual([
      start,
      start,
      start,
    ]);
    expect(made(never.events, 'rewrite').every(({ parents }) => parents[0] === start)).toBe(true);

    const better = await runWith({}, writer({ rewrite: (n) => `Judge it carefully, way ${n}.` }));
    const [, second] = eventsOf(better.events, 'current');
    expect(second?.score).toBe(1);
    expect(made(better.events, 'rewrite').some(({ id }) => id === second?.candidate)).toBe(true);
    expect(eventsOf(better.events, 'tested')[0]?.result.best.score).toBe(1);
    expect(notes(better.events)).toContain('The batch is all right: no step failed.');
  });

  test('a rewrite that does no better on the batch is not put to validation, unless the gate is off', async () => {
    const onValidation = ({ events }: Awaited<ReturnType<typeof runWith>>) => {
      const until = events.findIndex((event) => event.type === 'searched');
      const ids = new Set(made(events, 'rewrite').map(({ id }) => id));
      return eventsOf(events.slice(0, until), 'answered').filter(
        ({ answer }) => ids.has(answer.candidate) && answer.split === 'validation',
      ).length;
    };
    expect(onValidation(await runWith())).toBe(0);
    expect(onValidation(await runWith({ gate: false }))).toBe(4 * 6);
    expect(onValidation(await runWith({}, writer({ rewrite: (n) => `Judge it carefully, way ${n}.` })))).toBe(
      2 * 6,
    );
  });

  test('the task line is the initial prompt or the description', async () => {
    const { events } = await runWith({ line: 'description' });
    expect(made(events, 'steps')[0]?.prompt).toMatch(
      /^Say whether the item is positive or negative\.\n\nFollow/,
    );
  });

  test('adherence is the share of step labels in the transcripts', async () => {
    const all = await runWith({ rounds: 1 });
    expect(notes(all.events)).toContain(
      'Adherence: 100 % of the step labels stand in the replies to 4 examples.',
    );
    const most = await runWith({ rounds: 1 }, writer(), {}, { target: follower(2) });
    expect(notes(most.events)).toContain(
      'Adherence: 67 % of the step labels stand in the replies to 4 examples.',
    );
  });

  test('a text that holds another step, or none, is no rewrite', async () => {
    const { events } = await runWith({ rounds: 1 }, writer({ rewrite: () => 'Judge it. Step 3: Shout it.' }));
    expect(made(events, 'rewrite')).toEqual([]);
    expect(eventsOf(events, 'rejected').every(({ reason }) => reason.includes('no new text'))).toBe(true);
  });
});

describe('without room for a transcript', () => {
  test.each([
    { ...OPEN, read: 'choose' as const },
    { ...OPEN, read: 'grammar' as const },
    { ...OPEN, maxTokens: 8 },
  ])('the steps are done in the head, and that is said once: %j', async (rendering) => {
    const { events } = await runWith({}, writer(), { rendering }, { target: follower() });
    const prompt = made(events, 'steps')[0]?.prompt ?? '';
    expect(prompt).toContain('in your head');
    expect(prompt.endsWith('Write only the answer.')).toBe(true);
    // The work stands before the marker, so that the answer alone follows it.
    expect(prompt).toMatch(
      /Item: train item \d is \w+\nStep 1: done \d\.\n[^]*\nAnswer: (positive|negative)\n/,
    );
    expect(notes(events).filter((text) => text.includes('no room for a transcript'))).toHaveLength(1);
    expect(notes(events).some((text) => text.startsWith('Adherence'))).toBe(false);
  });

  test('a continuing target has its demonstration on one line, where a new line would end its reply', async () => {
    const { events } = await runWith({}, writer(), { rendering: { ...OPEN, style: 'completion' } });
    expect(made(events, 'steps')[0]?.prompt).toMatch(
      /\nAnswer: Step 1: done \d\. Step 2: done \d\. Step 3: done \d\. The answer is \w+\.\n/,
    );
  });
});

describe('a continuing optimizer', () => {
  test('is asked line by line: steps, their demonstration, the number of the failing step', async () => {
    const replies = (ask: Ask, n: number) =>
      textOf(ask).endsWith('step number') ? ' 2 because' : ` Do thing ${n}.\nStep`;
    const { events, optimizer } = await runWith({ mostSteps: 3 }, replies, { metaStyle: 'continuation' });
    const prompt = made(events, 'steps')[0]?.prompt ?? '';
    expect(prompt).toContain('Step 1: Do thing 0.\nStep 2: Do thing 1.\nStep 3: Do thing 2.\n');
    expect(prompt).toMatch(/Step 1: Do thing 3\.\nStep 2: Do thing 4\.\nStep 3: Do thing 5\.\nThe answer is/);
    const [first] = optimizer.asks;
    expect(first && textOf(first)).toMatch(/step by step:\n\nStep 1:$/);
    const rewritten = made(events, 'rewrite');
    expect(rewritten.length).toBeGreaterThan(0);
    expect(rewritten[0]?.prompt).toMatch(/Step 2: Do thing \d{2}\./);
    expect(optimizer.asks.every((ask) => ask.content.kind === 'completion')).toBe(true);
  });

  test('that repeats itself ends the list', async () => {
    const replies = () => ' Do the same.';
    const { events } = await runWith({ rounds: 1 }, replies, { metaStyle: 'continuation' });
    expect(made(events, 'steps')[0]?.prompt).toContain('Step 1: Do the same.\n\nDo all steps');
  });
});

test('bold marks, placeholders and line breaks in an example do no harm', async () => {
  const task = tinyTask();
  const odd = (input: string) => input.replace('item', () => 'item **$&** {steps} {line}\n');
  const train = task.splits.train.map((example) => ({ ...example, input: odd(example.input) }));
  const { events, error } = await runWith(
    {},
    writer(),
    {},
    { task: { ...task, splits: { ...task.splits, train } } },
  );
  expect(error).toBeNull();
  expect(made(events, 'steps')[0]?.prompt).toContain('$& {steps} {line}');
});
