import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packed, unpacked } from '../../src/app/kept-events.ts';
import { tokensUsed } from '../../src/core/budget.ts';
import { candidateKey } from '../../src/core/candidate.ts';
import { EngineError } from '../../src/core/model.ts';
import { optionsOf } from '../../src/core/run.ts';
import type { LoopPart } from '../../src/core/optimizer.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { configFor, eventsOf, play, target, textOf, tinyTask } from './harness.ts';

/** Small settings, so that a run of any method takes few asks. */
const SMALL = {
  epochs: 2,
  batch: 4,
  candidates: 3,
  steps: 3,
  keep: 4,
  exemplars: 2,
  generations: 2,
  population: 4,
  maxWords: 200,
  crossovers: 2,
  pool: 5,
  initial: 3,
  items: 4,
  rounds: 2,
  mostSteps: 3,
  gradientSteps: 4,
  measureEvery: 2,
  batchSize: 2,
};

/**
 * A plausible optimizer model: every tag that a method may look for, and a text that differs from ask to ask. The words
 * are odd in number, so that each of them falls on either turn of a dialogue of two.
 */
function sensible(words = ['carefully', 'at length', 'briefly', 'twice', 'in order', 'with care', 'slowly']) {
  return (_ask: unknown, n: number) => {
    const text = `Judge the item ${words[n % words.length] ?? ''} ${n}.`;
    return [
      `<START>${text}<END>`,
      `<INS>${text}</INS>`,
      `<TEXT>${text}</TEXT>`,
      `<prompt>${text}</prompt>`,
      `[${text}]`,
      `\n\`\`\`\n${text}\n\`\`\``,
      `<steps>1. ${text}\n2. Say positive or negative.</steps>`,
      `<step>${text}</step>`,
      '<demonstration>Step 1: It is good. Step 2: So positive. Answer: positive</demonstration>',
      '{"step": 1, "kind": "ambiguous", "reason": "It does not say how."}',
    ].join(' ');
  };
}

const NONSENSE = [
  '',
  '   \n\t ',
  'no tags at all',
  '<END>reversed<START>',
  '<START><END>',
  '<START>Judge the item.<END>',
  '<START>$& $$ $` {current} {trajectory} <Prompt> <INS> [x]<END>',
  `<START>${'long '.repeat(2000)}<END>`,
  '<INS></INS>',
  '<prompt></prompt>',
  '</prompt>reversed<prompt>',
  '<prompt>Judge the item.</prompt>',
  `<prompt>$& {first} <Prompt></prompt> then <prompt>${'long '.repeat(2000)}`,
  '```\n```',
  '</INS><INS>',
  '\u0000\u200b\u202e',
  '🙂'.repeat(300),
];

