import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import type { OptionValue } from '../../src/core/optimizer.ts';
import type { RunConfig } from '../../src/core/run.ts';
import { rateAt, type Point } from '../../src/core/descent.ts';
import { gradientComplement, shownOf, trajectoryText } from '../../src/optimizers/gradient-complement.ts';
import { configFor, eventsOf, play, textOf, tinyTask, type Play, type Played } from './harness.ts';
import { scriptedTuner, type ScriptedTuner } from './scripted-tuner.ts';

const SMALL = {
  rounds: 3,
  gradientSteps: 4,
  measureEvery: 2,
  batchSize: 2,
  tokens: 4,
  validationExamples: 4,
};

/** Three short prompts a reply, each different. */
const three = (_ask: unknown, n: number) =>
  ['Look at the mood', 'Weigh every word', 'Judge it carefully'].map((text) => `- ${text} ${n}`).join('\n');

type More = Partial<Omit<Play, 'config'>> & { config?: Partial<RunConfig> };

function run(options: Record<string, OptionValue> = {}, more: More = {}): Promise<Played> {
  const given = { budget: {}, ...more.config, options: { ...SMALL, ...options } };
  const config = configFor(gradientComplement, given);
  return play({ optimizer: gradientComplement, replies: three, ...more, config });
}

const stepsAsked = (tuner: ScriptedTuner) => tuner.asks.flatMap((ask) => (ask.do === 'steps' ? [ask] : []));

describe('descent', () => {
  test('moves the soft prompt to a lower loss, and measures it before the first step and every two', async () => {
    const { events, tuner, error } = await run({ arm: 'none', rate: 0.05 });
    expect(error).toBeNull();
    const tuned = eventsOf(events, 'tuned');
    expect(tuned.map(({ gradientStep }) => gradientStep)).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(tuned.map(({ loss }) => loss === null)).toEqual([true, ...Array<boolean>(6).fill(false)]);
    const losses = tuned.map(({ validation }) => validation.loss);
    for (const [i, loss] of losses.slice(1).entries()) expect(loss).toBeLessThan(losses[i] ?? 0);
    for (const { words } of tuned) expect(words.map((row) => row.length)).toEqual([5, 5, 5, 5]);
    expect(stepsAsked(tuner).every(({ batches }) => batches.every((batch) => batch.length === 2))).toBe(true);
  });

  test('each pass over train uses each example once', async () => {
    const { tuner } = await run({ arm: 'none', batchSize: 2 });
    const used = stepsAsked(tuner).flatMap(({ batches }) => batches.flat().map(({ id }) => id));
    // 8 train examples, 12 steps of 2.
    for (const pass of [0, 1, 2]) expect(new Set(used.slice(8 * pass, 8 * (pass + 1))).size).toBe(8);
    expect(used.slice(0, 8)).not.toEqual(used.slice(8, 16));
  });

  test('the learning rate warms up, is halved by `scale`, and falls where it is to', () => {
    const options = {
      rate: 0.1,
      warmup: 4,
      decay: 'constant',
      length: 20,
      measureEvery: 1,
      batchSize: 1,
      weightDecay: 0,
      clip: 1,
      patience: 0,
      projection: 'cosine',
    } as const;
    const course = { options, scale: 1, freshSince: 0 };
    expect([0, 1, 2, 3, 4, 19].map((made) => rateAt(course, made))).toEqual([
      0.025, 0.05, 0.07500000000000001, 0.1, 0.1, 0.1,
    ]);
    expect(rateAt({ ...course, scale: 0.5 }, 10)).toBe(0.05);
    // A fresh start at step 10 warms up again.
    expect(rateAt({ ...course, freshSince: 10 }, 10)).toBe(0.025);
    const falling = { ...course, options: { ...options, decay: 'linear' as const } };
    expect([4, 10, 15, 20].map((made) => rateAt(falling, made))).toEqual([0.1 * 0.8, 0.05, 0.025, 0]);
  });

  test('rates are those of the schedule, over all rounds', async () => {
    const { tuner } = await run({ arm: 'none', rate: 0.1, warmup: 4 });
    expect(stepsAsked(tuner).flatMap(({ rates }) => rates)).toEqual([
      0.025,
      0.05,
      0.07500000000000001,
      ...Array<number>(9).fill(0.1),
    ]);
  });

  test.each([
    ['reset', true],
    ['keep', false],
  ])('Adam’s memory at a restart: %s', async (moments, fresh) => {
    const { tuner, events } = await run({ moments, warmup: 2, rate: 0.1 });
    const after = eventsOf(events, 'restart').map(({ gradientStep }) => gradientStep);
    expect(after).toEqual([0, 4, 8]);
    const asked = stepsAsked(tuner);
    expect(asked[2]?.moments === null).toBe(fresh);
    expect(asked[2]?.rates).toEqual(fresh ? [0.05, 0.1] : [0.1, 0.1]);
    expect(asked[1]?.moments?.count).toBe(2);
  });

  test('a place that gets no better ends the descent by patience; alone, the search', async () => {
    const tuner = scriptedTuner();
    const level: ScriptedTuner = {
      ...tuner,
      tune: (ask, signal) =>
        ask.do === 'measure'
          ? Promise.resolve({ did: 'measure', losses: [0.5], chosen: [0] })
          : tuner.tune(ask, signal),
    };
    const { events } = await run({ arm: 'none', patience: 3, gradientSteps: 40 }, { tuner: level });
    // One that sets the mark and three that are no lower.
    expect(eventsOf(events, 'tuned')).toHaveLength(4);
    expect(eventsOf(events, 'note').some(({ text }) => text.startsWith('No lower loss'))).toBe(true);
  });
});

