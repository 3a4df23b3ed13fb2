import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate, Scored } from '../../src/core/candidate.ts';
import type { Op } from '../../src/core/events.ts';
import type { Optimizer, Tools } from '../../src/core/optimizer.ts';
import type { Raced, RaceOptions, Racing } from '../../src/core/race.ts';
import type { Task } from '../../src/core/task.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, play, textOf } from '../optimizers/harness.ts';

/** Examples that a prompt of ones and zeros answers rightly where it has a one. */
function bitsTask(n: number, metric: Task['metric'] = { kind: 'exact' }): Task {
  const examples = (split: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `${split}-${i}`, input: `number ${i}.`, gold: ['yes'] }));
  return {
    id: 'bits',
    name: 'Bits',
    description: 'Say yes.',
    initialPrompt: '0'.repeat(n),
    metric,
    position: 'before',
    markers: { input: 'Item', answer: 'Answer' },
    answerTokens: 2,
    splits: { train: examples('train', n), validation: examples('validation', n), test: examples('test', 1) },
  };
}

const target = () =>
  scriptedEngine({
    id: 'scripted:target:none',
    reply: (ask) => {
      const text = textOf(ask);
      const bits = /[01]{2,}/.exec(text)?.[0] ?? '';
      const i = Number(/number (\d+)\./.exec(text)?.[1]);
      return bits[i] === '1' ? ' yes' : ' no';
    },
  });

/** Runs `search` as a method whose candidates are the given bit strings. */
async function searched<T>(
  prompts: readonly string[],
  search: (tools: Tools, candidates: Candidate[]) => Op<T>,
  seed = 7,
  metric?: Task['metric'],
  racing?: Racing,
) {
  let result: T | null = null;
  const optimizer: Optimizer = {
    id: 'race',
    name: 'Race',
    paper: { title: '', url: '' },
    summary: '',
    loop: [],
    prompts: {},
    options: {},
    selectsOn: () => 'validation',
    embeds: () => false,
    cost: () => ({ steps: 1, targetCalls: 0, optimizerCalls: 0 }),
    async *search(tools) {
      yield* tools.step(1);
      const candidates: Candidate[] = [];
      for (const prompt of prompts) {
        const made = yield* tools.propose(prompt, { parents: [], origin: 'given' });
        if (made !== null) candidates.push(made);
      }
      result = yield* search(tools, candidates);
    },
  };
  const task = bitsTask(prompts[0]?.length ?? 20, metric);
  const config = configFor(optimizer, {
    initialPrompt: task.initialPrompt,
    budget: {},
    seed,
    ...(racing && { racing }),
  });
  const played = await play({ optimizer, config, task, target: target(), replies: () => '' });
  if (played.error !== null) throw played.error;
  if (result === null) throw new Error('The search did not end.');
  const kept: T = result;
  const during = played.events.slice(
    0,
    played.events.findIndex((event) => event.type === 'searched'),
  );
  return { result: kept, events: during };
}

/** A race whose order is the split's own, so that it can be followed by hand. */
const raced = (prompts: readonly string[], keep: number, options: Partial<RaceOptions> = {}) =>
  searched(prompts, (tools, candidates) =>
    tools.race(candidates, keep, { alpha: 0.05, block: 5, shuffle: false, ...options }),
  );

const ids = (scored: readonly Scored[]) => scored.map(({ candidate }) => candidate.id);
const ones = (n: number) => '1'.repeat(n);
const zeros = (n: number) => '0'.repeat(n);
/** All right but for one wrong at each of `places`. */
const missing = (n: number, places: readonly number[]) =>
  Array.from({ length: n }, (_, i) => (places.includes(i) ? '0' : '1')).join('');