describe.each(optimizers.map((optimizer) => [optimizer.id, optimizer] as const))('%s', (_id, optimizer) => {
  const config = configFor(optimizer, { options: SMALL });

  test('what a run told is kept word for word', async () => {
    for (const replies of [sensible(), (_ask: unknown, n: number) => NONSENSE[n % NONSENSE.length] ?? '']) {
      const { events } = await play({ optimizer, config, replies });
      expect(events.length).toBeGreaterThan(20);
      const file = (await packed(events)) ?? expect.fail('it was not packed');
      expect(await unpacked(file.stream())).toStrictEqual(events);
    }
  });

  test('same seed, same events; another seed, other asks', async () => {
    const first = await play({ optimizer, config, replies: sensible() });
    const second = await play({ optimizer, config, replies: sensible() });
    expect(first.error).toBeNull();
    expect(second.events).toEqual(first.events);
    const other = await play({ optimizer, config: { ...config, seed: 8 }, replies: sensible() });
    expect(other.optimizer.asks.map((ask) => ask.seed)).not.toEqual(
      first.optimizer.asks.map((ask) => ask.seed),
    );
  });

  test('finds the better prompt and proves it on the test split', async () => {
    const { events } = await play({ optimizer, config, task: tinyTask(8, 6, 24), replies: sensible() });
    const [tested] = eventsOf(events, 'tested');
    expect(tested?.result.initial.score).toBe(0.5);
    expect(tested?.result.best.score).toBe(1);
    expect(tested?.result.comparison).toMatchObject({ verdict: 'better', gained: 12, lost: 0, n: 24 });
  });

  test('the test split is asked once, after the search, and never shown to the optimizer', async () => {
    const { events, optimizer: writer } = await play({ optimizer, config, replies: sensible() });
    const ended = events.findIndex((event) => event.type === 'searched');
    const during = eventsOf(events.slice(0, ended), 'answered');
    expect(during.length).toBeGreaterThan(0);
    expect(during.every(({ answer }) => answer.split !== 'test')).toBe(true);
    const after = eventsOf(events.slice(ended), 'answered');
    expect(after.length).toBe(20);
    expect(new Set(after.map(({ answer }) => `${answer.candidate}/${answer.example}`)).size).toBe(20);
    expect(writer.asks.some((ask) => textOf(ask).includes('test item'))).toBe(false);
  });

  test('nothing is asked twice', async () => {
    const { events } = await play({ optimizer, config, replies: sensible() });
    const pairs = eventsOf(events, 'answered').map(({ answer }) => `${answer.candidate}/${answer.example}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  test('with racing: the run ends, its best is scored in full, and nothing is asked twice', async () => {
    // Two of two lost is p = 0.25; the tiny task needs such a low bar for any to leave.
    const racing = { test: 'sign', alpha: 0.3, block: 1, minBlocks: 1 } as const;
    const { events, error } = await play({ optimizer, config: { ...config, racing }, replies: sensible() });
    expect(error).toBeNull();
    const out = new Set(eventsOf(events, 'eliminated').map(({ candidate }) => candidate));
    const { validation, train } = tinyTask().splits;
    const whole = { train: train.length, validation: validation.length, test: 0 };
    const full = eventsOf(events, 'scored').filter(({ split, n }) => n === whole[split]);
    for (const { candidate } of eventsOf(events, 'best')) {
      expect(full.some((scored) => scored.candidate === candidate)).toBe(true);
      expect(out.has(candidate)).toBe(false);
    }
    expect(eventsOf(events, 'tested')[0]?.result.best.score).toBe(1);
    const pairs = eventsOf(events, 'answered').map(({ answer }) => `${answer.candidate}/${answer.example}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  test.each(['chat', 'continuation'] as const)(
    'nonsense replies end in rejections, not in a crash (%s)',
    async (metaStyle) => {
      const { events, error } = await play({
        optimizer,
        config: { ...config, metaStyle },
        replies: (_ask, n) => NONSENSE[n % NONSENSE.length] ?? '',
      });
      expect(error).toBeNull();
      expect(eventsOf(events, 'rejected').length).toBeGreaterThan(0);
      expect(eventsOf(events, 'tested')).toHaveLength(1);
    },
  );

  test('any stream of replies leaves the run whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.constantFrom(...NONSENSE, '<START>Do it carefully<END>', '<INS>b</INS>', '<prompt>c</prompt>'),
          ),
          { minLength: 1, maxLength: 8 },
        ),
        fc.constantFrom('chat' as const, 'continuation' as const),
        async (replies, metaStyle) => {
          const { events, error } = await play({
            optimizer,
            config: { ...config, metaStyle, budget: { steps: 2 } },
            replies: (_ask, n) => replies[n % replies.length] ?? '',
          });
          expect(error).toBeNull();
          expect(events.at(-1)?.type).toBe('tested');
          const ids = eventsOf(events, 'proposed').map(({ candidate }) => candidateKey(candidate));
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a target that never answers readably scores zero and the run ends', async () => {
    const mute = scriptedEngine({ id: 'scripted:target:none', reply: () => '' });
    const { events, error } = await play({ optimizer, config, target: mute, replies: sensible() });
    expect(error).toBeNull();
    const [tested] = eventsOf(events, 'tested');
    expect(tested?.result.best.score).toBe(0);
    expect(tested?.result.comparison).toBeNull();
  });

  test('all scores equal: the initial prompt stays the best', async () => {
    const same = scriptedEngine({ id: 'scripted:target:none', reply: () => ' positive' });
    const { events } = await play({ optimizer, config, target: same, replies: sensible() });
    expect(eventsOf(events, 'searched')[0]?.best).toBe('c0');
  });

  test('abort ends within one ask and keeps the log', async () => {
    let answered = 0;
    const played = await play({
      optimizer,
      config,
      replies: sensible(),
      onEvent: (event, abort) => {
        if (event.type === 'answered' && ++answered === 9) abort();
      },
    });
    expect(played.error).toBeInstanceOf(EngineError);
    expect(played.error).toMatchObject({ fault: 'aborted' });
    expect(eventsOf(played.events, 'answered')).toHaveLength(9);
    expect(played.log.filter((entry) => entry.key.startsWith('target'))).toHaveLength(9);
  });

  test('a log cut anywhere is gone on with to the identical run', async () => {
    const whole = await play({ optimizer, config, replies: sensible() });
    for (const cut of [0, 1, 5, 13, whole.log.length - 1, whole.log.length]) {
      const past = whole.log.slice(0, cut);
      const writers = past.filter((entry) => entry.key.startsWith('optimizer')).length;
      const again = await play({
        optimizer,
        config,
        past,
        replies: (ask, n) => sensible()(ask, n + writers),
      });
      expect(again.error).toBeNull();
      expect(again.events).toEqual(whole.events);
      expect([...past, ...again.log]).toEqual(whole.log);
    }
  });

  test('a recorded run plays back with no model', async () => {
    const whole = await play({ optimizer, config, replies: sensible() });
    const replayed = await play({ optimizer, config, past: whole.log, live: false, replies: () => '' });
    expect(replayed.events).toEqual(whole.events);
    expect(replayed.target.asks.length + replayed.optimizer.asks.length + replayed.tuner.asks.length).toBe(0);
    const missing = await play({
      optimizer,
      config,
      past: whole.log.slice(0, 10),
      live: false,
      replies: () => '',
    });
    expect(missing.error).toMatchObject({ fault: 'unavailable' });
  });

  test.each([1, 7, 20, 33])(
    'a budget of %i target calls holds and the best so far is tested',
    async (targetCalls) => {
      const { events } = await play({
        optimizer,
        config: { ...config, budget: { targetCalls } },
        replies: sensible(),
      });
      const searched = events.findIndex((event) => event.type === 'searched');
      expect(eventsOf(events.slice(0, searched), 'answered').length).toBeLessThanOrEqual(targetCalls);
      expect(events.at(-1)?.type).toBe('tested');
    },
  );

  test('a token budget holds to within one ask', async () => {
    const { events } = await play({
      optimizer,
      config: { ...config, budget: { tokens: 400 } },
      replies: sensible(),
    });
    const searched = events.findIndex((event) => event.type === 'searched');
    expect(eventsOf(events, 'searched')[0]?.reason).toBe('budget-tokens');
    const costs = events.slice(0, searched).flatMap((event) => {
      const tokens =
        event.type === 'answered'
          ? event.answer.tokens
          : event.type === 'replied'
            ? event.reply.tokens
            : null;
      return tokens === null
        ? []
        : [
            tokensUsed({
              targetCalls: 0,
              optimizerCalls: 0,
              target: tokens,
              optimizer: { in: 0, cached: 0, out: 0 },
              ms: 0,
            }),
          ];
    });
    const sum = costs.reduce((a, b) => a + b, 0);
    expect(sum).toBeGreaterThanOrEqual(400);
    expect(sum - (costs.at(-1) ?? 0)).toBeLessThan(400);
  });

  test('with robustness: variants of the best are asked after the test, and the run plays back from its log', async () => {
    const robustness = { paraphrases: 2, shuffles: 3 };
    const checked = { ...config, robustness };
    const plain = await play({ optimizer, config, replies: sensible() });
    const whole = await play({ optimizer, config: checked, replies: sensible() });
    expect(whole.error).toBeNull();
    // The stage changes nothing that came before it.
    expect(whole.events.slice(0, plain.events.length)).toEqual(plain.events);
    const [found] = eventsOf(whole.events, 'robustness');
    expect(whole.events.at(-1)).toBe(found);
    const own = eventsOf(whole.events, 'tested')[0]?.result.best.score;
    expect(found?.result.paraphrases).toMatchObject({ own, n: 10 });
    expect(found?.result.paraphrases?.scores).toHaveLength(2);
    expect(eventsOf(whole.events, 'proposed')).toEqual(eventsOf(plain.events, 'proposed'));
    expect(whole.optimizer.asks.some((ask) => textOf(ask).includes('test item'))).toBe(false);
    const again = await play({ optimizer, config: checked, past: whole.log, live: false, replies: () => '' });
    expect(again.events).toEqual(whole.events);
  });

  test('ending the search early is replayed at the same place', async () => {
    let finishing = false;
    const first = await play({
      optimizer,
      config,
      replies: sensible(),
      controls: { finishing: () => finishing },
      onEvent: (event) => {
        if (event.type === 'answered' && event.answer.candidate === 'c1') finishing = true;
      },
    });
    const [cut] = eventsOf(first.events, 'budget');
    expect(eventsOf(first.events, 'searched')[0]?.reason).toBe('asked');
    if (cut === undefined) throw new Error('no budget event');
    const replayed = await play({
      optimizer,
      config: { ...config, budget: cut.budget },
      past: first.log,
      live: false,
      replies: () => '',
    });
    expect(replayed.events).toEqual(first.events);
  });

  test('several asks in flight give the same scores', async () => {
    const one = await play({ optimizer, config, replies: sensible() });
    const four = await play({
      optimizer,
      config: { ...config, parallel: 4 },
      target: target(),
      replies: sensible(),
    });
    expect(four.events).toEqual(one.events);
  });

  test('a prompt that does not fit the context is rejected with both numbers and the run goes on', async () => {
    const small = scriptedEngine({ id: 'scripted:target:none', contextTokens: 40, reply: () => ' positive' });
    const { events, error } = await play({
      optimizer,
      config,
      target: small,
      replies: () =>
        `<START>${'very '.repeat(60)}<END><INS>${'very '.repeat(60)}</INS><prompt>${'very '.repeat(60)}</prompt>\n\`\`\`\n${'very '.repeat(60)}\n\`\`\``,
    });
    expect(error).toBeNull();
    const reasons = eventsOf(events, 'rejected').map((event) => event.reason);
    expect(reasons.some((reason) => /\d+ tokens.*40/.test(reason))).toBe(true);
    expect(events.at(-1)?.type).toBe('tested');
  });

  test('the estimate is an upper bound', async () => {
    const { events, optimizer: writer } = await play({
      optimizer,
      config: { ...config, budget: {} },
      replies: sensible(),
    });
    const cost = optimizer.cost(optionsOf(optimizer, config.options), { train: 8, validation: 6 });
    const searched = events.findIndex((event) => event.type === 'searched');
    expect(eventsOf(events, 'step').length).toBeLessThanOrEqual(cost.steps);
    expect(eventsOf(events.slice(0, searched), 'answered').length).toBeLessThanOrEqual(cost.targetCalls);
    expect(writer.asks.length).toBeLessThanOrEqual(cost.optimizerCalls);
  });

  test('small splits work: train smaller than the batch, one validation example', async () => {
    const { error, events } = await play({ optimizer, config, task: tinyTask(2, 1, 2), replies: sensible() });
    expect(error).toBeNull();
    expect(events.at(-1)?.type).toBe('tested');
  });

  test('its loop is drawn: every stage that the search enters has a part', async () => {
    const { events } = await play({ optimizer, config, replies: sensible() });
    const entered = eventsOf(events, 'stage').filter(({ step, stage }) => step > 0 && stage !== 'test');
    const drawn = new Set(optimizer.loop.flatMap((part) => [part.stage, ...(part.also ?? [])]));
    for (const { stage } of entered) expect([...drawn], stage).toContain(stage);
    expect(optimizer.loop.some((part) => part.once !== true)).toBe(true);
    const names = optimizer.loop.map((part) => part.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { part } of entered) if (part !== undefined) expect(names).toContain(part);
    // Reflection needs mistakes, or to be asked for; every other part is lit here.
    const every = optimizer.loop.filter((part) => part.replies !== true && part.stage !== 'reflect');
    const stages = eventsOf(events, 'stage');
    const lit = ({ name, stage, also, once }: LoopPart) =>
      stages.some(
        (event) =>
          (event.stage === stage || also?.includes(event.stage) === true) &&
          (event.part === undefined || event.part === name) &&
          (once !== true || event.step === 0),
      );
    for (const part of every) expect(lit(part), `${part.name} is never lit`).toBe(true);
  });

  test('every option has a help sentence, and every value that its form offers runs', async () => {
    for (const [name, option] of Object.entries(optimizer.options)) {
      expect(option.help.endsWith('.'), name).toBe(true);
      const values =
        option.kind === 'choice'
          ? Object.keys(option.choices)
          : option.kind === 'switch'
            ? [true, false]
            : [option.min, Math.min(option.max, 4)];
      for (const value of values) {
        const options = { ...config.options, [name]: value };
        const { error } = await play({
          optimizer,
          config: { ...config, options, budget: { steps: 2, targetCalls: 60 } },
          replies: sensible(),
        });
        expect(error, `${name} = ${String(value)}`).toBeNull();
      }
    }
  });
});
