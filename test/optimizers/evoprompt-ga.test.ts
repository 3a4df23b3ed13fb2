import { describe, expect, test } from 'vitest';
import type { Scored } from '../../src/core/candidate.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { Ask } from '../../src/core/model.ts';
import { makeRng } from '../../src/core/rng.ts';
import { drawParents, evopromptGa } from '../../src/optimizers/evoprompt-ga.ts';
import { eventsOf, playGraded, textOf, tinyTask } from './harness.ts';

const OPTIONS = { generations: 2, population: 4, exemplars: 2 };

const ways = (...list: readonly number[]) => {
  return (_ask: Ask, n: number) => `<prompt>Judge in way ${list[n] ?? 0}${'!'.repeat(n)}</prompt>`;
};

const evolve = async (
  replies: (ask: Ask, n: number) => string,
  options: Record<string, boolean | number | string> = {},
  metaStyle: 'chat' | 'continuation' = 'chat',
) => {
  const played = await playGraded(
    evopromptGa,
    { ...OPTIONS, ...options },
    { task: tinyTask(8, 10, 2), replies, metaStyle },
  );
  expect(played.error).toBeNull();
  return played;
};

/** Asks of one template, in order. */
const asksOf = (events: readonly RunEvent[], slot: string) =>
  eventsOf(events, 'asked').filter((event) => event.slot === slot);
const wayOf = (events: readonly RunEvent[], id: string) =>
  Number(
    /way (\d+)/.exec(
      eventsOf(events, 'proposed').find((event) => event.candidate.id === id)?.candidate.prompt ?? '',
    )?.[1] ?? 0,
  );
const populations = (events: readonly RunEvent[]) =>
  eventsOf(events, 'retrieved').map(({ items }) => items.map(({ candidate }) => wayOf(events, candidate)));

describe('the first population', () => {
  test('half guessed or paraphrased from the initial prompt, then a paraphrase of each, best first', async () => {
    const { events } = await evolve(ways(5, 2, 3));
    const made = eventsOf(events, 'proposed').slice(0, 4);
    expect(made.map(({ candidate }) => candidate.origin)).toEqual([
      'initial',
      'induce',
      'paraphrase',
      'paraphrase',
    ]);
    // c1 (5 of 10) stands before the initial prompt (0 of 10).
    expect(made.map(({ candidate }) => candidate.parents)).toEqual([[], [], ['c1'], ['c0']]);
    expect(populations(events)[0]).toEqual([5, 3, 2, 0]);
  });

  test('an optimizer that repeats itself leaves it small, with a note, and the search goes on', async () => {
    const { events } = await evolve((_ask, n) => (n === 0 ? '<prompt>Judge in way 4</prompt>' : 'no tag'));
    expect(populations(events)).toEqual([
      [4, 0],
      [4, 0],
    ]);
    expect(eventsOf(events, 'note')[0]?.text).toContain('2 of 4 prompts');
    expect(eventsOf(events, 'tested')).toHaveLength(1);
  });

  test('a small one grows by its children', async () => {
    const { events } = await evolve((ask, n) =>
      textOf(ask).includes('Prompt 2:') ? `<prompt>Judge in way ${n % 9}, ${n}.</prompt>` : 'no tag',
    );
    expect(populations(events).map((members) => members.length)).toEqual([1, 4]);
  });
});

describe('survival', () => {
  test('the best of old and new live on; a child that cannot enter is answered in part only', async () => {
    // Three prompts of the first population, then four children a generation.
    const { events } = await evolve(ways(5, 4, 3, 9, 1, 4, 7, 0, 0, 0, 0));
    expect(populations(events)).toEqual([
      [5, 4, 3, 0],
      [9, 7, 5, 4],
    ]);
    const asked = (id: string) =>
      eventsOf(events, 'answered').filter(
        ({ answer }) => answer.candidate === id && answer.split === 'validation',
      ).length;
    // c4 (9), c5 (1, against the worst, which stands at 3 by then), c6 (4), c7 (7).
    expect([asked('c4'), asked('c6'), asked('c7')]).toEqual([10, 10, 10]);
    expect(asked('c5')).toBeLessThan(10);
    const reasons = eventsOf(events, 'rejected').map((event) => event.reason);
    expect(reasons.filter((reason) => reason.startsWith('cannot score higher'))).toHaveLength(5);
  });

  test('what is given up on changes no result', async () => {
    const list = [5, 4, 3, 9, 1, 4, 7, 6, 2, 8, 5];
    const { events } = await evolve(ways(...list), { generations: 3 });
    // Best four of everything made, ties to the earlier.
    expect(populations(events)).toEqual([
      [5, 4, 3, 0],
      [9, 7, 5, 4],
      [9, 8, 7, 6],
    ]);
  });

  test('each child takes one place when asked to, better or not', async () => {
    const { events } = await evolve(ways(5, 4, 3, 1, 2, 1, 2, 0, 0, 0, 0), { update: 'replace' });
    expect(populations(events)).toEqual([
      [5, 4, 3, 0],
      [1, 2, 1, 2],
    ]);
    // The best is remembered although it left the population.
    expect(eventsOf(events, 'searched')[0]?.best).toBe('c1');
  });

  test('a population without a wrong answer ends the search', async () => {
    const { events } = await evolve(ways(10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10));
    expect(asksOf(events, 'crossover')).toHaveLength(4);
    expect(eventsOf(events, 'note').at(-1)?.text).toContain('right everywhere');
  });
});

