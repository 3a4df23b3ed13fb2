// Draws the icons of the installed page from public/icon.svg, in light colours on a ground of their own:
// `node scripts/icons.js`, when that picture changes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { browserPath } from './browser.js';

const folder = new URL('../public/', import.meta.url);
const svg = readFileSync(new URL('icon.svg', folder), 'utf8');

/** File, side in pixels, part of it that the picture takes, corners: a maskable icon may lose a tenth of each side. */
const icons = /** @type {const} */ ([
  ['icon-192.png', 192, 0.72, 0.18],
  ['icon-512.png', 512, 0.72, 0.18],
  ['icon-maskable-512.png', 512, 0.56, 0],
  ['apple-touch-icon.png', 180, 0.68, 0],
]);

const executablePath = browserPath();
const browser = await chromium.launch(executablePath === null ? {} : { executablePath });
const page = await browser.newPage({ colorScheme: 'light' });
for (const [name, side, part, corner] of icons) {
  await page.setViewportSize({ width: side, height: side });
  await page.setContent(`<style>
    body { margin: 0; display: grid; place-items: center; height: ${side}px; background: #f7f7f5;
      border-radius: ${corner * side}px; }
    html { background: transparent; }
    svg { width: ${part * side}px; }
  </style>${svg}`);
  await page.screenshot({ path: fileURLToPath(new URL(name, folder)), omitBackground: true });
}
await browser.close();
