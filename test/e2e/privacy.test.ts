import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { locate } from '../../scripts/model-store.js';
import { open, runIds, type Opened } from './open.ts';
import { chooseRun, importTask } from './form.ts';
import { smallTask } from './small-task.ts';

/** Nothing leaves: what the page asks for is what its list says, and what the user has not allowed is never asked. */

const modelsHere = locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;
const PATIENCE = 300_000;
const HUB = 'https://huggingface.co/whatever';

async function started(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('button', { name: 'Start' }).waitFor();
}

/** What the page's server was asked for more often than the list says, and what the list says of other origins. */
async function unlisted(page: Page, asked: readonly string[]): Promise<string[]> {
  const rows = await page.evaluate(() =>
    (globalThis.whetstoneGuard?.requests ?? []).map(({ url, outcome }) => ({ url, outcome })),
  );
  const { origin } = new URL(page.url());
  const listed = new Map<string, number>();
  const away: string[] = [];
  for (const { url, outcome } of rows) {
    if (!url.startsWith(`${origin}/`)) {
      away.push(`${outcome} ${url}`);
      continue;
    }
    const path = url.slice(origin.length);
    // A file that is left to the browser is asked for as often as the browser likes.
    listed.set(path, (listed.get(path) ?? 0) + (outcome === 'left' ? Infinity : 1));
  }
  const missing = asked.filter((path) => {
    const count = listed.get(path) ?? 0;
    listed.set(path, count - 1);
    return count < 1;
  });
  return [...missing, ...away];
}

/** Presses every tab that is in sight, and those that come into sight by it. */
async function everyTab(page: Page): Promise<void> {
  for (let i = 0; i < (await page.getByRole('main').getByRole('tab').count()); i++) {
    await page.getByRole('main').getByRole('tab').nth(i).click();
  }
}

describe('what the page asks for', () => {
  let opened: Opened;
  let page: Page;
  beforeAll(async () => {
    opened = await open();
    page = await opened.newPage();
    await started(page, opened.url);
  });
  afterAll(() => opened.close());

  test('on every screen: only its origin, and all of it is in the list', async () => {
    await started(page, opened.url);
    // The service worker fetches its copy of the page meanwhile.
    await page.evaluate(() => navigator.serviceWorker.ready);
    for (const name of ['Import a task', 'Export this task', 'Models', 'Methods']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
    }
    for (const link of await page.getByRole('navigation', { name: 'Places' }).getByRole('link').all()) {
      await link.click();
      await page.locator('main').getByRole('heading').first().waitFor();
      await everyTab(page);
    }
    await page.getByRole('link', { name: 'Run', exact: true }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Start' }).waitFor();
    await expect.poll(() => unlisted(page, opened.asked)).toEqual([]);
    expect(opened.left).toEqual([]);
    expect(opened.asked.length).toBeGreaterThan(100);
    expect(opened.refused).toEqual([]);
  });

  test.skipIf(!modelsHere)(
    'in a whole run with real models (skipped without the model files: npm run models)',
    { timeout: 2 * PATIENCE },
    async () => {
      await started(page, opened.url);
      const before = opened.asked.length;
      await importTask(page, smallTask('movie-reviews', 'few-reviews', { train: 4, validation: 2, test: 2 }));
      await chooseRun(page, { task: 'few-reviews', method: 'GPO', steps: 1, candidates: 1 });
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: PATIENCE });
      await everyTab(page);

      // Engines, weights and the embedder were really fetched, by the workers too.
      const asked = opened.asked.slice(before).join('\n');
      for (const part of [/wllama-.*wasm/, /smollm2-.*gguf/, /Xenova.*onnx/, /ort-wasm-simd/])
        expect(asked).toMatch(part);
      await expect.poll(() => unlisted(page, opened.asked)).toEqual([]);
      expect(opened.left).toEqual([]);
      expect(opened.refused).toEqual([]);
      expect(opened.errors).toEqual([]);
    },
  );

  test('the list says so on the page, and goes into a file', async () => {
    await page.getByRole('link', { name: 'Privacy', exact: true }).click();
    const list = page.getByRole('region', { name: 'Requests' });
    await list.getByText(/requests since this tab was opened, none of them beyond/).waitFor();
    const download = page.waitForEvent('download');
    await list.getByRole('button', { name: 'Save as JSON' }).click();
    const stream = await (await download).createReadStream();
    let text = '';
    for await (const part of stream) text += String(part);
    const rows = JSON.parse(text) as { url: string; why: string }[];
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter(({ why }) => why === 'Other')).toEqual([]);
    await list.getByLabel('Beyond this origin only').check();
    await list.getByText(/Nothing was asked beyond this origin/).waitFor();
  });
});

