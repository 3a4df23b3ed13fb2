import { describe, expect, test } from 'vitest';
import type { Scored } from '../../src/core/candidate.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import { makeRng } from '../../src/core/rng.ts';
import { drawParts, evopromptDe } from '../../src/optimizers/evoprompt-de.ts';
import { eventsOf, playGraded, textOf, tinyTask } from './harness.ts';

const ways = (...list: readonly number[]) => {
  return (_ask: Ask, n: number) => `<prompt>Judge in way ${list[n] ?? 0}${'!'.repeat(n)}</prompt>`;
};

const evolve = async (
  replies: (ask: Ask, n: number) => string,
  options: Record<string, boolean | number | string> = {},
  metaStyle: 'chat' | 'continuation' = 'chat',
) => {
  const played = await playGraded(
    evopromptDe,
    { generations: 2, population: 4, exemplars: 2, ...options },
    { task: tinyTask(8, 10, 2), replies, metaStyle },
  );
  expect(played.error).toBeNull();
  return played.events;
};

const promptOf = (events: readonly RunEvent[], id: string) =>
  eventsOf(events, 'proposed').find((event) => event.candidate.id === id)?.candidate.prompt ?? '';
const wayOf = (prompt: string) => Number(/way (\d+)/.exec(prompt)?.[1] ?? 0);

/** The ways in a request: the two that differ, the donor, the base. */
const requests = (events: readonly RunEvent[]) =>
  eventsOf(events, 'asked')
    .filter(({ slot }) => slot === 'differing')
    .map(({ parts }) => {
      const text = parts.map((part) => part.text).join('');
      const own = text.slice(text.indexOf('Now these.'));
      const prompt = (name: string) => wayOf(new RegExp(`^${name}: (.*)$`, 'm').exec(own)?.[1] ?? '');
      return [prompt('Prompt 1'), prompt('Prompt 2'), prompt('Prompt 3'), prompt('Basic prompt')] as const;
    });

describe('place by place', () => {
  test('the better of parent and child stays, the parent on a tie, and a new best is the donor at once', async () => {
    // Ways 5, 4, 3 and the initial 0, best first. Children: 5 (tie with 5), 9 for the place of 4, 2 for that of 3, 1.
    const events = await evolve(ways(5, 4, 3, 5, 9, 2, 1, 5, 0, 4, 0), { generations: 2 });
    const asks = requests(events);
    expect(asks.map(([, , , base]) => base)).toEqual([5, 4, 3, 0, 5, 9, 3, 1]);
    expect(asks.map(([, , donor]) => donor)).toEqual([5, 5, 9, 9, 9, 9, 9, 9]);
    const current = eventsOf(events, 'current').map(({ candidate }) => wayOf(promptOf(events, candidate)));
    expect(current).toEqual([5, 9, 9]);
    expect(eventsOf(events, 'rejected').map(({ reason }) => reason)).toEqual([
      'cannot score higher than c1',
      'cannot score higher than c3',
      'cannot score higher than c1',
      'cannot score higher than c5',
      'cannot score higher than c7',
    ]);
  });

  test('a child is answered no further than it takes to know', async () => {
    const events = await evolve(ways(9, 9, 9, 1, 1, 1, 1), { generations: 1 });
    const asked = (id: string) =>
      eventsOf(events, 'answered').filter(
        ({ answer }) => answer.candidate === id && answer.split === 'validation',
      ).length;
    // One miss is allowed less than none: the first four, hardest first, hold two.
    expect([asked('c4'), asked('c5'), asked('c6')]).toEqual([4, 4, 4]);
    // Against the initial prompt (0 of 10) one right answer is enough, and then the whole is asked.
    expect(asked('c7')).toBe(10);
  });

  test('a parent without a wrong answer is passed over; when all are, the search ends', async () => {
    const some = await evolve(ways(10, 4, 3, 0, 0, 0, 0), { generations: 1 });
    expect(requests(some).map(([, , , base]) => base)).toEqual([4, 3, 0]);
    const all = await evolve(ways(10, 10, 10, 10, 10), { generations: 5 });
    expect(requests(all)).toHaveLength(1);
    expect(eventsOf(all, 'note').at(-1)?.text).toContain('right everywhere');
  });

  test('a child that lives already is asked for again; one that has left returns with its score', async () => {
    const replies = (_ask: Ask, n: number) =>
      n < 3
        ? `<prompt>Judge in way ${[5, 4, 3][n] ?? 0}</prompt>`
        : n === 3
          ? '<prompt>Judge in way 9</prompt>'
          : n < 7
            ? '<prompt>Judge in way 3</prompt>'
            : '<prompt>Judge in way 5</prompt>';
    const events = await evolve(replies, { generations: 1 });
    // 9 takes the place of 5. For the place of 4: way 3 lives, three times. For that of 3 way 5, gone, returns.
    const reasons = eventsOf(events, 'rejected').map(({ reason }) => reason);
    expect(reasons.slice(0, 3)).toEqual(Array(3).fill('the same as c3, which lives'));
    expect(eventsOf(events, 'scored').map(({ candidate }) => candidate)).toEqual([
      'c0',
      'c1',
      'c2',
      'c3',
      'c4',
    ]);
    expect(requests(events).map(([, , , base]) => base)).toEqual([5, 4, 4, 4, 3, 0, 0, 0]);
  });
});

