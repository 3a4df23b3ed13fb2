import { expect, test } from 'vitest';
import { measureSpeed, speedOf } from '../../src/app/model-speed.ts';
import type { Ask } from '../../src/core/model.ts';
import { EngineError } from '../../src/core/model.ts';

const signal = new AbortController().signal;
const textOf = ({ content }: Ask) =>
  content.kind === 'completion' ? content.text : content.messages.map((one) => one.content).join('\n');

/** A model on a clock of its own: so many milliseconds a token read and written, and a first ask that compiles. */
function clocked(perRead: number, perWritten: number, cached = 0) {
  let time = 0;
  const asks: Ask[] = [];
  return {
    asks,
    now: () => time,
    engine: {
      async generate(ask: Ask) {
        const read = textOf(ask).split(/\s+/).length;
        if (asks.push(ask) === 1) time += 5000;
        time += (read - cached) * perRead + ask.maxTokens * perWritten;
        const tokens = { in: read, cached, out: ask.maxTokens };
        return { text: '', tokens, finish: 'length' as const };
      },
    },
  };
}

test('both speeds are found apart, whatever the first ask took', async () => {
  // 4 ms a token read, 50 ms a token written: 250 and 20 a second.
  const { engine, now, asks } = clocked(4, 50);
  const speed = await measureSpeed(engine, 'completion', 'a1', now, signal);
  expect(speed.read).toBeCloseTo(250, 9);
  expect(speed.write).toBeCloseTo(20, 9);
  expect(asks).toHaveLength(3);
  expect(asks.every((ask) => ask.temperature === 0 && textOf(ask).includes('a1'))).toBe(true);
});

test('what the engine had in its cache counts as no reading', async () => {
  const { engine, now } = clocked(4, 50, 2);
  expect((await measureSpeed(engine, 'chat', 'a1', now, signal)).read).toBeCloseTo(250, 9);
});

test('a clock that contradicts itself still gives rates above zero', () => {
  // 100 tokens in 10 ms, but one of them and 32 written in 1 ms: no positive time a token written solves both.
  const { read, write } = speedOf({ read: 100, written: 1, ms: 1000 }, { read: 99, written: 32, ms: 10 });
  expect(read).toBeCloseTo(100, 9);
  expect(write).toBeCloseTo(3200, 9);
});

test('an engine’s refusal is handed on', async () => {
  const engine = { generate: () => Promise.reject(new EngineError('lost', 'The GPU was lost.')) };
  await expect(measureSpeed(engine, 'chat', 'a1', () => 0, signal)).rejects.toThrow('The GPU was lost.');
});
