import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Answer, RunEvent } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import { makeRng } from '../../src/core/rng.ts';
import type { RunConfig } from '../../src/core/run.ts';
import type { Example, Task } from '../../src/core/task.ts';
import { capo, crossedShots, shotOf, wordsOf } from '../../src/optimizers/capo.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, play, textOf, tinyTask } from './harness.ts';

/**
 * Right on the items below the number in the prompt (`way 12`), otherwise `unsure`. With `reasoning` a right answer
 * comes behind a thought.
 */
const graded = (reasoning = false) =>
  scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      const way = Number(/way (\d+)/.exec(text)?.[1] ?? 0);
      const [, item, mood] = /item (\d+) is (\w+)\nAnswer:$/.exec(text) ?? [];
      if (Number(item) >= way) return ' unsure';
      const right = mood === 'good' ? 'positive' : 'negative';
      return reasoning ? ` It is ${mood}, so the answer is ${right}` : ` ${right}`;
    },
  });

/** The tiny task, its answers judged by rules. */
function ruled(train: number, validation: number, test: number): Task {
  const task = tinyTask(train, validation, test);
  const byRules = (examples: readonly Example[]) =>
    examples.map((example) => ({ ...example, gold: [`has: ${example.gold[0]}\nwords: 1-3`] }));
  const { splits } = task;
  return {
    ...task,
    metric: { kind: 'rules' },
    splits: {
      train: byRules(splits.train),
      validation: byRules(splits.validation),
      test: byRules(splits.test),
    },
  };
}

interface Settings {
  task?: (train: number, validation: number, test: number) => Task;
  options?: Record<string, boolean | number | string>;
  config?: Partial<RunConfig>;
  validation?: number;
  reasoning?: boolean;
}
const race = async (replies: (ask: Ask, n: number) => string, settings: Settings = {}) => {
  const { options = {}, config = {}, validation = 10, reasoning = false, task = tinyTask } = settings;
  const played = await play({
    optimizer: capo,
    config: configFor(capo, {
      options: { steps: 2, population: 4, crossovers: 2, exemplars: 2, ...options },
      budget: {},
      ...config,
    }),
    task: task(12, validation, 2),
    replies,
    target: graded(reasoning),
  });
  expect(played.error).toBeNull();
  const ended = played.events.findIndex((event) => event.type === 'searched');
  return { ...played, events: played.events.slice(0, ended) };
};
const prompt = (text: string) => `<prompt>${text}</prompt>`;
const numbered = (way: (n: number) => number) => (_ask: Ask, n: number) =>
  prompt(`Judge in way ${way(n)}${'!'.repeat(n)}`);
const made = (events: readonly RunEvent[], origin: string) =>
  eventsOf(events, 'proposed')
    .map(({ candidate }) => candidate)
    .filter((candidate) => candidate.origin === origin);
const asksOf = (events: readonly RunEvent[], slot: string) =>
  eventsOf(events, 'asked')
    .filter((event) => event.slot === slot)
    .map(({ parts }) => parts.map((part) => part.text).join(''));
const onTrain = (events: readonly RunEvent[]) =>
  eventsOf(events, 'answered').filter(({ answer }) => answer.split === 'train');

describe('a shot', () => {
  const exact = { kind: 'exact' } as const;
  const example = { id: 'e1', input: '2 + 2', gold: ['4'] };
  const answer = (reply: string, score: number): Answer => ({
    candidate: 'c1',
    example: 'e1',
    split: 'train',
    reply,
    answer: reply,
    score,
    tokens: { in: 1, cached: 0, out: 1 },
    ms: 0,
  });

  test('shows a right reply as it is, under an id of its own', () => {
    const shot = shotOf(exact, { example, answer: answer(' Two and two make 4. ', 1) });
    expect(shot).toEqual({ ...example, id: shot?.id, gold: ['Two and two make 4.'] });
    const other = shotOf(exact, { example, answer: answer('The sum is 4', 1) });
    expect(new Set([shot?.id, other?.id, 'e1']).size).toBe(3);
    expect(shotOf(exact, { example, answer: answer('Two and two make 4.', 1) })?.id).toBe(shot?.id);
  });

  test('is the example itself where the reply is wrong, partly right, or says no more than gold', () => {
    for (const [reply, score] of [
      ['5', 0],
      ['4 or 5', 0.5],
      [' 4 ', 1],
      ['', 1],
    ] as const)
      expect(shotOf(exact, { example, answer: answer(reply, score) })).toBe(example);
  });

  test('is nothing where the reply is not right and the gold text is no answer', () => {
    for (const kind of ['rules', 'contains'] as const) {
      expect(shotOf({ kind }, { example, answer: answer('5', 0) })).toBeNull();
      expect(shotOf({ kind }, { example, answer: answer('', 1) })).toBeNull();
      expect(shotOf({ kind }, { example, answer: answer('Two and two make 4.', 1) })?.gold).toEqual([
        'Two and two make 4.',
      ]);
    }
  });
});

