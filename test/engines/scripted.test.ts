import { describe, expect, test } from 'vitest';
import { type Ask, EngineError } from '../../src/core/model.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';

const never = new AbortController().signal;
const ask = (text: string, more: Partial<Ask> = {}): Ask => ({
  content: { kind: 'completion', text },
  maxTokens: 100,
  temperature: 0,
  seed: 1,
  ...more,
});

describe('scriptedEngine', () => {
  test('gives the script the ask and its number, and keeps every ask', async () => {
    const engine = scriptedEngine({ reply: (_ask, n) => `reply ${n}` });
    expect((await engine.generate(ask('one'), never)).text).toBe('reply 0');
    expect((await engine.generate(ask('two'), never)).text).toBe('reply 1');
    expect(engine.asks.map((asked) => asked.content)).toEqual([
      { kind: 'completion', text: 'one' },
      { kind: 'completion', text: 'two' },
    ]);
  });

  test('counts words as tokens, over all messages of a chat', async () => {
    const engine = scriptedEngine({ reply: () => 'a b  c' });
    const messages = [
      { role: 'system', content: 'be kind' },
      { role: 'user', content: ' say\nsomething now ' },
    ] as const;
    const reply = await engine.generate({ ...ask(''), content: { kind: 'chat', messages } }, never);
    expect(reply).toEqual({ text: 'a b  c', tokens: { in: 5, cached: 0, out: 3 }, finish: 'stop' });
  });

  test('cuts at the earliest stop string, which is not part of the reply', async () => {
    const engine = scriptedEngine({ reply: () => 'yes\nno\nInput: more' });
    const reply = await engine.generate(ask('x', { stop: ['Input:', '\n'] }), never);
    expect(reply).toMatchObject({ text: 'yes', finish: 'stop' });
  });

  test('cuts to maxTokens words and says so', async () => {
    const engine = scriptedEngine({ reply: () => ' one two three' });
    const reply = await engine.generate(ask('x', { maxTokens: 2 }), never);
    expect(reply).toMatchObject({ text: ' one two', finish: 'length', tokens: { out: 2 } });
    const whole = await engine.generate(ask('x', { maxTokens: 3 }), never);
    expect(whole).toMatchObject({ text: ' one two three', finish: 'stop' });
  });

  test('a whole Reply passes unchanged and an EngineError of the script is thrown', async () => {
    const given = { text: 'x y', tokens: { in: 9, cached: 4, out: 7 }, finish: 'length' } as const;
    const engine = scriptedEngine({
      reply: (_ask, n) => {
        if (n === 1) throw new EngineError('lost', 'gone');
        return given;
      },
    });
    expect(await engine.generate(ask('a'), never)).toEqual(given);
    await expect(engine.generate(ask('b'), never)).rejects.toMatchObject({ fault: 'lost' });
  });

  test('choose is present only when the script has it', async () => {
    expect(scriptedEngine({ reply: () => '' }).choose).toBeUndefined();
    const engine = scriptedEngine({
      reply: () => '',
      choose: (_ask, options) => options.map((o) => -o.length),
    });
    expect(await engine.choose?.(ask('one two'), [' good', ' bad'], never)).toEqual({
      logProbs: [-5, -4],
      tokens: { in: 2, cached: 0, out: 1 },
    });
  });

  test('an ask beyond the context names both numbers', async () => {
    const engine = scriptedEngine({ reply: () => '', contextTokens: 3 });
    await expect(engine.generate(ask('a b c d'), never)).rejects.toMatchObject({
      fault: 'context',
      message: 'The prompt has 4 tokens; the context holds 3.',
    });
  });

  test('abort and dispose reject a waiting ask at once', async () => {
    const engine = scriptedEngine({ reply: () => 'late', delayMs: 60_000 });
    const cancel = new AbortController();
    const cancelled = engine.generate(ask('a'), cancel.signal);
    cancel.abort();
    await expect(cancelled).rejects.toMatchObject({ fault: 'aborted' });
    const pending = engine.generate(ask('b'), never);
    await engine.dispose();
    await expect(pending).rejects.toMatchObject({ fault: 'aborted' });
    await expect(engine.generate(ask('c'), never)).rejects.toMatchObject({ fault: 'aborted' });
    await expect(engine.load(() => undefined, AbortSignal.abort())).rejects.toMatchObject({
      fault: 'aborted',
    });
  });
});