describe('parents', () => {
  const members = [6, 3, 1, 0].map((tenths, i): Scored => ({
    candidate: { id: `c${i}`, prompt: `p${i}`, shots: [], parents: [], origin: 'test', step: 0 },
    score: tenths / 10,
    n: 10,
  }));
  const firsts = (parents: string, scored = members) => {
    const counts = [0, 0, 0, 0];
    const rng = makeRng(3, parents);
    for (let i = 0; i < 4000; i++) {
      const [first, second] = drawParents(rng, scored, { parents, sameParents: false });
      expect(second.candidate.id).not.toBe(first.candidate.id);
      const at = scored.indexOf(first);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts;
  };
  // Of 4000 draws the standard deviation is at most 32.
  const near = (counts: readonly number[], expected: readonly number[]) =>
    counts.forEach((count, i) => expect(Math.abs(count - (expected[i] ?? 0))).toBeLessThan(130));

  test('the wheel follows the scores', () => near(firsts('wheel'), [2400, 1200, 400, 0]));
  test('the better of two drawn: 3, 2, 1 and 0 of 6 pairs', () =>
    near(firsts('tournament'), [2000, 1333, 667, 0]));
  test('any', () => near(firsts('random'), [1000, 1000, 1000, 1000]));
  test('all scores 0: any', () =>
    near(
      firsts(
        'wheel',
        members.map((each) => ({ ...each, score: 0 })),
      ),
      [1000, 1000, 1000, 1000],
    ));
  test('the same twice only where the replication allows it or there is one alone', () => {
    const twice = (from: readonly Scored[], sameParents: boolean) => {
      const rng = makeRng(4, 'twice');
      return Array.from({ length: 200 }, () =>
        drawParents(rng, from, { parents: 'wheel', sameParents }),
      ).some(([a, b]) => a === b);
    };
    expect(twice(members, true)).toBe(true);
    expect(twice(members.slice(0, 1), false)).toBe(true);
    expect(twice(members, false)).toBe(false);
  });
});

describe('the request', () => {
  test('shows both parents and, unless turned off, a demonstration from another task', async () => {
    const [ask] = asksOf((await evolve(ways(5, 4, 3))).events, 'crossover');
    const text = ask?.parts.map((part) => part.text).join('') ?? '';
    expect(text).toContain('e-mail');
    expect(text).toMatch(/Prompt 1: Judge .+\nPrompt 2: Judge .+\n\n1\. Cross/);
    const [bare] = asksOf((await evolve(ways(5, 4, 3), { demonstration: false })).events, 'crossover');
    expect(bare?.parts.map((part) => part.text).join('')).not.toContain('e-mail');
  });

  test('the child stands behind the last tag, not in the demonstration or the crossing', async () => {
    const { events } = await evolve(
      (_ask, n) => `1. <prompt>Draft ${n}</prompt>\n2. <prompt>Final ${n}</prompt> as asked`,
    );
    const crossed = eventsOf(events, 'proposed').filter(({ candidate }) => candidate.origin === 'crossover');
    expect(crossed.length).toBeGreaterThan(0);
    expect(crossed.every(({ candidate }) => /^Final \d+$/.test(candidate.prompt))).toBe(true);
    expect(crossed.every(({ candidate }) => new Set(candidate.parents).size === 2)).toBe(true);
  });

  test('a repetition is asked for again, twice at most', async () => {
    const { events } = await evolve(
      (_ask, n) => (n < 3 ? `<prompt>Judge in way ${n}</prompt>` : '<prompt>Judge in way 1</prompt>'),
      { generations: 1 },
    );
    expect(asksOf(events, 'crossover')).toHaveLength(4 * 3);
    expect(
      eventsOf(events, 'rejected').filter(({ reason }) => reason.startsWith('the same as')),
    ).toHaveLength(12);
  });

  test('continued: the third of a list of two', async () => {
    const { events } = await evolve((_ask, n) => ` Judge in way ${n % 9} ${n}.`, {}, 'continuation');
    const [ask] = asksOf(events, 'crossoverContinuation');
    expect(ask?.content).toMatchObject({ kind: 'completion' });
    expect(ask?.parts.map((part) => part.text).join('')).toMatch(
      /Instruction 1: .+\n\nInstruction 2: .+\n\n.+\n\nInstruction 3:$/,
    );
    const born = eventsOf(events, 'proposed').filter(({ candidate }) => candidate.origin === 'crossover');
    expect(born.every(({ candidate }) => /^Judge in way \d \d+\.$/.test(candidate.prompt))).toBe(true);
    expect(born.length).toBeGreaterThan(0);
  });
});