/** Fetches each address that it is told, and tells what came of it. */
const PROBE = `onmessage = async ({ data }) =>
  postMessage(await fetch(data).then(() => 'answered', () => 'refused'));`;

describe('what the page may ask', () => {
  let opened: Opened;
  let page: Page;
  let local = '';
  /** Paths that servers beside the page's own were asked for. */
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(request.url ?? '');
    response.setHeader('Access-Control-Allow-Origin', '*').end('{}');
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    local = `http://127.0.0.1:${(server.address() as AddressInfo).port}/asked`;
    opened = await open({ scripts: { '/probe.js': PROBE } });
    page = await opened.newPage();
    await started(page, opened.url);
    await page.evaluate(() => navigator.serviceWorker.ready);
  });
  afterAll(async () => {
    await opened.close();
    server.close();
  });

  /** Asks from the page, from workers of every kind, and from the service worker. */
  async function ask(address: string): Promise<Record<string, string>> {
    const results = await page.evaluate(
      async ([url, probe]) => {
        const from = (script: string, type: WorkerType) =>
          new Promise<string>((resolve) => {
            const worker = new Worker(script, { type });
            worker.onmessage = ({ data }) => {
              resolve(String(data));
              worker.terminate();
            };
            worker.onerror = ({ message }) => resolve(`error ${message}`);
            worker.postMessage(url);
          });
        const blob = URL.createObjectURL(new Blob([probe], { type: 'text/javascript' }));
        const file = new URL('/probe.js', location.href).href;
        return {
          page: await fetch(url).then(
            () => 'answered',
            () => 'refused',
          ),
          module: await from(file, 'module'),
          classic: await from(file, 'classic'),
          blobModule: await from(blob, 'module'),
          blobClassic: await from(blob, 'classic'),
        };
      },
      [address, PROBE] as const,
    );
    const [worker] = opened.context.serviceWorkers();
    const serviceWorker = await worker?.evaluate(
      (url) =>
        fetch(url).then(
          () => 'answered',
          () => 'refused',
        ),
      address,
    );
    return { ...results, ...(serviceWorker && { serviceWorker }) };
  }
  const everywhere = (result: string) => ({
    page: result,
    module: result,
    classic: result,
    blobModule: result,
    blobClassic: result,
    serviceWorker: 'refused',
  });

  /** Sets switches as a user does; the page is loaded again. */
  async function set(switches: Record<string, boolean>): Promise<void> {
    await page.getByRole('link', { name: 'Privacy', exact: true }).click();
    const form = page.getByRole('form', { name: 'What this page may ask' });
    for (const [name, on] of Object.entries(switches)) await form.getByLabel(name).setChecked(on);
    const loaded = page.waitForEvent('load');
    await form.getByRole('button', { name: 'Apply' }).click();
    await loaded;
    await form.waitFor();
  }
  const asksOfHub = () => opened.left.filter((one) => one.startsWith('huggingface.co')).length;

  test('as it comes: the hub, but no server and no other address', async () => {
    expect(await ask(local)).toEqual(everywhere('refused'));
    expect(await ask('https://beacon.example/')).toEqual(everywhere('refused'));
    expect(heard).toEqual([]);
    expect(opened.left).toEqual([]);
    // Nobody is there to answer, but the ask is let through.
    await ask(HUB);
    expect(asksOfHub()).toBeGreaterThan(0);
    expect(opened.left.filter((one) => !one.startsWith('huggingface.co'))).toEqual([]);
  });

  test('a refused ask is in the list, by whom it was made', async () => {
    const rows = await page.evaluate(() =>
      (globalThis.whetstoneGuard?.requests ?? [])
        .filter(({ outcome }) => outcome === 'refused')
        .map(({ who, url }) => `${who} ${url}`),
    );
    for (const who of ['page', 'probe', 'thread', 'service worker'])
      expect(rows).toContain(`${who} https://beacon.example/`);
  });

  test('model servers on this machine, once they are switched on; downloads off', async () => {
    await set({ Downloads: false, 'Model servers on this machine': true });
    const before = asksOfHub();
    expect(await ask(HUB)).toEqual(everywhere('refused'));
    expect(asksOfHub()).toBe(before);
    expect(await ask(local)).toEqual(everywhere('answered'));
    expect(heard).toHaveLength(5);
    const words = await page.evaluate(async () => {
      const { whetstone } = globalThis;
      const id = (await whetstone?.models())?.find((one) => one.id.startsWith('webllm:Llama'))?.id ?? '';
      await whetstone?.downloads.start(id);
      return new Promise((resolve) => whetstone?.downloads.watch((files) => resolve(files.get(id))));
    });
    expect(words).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/switched off.*huggingface\.co/),
      advice: expect.stringMatching(/under Privacy/),
    });
  });

  test('offline: nothing, whatever else is on, at once in other tabs and in their workers', async () => {
    const other = await opened.newPage();
    await started(other, opened.url);
    const fromOther = (url: string) =>
      other.evaluate(async (address) => {
        const kept = Reflect.get(globalThis, 'asker') as Worker | undefined;
        const worker = kept ?? new Worker('/probe.js', { type: 'module' });
        Reflect.set(globalThis, 'asker', worker);
        const said = new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
        worker.postMessage(address);
        const own = await fetch(address).then(
          () => 'answered',
          () => 'refused',
        );
        return [own, await said];
      }, url);
    expect(await fromOther(local)).toEqual(['answered', 'answered']);

    await set({ Offline: true });
    await expect.poll(() => fromOther(local)).toEqual(['refused', 'refused']);
    const count = heard.length;
    expect(await ask(local)).toEqual(everywhere('refused'));
    expect(heard).toHaveLength(count);
    await page.getByText('Offline: only this origin').waitFor();
    await other.close();

    const refusal = await page.evaluate(async (baseUrl) => {
      const given = {
        kind: 'openai',
        baseUrl,
        model: 'm',
        parallel: 1,
        apiKey: '',
        beyondThisMachine: false,
      } as const;
      return globalThis.whetstone?.addModel(given).then(
        () => 'added',
        (error: Error) => error.message,
      );
    }, local);
    expect(refusal).toMatch(/offline by your choice/);
    await set({ Offline: false });
  });

  test('an address of one’s own, allowed by its name, in the page that is made for it', async () => {
    await page.getByRole('link', { name: 'Privacy', exact: true }).click();
    await page.getByLabel('Address to allow').fill('http://models.example:8123/v1');
    await page.getByRole('button', { name: 'Allow this address' }).click();
    const there = page.waitForURL(/elsewhere\.html/);
    await page.getByRole('button', { name: 'Apply' }).click();
    await there;
    await page.getByRole('button', { name: 'Remove http://models.example:8123' }).waitFor();
    await ask('http://models.example:8123/asked');
    expect(opened.left).toContain('http://models.example:8123/asked');
    const before = opened.left.length;
    expect(await ask('http://other.example:8123/asked')).toEqual(everywhere('refused'));
    expect(opened.left).toHaveLength(before);
    await page.getByRole('button', { name: 'Remove http://models.example:8123' }).click();
    const back = page.waitForURL((url) => !url.pathname.endsWith('elsewhere.html'));
    await page.getByRole('button', { name: 'Apply' }).click();
    await back;
  });
});

