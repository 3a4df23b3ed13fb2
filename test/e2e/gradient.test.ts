import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locate } from '../../scripts/model-store.js';
import type { RunEvent } from '../../src/core/events.ts';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { kill, open, replayed, type Opened } from './open.ts';
import { smallTask } from './small-task.ts';

/** Real models, no stubs: SmolLM2 on llama.cpp plays both roles, and gradients go through its own weights. */
const modelsHere = locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;

const PATIENCE = 420_000;

/** Starts a small run of the method through what the page itself works with; resolves with its id. */
function start(page: Page, task: string): Promise<string> {
  return page.evaluate(
    async ([text, model]) => {
      const { whetstone } = globalThis;
      if (whetstone === undefined) throw new Error('The page offers no program.');
      const known = (await whetstone.tasks()).some(({ id }) => id === 'gradient-reviews');
      if (!known) await whetstone.importTask(text);
      const { config } = await whetstone.defaults({
        task: 'gradient-reviews',
        target: model,
        optimizer: model,
        method: 'gradient-complement',
      });
      const { reading: _, ...rest } = config;
      const small = { rounds: 2, gradientSteps: 2, measureEvery: 1, batchSize: 2, tokens: 4, proposals: 1 };
      const options = { ...config.options, ...small, validationExamples: 3, rate: 0.05 };
      const run = await whetstone.start({ ...rest, options, budget: {}, freshReplies: true });
      let steps = 0;
      run.subscribe((signal) => {
        if (signal.type !== 'event' || signal.event.type !== 'computed') return;
        if (signal.event.what === 'steps') Reflect.set(globalThis, 'stepsSeen', (steps += 1));
      });
      return run.id;
    },
    [task, DEFAULT_MODEL.id] as const,
  );
}

/** Waits until a run has ended, resumed by its id where it is not live; resolves with how it ended. */
function ended(page: Page, id: string): Promise<string> {
  return page.evaluate(async (run) => {
    for (;;) {
      const status = (await globalThis.whetstone?.runs())?.find((one) => one.id === run)?.status ?? 'gone';
      if (status !== 'running') return status;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }, id);
}

describe.skipIf(!modelsHere)(
  'gradient descent with real models (skipped without the model files: npm run models)',
  () => {
    const task = smallTask('movie-reviews', 'gradient-reviews', { train: 6, validation: 4, test: 4 });
    let opened: Opened;
    let id = '';
    beforeAll(async () => {
      opened = await open({ webgpu: false });
    });
    afterAll(() => opened.close());

    test(
      'a run ends with its test, and its recording shows every measurement without a model',
      async () => {
        const page = await opened.newPage();
        await page.goto(opened.url);
        await page.waitForFunction(() => 'whetstone' in globalThis);
        id = await start(page, task);
        expect(await ended(page, id)).toBe('finished');
        const events = (await replayed(page, id)) as RunEvent[];
        const tuned = events.flatMap((event) => (event.type === 'tuned' ? [event] : []));
        expect(tuned.map(({ gradientStep }) => gradientStep)).toEqual([0, 1, 2, 2, 3, 4]);
        for (const { validation, words } of tuned) {
          expect(validation.loss).toBeGreaterThan(0);
          expect(validation.loss).toBeLessThan(20);
          expect(words.map((row) => row.length)).toEqual([5, 5, 5, 5]);
        }
        // The embedded words of the initial prompt are nearest to themselves.
        expect(tuned[0]?.words[2]?.[0]?.similarity).toBeCloseTo(1, 3);
        expect(tuned[1]?.validation.loss).not.toBe(tuned[0]?.validation.loss);
        expect(events.filter((event) => event.type === 'restart').map((event) => event.source)).toEqual([
          'initial',
          'language model',
        ]);
        expect(events.at(-1)?.type).toBe('tested');
        expect(opened.errors).toEqual([]);
        expect(opened.left).toEqual([]);
        await page.close();
      },
      PATIENCE,
    );

    test(
      'a run whose tab is killed in mid-descent goes on from its last stretch to the same end',
      async () => {
        const page = await opened.newPage();
        await page.goto(opened.url);
        await page.waitForFunction(() => 'whetstone' in globalThis);
        const cut = await start(page, task);
        const seen = () => page.evaluate(() => Number(Reflect.get(globalThis, 'stepsSeen') ?? 0));
        await expect.poll(seen, { timeout: PATIENCE, interval: 200 }).toBeGreaterThanOrEqual(2);
        await kill(page);
        const again = await opened.newPage();
        await again.goto(opened.url);
        await again.waitForFunction(() => 'whetstone' in globalThis);
        await again.evaluate(async (run) => void (await globalThis.whetstone?.resume(run)), cut);
        expect(await ended(again, cut)).toBe('finished');
        expect(await replayed(again, cut)).toEqual(await replayed(again, id));
        await again.close();
      },
      PATIENCE,
    );
  },
);