describe('a stretch that goes wrong', () => {
  test('is undone, the rate halved and the same examples used again', async () => {
    const tuner = scriptedTuner({ fails: (n) => (n === 1 ? 'The loss is no number.' : null) });
    const { events } = await run({ arm: 'none', rate: 0.1, warmup: 0 }, { tuner });
    const [undone] = eventsOf(events, 'rolled-back');
    expect(eventsOf(events, 'rolled-back')).toHaveLength(1);
    expect(undone).toMatchObject({ gradientStep: 2, reason: 'The loss is no number.', rate: 0.05, inRow: 1 });
    const [before, failed, again, next] = stepsAsked(tuner);
    expect(failed?.rates).toEqual([0.1, 0.1]);
    expect(again?.rates).toEqual([0.05, 0.05]);
    expect(again?.prompt).toEqual(failed?.prompt);
    expect(again?.prompt).not.toEqual(before?.prompt);
    expect(again?.moments).toEqual(failed?.moments);
    expect(again?.batches).toEqual(failed?.batches);
    expect(next?.batches).not.toEqual(again?.batches);
    expect(eventsOf(events, 'tuned').at(-1)?.gradientStep).toBe(12);
  });

  test('three in a row end descent with the best so far, which is scored and tested', async () => {
    const tuner = scriptedTuner({ fails: (n) => (n >= 2 ? 'The loss exploded.' : null) });
    const { events, error } = await run({ rounds: 5 }, { tuner });
    expect(error).toBeNull();
    expect(eventsOf(events, 'rolled-back').map(({ inRow }) => inRow)).toEqual([1, 2, 3]);
    expect(stepsAsked(tuner)).toHaveLength(5);
    expect(eventsOf(events, 'note').some(({ text }) => text.includes('3 times in a row'))).toBe(true);
    expect(eventsOf(events, 'searched')[0]?.reason).toBe('done');
    expect(eventsOf(events, 'tested')).toHaveLength(1);
  });

  test('a good stretch between two bad ones begins the count anew', async () => {
    const tuner = scriptedTuner({ fails: (n) => (n % 2 === 0 ? 'The loss exploded.' : null) });
    const { events } = await run({ arm: 'none' }, { tuner });
    expect(eventsOf(events, 'rolled-back').map(({ inRow }) => inRow)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(eventsOf(events, 'tuned').at(-1)?.gradientStep).toBe(12);
  });

  test('examples that the model cannot read are left out, and said so', async () => {
    const tuner = scriptedTuner({ refuses: ({ id }) => id === 'train-3' || id === 'validation-0' });
    const { events, error } = await run({ arm: 'none', validationExamples: 0 }, { tuner });
    expect(error).toBeNull();
    expect(eventsOf(events, 'note').filter(({ text }) => text.startsWith('1 of '))).toHaveLength(2);
    expect(eventsOf(events, 'tuned').at(-1)?.gradientStep).toBe(12);
    expect(eventsOf(events, 'rolled-back')).toEqual([]);
  });

  test('a task of which nothing can be read ends with the initial prompt', async () => {
    const tuner = scriptedTuner({ refuses: () => true });
    const { events, error } = await run({}, { tuner });
    expect(error).toBeNull();
    expect(eventsOf(events, 'tuned')).toEqual([]);
    expect(eventsOf(events, 'tested')[0]?.result.best.candidate).toBe('c0');
  });
});

describe('what the optimizer sees', () => {
  const point = (text: string, loss: number, accuracy: number | null = 0.5): Point => ({
    text,
    candidate: { id: text, prompt: text, shots: [], parents: [], origin: 'projection', step: 1 },
    measured: { loss, accuracy },
  });

  test('each text with its loss and accuracy to three decimals, worst first', () => {
    const shown = shownOf([point('b', 0.6931), point('a', 1.25, 0.33333), point('c', 0.1)], {
      keep: 5,
      shown: 'spread',
    });
    expect(trajectoryText(shown, 'Prompt')).toBe(
      'Prompt: a\nLoss: 1.250, accuracy: 0.333\n\nPrompt: b\nLoss: 0.693, accuracy: 0.500\n\nPrompt: c\nLoss: 0.100, accuracy: 0.500',
    );
    expect(trajectoryText([point('free', 2, null)], 'Prompt')).toBe('Prompt: free\nLoss: 2.000');
  });

  test.each([
    ['spread', ['a', 'c', 'e']],
    ['earliest', ['a', 'b', 'c']],
    ['lowest', ['c', 'd', 'e']],
  ])('three of five: %s', (shown, texts) => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((text, i) => point(text, 5 - i));
    expect(shownOf([...five, point('x', Infinity)], { keep: 3, shown }).map(({ text }) => text)).toEqual(
      texts,
    );
    expect(shownOf([], { keep: 3, shown })).toEqual([]);
    expect(shownOf(five, { keep: 1, shown })).toHaveLength(1);
  });

  test('the message holds each text once, in that order', async () => {
    const { optimizer } = await run({ rate: 0.05, keep: 50 });
    const message = textOf(optimizer.asks.at(-1) ?? expect.fail('nothing was asked'));
    const losses = [...message.matchAll(/Loss: ([\d.]+), accuracy: [01]\.\d{3}\n/gu)].map((match) =>
      Number(match[1]),
    );
    expect(losses.length).toBeGreaterThan(3);
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
    const texts = [...message.matchAll(/^Prompt: (.*)$/gmu)].map((match) => match[1]);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toContain('Judge the item.');
  });

  test('a model that continues text is asked for one prompt at a time', async () => {
    const { optimizer, events } = await run(
      { rounds: 2 },
      {
        config: { metaStyle: 'continuation' },
        replies: (_ask, n) => ` Weigh it carefully ${n}\nLoss: 0`,
      },
    );
    expect(optimizer.asks).toHaveLength(3);
    expect(textOf(optimizer.asks[0] ?? expect.fail('nothing was asked'))).toMatch(/\n\nInstruction:$/u);
    expect(
      eventsOf(events, 'proposed').filter(({ candidate }) => candidate.origin === 'propose'),
    ).toHaveLength(3);
  });

  test('a proposal that is too long, too short, without tokens or known is rejected', async () => {
    const { events } = await run(
      { rounds: 2, maxWords: 4 },
      {
        replies: () => 'Far too many words are in this\nToo short\n人工智能人工智能人工智能\nJudge the item.',
      },
    );
    const reasons = eventsOf(events, 'rejected').map(({ reason }) => reason);
    expect(reasons).toContain('7 words, more than 4');
    expect(reasons).toContain('no more than 10 characters');
    const mute = scriptedTuner();
    const odd = await run(
      { rounds: 2 },
      {
        replies: () => '\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468 \u2460\u2461',
        tuner: {
          ...mute,
          tune: (ask, signal) =>
            ask.do === 'embed' && ask.text.startsWith('\u2460')
              ? mute.tune({ ...ask, text: '' }, signal)
              : mute.tune(ask, signal),
        },
      },
    );
    expect(eventsOf(odd.events, 'rejected').map(({ reason }) => reason)).toContain(
      'the model cannot read it: it has no tokens',
    );
    expect(eventsOf(odd.events, 'restart')).toHaveLength(1);
    expect(odd.error).toBeNull();
  });
});

