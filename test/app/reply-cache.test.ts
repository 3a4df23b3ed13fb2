import { describe, expect, test, vi } from 'vitest';
import { reusing } from '../../src/app/reply-cache.ts';
import type { Effect, Effects } from '../../src/core/log.ts';
import type { Ask, Tokens } from '../../src/core/model.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { memoryReplies, type Replies } from '../../src/storage/replies.ts';

const ENGINES = {
  target: { id: 'wllama:small:q8_0', build: 'file-a runtime-1' },
  optimizer: { id: 'openai:large:unknown', build: null },
};
const ROOM = async () => 1e8;
const OPEN = () => Promise.resolve();

const ask = (text: string, part: Partial<Ask> = {}): Ask => ({
  content: { kind: 'completion', text },
  maxTokens: 4,
  temperature: 0,
  seed: 0,
  ...part,
});
const generate = (text: string, part: Partial<Ask> = {}): Effect => ({
  kind: 'generate',
  role: 'target',
  ask: ask(text, part),
});

/** Answers with the number of the ask, so that no two replies are the same. */
function model(): Effects & { asked: number } {
  const tokens: Tokens = { in: 40, cached: 30, out: 2 };
  return {
    asked: 0,
    perform(effect) {
      const n = (this.asked += 1);
      return Promise.resolve(
        effect.kind === 'choose'
          ? { kind: 'choose', choice: { logProbs: [-n, -Infinity], tokens }, ms: 12 }
          : effect.kind === 'generate'
            ? {
                kind: 'generate',
                reply: { text: String(n), tokens, finish: 'stop' },
                ms: 12,
                recovered: 'It came back.',
              }
            : { kind: 'embed', vectors: [], ms: 12 },
      );
    },
  };
}

/** One run that asks `effects` in turn and ends. */
async function runOf(
  effects: readonly Effect[],
  replies: Replies,
  engines: Parameters<typeof reusing>[2] = ENGINES,
) {
  const live = model();
  const cached = reusing(live, replies, engines, OPEN, ROOM);
  const outcomes = [];
  for (const effect of effects) outcomes.push(await cached.perform(effect));
  await cached.written();
  return { asked: live.asked, outcomes };
}

describe('reusing', () => {
  const choose: Effect = { kind: 'choose', role: 'target', ask: ask('x'), options: [' yes', ' no'] };

  test('a second run gets the replies of the first, with their tokens and without their time', async () => {
    const replies = memoryReplies();
    const first = await runOf([generate('a'), choose], replies);
    expect(first.asked).toBe(2);
    const second = await runOf([generate('a'), generate('b'), choose], replies);
    expect(second.asked).toBe(1);
    const tokens = { in: 40, cached: 30, out: 2 };
    expect(second.outcomes[0]).toEqual({
      kind: 'generate',
      reply: { text: '1', tokens, finish: 'stop' },
      ms: 0,
      reused: true,
    });
    expect(second.outcomes[1]).not.toHaveProperty('reused');
    expect(second.outcomes[2]).toEqual({
      kind: 'choose',
      choice: { logProbs: [-2, -Infinity], tokens },
      ms: 0,
      reused: true,
    });
  });

  test('a reply that is not stored yet serves already', async () => {
    const { asked } = await runOf([generate('a'), generate('a')], memoryReplies());
    expect(asked).toBe(1);
  });

  test.each([
    ['the file', { id: 'wllama:small:q8_0', build: 'file-b runtime-1' }],
    ['the runtime', { id: 'wllama:small:q8_0', build: 'file-a runtime-2' }],
    ['the quantization', { id: 'wllama:small:q4_0', build: 'file-a runtime-1' }],
    ['whatever a server runs', { id: 'wllama:small:q8_0', build: null }],
    ['an engine that says nothing', { id: 'wllama:small:q8_0' }],
  ])('never serves a reply of another build: %s', async (_case, other) => {
    const replies = memoryReplies();
    await runOf([generate('a'), choose], replies);
    const { asked, outcomes } = await runOf([generate('a'), choose], replies, { ...ENGINES, target: other });
    expect(asked).toBe(2);
    expect(outcomes.some(({ reused }) => reused)).toBe(false);
  });

  test.each<[string, Effect]>([
    ['the text', generate('b')],
    ['the length', generate('a', { maxTokens: 5 })],
    ['what ends the reply', generate('a', { stop: ['\n'] })],
    ['the grammar', generate('a', { grammar: 'root ::= "x"' })],
    ['the style', generate('a', { content: { kind: 'chat', messages: [{ role: 'user', content: 'a' }] } })],
    ['the options', { ...choose, options: [' yes', ' maybe'] }],
    ['a draw', generate('a', { temperature: 0.7 })],
    ['another role', { kind: 'generate', role: 'optimizer', ask: ask('a') }],
  ])('asks again where anything else was asked: %s', async (_case, effect) => {
    const replies = memoryReplies();
    await runOf([generate('a'), choose, generate('a', { temperature: 0.7 })], replies);
    expect((await runOf([effect], replies)).asked).toBe(1);
  });

  test('a store that fails costs the reuse and nothing else', async () => {
    const broken = new StorageError('full', 'There is no space left.', 'Free some.');
    const inner = memoryReplies();
    await runOf([generate('a')], inner);
    for (const method of ['asks', 'find', 'save'] as const) {
      const failing: Replies = { ...inner, [method]: () => Promise.reject(broken) };
      const { outcomes } = await runOf([generate('a'), generate('b'), generate('b')], failing);
      expect(outcomes).toHaveLength(3);
    }
  });

  test('a run that is paused waits with what it has already, too', async () => {
    const replies = memoryReplies();
    await runOf([generate('a')], replies);
    const stopped = new Error('stopped');
    const cached = reusing(model(), replies, ENGINES, () => Promise.reject(stopped), ROOM);
    await expect(cached.perform(generate('a'))).rejects.toBe(stopped);
  });

  test('replies are written many at once, behind the run', async () => {
    const inner = memoryReplies();
    const save = vi.fn(inner.save);
    const cached = reusing(model(), { ...inner, save }, ENGINES, OPEN, ROOM);
    const began = performance.now();
    for (let i = 0; i < 5000; i++) await cached.perform(generate(String(i)));
    const perSecond = 5000 / ((performance.now() - began) / 1000);
    await cached.written();
    expect((await inner.held()).count).toBe(5000);
    expect(save.mock.calls.length).toBeLessThanOrEqual(21);
    expect(perSecond).toBeGreaterThan(2000);
  });
});