describe('the parts', () => {
  const members = [0, 1, 2, 3, 4].map((i): Scored => ({
    candidate: { id: `c${i}`, prompt: `p${i}`, shots: [], parents: [], origin: 'test', step: 0 },
    score: i / 10,
    n: 10,
  }));

  test('three others, distinct, any of them in any part', () => {
    const rng = makeRng(1, 'parts');
    const seen = [new Set<string>(), new Set<string>(), new Set<string>()];
    for (let i = 0; i < 300; i++) {
      const drawn = drawParts(rng, members, 2).map(({ candidate }) => candidate.id);
      expect(new Set(drawn).size).toBe(3);
      drawn.forEach((id, part) => seen[part]?.add(id));
    }
    for (const ids of seen) expect([...ids].sort()).toEqual(['c0', 'c1', 'c3', 'c4']);
  });

  test.each([
    [3, 2],
    [2, 1],
    [1, 1],
  ])('of %d members there are %d to play them', (size, players) => {
    const drawn = drawParts(makeRng(1, 'few'), members.slice(0, size), 0).map(
      ({ candidate }) => candidate.id,
    );
    expect(new Set(drawn).size).toBe(players);
    expect(drawn.includes('c0')).toBe(size === 1);
  });

  test('fewer than four: a note, and the search goes on', async () => {
    const events = await evolve((ask, n) =>
      textOf(ask).includes('Basic prompt') ? `<prompt>Judge in way ${n % 9}, ${n}.</prompt>` : 'no tag',
    );
    expect(eventsOf(events, 'note').map(({ text }) => text)).toContain(
      'Differential evolution needs 4 prompts; there are 1, so one prompt plays several parts.',
    );
    expect(requests(events)).toHaveLength(2);
  });

  test('the donor can be any other than the best', async () => {
    const list = ways(5, 4, 3, ...Array<number>(40).fill(0));
    const donors = async (donor: string) =>
      new Set(requests(await evolve(list, { donor, generations: 8 })).map(([, , third]) => third));
    expect(await donors('best')).toEqual(new Set([5]));
    expect((await donors('random')).size).toBeGreaterThan(1);
  });

  test('everything may be mutated, in chat and in a continued list', async () => {
    const slots = async (metaStyle: 'chat' | 'continuation', mutate: string) => {
      const reply = (_ask: Ask, n: number) =>
        metaStyle === 'chat' ? `<prompt>Judge ${n}</prompt>` : ` Judge ${n}`;
      const events = await evolve(reply, { mutate, generations: 1 }, metaStyle);
      return new Set(
        eventsOf(events, 'asked')
          .map(({ slot }) => slot)
          .filter((slot) => !/^(induce|paraphrase)/.test(slot)),
      );
    };
    expect(await slots('chat', 'all')).toEqual(new Set(['all']));
    expect(await slots('continuation', 'all')).toEqual(new Set(['allContinuation']));
    expect(await slots('continuation', 'differing')).toEqual(new Set(['differingContinuation']));
  });
});
