import { describe, expect, test, vi } from 'vitest';
import {
  branchOf,
  eventsOf as allEvents,
  openedBundle,
  optionProblem,
  readingOf,
  replayed,
  shelfFor,
} from '../../src/app/recordings.ts';
import type { LoggedEffect } from '../../src/core/log.ts';
import type { Ask } from '../../src/core/model.ts';
import { optionsOf, type RunConfig } from '../../src/core/run.ts';
import { loadMethod } from '../../src/app/methods.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { gpo } from '../../src/optimizers/gpo.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { exportRun } from '../../src/storage/transfer.ts';
import { configFor, eventsOf, play, tinyTask } from '../optimizers/harness.ts';

const config = configFor(gpo, {
  options: { epochs: 1, batch: 2, candidates: 2, exemplars: 2 },
  budget: { steps: 4 },
});
const writer = (ask: Ask) => `<START>Judge it carefully, way ${ask.seed % 1000}.<END>`;

async function recorded(more: Partial<RunRecord> = {}, of: RunConfig = config) {
  const played = await play({ optimizer: gpo, config: of, replies: writer });
  expect(played.error).toBeNull();
  const record: RunRecord = {
    id: 'first',
    config: of,
    task: tinyTask(),
    started: 1_700_000_000_000,
    status: 'finished',
    steps: 4,
    bestScore: 1,
    bestPrompt: 'Judge it carefully.',
    verdict: 'better',
    effects: played.log.length,
    ...more,
  };
  return { record, effects: played.log, events: played.events };
}

const opened = async (record: RunRecord, effects: readonly LoggedEffect[]) =>
  openedBundle(await exportRun(record, effects), loadMethod);

