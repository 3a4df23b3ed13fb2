/** npm run bench -- --overhead: what the program around the models costs, in a headless Chromium. */
import { chromium } from 'playwright';
import { browserPath } from './browser.js';
import { serve } from './serve.js';

/** @returns {Promise<number>} */
export async function benchOverhead() {
  const executablePath = browserPath();
  if (executablePath === null) {
    console.error('No Chromium');
    return 1;
  }
  const { url, close } = await serve({ port: 0, mode: 'dev' });
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--enable-precise-memory-info',
      '--js-flags=--expose-gc',
    ],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (e) => console.error(e.message));
    page.on('console', (m) => console.log(m.text()));
    await page.goto(`${url}test/overhead/page.html`);
    await page.waitForFunction(() => 'overhead' in globalThis);
    for (let i = 0; i < 3; i++)
      console.log(await page.evaluate(() => Reflect.get(globalThis, 'overhead').throughput(5000)));
    const cdp = await page.context().newCDPSession(page);
    await page.exposeFunction('memoryAt', async (/** @type {number} */ n) => {
      await cdp.send('HeapProfiler.collectGarbage');
      const { usedSize, totalSize } = await cdp.send('Runtime.getHeapUsage');
      console.log(n, (usedSize / 1e6).toFixed(1), (totalSize / 1e6).toFixed(1));
    });
    await page.evaluate(() =>
      Reflect.get(globalThis, 'overhead').marks(
        [1000, 10000, 20000, 50000],
        Reflect.get(globalThis, 'memoryAt'),
      ),
    );
    return 0;
  } finally {
    await browser.close();
    await close();
  }
}
