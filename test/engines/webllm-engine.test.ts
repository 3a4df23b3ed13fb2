import { describe, expect, test, vi } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { splitModelId, webllmEngine, type WebllmOptions } from '../../src/engines/webllm.ts';
import type { FromWorker, ToWorker } from '../../src/engines/webllm-protocol.ts';
import type { Port } from '../../src/engines/webllm-session.ts';

/** What the page does when workers behave as scripted; the real worker has its own test in a real browser. */
type Script = (order: ToWorker, send: (message: FromWorker) => void) => void;

function scripted(scripts: Script[], options: WebllmOptions = {}) {
  let started = 0;
  let ended = 0;
  const orders: ToWorker[] = [];
  const recovered: string[] = [];
  const startWorker = (): Port => {
    const script = scripts[Math.min(started++, scripts.length - 1)];
    let listener: (event: MessageEvent<FromWorker>) => void = () => undefined;
    let alive = true;
    const send = (data: FromWorker) =>
      queueMicrotask(() => {
        if (alive) listener(new MessageEvent('message', { data }));
      });
    return {
      postMessage(order: ToWorker) {
        orders.push(order);
        script?.(order, send);
      },
      addEventListener(type: string, heard: (event: MessageEvent<FromWorker>) => void) {
        if (type === 'message') listener = heard;
      },
      terminate() {
        alive = false;
        ended++;
      },
    };
  };
  const spec = { kind: 'prebuilt' as const, modelId: 'SmolLM2-135M-Instruct-q0f32-MLC' };
  const engine = webllmEngine(spec, {
    startWorker,
    pauses: [0, 0, 0],
    onRecovered: (text) => recovered.push(text),
    ...options,
  });
  return { engine, orders, recovered, started: () => started, ended: () => ended };
}

const good: Script = (order, send) => {
  if (order.kind === 'load')
    send({ kind: 'loaded', facts: { contextTokens: 2048, details: ['a device'], build: 'b1' } });
  if (order.kind === 'generate') send({ kind: 'reply', reply: replyTo(order.ask) });
};
const losing: Script = (order, send) => {
  if (order.kind === 'load') good(order, send);
  else send({ kind: 'lost', why: 'a test' });
};
const replyTo = (ask: Ask) => ({
  text: ask.content.kind === 'completion' ? `${ask.content.text}!` : '',
  tokens: { in: 1, cached: 0, out: 1 },
  finish: 'stop' as const,
});
const ask = (text: string): Ask => ({
  content: { kind: 'completion', text },
  maxTokens: 1,
  temperature: 0,
  seed: 0,
});
const calm = () => new AbortController().signal;
const quiet = () => undefined;

