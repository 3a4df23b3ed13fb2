import { chromium, type Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserPath } from '../../scripts/browser.js';
import { faultsOf, SCREENS, show } from '../../scripts/screens.js';
import { serve } from '../../scripts/serve.js';

/**
 * Every screen that `npm run screens` pictures, without any model: clean under axe in light and in dark, and nothing to
 * be scrolled sideways for on a wide page, on the same at 200 %, and on a phone.
 */
let served: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
beforeAll(async () => {
  served = await serve({ port: 0, mode: 'dev' });
  const executablePath = browserPath();
  browser = await chromium.launch({
    ...(executablePath === null ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-background-networking'],
  });
});
afterAll(async () => {
  await browser.close();
  await served.close();
});

test.each(SCREENS.map((screen) => [screen[0], screen] as const))(
  '%s',
  { timeout: 120_000 },
  async (_, screen) => {
    const context = await browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width: 1280, height: 900 },
    });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await show(page, served.url, screen);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await faultsOf(page, colorScheme === 'dark'), colorScheme).toEqual([]);
      }
      for (const size of [
        { width: 640, height: 450 },
        { width: 360, height: 780 },
      ]) {
        await page.setViewportSize(size);
        const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        await expect.poll(over, { message: `${size.width} px wide`, timeout: 5000 }).toBeLessThanOrEqual(0);
      }
      expect(errors).toEqual([]);
    } finally {
      await context.close();
    }
  },
);