describe('shots of a child', () => {
  const shots = (...inputs: readonly string[]) =>
    inputs.map((input) => ({ id: `id-${input}`, input, gold: ['x'] }));
  const carrying = (id: string, list: Candidate['shots']): Candidate => ({
    id,
    prompt: 'Two words',
    shots: list,
    parents: [],
    origin: 'test',
    step: 0,
  });

  test('crossing takes half of both together, each input once', () => {
    const [a, b] = [carrying('a', shots('p', 'q', 'r')), carrying('b', shots('r', 's'))];
    const seen = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const inputs = crossedShots(makeRng(i, 'cross'), a, b).map(({ input }) => input);
      expect(inputs).toHaveLength(2);
      expect(new Set(inputs).size).toBe(2);
      for (const input of inputs) seen.add(input);
    }
    expect([...seen].sort()).toEqual(['p', 'q', 'r', 's']);
    const same = [carrying('c', shots('p')), carrying('d', shots('p'))] as const;
    expect(crossedShots(makeRng(1, 'cross'), ...same)).toHaveLength(1);
    expect(crossedShots(makeRng(1, 'cross'), carrying('e', []), carrying('f', shots('p')))).toEqual([]);
  });

  test('length counts the words of shots too', () => {
    expect(wordsOf(carrying('a', []))).toBe(2);
    expect(
      wordsOf(carrying('a', [{ id: 'e', input: 'three  more words', gold: ['and two', 'not this'] }])),
    ).toBe(7);
    expect(wordsOf({ ...carrying('a', []), prompt: ' ' })).toBe(0);
  });

  test('mutation adds one, drops one or neither; the replication never adds', async () => {
    const changes = async (lostShots: boolean) => {
      const { events } = await race(
        numbered(() => 5),
        { options: { steps: 15, crossovers: 4, shots: 3, penalty: 0, lostShots } },
      );
      const byId = new Map(eventsOf(events, 'proposed').map(({ candidate }) => [candidate.id, candidate]));
      return made(events, 'cross and mutate').map((child) => {
        const [a, b] = child.parents.map((id) => byId.get(id)?.shots ?? []);
        const union = new Set([...(a ?? []), ...(b ?? [])].map(({ input }) => input)).size;
        const crossed = Math.min(union, Math.floor(((a?.length ?? 0) + (b?.length ?? 0)) / 2));
        expect(child.shots.length).toBeLessThanOrEqual(3);
        return child.shots.length - crossed;
      });
    };
    expect(new Set(await changes(false))).toEqual(new Set([-1, 0, 1]));
    expect(new Set(await changes(true))).toEqual(new Set([-1, 0]));
  });
});

