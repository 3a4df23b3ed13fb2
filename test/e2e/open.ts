import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { browserPath } from '../../scripts/browser.js';
import { serve } from '../../scripts/serve.js';
import { webgpuFlags } from '../../scripts/webgpu.js';
import type { Whetstone } from '../../src/app/types.ts';

declare global {
  /** What main.ts gives to the console and to scripts. */
  var whetstone: Whetstone | undefined;
}

/** Containers run as root, which the sandbox refuses. */
const QUIET = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium's own services (updates, autofill, sign-in), which it asks whatever page is open. */
const BROWSERS_OWN = /^(?:http:\/\/)?[\w.-]*\.(?:google|googleapis)\.com[:/]/;

export interface Opened {
  context: BrowserContext;
  url: string;
  /** Addresses beyond this machine that anything in the browser (pages, workers) asked for. */
  left: string[];
  /** What the page's own server was asked for: paths with their queries. */
  asked: string[];
  /** Errors that no code caught. */
  errors: string[];
  /** What the content security policy refused, in pages and workers: `directive what`. */
  refused: string[];
  newPage(): Promise<Page>;
  /** Takes the page's own server away, as a machine without a network has none. */
  goOffline(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The built page in a real Chromium with a fresh profile on disk. Chromium sends whatever is not for this machine to a
 * proxy that answers nothing and writes down who was asked; `online` lets it through. `scripts` are served beside the
 * page's own files, by their paths.
 */
export async function open({
  webgpu = true,
  online = false,
  scripts = {},
}: { webgpu?: boolean; online?: boolean; scripts?: Record<string, string> } = {}): Promise<Opened> {
  const left: string[] = [];
  const asked: string[] = [];
  const errors: string[] = [];
  const refused: string[] = [];
  const note = (url = '') => {
    if (!BROWSERS_OWN.test(url)) left.push(url);
  };
  const proxy = createServer((request, response) => {
    if (request.url === '/refused') {
      request.setEncoding('utf8').on('data', (report: string) => refused.push(...readReport(report)));
      request.on('end', () => response.writeHead(204).end());
      return;
    }
    note(request.url);
    response.writeHead(403).end();
  });
  proxy.on('connect', (request, socket) => {
    note(request.url);
    // A browser that closes breaks off what its own services were asking: nobody else listens for that error.
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const profile = mkdtempSync(join(tmpdir(), 'whetstone-e2e-'));
  const served = await serve({
    port: 0,
    mode: 'preview',
    first(request, response, next) {
      asked.push(request.url ?? '');
      // Reports come from workers too, where an event in the page would not show them.
      const policy = String(response.getHeader('Content-Security-Policy'));
      response.setHeader('Content-Security-Policy', `${policy}; report-uri http://127.0.0.1:${port}/refused`);
      const script = scripts[request.url ?? ''];
      if (script === undefined) return next();
      response.setHeader('Content-Type', 'text/javascript');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
      response.end(script);
    },
  });
  let serving: typeof served | null = served;
  const executablePath = browserPath();
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === null ? {} : { executablePath }),
    args: [...QUIET, ...(webgpu ? webgpuFlags() : [])],
    ...(online ? {} : { proxy: { server: `http://127.0.0.1:${port}`, bypass: 'localhost,127.0.0.1' } }),
    viewport: { width: 1280, height: 900 },
  });
  return {
    context,
    url: served.url,
    left,
    asked,
    errors,
    refused,
    async newPage() {
      const page = await context.newPage();
      page.on('pageerror', (error) => errors.push(error.message));
      return page;
    },
    async goOffline() {
      await serving?.close();
      serving = null;
    },
    async close() {
      // What is on its way through a test's own hands may end with the browser.
      await context.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
      await serving?.close();
      proxy.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** `directive what` of a report of the content security policy. */
function readReport(text: string): string[] {
  const report: unknown = JSON.parse(text);
  const body: unknown = Reflect.get(Object(report), 'csp-report');
  const field = (name: string) => String(Reflect.get(Object(body), name));
  return [`${field('effective-directive')} ${field('blocked-uri')} in ${field('source-file')}`];
}

/** Kills the tab's process, as running out of memory does; the page object is dead afterwards. */
export async function kill(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash');
  const session = await page.context().newCDPSession(page);
  // The call never returns: its process is gone.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}

/** Violations of axe's rules on the page as it stands, one line each. */
export async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

/** The same in light and in dark. */
export async function violationsInBoth(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    // Colours that are still on their way from the other scheme have no contrast to speak of.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    found.push(...(await violations(page)).map((line) => `${colorScheme} ${line}`));
  }
  return found;
}

/**
 * Everything that a stored run did, replayed from its log without any model; without what it cost, because a cache that
 * was lost with the tab costs time and tokens, and nothing else.
 */
export function replayed(page: Page, id: string): Promise<unknown[]> {
  return page.evaluate(async (run) => {
    const events: unknown[] = [];
    for await (const event of globalThis.whetstone?.replay(run) ?? []) {
      events.push(
        JSON.parse(
          JSON.stringify(event, (key, value: unknown) =>
            key === 'ms' || key === 'tokens' ? undefined : value,
          ),
        ),
      );
    }
    return events;
  }, id);
}

/** Ids of the stored runs, newest first. */
export async function runIds(page: Page): Promise<string[]> {
  return page.evaluate(async () => ((await globalThis.whetstone?.runs()) ?? []).map((run) => run.id));
}
