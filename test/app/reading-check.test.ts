import { describe, expect, test } from 'vitest';
import { settleReading } from '../../src/app/reading-check.ts';
import { liveEffects, makeGate } from '../../src/app/live-effects.ts';
import type { Effects } from '../../src/core/log.ts';
import type { Ask } from '../../src/core/model.ts';
import type { RunConfig } from '../../src/core/run.ts';
import type { Task } from '../../src/core/task.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { configFor, methodOf, textOf, tinyTask } from '../optimizers/harness.ts';

/** Forty validation examples, of which a check takes the first twenty. */
function task(): Task {
  const validation = Array.from({ length: 40 }, (_, i) => ({
    id: `v${i}`,
    input: `case ${i}.`,
    gold: ['positive'],
  }));
  return { ...tinyTask(), splits: { ...tinyTask().splits, validation } };
}

const nth = (ask: Ask) => Number(/case (\d+)\./.exec(textOf(ask))?.[1]);

/** Compares to `positive` always; writes what `written` says of the n-th example. */
function trial(written: (n: number) => string, part: Partial<RunConfig> = {}, chooses = true) {
  const target = scriptedEngine({
    reply: (ask) => written(nth(ask)),
    ...(chooses && {
      choose: (_: Ask, options: readonly string[]) =>
        options.map((o) => (o.trim() === 'positive' ? -0.1 : -3)),
    }),
  });
  const effects: Effects = liveEffects(
    { target, optimizer: target, embedder: null },
    makeGate(),
    new AbortController().signal,
    () => 0,
  );
  const base = configFor(gpo, {});
  const rendering = { ...base.rendering, style: 'completion' as const, read: 'choose' as const };
  const config: RunConfig = { ...base, limits: {}, rendering, reading: 'unchecked', ...part };
  const reports: string[] = [];
  const store = memoryStore();
  const settle = (build: string | null = 'one', method = methodOf(gpo.search)) =>
    settleReading({
      config,
      task: task(),
      method,
      effects,
      target: { id: target.id, build },
      store,
      report: (done, of) => reports.push(`${done}/${of}`),
    });
  return { target, settle, reports, config };
}

describe('settleReading', () => {
  test('keeps `choose` where it says what is written, and tells what it found and cost', async () => {
    // 19 of 20 is 95 %.
    const { settle, target, reports } = trial((n) => (n === 7 ? ' negative' : ' positive'));
    const settled = await settle();
    expect(settled.rendering.read).toBe('choose');
    expect(settled.reading).toMatchObject({ examples: 20, compared: 20, readable: 20, agreed: 19, ms: 0 });
    expect(target.asks).toHaveLength(40);
    expect(reports.at(0)).toBe('1/40');
    expect(reports.at(-1)).toBe('40/40');
  });

  test('takes writing instead where fewer than 95 % agree, with the room that the method needs', async () => {
    const { settle, config } = trial((n) => (n < 2 ? ' negative' : ' positive'));
    const settled = await settle('one', { ...methodOf(gpo.search), replyTokens: 300 });
    expect(settled.rendering).toEqual({ ...config.rendering, read: 'decode', maxTokens: 300 });
    expect(settled.reading).toMatchObject({ readable: 20, agreed: 18 });
  });

  test('only readable replies are a reference, and fewer than half of them are none', async () => {
    // 18 of 19 readable ones agree: 94.7 %.
    expect((await trial((n) => [' hm', ' negative'][n] ?? ' positive').settle()).rendering.read).toBe(
      'decode',
    );
    const { settle } = trial((n) => (n < 9 ? ' negative' : ' well, who knows'));
    const settled = await settle();
    expect(settled.reading).toMatchObject({ readable: 9, agreed: 0 });
    expect(settled.rendering.read).toBe('choose');
    expect((await trial((n) => (n < 10 ? ' negative' : ' hm')).settle()).rendering.read).toBe('decode');
  });

  test('a model that cannot compare answers writes them', async () => {
    const settled = await trial(() => ' hm', {}, false).settle();
    expect(settled.rendering.read).toBe('decode');
    expect(settled.reading).toMatchObject({ compared: 0 });
  });

  test('measures once for a build of a model, and each time where that is not known', async () => {
    const { settle, target } = trial(() => ' positive');
    const first = await settle();
    expect(await settle()).toEqual(first);
    expect(target.asks).toHaveLength(40);
    await settle('two');
    expect(target.asks).toHaveLength(80);
    await settle(null);
    await settle(null);
    expect(target.asks).toHaveLength(160);
  });

  test('leaves alone what the user settled', async () => {
    const { config } = trial(() => ' negative');
    const { reading: _, ...given } = config;
    const { settle, target } = trial(() => ' negative');
    expect(
      await settleReading({
        config: given,
        task: task(),
        method: gpo,
        effects: { perform: () => Promise.reject(new Error('asked')) },
        target,
        store: memoryStore(),
        report: () => undefined,
      }),
    ).toEqual(given);
    expect((await settle()).rendering.read).toBe('decode');
    const written = await trial(() => ' positive', {
      rendering: { ...config.rendering, read: 'decode' },
    }).settle();
    expect(written).not.toHaveProperty('reading');
  });
});