/** The message with which a bundle is refused. */
async function refused(record: RunRecord, effects: readonly LoggedEffect[]): Promise<string> {
  const error = await opened(record, effects).then(
    () => expect.fail('it was opened'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error instanceof Error ? error.message : '';
}

describe('a log that is still read', () => {
  test('is replayed as it comes, to the same events', async () => {
    const { record, effects, events } = await recorded();
    let read = 0;
    const reading = readingOf(async (told) => {
      for (; read < effects.length; read += 5) {
        await new Promise((resolve) => setTimeout(resolve));
        told(effects.slice(read, read + 5));
      }
    });
    const replay = replayed({ record, effects: reading }, gpo);
    const first = await replay.next();
    expect(first.value).toEqual(events[0]);
    const proposed = events.findIndex(({ type }) => type === 'answered');
    for (let i = 1; i <= proposed; i++) await replay.next();
    expect(read).toBeLessThan(effects.length);
    expect(await allEvents(replay)).toEqual(events.slice(proposed + 1));
  });

  test('fails as the reading does', async () => {
    const { record } = await recorded();
    const reading = readingOf(() => Promise.reject(new Error('the disk is gone')));
    await expect(
      (async () => {
        for await (const _ of replayed({ record, effects: reading }, gpo));
      })(),
    ).rejects.toThrow('the disk is gone');
  });
});

describe('a run bundle', () => {
  test('plays the same events as the run, with no model', async () => {
    const run = await recorded();
    const { events, record, effects } = await opened(run.record, run.effects);
    expect(events).toEqual(run.events);
    expect(record).toMatchObject({ id: 'first', config: run.record.config, status: 'finished' });
    expect(effects).toEqual(run.effects);
  });

  test('is listed by what its replay shows, whatever it says of itself', async () => {
    const run = await recorded({ steps: 99, bestScore: 7, bestPrompt: 'Mine.', verdict: 'better' });
    const { record } = await opened(run.record, run.effects);
    const [best] = eventsOf(run.events, 'best').slice(-1);
    const from = eventsOf(run.events, 'proposed').find(({ candidate }) => candidate.id === best?.candidate);
    expect(record).toMatchObject({
      steps: 4,
      bestScore: best?.score,
      bestPrompt: from?.candidate.prompt,
      // Five of ten examples gained, none lost: an exact p of 0.0625.
      verdict: 'not shown',
    });
    // What is not reached is not claimed.
    const early = await opened({ ...run.record, status: 'stopped', verdict: 'better' }, []);
    expect(early.record).toMatchObject({ steps: 0, bestScore: null, bestPrompt: null, verdict: null });
  });

  test('lets the embeddings of its log be heard', async () => {
    const run = await recorded();
    const heard: string[] = [];
    await openedBundle(await exportRun(run.record, run.effects), loadMethod, (embedder, effects) => ({
      async perform(effect) {
        if (effect.kind === 'embed') heard.push(embedder);
        return effects.perform(effect);
      },
    }));
    expect(new Set(heard)).toEqual(new Set(['scripted:embedder:none']));
  });

  test('of a stopped run opens as far as it came', async () => {
    const run = await recorded({ status: 'stopped' });
    const { events } = await opened(run.record, run.effects.slice(0, 30));
    expect(events.length).toBeGreaterThan(20);
    expect(events).toEqual(run.events.slice(0, events.length));
  });

  test('of a finished run that lacks an effect says after which event', async () => {
    const { record, effects } = await recorded();
    const missing = effects.filter((_, i) => i !== 25);
    expect(await refused(record, missing)).toMatch(
      /effects: the run breaks off after \d+ events.*no answer for/,
    );
  });

  test('that breaks off and was made by other code says so', async () => {
    const { record, effects } = await recorded();
    const missing = effects.filter((_, i) => i !== 25);
    const from = async (code: string) => {
      const builds = [{ from: 0, target: null, optimizer: null, code }];
      const file = await exportRun({ ...record, builds }, missing);
      return openedBundle(file, loadMethod, undefined, 'here').then(
        () => expect.fail('it was opened'),
        String,
      );
    };
    expect(await from('there')).toMatch(/breaks off .* other code \("there"\) than this page has \(here\)/);
    expect(await from('here')).not.toContain('other code');
  });

  test.each<[string, Partial<RunConfig>, RegExp]>([
    ['an unknown method', { optimizer: 'magic' }, /record\.config\.optimizer: .*"magic"/],
    [
      'an option out of its range',
      { options: { candidates: 1e9 } },
      /options\.candidates: must be from 1 to 64/,
    ],
    ['half an option', { options: { candidates: 2.5 } }, /options\.candidates: must be a whole number/],
    ['an unknown choice', { options: { decay: '<b>' } }, /options\.decay: must be one of .*"<b>"/],
    [
      'a branch with an option out of its range',
      { branches: [{ run: 'x', step: 2, options: { batch: -1 } }] },
      /options\.batch: must be from 1/,
    ],
  ])('with %s is refused', async (_name, wrong, message) => {
    const { record, effects } = await recorded();
    expect(await refused({ ...record, config: { ...record.config, ...wrong } }, effects)).toMatch(message);
  });

  test('with a task that no task file could hold is refused', async () => {
    const { record, effects } = await recorded();
    const { splits } = record.task;
    const task = { ...record.task, splits: { ...splits, test: splits.train } };
    expect(await refused({ ...record, task }, effects)).toMatch(/record\.task: test example 1/);
  });
});

test('a bundle opened again is the run that is kept, also where it tells more than a shorter copy', async () => {
  const { record, effects } = await recorded();
  const store = memoryStore();
  const keep = async (count: number) => {
    const bundle = { record, effects: effects.slice(0, count) };
    const { id, kept } = await shelfFor(bundle, store);
    if (!kept) await store.addRun({ ...record, id }, bundle.effects);
    return id;
  };
  expect(await keep(30)).toBe('first');
  expect(await keep(20)).toBe('first');
  const longer = await keep(40);
  expect(longer).not.toBe('first');
  expect(await keep(40)).toBe(longer);
  expect((await store.runs()).items).toHaveLength(2);
});

describe('a branch', () => {
  test('begins with the log up to its step and drops the early end of the other run', async () => {
    const run = await recorded();
    const options = optionsOf(gpo, { ...config.options, candidates: 4 });
    const budget = { steps: 9, endAt: 12 };
    const prompts = { generate: 'Write one better prompt.' };
    const branch = await branchOf(run, gpo, { step: 3, options, budget, prompts });
    expect(branch.config).toEqual({
      ...config,
      budget: { steps: 9 },
      branches: [{ run: 'first', step: 3, options, prompts }],
    });
    expect(run.effects.slice(0, branch.effects.length)).toEqual(branch.effects);
    const record = { ...run.record, id: 'second', config: branch.config, status: 'running' as const };
    const events = await allEvents(replayed({ record, effects: branch.effects }, gpo));
    // With nothing behind the step in its log, the branch stands just where its first new ask would be made.
    const begun = eventsOf(events, 'step').map(({ step }) => step);
    expect(begun).toEqual([1, 2, 3]);
    expect(events.at(-1)).toMatchObject({ type: 'stage', step: 3, stage: 'retrieve' });
  });

  test('at the step of an earlier branch keeps the templates that this one brought', async () => {
    const prompts = { generate: 'Write one better prompt.' };
    const { options } = config;
    const run = await recorded({}, { ...config, branches: [{ run: 'x', step: 3, options, prompts }] });
    const { branches } = (await branchOf(run, gpo, { step: 3, options, budget: {} })).config;
    expect(branches).toMatchObject([{ run: 'first', step: 3, prompts }]);
  });

  test('lets the page breathe on the way to its step', async () => {
    const run = await recorded();
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 20));
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 0);
    await branchOf(run, gpo, { step: 3, options: {}, budget: {} });
    clearInterval(turning);
    vi.restoreAllMocks();
    expect(turns).toBeGreaterThan(0);
  });

  test('at a step that was never begun is refused', async () => {
    const run = await recorded();
    await expect(branchOf(run, gpo, { step: 5, options: {}, budget: {} })).rejects.toThrow(/no step 5/);
  });
});

test('every default of every method is in its own range', () => {
  for (const method of optimizers) {
    const defaults = Object.entries(method.options).map(([name, option]) => [name, option.default] as const);
    expect(optionProblem(method, Object.fromEntries(defaults))).toBeNull();
  }
});