describe('webllmEngine', () => {
  test('loads once and answers in order', async () => {
    const { engine, started } = scripted([good]);
    await expect(engine.generate(ask('a'), calm())).rejects.toMatchObject({ fault: 'unavailable' });
    await Promise.all([engine.load(quiet, calm()), engine.load(quiet, calm())]);
    expect(started()).toBe(1);
    expect(engine.contextTokens).toBe(2048);
    expect(engine.build).toBe('b1');
    const replies = await Promise.all(['a', 'b'].map((text) => engine.generate(ask(text), calm())));
    expect(replies.map((reply) => reply.text)).toEqual(['a!', 'b!']);
  });

  test('the text of a reply is sent as it grows, to those who listen', async () => {
    const growing: Script = (order, send) => {
      if (order.kind === 'generate' && order.listened)
        for (const text of ['a', 'a!']) send({ kind: 'text', text });
      good(order, send);
    };
    const { engine } = scripted([growing]);
    await engine.load(quiet, calm());
    const heard: string[] = [];
    await engine.generate(ask('a'), calm(), (text) => heard.push(text));
    expect(heard).toEqual(['a', 'a!']);
    await engine.generate(ask('a'), calm());
    expect(heard).toHaveLength(2);
  });

  test('goes on after a lost device: new worker, model loaded again, the same asks asked again', async () => {
    const { engine, orders, recovered, ended } = scripted([losing, good]);
    await engine.load(quiet, calm());
    const replies = await Promise.all(['a', 'b', 'c'].map((text) => engine.generate(ask(text), calm())));
    expect(replies.map((reply) => reply.text)).toEqual(['a!', 'b!', 'c!']);
    expect(orders.map((order) => order.kind)).toEqual([
      'load',
      'generate',
      'load',
      'generate',
      'generate',
      'generate',
    ]);
    expect(recovered).toHaveLength(1);
    expect(ended()).toBe(1);
    expect(engine.details.at(-1)).toContain('1×');
  });

  test('gives up after three losses in a row, and can be loaded again', async () => {
    const { engine, started } = scripted([losing, losing, losing, good]);
    await engine.load(quiet, calm());
    const asks = ['a', 'b'].map((text) => engine.generate(ask(text), calm()));
    for (const settled of await Promise.allSettled(asks)) {
      expect(settled).toMatchObject({
        status: 'rejected',
        reason: { fault: 'lost', advice: expect.stringMatching(/other tabs.*continue.*smaller model/) },
      });
    }
    expect(started()).toBe(3);
    await engine.load(quiet, calm());
    expect((await engine.generate(ask('c'), calm())).text).toBe('c!');
  });

  test('losses with replies between them do not add up', async () => {
    const once: Script = (order, send) => {
      if (order.kind === 'generate' && order.ask.seed === 1) send({ kind: 'lost', why: 'a test' });
      else good(order, send);
    };
    const { engine, recovered } = scripted([once, good, once, good, once, good, good]);
    await engine.load(quiet, calm());
    for (let i = 0; i < 4; i++) {
      engine.loseDevice();
      expect((await engine.generate({ ...ask('a'), seed: i % 2 }, calm())).text).toBe('a!');
    }
    expect(recovered.length).toBeGreaterThan(0);
  });

  test('a device that fails again while it is brought back counts too', async () => {
    const broken: Script = (_order, send) =>
      send({ kind: 'failed', error: { fault: 'unavailable', message: 'no adapter', advice: '' } });
    const { engine, started } = scripted([losing, broken, good]);
    await engine.load(quiet, calm());
    expect((await engine.generate(ask('a'), calm())).text).toBe('a!');
    expect(started()).toBe(3);
  });

  test('takes a worker that shows no step for lost', async () => {
    vi.useFakeTimers();
    try {
      const silent: Script = (order, send) => {
        if (order.kind === 'load') good(order, send);
      };
      const { engine, recovered } = scripted([silent, good], { patience: { ask: 5, load: 5 } });
      await engine.load(quiet, calm());
      const reply = engine.generate(ask('a'), calm());
      await vi.advanceTimersByTimeAsync(4500);
      expect(recovered).toHaveLength(0);
      await vi.advanceTimersByTimeAsync(1000);
      expect((await reply).text).toBe('a!');
      expect(recovered).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a device lost while the model loads first is a matter of memory', async () => {
    const { engine } = scripted([(_order, send) => send({ kind: 'lost', why: 'a test' }), good]);
    await expect(engine.load(quiet, calm())).rejects.toMatchObject({ fault: 'memory' });
    await engine.load(quiet, calm());
    expect((await engine.generate(ask('a'), calm())).text).toBe('a!');
  });

  test('cancels a queued ask at once and a running one through the worker', async () => {
    let release: () => void = quiet;
    const patient: Script = (order, send) => {
      if (order.kind === 'cancel')
        send({ kind: 'failed', error: { fault: 'aborted', message: 'stopped', advice: '' } });
      else if (order.kind === 'generate' && order.ask.seed === 7) release = () => good(order, send);
      else good(order, send);
    };
    const { engine, orders } = scripted([patient]);
    await engine.load(quiet, calm());
    const running = new AbortController();
    const queued = new AbortController();
    const first = engine.generate({ ...ask('a'), seed: 7 }, running.signal);
    const second = engine.generate(ask('b'), queued.signal);
    const third = engine.generate(ask('c'), calm());
    queued.abort();
    await expect(second).rejects.toMatchObject({ fault: 'aborted' });
    running.abort();
    await expect(first).rejects.toMatchObject({ fault: 'aborted' });
    expect((await third).text).toBe('c!');
    expect(orders.map((order) => order.kind)).toEqual(['load', 'generate', 'cancel', 'generate']);
    release();
  });

  test('a load that is no longer wanted ends its worker; the next one starts anew', async () => {
    const { engine, ended, started } = scripted([() => undefined, good]);
    const wanted = new AbortController();
    const load = engine.load(quiet, wanted.signal);
    await Promise.resolve();
    wanted.abort();
    await expect(load).rejects.toMatchObject({ fault: 'aborted' });
    await engine.load(quiet, calm());
    expect(started()).toBe(2);
    expect(ended()).toBe(1);
  });

  test('dispose rejects what waits, and twice is once', async () => {
    const { engine, ended } = scripted([
      (order, send) => (order.kind === 'load' ? good(order, send) : undefined),
    ]);
    await engine.load(quiet, calm());
    const waiting = engine.generate(ask('a'), calm());
    await Promise.resolve();
    await engine.dispose();
    await engine.dispose();
    await expect(waiting).rejects.toMatchObject({ fault: 'aborted' });
    expect(ended()).toBe(1);
    await expect(engine.generate(ask('b'), calm())).rejects.toMatchObject({ fault: 'aborted' });
  });
});

test('splitModelId reads names and quantizations as web-llm writes them', () => {
  expect(splitModelId('SmolLM2-360M-Instruct-q4f16_1-MLC')).toEqual({
    model: 'SmolLM2-360M-Instruct',
    quantization: 'q4f16_1',
  });
  expect(splitModelId('SmolLM2-135M-Instruct-q0f32-MLC')).toEqual({
    model: 'SmolLM2-135M-Instruct',
    quantization: 'q0f32',
  });
  expect(splitModelId('TinyLlama-1.1B-Chat-v1.0-q4f32_1-MLC-1k')).toEqual({
    model: 'TinyLlama-1.1B-Chat-v1.0-1k',
    quantization: 'q4f32_1',
  });
  expect(splitModelId('mystery')).toEqual({ model: 'mystery', quantization: 'unknown' });
});
