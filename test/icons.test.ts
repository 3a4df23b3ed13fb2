import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';

const manifest = v.parse(
  v.object({
    id: v.string(),
    start_url: v.string(),
    icons: v.array(
      v.object({ src: v.string(), sizes: v.string(), type: v.string(), purpose: v.optional(v.string()) }),
    ),
  }),
  JSON.parse(readFileSync('public/manifest.webmanifest', 'utf8')),
);

/** Width and height as they stand in a PNG file. */
function sizeOf(path: string): string {
  const bytes = readFileSync(path);
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  return `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}

test('the page can be installed: every icon of its manifest is there, in the size that it says', () => {
  const pngs = manifest.icons.filter(({ type }) => type === 'image/png');
  for (const { src, sizes } of pngs) expect(sizeOf(`public/${src}`)).toBe(sizes);
  // Chromium installs with these two; Android cuts a maskable one to its own shape.
  expect(pngs.map(({ sizes }) => sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
  expect(manifest.icons.some(({ purpose }) => purpose === 'maskable')).toBe(true);
  expect(manifest.id).toBe(manifest.start_url);
});

test('a phone that reads no manifest finds its icon', () => {
  const [, path] = /rel="apple-touch-icon" href="\.\/([^"]+)"/.exec(readFileSync('index.html', 'utf8')) ?? [];
  expect(sizeOf(`public/${path}`)).toBe('180x180');
});
