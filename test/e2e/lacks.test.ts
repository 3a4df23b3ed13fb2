import { afterEach, expect, test } from 'vitest';
import { open, type Opened } from './open.ts';

/** What a machine or browser lacks is said at once, each with its way out. */

let opened: Opened | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

async function pageWith(
  webgpu: boolean,
  before: (opened: Opened) => Promise<void> = () => Promise.resolve(),
) {
  opened = await open({ webgpu });
  await before(opened);
  const page = await opened.newPage();
  await page.goto(opened.url);
  await page.getByRole('button', { name: 'Start' }).waitFor();
  return page;
}

const machine = (page: Awaited<ReturnType<typeof pageWith>>) =>
  page.evaluate(async () => globalThis.whetstone?.machine());

test('no WebGPU adapter: the models that need one are greyed with the reason', async () => {
  const page = await pageWith(false);
  const found = await machine(page);
  expect(found?.webgpu).toMatchObject({ works: false, advice: expect.stringMatching(/CPU/) });
  const unusable = await page.evaluate(async () =>
    (await globalThis.whetstone?.models())?.filter((m) => m.runtime === 'webllm' && m.usable),
  );
  expect(unusable).toEqual([]);
  expect(await page.getByLabel('Target model').locator('option[disabled]').count()).toBeGreaterThan(5);
});

test('a WebGPU adapter: it is named', async () => {
  const page = await pageWith(true);
  const found = await machine(page);
  expect(found?.webgpu).toMatchObject({
    works: true,
    adapter: expect.stringMatching(/swiftshader/i),
    f16: false,
  });
});

test('no cross-origin isolation: one thread, and the page says so', async () => {
  const page = await pageWith(false, async ({ context, url }) => {
    await context.route(`${url}**`, async (route) => {
      const response = await route.fetch();
      const {
        'cross-origin-opener-policy': _coop,
        'cross-origin-embedder-policy': _coep,
        ...headers
      } = response.headers();
      await route.fulfill({ response, headers });
    });
  });
  expect(await machine(page)).toMatchObject({ isolated: false, threads: 1 });
  const models = await page.evaluate(async () => globalThis.whetstone?.models());
  expect(models?.find((model) => model.runtime === 'wllama')?.note).toMatch(/one thread/);
});

test('no model files: the model is greyed and the command that gets them is named', async () => {
  const page = await pageWith(false, async ({ context }) => {
    await context.route('**/models/**', (route) => route.fulfill({ status: 404 }));
  });
  const models = await page.evaluate(async () => globalThis.whetstone?.models());
  expect(models?.find((model) => model.runtime === 'wllama')).toMatchObject({
    usable: false,
    note: expect.stringContaining('npm run models'),
  });
  expect(await page.getByRole('button', { name: 'Start' }).isDisabled()).toBe(true);
});

test('IndexedDB blocked, as in some private windows: said at once, and what to do', async () => {
  const page = await pageWith(false, async ({ context }) => {
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('blocked', 'SecurityError');
      };
    });
  });
  expect(await machine(page)).toMatchObject({
    storage: { works: false, advice: expect.stringMatching(/export/i) },
  });
  await page
    .getByRole('region', { name: 'Notices' })
    .getByText(/Nothing can be saved/)
    .waitFor();
});

test('a broken task file names the field of the example, and nothing is loaded', async () => {
  const page = await pageWith(false);
  await page.getByRole('button', { name: 'Import a task' }).click();
  const broken = {
    version: 1,
    id: 'x',
    name: 'X',
    description: 'd',
    initialPrompt: 'p',
    metric: { kind: 'exact' },
    position: 'before',
    markers: { input: '', answer: '' },
    answerTokens: 4,
    splits: {
      train: [{ id: 'a', input: 'one', gold: 'x' }],
      validation: [{ id: 'b', input: 'two', gold: 'y' }],
      test: [{ id: 'c', input: 'three', gold: 7 }],
    },
  };
  await page.getByLabel(/^Or paste/).fill(JSON.stringify(broken));
  await page.getByRole('button', { name: 'Read the text' }).click();
  await expect.poll(() => page.getByRole('alert').first().textContent()).toMatch(/test example 1.*gold/i);
  expect(
    await page.evaluate(async () => (await globalThis.whetstone?.tasks())?.some((task) => task.id === 'x')),
  ).toBe(false);
});