const ARMS = [
  ['language-model', 'language model'],
  ['language-only', 'language model'],
  ['random', 'random'],
  ['perturbation', 'perturbation'],
  ['crossover', 'crossover'],
  ['bayesian', 'bayesian'],
] as const;

/** Up to the first proposal or restart after the first descent. */
function firstStretch(events: readonly RunEvent[]): RunEvent[] {
  const end = events.findIndex((event) => event.type === 'stage' && event.stage === 'propose');
  return events
    .slice(0, end < 0 ? undefined : end)
    .filter(({ type }) => type !== 'retrieved' && type !== 'stage');
}

describe('arms', () => {
  /** Children in tags; three a line otherwise. */
  const replies = (_ask: unknown, n: number) =>
    `<prompt>Judge it carefully ${n}</prompt>\n<prompt>Weigh every word ${n}</prompt>\n<prompt>Look at the mood ${n}</prompt>`;

  test.each(ARMS)('%s: restarts come from there, at the place of the lowest loss', async (arm, source) => {
    const { events, error } = await run({ arm }, { replies });
    expect(error).toBeNull();
    const restarts = eventsOf(events, 'restart');
    expect(restarts.map((restart) => restart.source)).toEqual([
      'initial',
      ...Array<string>(arm === 'language-only' ? 3 : 2).fill(source),
    ]);
    expect(restarts.map(({ id }) => id)).toEqual(restarts.map((_, i) => i));
    expect(eventsOf(events, 'tuned').length).toBe(arm === 'language-only' ? 0 : 9);
    for (const { candidate, text } of restarts) expect(candidate === null).toBe(text === '');
    const scored = new Set(eventsOf(events, 'scored').map(({ candidate }) => candidate));
    // A restart in words stands beside other methods' prompts.
    for (const { candidate } of restarts) if (candidate !== null) expect(scored.has(candidate)).toBe(true);
  });

  test('gradient only asks the optimizer for nothing and restarts nowhere', async () => {
    const { events, optimizer } = await run({ arm: 'none' });
    expect(optimizer.asks).toEqual([]);
    expect(eventsOf(events, 'restart')).toHaveLength(1);
  });

  test('all with a gradient do the same up to the first restart', async () => {
    const [first, ...others] = await Promise.all(
      ['none', 'language-model', 'random', 'perturbation', 'crossover', 'bayesian'].map((arm) =>
        run({ arm }, { replies }),
      ),
    );
    const tuned = (played: Played | undefined) =>
      firstStretch(played?.events ?? [])
        .filter(({ type }) => type === 'tuned' || type === 'computed')
        .slice(0, 12);
    expect(tuned(first)).toHaveLength(12);
    for (const other of others) expect(tuned(other)).toEqual(tuned(first));
  });

  test('the paper’s first proposal can be taken instead of the best', async () => {
    const best = await run({ rounds: 2 }, { replies });
    const first = await run({ rounds: 2, restartFrom: 'first' }, { replies });
    expect(eventsOf(first.events, 'restart')[1]?.text).toBe('Judge it carefully 0');
    const loss = (played: Played) => eventsOf(played.events, 'restart')[1]?.loss ?? Infinity;
    expect(loss(best)).toBeLessThanOrEqual(loss(first));
  });

  test.each(['none', ...ARMS.map(([arm]) => arm)])(
    '%s: same seed, same run; a log cut anywhere is gone on with to the identical run',
    async (arm) => {
      const whole = await run({ arm }, { replies });
      const again = await run({ arm }, { replies });
      expect(again.events).toEqual(whole.events);
      for (let cut = 0; cut <= whole.log.length; cut += 13) {
        const past = whole.log.slice(0, cut);
        const asked = past.filter(({ key }) => key.startsWith('optimizer')).length;
        const resumed = await run({ arm }, { replies: (ask, n) => replies(ask, n + asked), past });
        expect(resumed.events).toEqual(whole.events);
      }
      const other = await run({ arm }, { replies, config: { seed: 8 } });
      expect(other.error).toBeNull();
    },
  );

  test('minutes of descent count: a budget of time ends it', async () => {
    let ms = 0;
    const tuner = scriptedTuner();
    const { events } = await run(
      { arm: 'none', rounds: 1000 },
      { config: { budget: { minutes: 1 } }, tuner, now: () => (ms += 1000) },
    );
    expect(eventsOf(events, 'searched')[0]?.reason).toBe('budget-minutes');
    const spent = eventsOf(events, 'computed').reduce((sum, event) => sum + event.ms, 0);
    expect(spent).toBeGreaterThan(30_000);
    expect(spent).toBeLessThanOrEqual(60_000);
  });
});

test('a task of free answers is tuned too, without an accuracy', async () => {
  const task = { ...tinyTask(), metric: { kind: 'exact' } as const };
  const { events, error, tuner } = await run({}, { task });
  expect(error).toBeNull();
  expect(stepsAsked(tuner)[0]?.batches[0]?.[0]?.options).toHaveLength(1);
  expect(eventsOf(events, 'tuned').every(({ validation }) => validation.accuracy === null)).toBe(true);
});

test('the replication switch projects to the least similar words', async () => {
  const near = eventsOf((await run({ arm: 'none' })).events, 'tuned')[0];
  const far = eventsOf((await run({ arm: 'none', projection: 'least-similar' })).events, 'tuned')[0];
  // Embedded words are nearest to themselves.
  expect(near?.words[0]?.[0]).toMatchObject({ text: 'judge' });
  expect(far?.words[0]?.[0]?.similarity).toBeLessThan(0);
});