describe('the first population', () => {
  test('the initial prompt stands alone and is scored first; others carry up to so many shots', async () => {
    const { events } = await race(
      numbered(() => 5),
      { options: { population: 12, shots: 2 } },
    );
    expect(eventsOf(events, 'scored')[0]).toMatchObject({ candidate: 'c0', n: 10 });
    const carrying = made(events, 'shots');
    expect(carrying.length).toBeGreaterThan(3);
    expect(new Set(carrying.map(({ shots }) => shots.length))).toEqual(new Set([1, 2]));
    const byId = new Map(eventsOf(events, 'proposed').map(({ candidate }) => [candidate.id, candidate]));
    for (const { parents, prompt: text } of carrying) {
      expect(byId.get(parents[0] ?? '')?.prompt).toBe(text);
      expect(byId.get(parents[0] ?? '')?.shots).toEqual([]);
    }
    // A bare prompt that got shots is asked for them alone, never on validation.
    const bare = new Set(carrying.map(({ parents }) => parents[0]));
    expect(
      eventsOf(events, 'answered').filter(
        ({ answer }) => bare.has(answer.candidate) && answer.split === 'validation',
      ),
    ).toEqual([]);
  });

  test('shots show the reasoning of the target, and gold where it fails', async () => {
    const { events } = await race(
      numbered(() => 6),
      {
        options: { population: 12, steps: 1 },
        reasoning: true,
        config: { rendering: { style: 'chat', position: 'before', read: 'decode', maxTokens: 20 } },
      },
    );
    const answers = made(events, 'shots').flatMap(({ shots }) =>
      shots.map(({ id, input, gold }) => [Number(/item (\d+)/.exec(input)?.[1]), id, gold[0]] as const),
    );
    expect(answers.length).toBeGreaterThan(5);
    for (const [item, id, gold] of answers) {
      if (item < 6) expect(gold).toMatch(/^It is \w+, so the answer is/);
      else expect(gold).toMatch(/^(positive|negative)$/);
      expect(id.includes('~')).toBe(item < 6);
    }
  });

  test('rules are no answers: only right replies are shown', async () => {
    const { events } = await race(
      numbered(() => 6),
      { options: { shots: 4, population: 6 }, task: ruled },
    );
    const shots = made(events, 'shots').flatMap((candidate) => candidate.shots);
    expect(shots.length).toBeGreaterThan(0);
    for (const { input, gold } of shots) {
      expect(Number(/item (\d+)/.exec(input)?.[1])).toBeLessThan(6);
      expect(gold[0]).toMatch(/^(positive|negative)$/);
    }
    // Wrong replies were drawn too, and gave none.
    expect(onTrain(events).some(({ answer }) => answer.score < 1)).toBe(true);
    const asGold = (
      await race(
        numbered(() => 6),
        { options: { answers: 'gold' }, task: ruled },
      )
    ).events;
    expect(eventsOf(asGold, 'proposed').every(({ candidate }) => candidate.shots.length === 0)).toBe(true);
    expect(onTrain(asGold)).toEqual([]);
    expect(eventsOf(asGold, 'note').map(({ text }) => text)).toEqual([expect.stringContaining('no shots')]);
  });

  test('gold answers and no shots cost no call on train', async () => {
    expect(
      onTrain(
        (
          await race(
            numbered(() => 5),
            { options: { answers: 'gold' } },
          )
        ).events,
      ),
    ).toEqual([]);
    const none = (
      await race(
        numbered(() => 5),
        { options: { shots: 0 } },
      )
    ).events;
    expect(onTrain(none)).toEqual([]);
    expect(eventsOf(none, 'proposed').every(({ candidate }) => candidate.shots.length === 0)).toBe(true);
    expect(onTrain((await race(numbered(() => 5))).events).length).toBeGreaterThan(0);
  });

  test.each(['chat', 'completion'] as const)(
    'shots reach the target before the question (%s)',
    async (style) => {
      const { events, target } = await race(
        numbered(() => 5),
        {
          config: { rendering: { style, position: 'before', read: 'decode', maxTokens: 8 } },
        },
      );
      const [carrying] = made(events, 'shots');
      const shot = carrying?.shots[0];
      if (shot === undefined) throw new Error('no shots');
      const ask = target.asks.find(
        (each) => textOf(each).includes(shot.input) && textOf(each).includes('validation item'),
      );
      const text = ask === undefined ? '' : textOf(ask);
      expect(text.indexOf(`Item: ${shot.input}\nAnswer:`)).toBeLessThan(
        text.indexOf('Item: validation item'),
      );
      if (style === 'chat' && ask?.content.kind === 'chat')
        expect(ask.content.messages.find(({ role }) => role === 'assistant')?.content).toBe(shot.gold[0]);
      else expect(text).toContain(`Item: ${shot.input}\nAnswer: ${shot.gold[0] ?? ''}\n`);
    },
  );
});