describe('race', () => {
  test('the beaten one leaves after the first block that shows it', async () => {
    // Five gained of five changes: p = 2^-5 = 0.03125.
    const { result, events } = await raced([`${zeros(10)}${ones(11)}`, ones(21)], 1);
    expect(eventsOf(events, 'eliminated')).toEqual([
      { type: 'eliminated', step: 1, candidate: 'c1', by: 'c2', n: 5, p: 0.03125 },
    ]);
    expect(result).toMatchObject({ kept: [{ score: 1, n: 5 }], left: [{ score: 0, n: 5 }] });
    expect(ids(result.kept)).toEqual(['c2']);
    expect(eventsOf(events, 'answered')).toHaveLength(10);
    expect(eventsOf(events, 'best')).toHaveLength(0);
  });

  test('none leaves before the least number of blocks', async () => {
    const { events } = await raced([`${zeros(20)}1`, ones(21)], 1, { minBlocks: 3 });
    const [only] = eventsOf(events, 'eliminated');
    expect(only?.n).toBe(15);
    expect(only?.p).toBeCloseTo(2 ** -15, 15);
  });

  test("Holm's correction asks for more evidence of more rivals", async () => {
    const bad = [`${zeros(18)}111`, `${zeros(18)}110`, `${zeros(18)}101`];
    const plain = await raced([...bad, ones(21)], 1);
    expect(eventsOf(plain.events, 'eliminated').map(({ n }) => n)).toEqual([5, 5, 5]);
    const corrected = await raced([...bad, ones(21)], 1, { holm: true });
    // 3 x 2^-5 is above 0.05, 3 x 2^-10 is below.
    expect(eventsOf(corrected.events, 'eliminated').map(({ n, p }) => [n, p])).toEqual([
      [10, 3 / 1024],
      [10, 3 / 1024],
      [10, 3 / 1024],
    ]);
  });

  test('the t test and the Bernstein bound take the examples that their formulas say', async () => {
    const prompts = [`${zeros(30)}1`, ones(31)];
    // Every difference is 1: t is infinite at once; Bernstein's p is 2 exp(-3 (n - 1) / 14), 0.0996 at 15, 0.034 at 20.
    expect(eventsOf((await raced(prompts, 1, { test: 't' })).events, 'eliminated')[0]).toMatchObject({
      n: 5,
      p: 0,
    });
    const [bernstein] = eventsOf((await raced(prompts, 1, { test: 'bernstein' })).events, 'eliminated');
    expect(bernstein?.n).toBe(20);
    expect(bernstein?.p).toBeCloseTo(2 * Math.exp(-57 / 14), 12);
    // Differences 1, 1, 1, 1, 0: mean 0.8, variance 0.2, t = 4; SciPy 1.17.1: t.sf(4, 4) = 0.008065.
    const [t] = eventsOf(
      (await raced([`${zeros(4)}${ones(17)}`, ones(21)], 1, { test: 't' })).events,
      'eliminated',
    );
    expect(t?.p).toBeCloseTo(0.00806504495, 10);
  });

  test('prompts with the same scores are never told apart, and the earlier one is kept', async () => {
    const { result, events } = await raced([`10${ones(18)}1`, `10${ones(18)}1 again`], 1);
    expect(eventsOf(events, 'eliminated')).toHaveLength(0);
    expect(eventsOf(events, 'answered')).toHaveLength(42);
    expect(ids(result.kept)).toEqual(['c1']);
    expect(result.left[0]).toMatchObject({ n: 21, score: 20 / 21 });
    expect(eventsOf(events, 'best').map(({ candidate }) => candidate)).toEqual(['c1']);
    expect(eventsOf(events, 'scored')).toHaveLength(2);
  });

  test('beaten-by-keep lets one leave only when as many as are kept beat it', async () => {
    const prompts = [ones(21), `${zeros(5)}${ones(16)}`, `${zeros(6)}${ones(15)}`];
    // At the first block only the first beats the others; with two places that is one too few.
    const byKeep = await raced(prompts, 2, { rule: 'beaten-by-keep' });
    expect(eventsOf(byKeep.events, 'eliminated')).toHaveLength(0);
    expect(ids(byKeep.result.kept)).toEqual(['c1', 'c2']);
    const byBest = await raced(prompts, 2);
    // The two that lead stay whatever the leader shows.
    expect(eventsOf(byBest.events, 'eliminated')).toMatchObject([{ candidate: 'c3', by: 'c1', n: 5 }]);
    expect(ids(byBest.result.kept)).toEqual(['c1', 'c2']);
    expect(byBest.result.kept[0]?.n).toBe(5);
    const two = await raced([ones(21), missing(21, [20]), `${zeros(6)}${ones(15)}`], 2, {
      rule: 'beaten-by-keep',
    });
    expect(eventsOf(two.events, 'eliminated')).toMatchObject([{ candidate: 'c3', n: 5, p: 0.03125 }]);
  });

  test('a penalty decides between equals under the t test, and is left out of the sign test and of the scores', async () => {
    const prompts = [`${ones(21)} in many more words than are needed`, ones(21)];
    const penalty = ({ prompt }: Candidate) => prompt.length / 1000;
    const t = await raced(prompts, 1, { test: 't', penalty });
    expect(eventsOf(t.events, 'eliminated')).toMatchObject([{ candidate: 'c1', by: 'c2', n: 5, p: 0 }]);
    expect(t.result.kept).toMatchObject([{ score: 1, n: 5 }]);
    const sign = await raced(prompts, 1, { penalty });
    expect(eventsOf(sign.events, 'eliminated')).toHaveLength(0);
    expect(ids(sign.result.kept)).toEqual(['c1']);
  });

  test("an incumbent's answers cost nothing, and only the blocks of the race are compared", async () => {
    // The incumbent is right on the first five and wrong on all the rest, which the race does not come to see.
    const prompts = [`${ones(5)}${zeros(16)}`, `${zeros(6)}${ones(15)}`];
    const { result, events } = await searched(prompts, async function* (tools, candidates) {
      yield* tools.score(candidates.slice(0, 1));
      return yield* tools.race(candidates, 1, { block: 5, shuffle: false });
    });
    expect(ids(result.kept)).toEqual(['c1']);
    expect(result.kept[0]).toMatchObject({ n: 5, score: 1 });
    expect(eventsOf(events, 'answered')).toHaveLength(21 + 5);
  });

  test('the order is drawn once a run and is the same for all', async () => {
    const order = async (seed: number) => {
      const { events } = await searched(
        [`1${zeros(20)}`, `01${zeros(19)}`],
        async function* (tools, candidates) {
          yield* tools.race(candidates.slice(0, 1), 1, { block: 21 });
          return yield* tools.race(candidates, 1, { block: 21 });
        },
        seed,
      );
      const asked = eventsOf(events, 'answered').map(({ answer }) => answer.example);
      expect(asked).toHaveLength(42);
      expect(asked.slice(21)).toEqual(asked.slice(0, 21));
      return asked.slice(0, 21);
    };
    const first = await order(7);
    expect(first).not.toEqual(bitsTask(21).splits.validation.map(({ id }) => id));
    expect(await order(7)).toEqual(first);
    expect(await order(8)).not.toEqual(first);
  });

  test('a cap on blocks ends the race on rank', async () => {
    const { result, events } = await raced([missing(21, [0]), missing(21, [1, 2])], 1, { maxBlocks: 2 });
    expect(ids(result.kept)).toEqual(['c1']);
    expect(result.kept[0]).toMatchObject({ n: 10, score: 0.9 });
    expect(eventsOf(events, 'answered')).toHaveLength(20);
    expect(eventsOf(events, 'scored')).toHaveLength(0);
  });

  test('odd sizes: none, one, fewer than are kept, the same one twice, a block longer than the split', async () => {
    const odd = await searched([ones(12), missing(12, [3])], async function* (tools, candidates) {
      const results: Raced[] = [];
      results.push(yield* tools.race([], 1));
      results.push(yield* tools.race(candidates.slice(0, 1), 1, { block: 5 }));
      results.push(yield* tools.race(candidates, 5, { block: 5 }));
      results.push(yield* tools.race([...candidates, ...candidates], 1, { block: 50 }));
      return results;
    });
    const [none, one, few, twice] = odd.result;
    expect(none).toEqual({ kept: [], left: [] });
    expect(one?.kept).toMatchObject([{ n: 5, score: 1 }]);
    expect(few?.kept).toHaveLength(2);
    expect(few?.kept.map(({ n }) => n)).toEqual([5, 5]);
    expect(twice).toMatchObject({ kept: [{ n: 12, score: 1 }], left: [{ n: 12 }] });
  });

  test('whatever the scores, all come back once, nothing is asked twice and the kept are not worse', async () => {
    const bits = fc.array(fc.constantFrom('0', '1'), { minLength: 23, maxLength: 23 }).map((b) => b.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(bits, { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 1, max: 4 }),
        fc.record({
          test: fc.constantFrom('sign' as const, 't' as const, 'bernstein' as const),
          rule: fc.constantFrom('beaten-by-best' as const, 'beaten-by-keep' as const),
          holm: fc.boolean(),
          alpha: fc.constantFrom(0.05, 0.2, 0.5),
          block: fc.integer({ min: 1, max: 30 }),
          minBlocks: fc.integer({ min: 0, max: 4 }),
          maxBlocks: fc.constantFrom(null, 1, 3),
        }),
        async (prompts, keep, options) => {
          const made = prompts.filter((prompt) => prompt !== zeros(23));
          fc.pre(made.length > 0);
          const { result, events } = await searched(made, (tools, candidates) =>
            tools.race(candidates, keep, options),
          );
          const all = [...result.kept, ...result.left];
          expect(new Set(ids(all)).size).toBe(made.length);
          expect(all).toHaveLength(made.length);
          expect(result.kept).toHaveLength(Math.min(keep, made.length));
          const scores = result.kept.map(({ score }) => score);
          expect(scores).toEqual([...scores].sort((a, b) => b - a));
          expect(new Set(result.kept.map(({ n }) => n)).size).toBe(1);
          const pairs = eventsOf(events, 'answered').map(
            ({ answer }) => `${answer.candidate}/${answer.example}`,
          );
          expect(new Set(pairs).size).toBe(pairs.length);
          expect(pairs).toHaveLength(all.reduce((sum, { n }) => sum + n, 0));
          const gone = eventsOf(events, 'eliminated').map(({ candidate }) => candidate);
          expect(ids(result.kept).some((id) => gone.includes(id))).toBe(false);
          // Who ran as far as the kept and was not kept is not better than they.
          const n = result.kept[0]?.n ?? 0;
          const least = Math.min(...scores);
          for (const { candidate, score, n: met } of result.left) {
            if (met === n && !gone.includes(candidate.id)) expect(score).toBeLessThanOrEqual(least);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('graded scores are compared by the t test unless another is named', async () => {
    const p = async (metric: Task['metric'], options: Partial<RaceOptions>) => {
      const search = (tools: Tools, candidates: Candidate[]) =>
        tools.race(candidates, 1, { alpha: 0.05, block: 5, ...options });
      const { events } = await searched([`${zeros(20)}1`, ones(21)], search, 7, metric);
      return eventsOf(events, 'eliminated')[0]?.p;
    };
    expect(await p({ kind: 'exact' }, {})).toBeCloseTo(2 ** -5, 4);
    expect(await p({ kind: 'rouge-l' }, {})).toBe(0);
    expect(await p({ kind: 'rouge-l' }, { test: 'sign' })).toBeCloseTo(2 ** -5, 4);
  });
});

describe('racing as a setting of a run', () => {
  const racing: Racing = { test: 'sign', alpha: 0.05, block: 5, minBlocks: 1 };
  const scoreAll = (tools: Tools, candidates: Candidate[]) => tools.score(candidates);
  const half = `${ones(10)}${zeros(10)}`;

  test('a candidate beaten by the best so far leaves, with an estimate below the best', async () => {
    const prompts = [missing(20, [0]), `0${zeros(18)}1`, missing(20, [0, 1])];
    const { result, events } = await searched(prompts, scoreAll, 7, undefined, racing);
    const [best, bad, near] = result;
    expect(best).toMatchObject({ score: 0.95, n: 20 });
    expect(near).toMatchObject({ score: 0.9, n: 20 });
    const [out] = eventsOf(events, 'eliminated');
    expect(out).toMatchObject({ candidate: 'c2', by: 'c1', n: bad?.n });
    // Of its n examples it lost all, less the one that neither gets and the one that both get, where these were met.
    const met = eventsOf(events, 'answered').filter(({ answer }) => answer.candidate === 'c2');
    expect(met).toHaveLength(bad?.n ?? 0);
    const same = met.filter(({ answer }) => /-(0|19)$/.test(answer.example)).length;
    expect(bad?.score).toBeCloseTo(0.95 - ((bad?.n ?? 0) - same) / (bad?.n ?? 1), 12);
    expect(eventsOf(events, 'scored').map(({ candidate }) => candidate)).toEqual(['c1', 'c3']);
    expect(eventsOf(events, 'best')).toHaveLength(1);
  });

  test('one that was beaten stays out, and is asked no more when scored again', async () => {
    const { result, events } = await searched(
      [ones(20), `${zeros(19)}1`],
      async function* (tools, candidates) {
        yield* tools.score(candidates);
        const again = yield* tools.score(candidates);
        const known = candidates.map((candidate) => tools.known(candidate, 'validation').length);
        return { again, known };
      },
      7,
      undefined,
      racing,
    );
    expect(eventsOf(events, 'eliminated')).toHaveLength(1);
    expect(result.again[1]?.n).toBeLessThan(20);
    expect(result.known).toEqual([20, result.again[1]?.n]);
    expect(eventsOf(events, 'answered')).toHaveLength(20 + (result.again[1]?.n ?? 0));
  });

  test('the first to be scored, one that has answered all, and the other split are scored in full', async () => {
    const { result, events } = await searched(
      [half, ones(20), `1${zeros(19)}`],
      async function* (tools, candidates) {
        const [weak, strong, other] = candidates;
        if (!weak || !strong || !other) throw new Error('not made');
        yield* tools.answers(other, 'validation', tools.task.splits.validation);
        const scored = yield* tools.score([weak, strong, other]);
        return [...scored, ...(yield* tools.score([weak], { split: 'train' }))];
      },
      7,
      undefined,
      racing,
    );
    expect(result.map(({ n }) => n)).toEqual([20, 20, 20, 20]);
    expect(eventsOf(events, 'eliminated')).toHaveLength(0);
  });

  test('without it all are asked all', async () => {
    const { result } = await searched([ones(20), `${zeros(19)}1`], scoreAll);
    expect(result.map(({ n }) => n)).toEqual([20, 20]);
  });
});
