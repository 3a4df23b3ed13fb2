import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelPath, WEBLLM_PREFIX } from '../../scripts/serve-models.js';
import type { Run } from '../../src/app/types.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { LOCAL_TEST_MODEL } from '../../src/engines/models.ts';
import { open, replayed, type Opened } from './open.ts';

/**
 * WebLLM as target and as optimizer of one step of GPO, with BGE beside it, in the built page under its content
 * security policy, and through the loss of the GPU process. VITE_WEBLLM_MODEL names another model of WebLLM's.
 */
const named = process.env.VITE_WEBLLM_MODEL;
const MODEL = named ? `webllm:${named}` : LOCAL_TEST_MODEL.id;
const local = MODEL === LOCAL_TEST_MODEL.id;
const present = !local || modelPath(`${WEBLLM_PREFIX}model.wasm`) !== null;
const skipped = present ? '' : ' (skipped: its WebLLM model is not on this machine)';

const PATIENCE = 480_000;

interface Told {
  events: RunEvent[];
  /** Roles whose model was loaded. */
  loaded: string[];
  problems: string[];
  status: string;
  cached: number;
}

/** Starts one tiny step of GPO as `running` and notes what it tells in `told`; gives the run's id. */
function start(page: Page): Promise<string> {
  return page.evaluate(async (model) => {
    const { whetstone } = globalThis;
    if (!whetstone) throw new Error('The page has not started.');
    const choice = { task: 'movie-reviews', target: model, optimizer: model, method: 'gpo' };
    const { reading: _, ...config } = (await whetstone.defaults(choice)).config;
    const run = await whetstone.start({
      ...config,
      options: { ...config.options, candidates: 1, exemplars: 1, epochs: 1, batch: 2 },
      budget: { steps: 1 },
      limits: { train: 2, validation: 2, test: 2 },
      seed: 1,
      freshReplies: true,
    });
    const told: Told = { events: [], loaded: [], problems: [], status: '', cached: 0 };
    Reflect.set(globalThis, 'told', told);
    Reflect.set(globalThis, 'running', run);
    run.subscribe((signal) => {
      if (signal.type === 'event') told.events.push(signal.event);
      if (signal.type === 'loading' && !told.loaded.includes(signal.role)) told.loaded.push(signal.role);
      if (signal.type === 'problem') told.problems.push(`${signal.message} ${signal.advice}`);
      if (signal.type === 'status') told.status = signal.status;
      told.cached = run.usage.target.cached;
    });
    return run.id;
  }, MODEL);
}

const told = (page: Page) => page.evaluate(() => Reflect.get(globalThis, 'told') as Told);

describe.skipIf(!present)(`WebLLM in the page${skipped}`, () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open({ online: !local });
  });
  afterAll(() => opened.close());

  test(
    'plays both roles of a step of GPO beside BGE, and goes on by itself when the GPU process dies',
    { timeout: PATIENCE },
    async () => {
      const page = await opened.newPage();
      await page.goto(opened.url);
      await page.waitForFunction(() => 'whetstone' in globalThis);
      const id = await start(page);
      const answered = async () =>
        (await told(page)).events.filter((event) => event.type === 'answered').length;
      await expect.poll(answered, { timeout: PATIENCE, interval: 500 }).toBeGreaterThanOrEqual(1);
      const session = await opened.context.newCDPSession(page);
      await session.send('Browser.crashGpuProcess');
      await expect
        .poll(async () => (await told(page)).status, { timeout: PATIENCE, interval: 1000 })
        .toMatch(/finished|paused|failed/);

      const { events, loaded, problems, status, cached } = await told(page);
      expect({ status, loaded }).toEqual({ status: 'finished', loaded: ['target', 'embedder'] });
      const ofType = (type: RunEvent['type']) => events.filter((event) => event.type === type);
      expect(ofType('recovered')).toMatchObject([
        { text: expect.stringMatching(/device was lost.*loaded again/) },
      ]);
      expect(problems).toHaveLength(1);
      expect(ofType('retrieved')).toMatchObject([
        {
          how: expect.stringContaining('relevance'),
          items: [{ candidate: 'c0', weight: expect.closeTo(1, 3) }],
        },
      ]);
      expect(ofType('replied').length).toBeGreaterThanOrEqual(1);
      expect(ofType('tested')).toHaveLength(1);
      expect(cached).toBeGreaterThan(0);

      const exported = await page.evaluate(async (run) => {
        const file = await globalThis.whetstone?.exportRun(run);
        const text = file?.stream().pipeThrough(new DecompressionStream('gzip'));
        return text === undefined ? '' : new Response(text).text();
      }, id);
      expect(exported).toMatch(/"key":"embed:/);
      expect(exported.match(/"recovered":/g)).toHaveLength(1);

      await page.reload();
      await page.waitForFunction(() => 'whetstone' in globalThis);
      const again = (await replayed(page, id)) as RunEvent[];
      expect(again.map(({ type }) => type)).toEqual(events.map(({ type }) => type));
      expect(again.filter(({ type }) => type === 'recovered')).toEqual(ofType('recovered'));
      await page.getByRole('link', { name: 'Library' }).click();
      await page.getByRole('button', { name: 'Open', exact: true }).first().click();
      await page.getByRole('region', { name: 'Result' }).waitFor();
      expect(opened.errors).toEqual([]);
      if (local) expect(opened.left).toEqual([]);
    },
  );

  test.skipIf(!local)(
    'pauses with advice when the device does not come back, and can be stopped to be resumed',
    { timeout: PATIENCE },
    async () => {
      const page = opened.context.pages().at(-1);
      if (!page) throw new Error('No page is open.');
      const id = await start(page);
      const status = async () => (await told(page)).status;
      await expect.poll(status, { timeout: PATIENCE, interval: 500 }).toBe('running');
      const session = await opened.context.newCDPSession(page);
      const crash = async () => {
        if ((await status()) === 'running') await session.send('Browser.crashGpuProcess');
        return status();
      };
      await expect.poll(crash, { timeout: PATIENCE, interval: 1000 }).toBe('paused');
      const { problems } = await told(page);
      expect(problems.at(-1)).toMatch(/lost 3 times in a row.*other tabs.*smaller model/);
      await page.evaluate(() => (Reflect.get(globalThis, 'running') as Run).stop());
      const runs = await page.evaluate(async () => (await globalThis.whetstone?.runs()) ?? []);
      expect(runs.find((run) => run.id === id)?.status).toBe('stopped');
    },
  );

  test('asks for nothing that the content security policy refuses', async () => {
    expect(opened.refused).toEqual([]);
    // A refusal would have been heard of.
    const page = opened.context.pages().at(-1);
    await page?.evaluate(() => {
      new Image().src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';
    });
    await expect.poll(() => opened.refused).toMatchObject([expect.stringMatching(/^img-src data/)]);
  });
});