describe('the race', () => {
  test('ends early for prompts that enough others beat, never before ten examples', async () => {
    // The first four are good (the first reply repeats the initial prompt), all children are bad.
    const { events } = await race(
      numbered((n) => (n < 4 ? 40 : 0)),
      {
        options: { shots: 0, steps: 3 },
        config: { initialPrompt: 'Judge in way 40' },
        validation: 40,
      },
    );
    const out = eventsOf(events, 'eliminated');
    expect(out.length).toBeGreaterThan(0);
    // Blocks of four: twelve examples are the first look.
    expect(new Set(out.map(({ n }) => n))).toEqual(new Set([12]));
    const children = new Set(made(events, 'cross and mutate').map(({ id }) => id));
    expect(out.every(({ candidate }) => children.has(candidate))).toBe(true);
  });

  test('a leader that has not met all of validation is scored in full', async () => {
    // Two good ones beat two bad ones at the first look, and the race is over with two places.
    const { events } = await race(
      (ask, n) =>
        prompt(`Judge in way ${n < 1 ? 40 : textOf(ask).includes('Prompt 2') ? 39 : 30} ${'!'.repeat(n)}`),
      {
        options: { shots: 0, steps: 1, population: 2, crossovers: 2, penalty: 0 },
        validation: 40,
      },
    );
    const best = eventsOf(events, 'best').map(({ candidate }) => candidate);
    const full = eventsOf(events, 'scored').filter(({ n }) => n === 40);
    expect(best.every((id) => full.some(({ candidate }) => candidate === id))).toBe(true);
    expect(eventsOf(events, 'current').at(-1)?.score).toBe(1);
  });

  /** Ways of the prompts that the crossings of the second step show. */
  const secondParents = (events: readonly RunEvent[], children: number) =>
    new Set(
      asksOf(events, 'cross')
        .slice(children)
        .flatMap((text) => [...text.matchAll(/^Prompt \d: Judge in way (\d+)/gm)].map((match) => match[1])),
    );

  test('its last are cut by score alone, however long', async () => {
    const { events } = await race(
      (_ask, n) =>
        prompt(n === 0 ? 'Judge in way 5' : `Judge in way ${n === 2 ? 7 : 6} ${'very '.repeat(60)}${n}`),
      {
        options: { shots: 0, population: 2, crossovers: 1, penalty: 1, steps: 2 },
        config: { initialPrompt: 'Judge in way 3' },
      },
    );
    // 3 and 5 short, 7 very long: with a penalty of 1 the long one is by far the last, yet it lives.
    expect(secondParents(events, 1)).toEqual(new Set(['5', '7']));
  });

  test('of prompts with the same answers the longer leaves, once enough are shorter', async () => {
    const long = (_ask: Ask, n: number) => prompt(`Judge in way 20 ${'very '.repeat(n)}`);
    const run = (penalty: number) =>
      race(long, {
        options: { shots: 0, population: 2, crossovers: 1, steps: 1, penalty },
        config: { initialPrompt: 'Judge in way 20' },
        validation: 40,
      });
    expect(eventsOf((await run(0.05)).events, 'eliminated').map(({ candidate }) => candidate)).toEqual([
      'c2',
    ]);
    expect(eventsOf((await run(0)).events, 'eliminated')).toEqual([]);
  });
});

describe('children', () => {
  test('two requests each: two prompts joined, then the join varied', async () => {
    const { events } = await race((ask, n) => {
      if (textOf(ask).includes('Join them')) return prompt(`Joined ${n}`);
      return prompt(`Judge in way 5 ${n}`);
    });
    expect(asksOf(events, 'cross')).toHaveLength(4);
    const varied = asksOf(events, 'mutate');
    expect(varied).toHaveLength(4);
    for (const text of varied) expect(text).toMatch(/^Prompt: Joined \d+$/m);
    // The join itself is no candidate.
    expect(eventsOf(events, 'proposed').some(({ candidate }) => candidate.prompt.startsWith('Joined'))).toBe(
      false,
    );
  });

  test('without a usable join the first parent is varied', async () => {
    const { events } = await race((ask, n) =>
      textOf(ask).includes('Join them') ? 'no tag' : prompt(`Judge in way 5 ${n}`),
    );
    expect(asksOf(events, 'cross')).toHaveLength(4 * 3);
    for (const text of asksOf(events, 'mutate')) expect(text).toMatch(/^Prompt: Judge/m);
    expect(made(events, 'cross and mutate')).toHaveLength(4);
  });

  test('an optimizer that gives nothing leaves the initial prompt', async () => {
    const { events } = await race(() => 'no tag');
    expect(eventsOf(events, 'proposed')).toHaveLength(1);
    expect(eventsOf(events, 'step')).toHaveLength(2);
    expect(eventsOf(events, 'answered')).toHaveLength(10);
  });

  test('continued lists', async () => {
    const { events } = await race((_ask, n) => ` Judge in way 5 ${n}`, {
      config: { metaStyle: 'continuation' },
    });
    expect(asksOf(events, 'crossContinuation')[0]).toMatch(
      /Instruction 1: .+\n\nInstruction 2: .+\n\n.+\n\nInstruction 3:$/,
    );
    expect(asksOf(events, 'mutateContinuation')[0]).toMatch(/Instruction: .+\n\n.+\n\nInstruction:$/);
    expect(made(events, 'cross and mutate')).toHaveLength(4);
  });
});