describe('a model server on this machine', () => {
  const KEY = 'sk-secret-0123456789';
  let opened: Opened;
  let page: Page;
  let redirecting = false;
  const stranger: string[] = [];
  const seen: { url: string; key: string; body: string }[] = [];
  const strangers = createServer((request, response) => {
    stranger.push(request.url ?? '');
    response.setHeader('Access-Control-Allow-Origin', '*').end('{}');
  });
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type');
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      if (request.method === 'OPTIONS') return response.end();
      seen.push({ url: request.url ?? '', key: request.headers.authorization ?? '', body });
      if (redirecting) {
        const { port } = strangers.address() as AddressInfo;
        return response.writeHead(307, { Location: `http://127.0.0.1:${port}/stolen` }).end();
      }
      const usage = { prompt_tokens: 9, completion_tokens: 3 };
      const choice = {
        message: { content: '<prompt>Say how it feels.</prompt>' },
        text: 'positive',
        finish_reason: 'stop',
      };
      response
        .setHeader('Content-Type', 'application/json')
        .end(JSON.stringify({ choices: [choice], usage }));
    });
  });
  const listen = (one: typeof server) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  const logged: string[] = [];

  beforeAll(async () => {
    await Promise.all([listen(server), listen(strangers)]);
    opened = await open();
    page = await opened.newPage();
    page.on('console', (message) => logged.push(message.text()));
    await page.addInitScript(() => localStorage.setItem('whetstone:reach', '{"servers":true}'));
    await started(page, opened.url);
  });
  afterAll(async () => {
    await opened.close();
    server.close();
    strangers.close();
  });

  /** A short run with the server in both roles; gives its id and how it ended. */
  const run = () =>
    page.evaluate(async () => {
      const { whetstone } = globalThis;
      const model = (await whetstone?.models())?.find((one) => one.runtime === 'openai')?.id ?? '';
      const choice = { task: 'movie-reviews', target: model, optimizer: model, method: 'random' };
      const { reading: _, ...config } = (await whetstone?.defaults(choice))?.config ?? {};
      const begun = await whetstone?.start({
        ...(config as Parameters<typeof whetstone.start>[0]),
        budget: { steps: 1 },
        limits: { train: 2, validation: 2, test: 2 },
      });
      const problems: string[] = [];
      const status = await new Promise<string>((resolve) =>
        begun?.subscribe((signal) => {
          if (signal.type === 'problem') problems.push(signal.message);
          if (signal.type === 'status' && /finished|failed|paused|stopped/.test(signal.status))
            resolve(signal.status);
        }),
      );
      return { id: begun?.id ?? '', status, problems };
    });

  test('gets the key in its header, and the key is nowhere else', { timeout: 120_000 }, async () => {
    const { port } = server.address() as AddressInfo;
    await page.getByRole('button', { name: 'Models', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Models' });
    await dialog.getByText('Add a model', { exact: true }).click();
    await dialog.getByLabel('Address', { exact: true }).fill(`http://127.0.0.1:${port}/v1`);
    await dialog.getByLabel('Model', { exact: true }).fill('some-model');
    await dialog.getByLabel(/^Key/).fill(KEY);
    await dialog.getByRole('button', { name: 'Add the model' }).click();
    await dialog.getByText(/was added/).waitFor();
    await page.keyboard.press('Escape');
    const { id, status } = await run();
    expect(status).toBe('finished');
    expect(seen.length).toBeGreaterThan(3);
    for (const { key, url, body } of seen) {
      expect(key).toBe(`Bearer ${KEY}`);
      expect(url + body).not.toContain(KEY);
    }
    const places = await page.evaluate(async (run) => {
      const exported = await globalThis.whetstone?.exportRun(run);
      const text = exported?.stream().pipeThrough(new DecompressionStream('gzip'));
      const stored: unknown[] = [];
      for (const { name = '' } of await indexedDB.databases()) {
        const db = await new Promise<IDBDatabase>((resolve, reject) => {
          const opening = indexedDB.open(name);
          opening.onsuccess = () => resolve(opening.result);
          opening.onerror = () => reject(new Error('not opened'));
        });
        for (const store of db.objectStoreNames) {
          stored.push(
            await new Promise((resolve) => {
              const all = db.transaction(store).objectStore(store).getAll();
              all.onsuccess = () => resolve(all.result);
            }),
          );
        }
        db.close();
      }
      const cached = await Promise.all(
        (await caches.keys()).map(async (name) =>
          (await (await caches.open(name)).keys()).map(({ url }) => url),
        ),
      );
      return {
        bundle: text === undefined ? '' : await new Response(text).text(),
        localStorage: JSON.stringify({ ...localStorage }),
        sessionStorage: JSON.stringify({ ...sessionStorage }),
        address: location.href,
        database: JSON.stringify(stored),
        caches: JSON.stringify(cached),
        requests: JSON.stringify(globalThis.whetstoneGuard?.requests),
        page: document.documentElement.outerHTML,
      };
    }, id);
    for (const [place, text] of Object.entries({ ...places, console: logged.join('\n') }))
      expect(text.includes(KEY), place).toBe(false);
    // What was looked through is what it should be.
    expect(places.bundle).toContain('some-model');
    expect(places.database).toContain('some-model');
    expect(places.requests).toContain('/v1/');
    await expect.poll(async () => (await runIds(page)).length).toBe(1);
  });

  test('has to be told the key again after a reload', { timeout: 120_000 }, async () => {
    await page.reload();
    await page.getByRole('button', { name: 'Start' }).waitFor();
    seen.length = 0;
    expect((await run()).status).toBe('finished');
    expect(seen.map(({ key }) => key).filter((key) => key !== '')).toEqual([]);
    expect(opened.left).toEqual([]);
  });

  test('is not followed to another address', { timeout: 120_000 }, async () => {
    // An engine that has yet to be loaded gives up soon.
    await page.reload();
    await page.getByRole('button', { name: 'Start' }).waitFor();
    redirecting = true;
    const { status, problems } = await run();
    redirecting = false;
    expect(status).not.toBe('finished');
    expect(problems.join(' ')).toMatch(/could not be reached/);
    expect(stranger).toEqual([]);
  });
});
